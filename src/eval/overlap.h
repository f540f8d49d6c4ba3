/* How much two boxes overlap, in the two arithmetics that evaluation needs. */
#ifndef YT_EVAL_OVERLAP_H
#define YT_EVAL_OVERLAP_H

#include "base/box.h"

/* Validation's IoU: I / (A + B - I + 1e-7). */
float yt_box_iou(const struct yt_box *a, const struct yt_box *b);

/* What merging of predictions compares: IOU = I / (A + B - I), IOS = I / min(A, B), "intersection
 * over smaller"; 0 where the denominator is not positive. */
enum yt_overlap { YT_OVERLAP_IOU, YT_OVERLAP_IOS };
float yt_box_overlap(enum yt_overlap metric, const struct yt_box *a, const struct yt_box *b);

#endif
