#include "train/guard.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static int ascending(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

double yt_guard_median(const struct yt_guard *guard) {
    double sorted[YT_GUARD_NORMS];
    size_t count = (size_t)YT_MIN(guard->believed, (int64_t)YT_GUARD_NORMS);
    memcpy(sorted, guard->norms, count * sizeof *sorted);
    qsort(sorted, count, sizeof *sorted, ascending);
    return count ? sorted[count / 2] : 0;
}

enum yt_verdict yt_guard_judge(struct yt_guard *guard, double norm, double factor) {
    bool enough = factor > 0 && guard->believed >= YT_GUARD_NORMS;
    if (!isfinite(norm)) {
        guard->not_finite++;
        guard->in_a_row++;
        return YT_GRADIENT_NOT_FINITE;
    }
    if (enough && norm > factor * yt_guard_median(guard)) {
        guard->outliers++;
        guard->in_a_row++;
        return YT_GRADIENT_OUTLIER;
    }
    guard->norms[guard->believed++ % YT_GUARD_NORMS] = norm;
    guard->in_a_row = 0;
    return YT_GRADIENT_GOOD;
}

double yt_guard_rate(const struct yt_guard *guard) {
    return ldexp(1, -guard->rollbacks);
}
