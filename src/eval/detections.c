#include "eval/detections.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

bool yt_detection_valid(const struct yt_detection *detection) {
    const struct yt_box *box = &detection->box;
    return isfinite(detection->score) && isfinite(box->x1) && isfinite(box->y1) &&
           isfinite(box->x2) && isfinite(box->y2) && box->x1 <= box->x2 && box->y1 <= box->y2;
}

size_t yt_detections_keep_valid(struct yt_detection *detections, size_t count) {
    size_t kept = 0;
    for (size_t i = 0; i < count; i++)
        if (yt_detection_valid(&detections[i])) detections[kept++] = detections[i];
    return kept;
}

struct ranked {
    float score;
    uint32_t index;
};

static int by_score(const void *a, const void *b) {
    const struct ranked *r = a, *s = b;
    if (r->score != s->score) return r->score > s->score ? -1 : 1;
    return (r->index > s->index) - (r->index < s->index);
}

void yt_detections_sort(struct yt_detection *detections, size_t count) {
    if (count < 2) return;
    struct ranked *order = yt_malloc(count * sizeof *order);
    struct yt_detection *sorted = yt_malloc(count * sizeof *sorted);
    for (size_t i = 0; i < count; i++) order[i] = (struct ranked){detections[i].score, (uint32_t)i};
    qsort(order, count, sizeof *order, by_score);
    for (size_t i = 0; i < count; i++) sorted[i] = detections[order[i].index];
    memcpy(detections, sorted, count * sizeof *sorted);
    free(sorted);
    free(order);
}

struct yt_detection *yt_detections_ranked(const struct yt_detection *detections, size_t count,
                                          size_t *valid) {
    struct yt_detection *ranked = yt_malloc((count + 1) * sizeof *ranked);
    if (count) memcpy(ranked, detections, count * sizeof *ranked);
    *valid = yt_detections_keep_valid(ranked, count);
    yt_detections_sort(ranked, *valid);
    return ranked;
}
