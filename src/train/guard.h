/* Which gradients are not to be believed, told by their norm (before clipping).
 *
 *   - one that is not finite;
 *   - an outlier: above `factor` times the median of the last 101 norms that were believed, once
 *     there are so many. A norm is skewed and has bursts, which a median does not follow as a mean
 *     would (factor: the key outlier=).
 *
 * The optimiser step is then left out. Steps left out in a row mean that the parameters, not the
 * tiles, have gone wrong: after YT_GUARD_PATIENCE of them the trainer goes back to the last state
 * on disk and halves the learning rate, YT_GUARD_ROLLBACKS times at most.
 */
#ifndef YT_TRAIN_GUARD_H
#define YT_TRAIN_GUARD_H

#include "base/base.h"

enum { YT_GUARD_NORMS = 101, YT_GUARD_PATIENCE = 10, YT_GUARD_ROLLBACKS = 3 };

/* Part of a run's state. Zero-initialise. */
struct yt_guard {
    double norms[YT_GUARD_NORMS]; /* the last ones believed, in a ring */
    int64_t believed;
    int in_a_row;                 /* steps left out since the last one that was taken */
    int64_t not_finite, outliers; /* steps left out of the whole run */
    int rollbacks;
};

enum yt_verdict { YT_GRADIENT_GOOD, YT_GRADIENT_NOT_FINITE, YT_GRADIENT_OUTLIER };

/* Judges the next norm and counts it. factor 0: there are no outliers. */
enum yt_verdict yt_guard_judge(struct yt_guard *guard, double norm, double factor);
/* Of the norms that are kept; 0 while there are none. */
double yt_guard_median(const struct yt_guard *guard);
/* What the rollbacks so far multiply the learning rates by. */
double yt_guard_rate(const struct yt_guard *guard);

#endif
