#include "eval/merge_page.h"
#include "eval/detections.h"
#include "eval/grid.h"
#include "eval/overlap.h"
#include <stdlib.h>
#include <string.h>

#define SIDE_MIN 8.0f
#define BORDER_PX 4.0f    /* a box that ends this near to its window's border reaches it; */
#define BORDER_SHARE 0.02 /* of its side, where that is more: long boxes are less exact */

/* --- what was cut ----------------------------------------------------------------------------- */

static unsigned cut_of(const struct yt_merge_page *how, const struct yt_box *box,
                       const struct yt_box *window) {
    float x = YT_MAX(BORDER_PX, (float)BORDER_SHARE * (box->x2 - box->x1));
    float y = YT_MAX(BORDER_PX, (float)BORDER_SHARE * (box->y2 - box->y1));
    unsigned cut = 0;
    if (window->x1 > 0 && box->x1 <= window->x1 + x) cut |= YT_CUT_LEFT;
    if (window->y1 > 0 && box->y1 <= window->y1 + y) cut |= YT_CUT_TOP;
    if (window->x2 < (float)how->page_w && box->x2 >= window->x2 - x) cut |= YT_CUT_RIGHT;
    if (window->y2 < (float)how->page_h && box->y2 >= window->y2 - y) cut |= YT_CUT_BOTTOM;
    return cut;
}

static size_t make_pieces(const struct yt_merge_page *how, const struct yt_detection *detections,
                          const uint32_t *window_of, size_t count, const struct yt_box *windows,
                          struct yt_piece *pieces) {
    size_t valid = 0;
    for (size_t i = 0; i < count; i++) {
        if (!yt_detection_valid(&detections[i])) continue;
        const struct yt_box *window = &windows[window_of[i]];
        unsigned cut = cut_of(how, &detections[i].box, window);
        pieces[valid++] = (struct yt_piece){detections[i], *window, cut};
    }
    return valid;
}

/* --- which boxes stay ------------------------------------------------------------------------- */

/* What is whole first, then by score. */
static int by_rank(const void *a, const void *b) {
    const struct yt_piece *p = a, *q = b;
    if (!p->cut != !q->cut) return p->cut ? 1 : -1;
    float score_p = p->detection.score, score_q = q->detection.score;
    if (score_p != score_q) return score_p > score_q ? -1 : 1;
    const struct yt_box *box_p = &p->detection.box, *box_q = &q->detection.box;
    if (box_p->x1 != box_q->x1) return box_p->x1 < box_q->x1 ? -1 : 1;
    if (box_p->y1 != box_q->y1) return box_p->y1 < box_q->y1 ? -1 : 1;
    return (p->detection.cls > q->detection.cls) - (p->detection.cls < q->detection.cls);
}

/* With each side at least SIDE_MIN: two looks at a stem of 2 px that are 1 px apart share a third.
 */
static struct yt_box widened(const struct yt_box *box) {
    float x = YT_MAX(0, SIDE_MIN - (box->x2 - box->x1)) / 2;
    float y = YT_MAX(0, SIDE_MIN - (box->y2 - box->y1)) / 2;
    return (struct yt_box){box->x1 - x, box->y1 - y, box->x2 + x, box->y2 + y};
}

static bool is_same(const struct yt_merge_page *how, const struct yt_box *first,
                    const struct yt_box *later, bool later_is_cut) {
    float threshold = (float)how->threshold;
    if (yt_box_overlap(YT_OVERLAP_IOU, first, later) >= threshold) return true;
    return later_is_cut && yt_box_overlap(YT_OVERLAP_IOS, first, later) >= threshold;
}

/* Sum of the boxes that show one object, weighted by their scores. */
struct blend {
    double x1, y1, x2, y2, weight;
};

static void blend_add(struct blend *blend, const struct yt_detection *d) {
    double weight = (double)d->score;
    blend->x1 += weight * (double)d->box.x1, blend->y1 += weight * (double)d->box.y1;
    blend->x2 += weight * (double)d->box.x2, blend->y2 += weight * (double)d->box.y2;
    blend->weight += weight;
}

static struct yt_box blend_mean(const struct blend *blend, const struct yt_box *fallback) {
    if (!(blend->weight > 0)) return *fallback;
    return (struct yt_box){(float)(blend->x1 / blend->weight), (float)(blend->y1 / blend->weight),
                           (float)(blend->x2 / blend->weight), (float)(blend->y2 / blend->weight)};
}

/* Pieces by rank, while it is decided which of them stay. */
struct contest {
    const struct yt_piece *pieces;
    struct yt_box *wide;  /* the pieces' boxes, widened */
    struct yt_grid *grid; /* of them */
    bool *dropped;
};

/* Drops what piece i shows too; returns the mean of those that are whole. */
static struct yt_box take_same(const struct yt_merge_page *how, struct contest *c, size_t i) {
    struct blend blend = {0};
    blend_add(&blend, &c->pieces[i].detection);
    size_t found = yt_grid_query(c->grid, &c->wide[i]);
    for (size_t k = 0; k < found; k++) {
        size_t later = c->grid->found[k];
        bool is_cut = c->pieces[later].cut;
        if (later <= i || c->dropped[later]) continue;
        if (!is_same(how, &c->wide[i], &c->wide[later], is_cut)) continue;
        c->dropped[later] = true;
        if (!is_cut) blend_add(&blend, &c->pieces[later].detection);
    }
    return blend_mean(&blend, &c->pieces[i].detection.box);
}

/* The detections that stay, in `out`. */
static size_t choose(const struct yt_merge_page *how, struct yt_piece *pieces, size_t count,
                     struct yt_detection *out) {
    qsort(pieces, count, sizeof *pieces, by_rank);
    struct contest contest = {.pieces = pieces};
    contest.wide = yt_malloc((count + 1) * sizeof *contest.wide);
    for (size_t i = 0; i < count; i++) contest.wide[i] = widened(&pieces[i].detection.box);
    contest.grid = yt_grid_new(contest.wide, sizeof *contest.wide, count);
    contest.dropped = yt_calloc(count + 1, sizeof *contest.dropped);
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        if (contest.dropped[i]) continue;
        out[kept] = pieces[i].detection;
        out[kept++].box = take_same(how, &contest, i);
    }
    free(contest.dropped);
    yt_grid_free(contest.grid);
    free(contest.wide);
    return kept;
}

static int by_class(const void *a, const void *b) {
    const struct yt_piece *p = a, *q = b;
    int order = (p->detection.cls > q->detection.cls) - (p->detection.cls < q->detection.cls);
    return order ? order : by_rank(a, b);
}

/* How many of the pieces, sorted by class, are of the first one's class. */
static size_t run_length(const struct yt_piece *pieces, size_t count) {
    size_t n = 0;
    while (n < count && pieces[n].detection.cls == pieces[0].detection.cls) n++;
    return n;
}

size_t yt_merge_page(const struct yt_merge_page *how, struct yt_detection *detections,
                     const uint32_t *window_of, size_t count, const struct yt_box *windows) {
    YT_ASSERT(how->threshold > 0);
    struct yt_piece *pieces = yt_malloc((count + 1) * sizeof *pieces);
    count = make_pieces(how, detections, window_of, count, windows, pieces);
    qsort(pieces, count, sizeof *pieces, by_class);
    size_t whole = 0, kept = 0; /* stitched pieces; detections */
    for (size_t i = 0, n; i < count; i += n) {
        n = run_length(pieces + i, count - i);
        struct yt_piece *same = pieces + i;
        const struct yt_stitch_rule *rule = how->rules ? &how->rules[same->detection.cls] : NULL;
        size_t left = rule && rule->is_on ? yt_stitch(rule, same, n) : n;
        if (how->class_agnostic) {
            memmove(pieces + whole, same, left * sizeof *pieces);
            whole += left;
        } else {
            kept += choose(how, same, left, detections + kept);
        }
    }
    if (how->class_agnostic) kept = choose(how, pieces, whole, detections);
    yt_detections_sort(detections, kept);
    free(pieces);
    return kept;
}
