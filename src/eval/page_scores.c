#include "eval/page_scores.h"
#include "eval/class_mean.h"
#include "eval/detections.h"
#include <stdlib.h>

enum { COCO_CAP_MIN = 100, COCO_CAP_TIMES = 3 };

struct yt_page_metrics {
    struct yt_metrics *reference;
    struct yt_coco *coco;
    int coco_cap;
    struct yt_obbanns *obbanns, *obbanns_corrected;
    struct yt_pixels *pixels;
};

struct yt_page_metrics *yt_page_metrics_new(int nc, size_t most) {
    struct yt_page_metrics *metrics = yt_calloc(1, sizeof *metrics);
    metrics->coco_cap = YT_MAX(COCO_CAP_MIN, COCO_CAP_TIMES * (int)most);
    const int caps[YT_COCO_CAPS] = {1, 10, metrics->coco_cap};
    metrics->reference = yt_metrics_new(nc);
    metrics->coco = yt_coco_new(nc, caps);
    metrics->obbanns = yt_obbanns_new(nc, false);
    metrics->obbanns_corrected = yt_obbanns_new(nc, true);
    metrics->pixels = yt_pixels_new(nc);
    return metrics;
}

void yt_page_metrics_free(struct yt_page_metrics *metrics) {
    if (!metrics) return;
    yt_metrics_free(metrics->reference);
    yt_coco_free(metrics->coco);
    yt_obbanns_free(metrics->obbanns);
    yt_obbanns_free(metrics->obbanns_corrected);
    yt_pixels_free(metrics->pixels);
    free(metrics);
}

static size_t add_coco(struct yt_coco *coco, const struct yt_detection *detections,
                       size_t ndetections, const struct yt_label *labels, size_t nlabels) {
    struct yt_coco_detection *d = yt_malloc((ndetections + 1) * sizeof *d);
    struct yt_coco_label *l = yt_malloc((nlabels + 1) * sizeof *l);
    size_t valid = 0;
    for (size_t i = 0; i < ndetections; i++) {
        const struct yt_box *b = &detections[i].box;
        if (!yt_detection_valid(&detections[i])) continue;
        d[valid++] = (struct yt_coco_detection){(double)b->x1,
                                                (double)b->y1,
                                                (double)b->x2 - b->x1,
                                                (double)b->y2 - b->y1,
                                                (double)detections[i].score,
                                                detections[i].cls};
    }
    for (size_t i = 0; i < nlabels; i++) {
        const struct yt_box *b = &labels[i].box;
        double w = (double)b->x2 - b->x1, h = (double)b->y2 - b->y1;
        l[i] =
            (struct yt_coco_label){(double)b->x1, (double)b->y1, w, h, w * h, labels[i].cls, false};
    }
    size_t capped = yt_coco_add(coco, d, valid, l, nlabels);
    free(l);
    free(d);
    return capped;
}

size_t yt_page_metrics_add(struct yt_page_metrics *metrics, const struct yt_detection *detections,
                           size_t ndetections, const struct yt_label *labels, size_t nlabels) {
    yt_metrics_add(metrics->reference, detections, ndetections, labels, nlabels);
    yt_obbanns_add(metrics->obbanns, detections, ndetections, labels, nlabels);
    yt_obbanns_add(metrics->obbanns_corrected, detections, ndetections, labels, nlabels);
    yt_pixels_add(metrics->pixels, detections, ndetections, labels, nlabels);
    return add_coco(metrics->coco, detections, ndetections, labels, nlabels);
}

void yt_page_metrics_compute(struct yt_page_metrics *metrics, struct yt_page_scores *scores) {
    *scores = (struct yt_page_scores){.coco_cap = metrics->coco_cap};
    yt_metrics_compute(metrics->reference, &scores->reference);
    yt_coco_compute(metrics->coco, &scores->coco);
    yt_obbanns_compute(metrics->obbanns, &scores->obbanns);
    yt_obbanns_compute(metrics->obbanns_corrected, &scores->obbanns_corrected);
    yt_pixels_compute(metrics->pixels, &scores->pixels);
    struct yt_class_mean map50 = {0}, map = {0};
    for (size_t c = 0; c < scores->reference.nclasses; c++) {
        const struct yt_class_scores *cls = &scores->reference.classes[c];
        yt_class_mean_add(&map50, cls->ap_at[0], cls->instances);
        yt_class_mean_add(&map, cls->ap, cls->instances);
    }
    scores->weighted_map50 = yt_class_mean_weighted(&map50);
    scores->weighted_map = yt_class_mean_weighted(&map);
}

void yt_page_scores_release(struct yt_page_scores *scores) {
    yt_scores_release(&scores->reference);
    yt_coco_scores_release(&scores->coco);
    yt_obbanns_scores_release(&scores->obbanns);
    yt_obbanns_scores_release(&scores->obbanns_corrected);
    yt_pixel_scores_release(&scores->pixels);
}
