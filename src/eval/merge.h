/* One detection an object: what overlapping tiles and a model without NMS find several times.
 *
 * The three methods are SAHI's (github.com/obss/sahi, version 0.12.6, MIT), box for box:
 *  - NMS: the best box drops every box that it overlaps.
 *  - GREEDYNMM, "greedy non-maximum merging": the best box takes in every box that it overlaps.
 *  - NMM: the same, but what has been taken in passes on: boxes that overlap a taken box join too,
 *    if they score lower than it.
 * Boxes are taken by descending score, equal scores by ascending (x1, y1, x2, y2). Two overlap if
 * their metric (overlap.h) is at least the threshold, in float. A merged box is the hull of its
 * parts and has the best score; a part is merged only if it overlaps what has been merged before it
 * by strictly more than the threshold, in double, and otherwise is dropped.
 *
 *     struct yt_merge how = {YT_MERGE_NMS, YT_OVERLAP_IOU, 0.5, .class_agnostic = false};
 *     count = yt_merge(&how, detections, count);
 *
 * Time is near-linear in the number of boxes (grid.h).
 */
#ifndef YT_EVAL_MERGE_H
#define YT_EVAL_MERGE_H

#include "eval/overlap.h"

enum yt_merge_method { YT_MERGE_NMS, YT_MERGE_NMM, YT_MERGE_GREEDYNMM };

struct yt_merge {
    enum yt_merge_method method;
    enum yt_overlap metric;
    double threshold;    /* above 0 */
    bool class_agnostic; /* boxes of different classes are merged too; the best score names it */
};

/* Works in place; returns how many detections are left. Those that are not valid (detections.h) are
 * dropped. Order: NMS by descending score; the others by ascending class (unless class-agnostic),
 * then by descending score. */
size_t yt_merge(const struct yt_merge *how, struct yt_detection *detections, size_t count);

#endif
