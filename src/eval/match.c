/* The best label of a detection is the same at every threshold, so one pass in order of score
 * settles all ten: a mask a label says at which thresholds it is taken. */
#include "eval/match.h"
#include "eval/grid.h"
#include "eval/overlap.h"
#include <stdlib.h>

float yt_iou_threshold(int i) {
    /* A double sum rounded once, as linspace gives it: 0.05f * i would be off in the last bit. */
    return (float)(0.5 + 0.05 * i);
}

/* The label of its class that a detection overlaps most, or -1. */
static int64_t best_label(struct yt_grid *grid, const struct yt_label *labels,
                          const struct yt_detection *detection, float *iou) {
    int64_t best = -1;
    *iou = 0;
    size_t found = yt_grid_query(grid, &detection->box);
    for (size_t k = 0; k < found; k++) {
        const struct yt_label *label = &labels[grid->found[k]];
        if (label->cls != detection->cls) continue;
        float overlap = yt_box_iou(&label->box, &detection->box);
        if (overlap > *iou) {
            *iou = overlap;
            best = grid->found[k];
        }
    }
    return best;
}

void yt_match(const struct yt_detection *detections, size_t ndetections,
              const struct yt_label *labels, size_t nlabels, uint16_t *tp) {
    struct yt_grid *grid = yt_grid_new(labels, sizeof *labels, nlabels);
    uint16_t *taken = yt_calloc(nlabels + 1, sizeof *taken);
    for (size_t i = 0; i < ndetections; i++) {
        float iou;
        int64_t best = best_label(grid, labels, &detections[i], &iou);
        unsigned reached = 0;
        for (int t = 0; t < YT_IOU_COUNT && iou >= yt_iou_threshold(t); t++) reached |= 1u << t;
        tp[i] = best < 0 ? 0 : (uint16_t)(reached & ~taken[best]);
        if (best >= 0) taken[best] |= tp[i];
    }
    free(taken);
    yt_grid_free(grid);
}
