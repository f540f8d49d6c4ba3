#include "eval/class_mean.h"

void yt_class_mean_add(struct yt_class_mean *mean, double value, size_t instances) {
    mean->sum += value;
    mean->weighted_sum += value * (double)instances;
    mean->instances += (double)instances;
    mean->classes++;
}

double yt_class_mean(const struct yt_class_mean *mean) {
    return mean->classes ? mean->sum / (double)mean->classes : 0;
}

double yt_class_mean_weighted(const struct yt_class_mean *mean) {
    return mean->instances > 0 ? mean->weighted_sum / mean->instances : 0;
}
