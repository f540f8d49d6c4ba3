#include "eval/overlap.h"

static float area(const struct yt_box *box) {
    return (box->x2 - box->x1) * (box->y2 - box->y1);
}

static float intersection(const struct yt_box *a, const struct yt_box *b) {
    float w = YT_MIN(a->x2, b->x2) - YT_MAX(a->x1, b->x1);
    float h = YT_MIN(a->y2, b->y2) - YT_MAX(a->y1, b->y1);
    return YT_MAX(w, 0) * YT_MAX(h, 0);
}

float yt_box_iou(const struct yt_box *a, const struct yt_box *b) {
    float both = intersection(a, b);
    return both / (area(a) + area(b) - both + 1e-7f);
}

float yt_box_overlap(enum yt_overlap metric, const struct yt_box *a, const struct yt_box *b) {
    float both = intersection(a, b), area_a = area(a), area_b = area(b);
    float whole = metric == YT_OVERLAP_IOS ? YT_MIN(area_a, area_b) : area_a + area_b - both;
    return whole > 0 ? both / whole : 0;
}
