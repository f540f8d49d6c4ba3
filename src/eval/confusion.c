#include "eval/confusion.h"
#include "eval/detections.h"
#include "eval/grid.h"
#include "eval/overlap.h"
#include <stdlib.h>

void yt_confusion_init(struct yt_confusion *confusion, int nc, float confidence) {
    YT_ASSERT(nc > 0);
    *confusion = (struct yt_confusion){.nc = nc, .confidence = confidence, .iou = 0.45f};
    confusion->counts = yt_calloc((size_t)(nc + 1) * (size_t)(nc + 1), sizeof *confusion->counts);
}

void yt_confusion_release(struct yt_confusion *confusion) {
    free(confusion->counts);
    *confusion = (struct yt_confusion){0};
}

static size_t *cell(const struct yt_confusion *confusion, int predicted, int truth) {
    YT_ASSERT(predicted >= 0 && predicted <= confusion->nc && truth >= 0 && truth <= confusion->nc);
    return &confusion->counts[(size_t)predicted * (size_t)(confusion->nc + 1) + (size_t)truth];
}

size_t yt_confusion_at(const struct yt_confusion *confusion, int predicted, int truth) {
    return *cell(confusion, predicted, truth);
}

/* A label and the detection that it keeps. */
struct pair {
    int64_t detection; /* -1: none */
    float iou;
};

/* Offers a detection to the label that it overlaps most. */
static void propose(const struct yt_confusion *confusion, struct yt_grid *grid,
                    const struct yt_label *labels, const struct yt_detection *detections,
                    size_t index, struct pair *pairs) {
    struct pair best = {-1, confusion->iou};
    size_t best_label = 0;
    size_t found = yt_grid_query(grid, &detections[index].box);
    for (size_t k = 0; k < found; k++) {
        float iou = yt_box_iou(&labels[grid->found[k]].box, &detections[index].box);
        if (iou > best.iou) {
            best = (struct pair){(int64_t)index, iou};
            best_label = grid->found[k];
        }
    }
    if (best.detection >= 0 && best.iou > pairs[best_label].iou) pairs[best_label] = best;
}

void yt_confusion_add(struct yt_confusion *confusion, const struct yt_detection *detections,
                      size_t ndetections, const struct yt_label *labels, size_t nlabels) {
    int background = confusion->nc;
    struct yt_grid *grid = yt_grid_new(labels, sizeof *labels, nlabels);
    struct pair *pairs = yt_malloc((nlabels + 1) * sizeof *pairs);
    bool *counts = yt_calloc(ndetections + 1, sizeof *counts);
    for (size_t j = 0; j < nlabels; j++) pairs[j] = (struct pair){-1, 0};
    for (size_t i = 0; i < ndetections; i++) {
        counts[i] = yt_detection_valid(&detections[i]) && //
                    detections[i].score > confusion->confidence;
        if (counts[i]) propose(confusion, grid, labels, detections, i, pairs);
    }
    bool paired = false;
    for (size_t j = 0; j < nlabels; j++) {
        int64_t i = pairs[j].detection;
        ++*cell(confusion, i < 0 ? background : detections[i].cls, labels[j].cls);
        if (i < 0) continue;
        counts[i] = false;
        paired = true;
    }
    for (size_t i = 0; i < ndetections && (paired || nlabels == 0); i++)
        if (counts[i]) ++*cell(confusion, detections[i].cls, background);
    free(counts);
    free(pairs);
    yt_grid_free(grid);
}
