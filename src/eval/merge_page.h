/* One detection an object on a page that was looked at through overlapping windows.
 *
 * What SAHI's methods (merge.h) do not know is where the windows end. Here a box that reaches an
 * inner border of its window, one that is not the page's edge, counts as cut: the object may go on
 * behind it. Three steps:
 *
 *  1. Pieces of one long object become their hull, for classes with a rule (stitch.h).
 *  2. All are ranked: first those that are whole, then those that are cut, each by score. The
 *     window that sees the object comes before its neighbour that sees a part of it.
 *  3. In that order, a box drops every box of its class after it that shows the same object: with
 *     an IoU of at least the threshold; or cut, and at least that share of the smaller inside. Of
 *     the whole boxes of an object, its box is the mean, weighted by score.
 *
 *     struct yt_merge_page how = {.page_w = 1960, .page_h = 2772, .threshold = 0.5,
 *                                 .rules = rules};
 *     count = yt_merge_page(&how, detections, window_of, count, windows);
 *
 * Time is near-linear in the number of boxes (grid.h).
 */
#ifndef YT_EVAL_MERGE_PAGE_H
#define YT_EVAL_MERGE_PAGE_H

#include "eval/stitch.h"

struct yt_merge_page {
    int page_w, page_h;
    double threshold;                   /* above 0 */
    bool class_agnostic;                /* boxes of other classes are dropped too */
    const struct yt_stitch_rule *rules; /* by class; NULL: nothing is stitched */
};

/* detections[i] was seen through windows[window_of[i]]; all in pixels of the page. Works in place;
 * returns how many detections are left, by descending score. Those that are not valid
 * (detections.h) are dropped. */
size_t yt_merge_page(const struct yt_merge_page *how, struct yt_detection *detections,
                     const uint32_t *window_of, size_t count, const struct yt_box *windows);

#endif
