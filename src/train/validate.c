#include "train/validate.h"

#include "eval/ignore.h"

#include <stdlib.h>
#include <string.h>

struct validator {
    struct yt_detector *detector;
    const struct yt_validate_options *options;
    struct yt_validation *result;
    struct yt_metrics *metrics, *other;
    struct yt_loss loss[YT_HEADS];
    double loss_sums[YT_ITEMS];
    /* of a batch */
    struct yt_detection *detections;
    int *counts;
    struct yt_label *labels;
    size_t detection_cap, count_cap, label_cap;
    /* of a tile with ignore regions */
    struct yt_label *regions;
    struct yt_detection *judged;
    size_t region_cap, judged_cap;
};

static void init(struct validator *v, struct yt_detector *detector,
                 const struct yt_validate_options *options, struct yt_validation *result) {
    *v = (struct validator){.detector = detector, .options = options, .result = result};
    *result = (struct yt_validation){0};
    v->metrics = yt_metrics_new(yt_detector_model(detector)->nc);
    if (options->other) v->other = yt_metrics_new(yt_detector_model(detector)->nc);
    for (int head = 0; options->gains && head < YT_HEADS; head++)
        yt_loss_init_head(&v->loss[head], (enum yt_head)head, *options->gains);
}

static void release(struct validator *v) {
    for (int head = 0; v->options->gains && head < YT_HEADS; head++)
        yt_loss_release(&v->loss[head]);
    yt_metrics_free(v->metrics);
    yt_metrics_free(v->other);
    free(v->detections);
    free(v->counts);
    free(v->labels);
    free(v->regions);
    free(v->judged);
}

static void add_loss(struct validator *v, const struct yt_batch *batch) {
    if (!v->options->gains) return;
    const struct yt_truth truth = yt_truth_of(batch);
    for (int head = 0; head < YT_HEADS; head++) {
        struct yt_head_maps maps = yt_detector_maps(v->detector, (enum yt_head)head);
        float items[YT_ITEMS / YT_HEADS];
        yt_detection_loss(&v->loss[head], &maps, &truth, items);
        for (size_t i = 0; i < YT_COUNT(items); i++)
            v->loss_sums[(size_t)head * YT_COUNT(items) + i] += (double)items[i];
    }
}

/* The tile's detections that are judged, in memory of their own; *count of them. */
static const struct yt_detection *without_ignored(struct validator *v, const struct yt_batch *batch,
                                                  int i, const struct yt_validated *tile,
                                                  size_t *count) {
    size_t regions = (size_t)batch->items[i].region_count;
    v->regions = yt_grow(v->regions, &v->region_cap, regions, sizeof *v->regions);
    v->judged = yt_grow(v->judged, &v->judged_cap, *count + 1, sizeof *v->judged);
    yt_batch_regions(batch, i, v->regions);
    memcpy(v->judged, tile->detections, *count * sizeof *v->judged);
    *count = yt_ignore_detections(v->judged, *count, tile->labels, tile->label_count, v->regions,
                                  regions);
    v->result->ignored += tile->detection_count - *count;
    return v->judged;
}

/* Adds tile i, whose labels are v->labels then, to one of the two. */
static struct yt_validated add_tile(struct validator *v, struct yt_metrics *metrics,
                                    const struct yt_batch *batch, int i) {
    const struct yt_batch_item *item = &batch->items[i];
    struct yt_detection *detections = v->detections + (size_t)i * (size_t)v->options->max_det;
    for (int k = 0; k < v->counts[i]; k++) {
        detections[k].box = yt_letterbox_to_source(&item->fit, detections[k].box);
        if (v->options->single_cls) detections[k].cls = 0;
    }
    yt_batch_truth(batch, i, v->labels);
    size_t found = (size_t)v->counts[i];
    struct yt_validated tile = {
        item->tile, detections, found, detections, found, v->labels, (size_t)item->target_count};
    if (item->region_count) tile.judged = without_ignored(v, batch, i, &tile, &tile.judged_count);
    yt_metrics_add(metrics, tile.judged, tile.judged_count, tile.labels, tile.label_count);
    return tile;
}

static void add_tiles(struct validator *v, const struct yt_batch *batch) {
    yt_detector_decode(v->detector, v->options->max_det, v->detections, v->counts);
    for (int i = 0; i < batch->n; i++) {
        struct yt_validated validated = add_tile(v, v->metrics, batch, i);
        if (v->options->tile) v->options->tile(v->options->user, &validated);
    }
    if (!v->other) return;
    struct yt_reading reading = yt_detector_reading(v->detector);
    yt_detector_set_reading(v->detector, v->options->other);
    yt_detector_decode(v->detector, v->options->max_det, v->detections, v->counts);
    for (int i = 0; i < batch->n; i++) add_tile(v, v->other, batch, i);
    yt_detector_set_reading(v->detector, &reading);
}

static void reserve(struct validator *v, const struct yt_batch *batch) {
    size_t n = (size_t)batch->n;
    v->detections = yt_grow(v->detections, &v->detection_cap, n * (size_t)v->options->max_det,
                            sizeof *v->detections);
    v->counts = yt_grow(v->counts, &v->count_cap, n, sizeof *v->counts);
    v->labels =
        yt_grow(v->labels, &v->label_cap, (size_t)batch->target_count + 1, sizeof *v->labels);
}

static int add_batch(struct validator *v, const struct yt_batch *batch) {
    double start = yt_now();
    const struct yt_map *input = yt_detector_begin(v->detector, batch->n, batch->h, batch->w);
    if (!input) return -1;
    reserve(v, batch);
    yt_bytes_to_floats(batch->images, input);
    double ready = yt_now();
    yt_detector_run(v->detector);
    double detected = yt_now();
    add_loss(v, batch); /* part of neither time: predictions need none */
    double judged = yt_now();
    add_tiles(v, batch);
    v->result->prepare_s += batch->waited_s + ready - start;
    v->result->infer_s += detected - ready;
    v->result->match_s += yt_now() - judged;
    v->result->images += (size_t)batch->n;
    return 0;
}

/* Returns as yt_validate. */
static int read_epoch(struct validator *v, struct yt_loader *loader, int *batches) {
    const struct yt_batch *batch;
    do {
        if (yt_loader_next(loader, &batch)) return -1;
        if (!batch) return yt_fail("validation: the loader has no epoch left");
        if (add_batch(v, batch)) return -1;
        ++*batches;
        if (v->options->progress &&
            !v->options->progress(v->options->user, *batches, yt_loader_batches(loader)))
            return 1;
    } while (!batch->is_last);
    return 0;
}

int yt_validate(struct yt_detector *detector, struct yt_loader *loader,
                const struct yt_validate_options *options, struct yt_validation *result) {
    struct validator v;
    int batches = 0;
    init(&v, detector, options, result);
    int status = read_epoch(&v, loader, &batches);
    if (status == 0) {
        for (int i = 0; i < YT_ITEMS; i++) result->loss[i] = (float)(v.loss_sums[i] / batches);
        yt_metrics_compute(v.metrics, &result->scores);
        if (v.other) yt_metrics_compute(v.other, &result->other);
    }
    release(&v);
    return status;
}

void yt_validation_release(struct yt_validation *result) {
    yt_scores_release(&result->scores);
    yt_scores_release(&result->other);
}
