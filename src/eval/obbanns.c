#include "eval/obbanns.h"
#include "eval/class_mean.h"
#include "eval/detections.h"
#include "eval/grid.h"
#include "eval/ranking.h"
#include <stdlib.h>

struct yt_obbanns {
    int nc;
    bool is_corrected;
    struct yt_ranking *ranking;
};

struct yt_obbanns *yt_obbanns_new(int nc, bool is_corrected) {
    struct yt_obbanns *obbanns = yt_calloc(1, sizeof *obbanns);
    *obbanns = (struct yt_obbanns){nc, is_corrected, yt_ranking_new(nc)};
    return obbanns;
}

void yt_obbanns_free(struct yt_obbanns *obbanns) {
    if (!obbanns) return;
    yt_ranking_free(obbanns->ranking);
    free(obbanns);
}

static double area(double w, double h) {
    return w * h;
}

static double overlap(const struct yt_obbanns *obbanns, const struct yt_box *a,
                      const struct yt_box *b) {
    double w = (double)YT_MIN(a->x2, b->x2) - YT_MAX(a->x1, b->x1);
    double h = (double)YT_MIN(a->y2, b->y2) - YT_MAX(a->y1, b->y1);
    double around_w = (double)YT_MAX(a->x2, b->x2) - YT_MIN(a->x1, b->x1);
    double around_h = (double)YT_MAX(a->y2, b->y2) - YT_MIN(a->y1, b->y1);
    if (w <= 0 || h <= 0) return 0;
    double both = area(w, h);
    if (!obbanns->is_corrected) return both / area(around_w, around_h);
    double area_a = area((double)a->x2 - a->x1, (double)a->y2 - a->y1);
    double area_b = area((double)b->x2 - b->x1, (double)b->y2 - b->y1);
    return both / (area_a + area_b - both);
}

/* The label that the detection takes, with their overlap; -1: none. */
static int64_t choose(const struct yt_obbanns *obbanns, struct yt_grid *grid,
                      const struct yt_label *labels, const bool *taken,
                      const struct yt_detection *detection, double *best_overlap) {
    int64_t best = -1;
    *best_overlap = 0;
    size_t found = yt_grid_query(grid, &detection->box);
    for (size_t k = 0; k < found; k++) {
        size_t i = grid->found[k];
        if (taken[i] || labels[i].cls != detection->cls) continue;
        double value = overlap(obbanns, &labels[i].box, &detection->box);
        if (value <= *best_overlap) continue;
        *best_overlap = value;
        best = (int64_t)i;
    }
    bool enough = obbanns->is_corrected ? *best_overlap >= 0.5 : *best_overlap > 0.2;
    return enough ? best : -1;
}

static void match(struct yt_obbanns *obbanns, const struct yt_detection *sorted, size_t count,
                  const struct yt_label *labels, size_t nlabels) {
    struct yt_grid *grid = yt_grid_new(labels, sizeof *labels, nlabels);
    bool *taken = yt_calloc(nlabels + 1, sizeof *taken);
    for (size_t i = 0; i < count; i++) {
        const struct yt_detection *d = &sorted[obbanns->is_corrected ? i : count - 1 - i];
        double value;
        int64_t label = choose(obbanns, grid, labels, taken, d, &value);
        uint16_t right = 0;
        for (int t = 0; t < YT_IOU_COUNT && label >= 0; t++)
            right |= (uint16_t)((value >= 0.5 + 0.05 * t) << t);
        if (label >= 0) taken[label] = true;
        yt_ranking_add_detection(obbanns->ranking, d->cls, d->score, right);
    }
    free(taken);
    yt_grid_free(grid);
}

void yt_obbanns_add(struct yt_obbanns *obbanns, const struct yt_detection *detections,
                    size_t ndetections, const struct yt_label *labels, size_t nlabels) {
    size_t valid;
    struct yt_detection *sorted = yt_detections_ranked(detections, ndetections, &valid);
    match(obbanns, sorted, valid, labels, nlabels);
    for (size_t i = 0; i < nlabels; i++) yt_ranking_add_label(obbanns->ranking, labels[i].cls);
    free(sorted);
}

static void average(struct yt_obbanns_scores *scores) {
    struct yt_class_mean ap = {0}, ap50 = {0};
    for (size_t c = 0; c < scores->nclasses; c++) {
        const struct yt_obbanns_class *cls = &scores->classes[c];
        yt_class_mean_add(&ap, cls->ap, cls->instances);
        yt_class_mean_add(&ap50, cls->ap_at[0], cls->instances);
    }
    scores->ap = yt_class_mean(&ap);
    scores->ap50 = yt_class_mean(&ap50);
    scores->weighted_ap = yt_class_mean_weighted(&ap);
    scores->weighted_ap50 = yt_class_mean_weighted(&ap50);
}

void yt_obbanns_compute(struct yt_obbanns *obbanns, struct yt_obbanns_scores *scores) {
    *scores = (struct yt_obbanns_scores){0};
    scores->classes = yt_calloc((size_t)obbanns->nc, sizeof *scores->classes);
    for (int c = 0; c < obbanns->nc; c++) {
        struct yt_obbanns_class cls = {c,
                                       yt_ranking_labels(obbanns->ranking, c),
                                       yt_ranking_detections(obbanns->ranking, c),
                                       {0},
                                       0};
        if (!(obbanns->is_corrected ? cls.instances : cls.detections)) continue;
        yt_ranking_ap(obbanns->ranking, c, YT_IOU_COUNT, cls.ap_at);
        for (int t = 0; t < YT_IOU_COUNT; t++) cls.ap += cls.ap_at[t];
        cls.ap /= YT_IOU_COUNT;
        scores->classes[scores->nclasses++] = cls;
    }
    average(scores);
}

void yt_obbanns_scores_release(struct yt_obbanns_scores *scores) {
    free(scores->classes);
    *scores = (struct yt_obbanns_scores){0};
}
