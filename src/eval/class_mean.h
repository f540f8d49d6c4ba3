/* A figure of each class as one number: the mean over classes, and the mean over instances, in
 * which a class counts as often as it has labels.
 *
 *     struct yt_class_mean mean = {0};
 *     for every class: yt_class_mean_add(&mean, ap, instances);
 *     ... yt_class_mean(&mean), yt_class_mean_weighted(&mean) ...
 */
#ifndef YT_EVAL_CLASS_MEAN_H
#define YT_EVAL_CLASS_MEAN_H

#include "base/base.h"

struct yt_class_mean {
    double sum, weighted_sum, instances;
    size_t classes;
};

void yt_class_mean_add(struct yt_class_mean *mean, double value, size_t instances);
double yt_class_mean(const struct yt_class_mean *mean);          /* 0 without a class */
double yt_class_mean_weighted(const struct yt_class_mean *mean); /* 0 without an instance */

#endif
