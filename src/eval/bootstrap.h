/* How sure a difference between two runs is, measured on the same pages: pages are drawn anew, with
 * replacement, as often as there are, and both runs scored on the draw (Efron, 1979; the percentile
 * interval). Pages, not tiles, as symbols of one page are alike. */
#ifndef YT_EVAL_BOOTSTRAP_H
#define YT_EVAL_BOOTSTRAP_H

#include "eval/outcomes.h"

/* A figure of run A and of run B, their difference B - A, and where it lies in 95 of 100 draws.
 * NAN where the figure is not defined in any draw. */
struct yt_difference {
    double a, b, low, high;
};

struct yt_comparison {
    struct yt_difference map50, map;
    struct yt_difference *ap; /* nc classes, AP50-95 */
    double better;            /* the share of draws in which B's mAP50-95 is above A's */
};

/* Both runs over the same classes and the same `pages` pages. Draws follow from the seed, in any
 * number of threads. */
void yt_comparison_init(struct yt_comparison *comparison, const struct yt_outcomes *a,
                        const struct yt_outcomes *b, int draws, uint64_t seed);
void yt_comparison_release(struct yt_comparison *comparison);

#endif
