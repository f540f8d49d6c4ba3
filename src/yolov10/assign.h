/* Which anchor learns which target, and how strongly: the task-aligned assigner (Feng et al.,
 * "TOOD", ICCV 2021) as YOLOv10 uses it, top 10 for one-to-many and top 1 for one-to-one.
 *
 * The candidates of target g are the anchors whose centre lies strictly inside g's box, each side
 * of which is first widened about its middle to at least min_side pixels. For target g and
 * candidate a:
 *
 *     overlap = max(CIoU(box of g as it is, predicted box of a), 0)
 *     metric  = sigmoid(logit of a for g's class)^alpha * overlap^beta
 *
 * and 0 for every other pair. Then
 *   1. Each target claims the `topk` anchors of largest metric. Where fewer have a metric above 0,
 *      the free places go to the anchors numbered lowest among all those of metric 0 (the
 *      reference leaves this choice open); of these, only candidates are claims.
 *   2. An anchor that several targets claim goes to the target of the image with the largest
 *      overlap, claimant or not; the first on a tie, and so the image's first if all are 0.
 *   3. The anchor's target score is metric * O / (M + 1e-9), O and M being the largest overlap and
 *      the largest metric among the anchors its target got.
 *   4. With fallback > 0: the best anchor of every target gets at least that target score. The best
 *      is that of the largest score, the lowest on a tie; for a target without one above 0 it is
 *      the anchor nearest to the box's middle (the lowest on a tie) of those that learn nothing, at
 *      most two cells from the cell that holds the middle, of the finest level on which 14 cells
 *      are half the longest side or more. Where all those 25 learn something, it is the nearest
 *      that its target can spare: one that is not its target's best. Targets are served in their
 *      order; where none can be spared, a target goes without, and `positives` tells.
 * A target whose box has x1 + y1 + x2 + y2 <= 0 claims nothing.
 *
 * min_side and fallback are no part of TOOD and are 0, off, in the reference: there a box that
 * holds no anchor centre is learnt by none, and neither is one that no prediction fits (docs/
 * thin-symbols.md).
 *
 * The work grows with the number of candidates: only those are decoded and compared. Images are
 * shared out over threads; each is computed by one, so the result depends on no thread count.
 */
#ifndef YT_YOLOV10_ASSIGN_H
#define YT_YOLOV10_ASSIGN_H

#include "base/box.h"
#include "yolov10/head_maps.h"

#define YT_ASSIGN_TOPK_MAX 64

struct yt_assign_options {
    int topk; /* 1 .. YT_ASSIGN_TOPK_MAX */
    float alpha, beta;
    float min_side; /* input pixels; 0: boxes as they are */
    float fallback; /* 0 .. 1; 0: a target may go without an anchor */
};

/* The result for one anchor of one image. */
struct yt_assigned {
    int target;  /* index into the caller's targets; -1: background */
    float score; /* the target score of the target's class; may be 0 */
};

/* Results and memory. Memory grows to the largest batch and number of targets seen and stays. */
struct yt_assigner {
    struct yt_assign_options options;
    struct yt_assigned *assigned; /* (batch, anchors), by anchor number */
    struct yt_box *boxes;         /* (targets), pixels, in the caller's order */
    int *positives;   /* (targets): anchors that learn this target with a score above 0 */
    double score_sum; /* of all target scores */

    /* private */
    struct yt_assign_cell *cells;   /* (batch, anchors) */
    struct yt_assign_truth *truths; /* (targets), by image */
    int *first;                     /* (batch + 1): where an image's truths begin */
    double *score_sums;             /* (batch) */
    size_t assigned_cap, boxes_cap, positives_cap, cells_cap, truths_cap, first_cap, score_sums_cap;
};

/* Inside which the candidates of a target with this box lie; input pixels. */
struct yt_box yt_assign_reach(const struct yt_assign_options *options, struct yt_box box);

void yt_assigner_init(struct yt_assigner *assigner, const struct yt_assign_options *options);
void yt_assigner_release(struct yt_assigner *assigner);
/* Makes room, so that yt_assign allocates nothing up to these sizes. */
void yt_assigner_reserve(struct yt_assigner *assigner, int batch, int anchors, int targets);

/* Fills the results from maps->...box and .cls. Targets may come in any order; those of one image
 * keep theirs. Their image must be < maps->batch and their class < maps->nc. */
void yt_assign(struct yt_assigner *assigner, const struct yt_head_maps *maps,
               const struct yt_target *targets, int count);

/* Whether a box, in pixels of an input whose levels `maps` tells (no logits are read), has a
 * candidate at all: what can be said of labels before there is a model. */
bool yt_assign_has_candidate(const struct yt_assign_options *options,
                             const struct yt_head_maps *maps, struct yt_box box);

#endif
