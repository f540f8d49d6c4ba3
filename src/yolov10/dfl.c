#include "yolov10/dfl.h"
#include "base/base.h"
#include "tensor/kernels.h"

#include <math.h>

void yt_dfl_read(struct yt_dfl *dfl, const float *logits) {
    yt_expect_bins(logits, 4, dfl->p, dfl->distance);
}

void yt_dfl_distances(const float *logits, float distance[4]) {
    yt_expect_bins(logits, 4, NULL, distance);
}

void yt_dfl_rebin(struct yt_dfl *dfl, const float bins[YT_DFL_BINS]) {
    for (int side = 0; side < 4; side++) {
        float mean = 0;
        for (int j = 0; j < YT_DFL_BINS; j++) mean += dfl->p[side * YT_DFL_BINS + j] * bins[j];
        dfl->distance[side] = mean;
    }
}

/* The two bins around a distance: j and j+1, with the weights 1 - share and share. */
static int split(float distance, float *share) {
    float d = YT_MIN(YT_MAX(distance, 0.0f), (float)YT_DFL_BINS - 1 - 0.01f);
    int j = (int)d;
    *share = d - (float)j;
    return j;
}

/* ln of the sum of exp(x), from the likeliest bin: that one's p has not vanished. */
static float log_sum(const float *x, const float *p) {
    int likeliest = 0;
    for (int j = 1; j < YT_DFL_BINS; j++)
        if (p[j] > p[likeliest]) likeliest = j;
    return x[likeliest] - logf(p[likeliest]);
}

float yt_dfl_loss(const struct yt_dfl *dfl, const float *logits, const float target[4]) {
    float loss = 0;
    for (int side = 0; side < 4; side++) {
        const float *x = logits + side * YT_DFL_BINS;
        float share;
        int j = split(target[side], &share);
        float total = log_sum(x, dfl->p + side * YT_DFL_BINS);
        loss += (1 - share) * (total - x[j]) + share * (total - x[j + 1]);
    }
    return loss / 4;
}

void yt_dfl_backward(const struct yt_dfl *dfl, const float target[4], float weight,
                     const float d_distance[4], float *dlogits) {
    float side_weight = weight / 4;
    for (int side = 0; side < 4; side++) {
        const float *p = dfl->p + side * YT_DFL_BINS;
        float *dx = dlogits + side * YT_DFL_BINS;
        float share, mean = dfl->distance[side], slope = d_distance[side];
        int bin = split(target[side], &share);
        for (int j = 0; j < YT_DFL_BINS; j++)
            dx[j] = p[j] * (side_weight + slope * ((float)j - mean));
        dx[bin] -= side_weight * (1 - share);
        dx[bin + 1] -= side_weight * share;
    }
}
