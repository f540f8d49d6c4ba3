/* One loop for all three methods. In the order of score, a box that nobody owns becomes a keeper;
 * a keeper (for NMM: every box, on behalf of its owner) takes the boxes that it overlaps and that
 * nobody owns, which are all later in the order. They differ in what happens to a taken box, and in
 * the order of taking: by score, for NMM by place in the input. */
#include "eval/merge.h"
#include "eval/detections.h"
#include "eval/grid.h"
#include <stdlib.h>

struct entry {
    struct yt_detection original; /* first, so that a grid can be made of entries */
    struct yt_detection merged;
    uint32_t index; /* in the input */
    int64_t owner;  /* the entry that keeps it, or -1 */
};

/* --- order ---------------------------------------------------------------------------------- */

static int ascending(float a, float b) {
    return (a > b) - (a < b);
}

static int compare_boxes(const struct yt_box *a, const struct yt_box *b) {
    int order = ascending(a->x1, b->x1);
    if (!order) order = ascending(a->y1, b->y1);
    if (!order) order = ascending(a->x2, b->x2);
    if (!order) order = ascending(a->y2, b->y2);
    return order;
}

static int by_score(const void *a, const void *b) {
    const struct entry *p = a, *q = b;
    int order = ascending(q->original.score, p->original.score);
    if (!order) order = compare_boxes(&p->original.box, &q->original.box);
    return order ? order : (p->index > q->index) - (p->index < q->index);
}

static int by_class_then_score(const void *a, const void *b) {
    const struct entry *p = a, *q = b;
    int order = (p->original.cls > q->original.cls) - (p->original.cls < q->original.cls);
    return order ? order : by_score(a, b);
}

static int by_index(const void *a, const void *b, void *entries) {
    const struct entry *p = (const struct entry *)entries + *(const uint32_t *)a;
    const struct entry *q = (const struct entry *)entries + *(const uint32_t *)b;
    return (p->index > q->index) - (p->index < q->index);
}

/* --- merging -------------------------------------------------------------------------------- */

static double overlap_double(enum yt_overlap metric, const struct yt_box *a,
                             const struct yt_box *b) {
    double area_a = ((double)a->x2 - a->x1) * ((double)a->y2 - a->y1);
    double area_b = ((double)b->x2 - b->x1) * ((double)b->y2 - b->y1);
    double w = (double)YT_MIN(a->x2, b->x2) - YT_MAX(a->x1, b->x1);
    double h = (double)YT_MIN(a->y2, b->y2) - YT_MAX(a->y1, b->y1);
    double both = YT_MAX(w, 0) * YT_MAX(h, 0);
    return both / (metric == YT_OVERLAP_IOS ? YT_MIN(area_a, area_b) : area_a + area_b - both);
}

static void absorb(const struct yt_merge *how, struct yt_detection *keeper,
                   const struct yt_detection *part) {
    if (!(overlap_double(how->metric, &keeper->box, &part->box) > how->threshold)) return;
    keeper->box.x1 = YT_MIN(keeper->box.x1, part->box.x1);
    keeper->box.y1 = YT_MIN(keeper->box.y1, part->box.y1);
    keeper->box.x2 = YT_MAX(keeper->box.x2, part->box.x2);
    keeper->box.y2 = YT_MAX(keeper->box.y2, part->box.y2);
    if (!(keeper->score > part->score)) keeper->cls = part->cls;
}

static bool takes(const struct yt_merge *how, const struct entry *taker, const struct entry *box) {
    const struct yt_detection *a = &taker->original, *b = &box->original;
    if (box->owner >= 0 || (!how->class_agnostic && a->cls != b->cls)) return false;
    /* NMM asks that the taker score higher; of equal scores it takes only copies of the same box.
     */
    if (how->method == YT_MERGE_NMM && a->score == b->score && compare_boxes(&a->box, &b->box))
        return false;
    return yt_box_overlap(how->metric, &a->box, &b->box) >= (float)how->threshold;
}

static void take_overlapping(const struct yt_merge *how, struct yt_grid *grid,
                             struct entry *entries, size_t taker) {
    int64_t owner = entries[taker].owner;
    uint32_t *found = grid->found;
    size_t count = yt_grid_query(grid, &entries[taker].original.box), taken = 0;
    for (size_t k = 0; k < count; k++)
        if (takes(how, &entries[taker], &entries[found[k]])) found[taken++] = found[k];
    if (how->method == YT_MERGE_NMM) qsort_r(found, taken, sizeof *found, by_index, entries);
    for (size_t k = 0; k < taken; k++) {
        struct entry *box = &entries[found[k]];
        box->owner = owner;
        if (how->method != YT_MERGE_NMS) absorb(how, &entries[owner].merged, &box->original);
    }
}

size_t yt_merge(const struct yt_merge *how, struct yt_detection *detections, size_t count) {
    YT_ASSERT(how->threshold > 0);
    count = yt_detections_keep_valid(detections, count);
    struct entry *entries = yt_malloc((count + 1) * sizeof *entries);
    for (size_t i = 0; i < count; i++)
        entries[i] = (struct entry){detections[i], detections[i], (uint32_t)i, -1};
    qsort(entries, count, sizeof *entries, how->class_agnostic ? by_score : by_class_then_score);
    struct yt_grid *grid = yt_grid_new(entries, sizeof *entries, count);
    for (size_t i = 0; i < count; i++) {
        bool keeper = entries[i].owner < 0;
        if (keeper) entries[i].owner = (int64_t)i;
        if (keeper || how->method == YT_MERGE_NMM) take_overlapping(how, grid, entries, i);
    }
    size_t kept = 0;
    for (size_t i = 0; i < count; i++)
        if (entries[i].owner == (int64_t)i) detections[kept++] = entries[i].merged;
    if (how->method == YT_MERGE_NMS) yt_detections_sort(detections, kept);
    yt_grid_free(grid);
    free(entries);
    return kept;
}
