#include "yolov10/dfl.h"
#include "base/base.h"
#include "yolov10/fast_exp.h"

#include <math.h>

void yt_dfl_read(struct yt_dfl *dfl, const float *logits) {
    for (int side = 0; side < 4; side++) {
        const float *x = logits + side * YT_DFL_BINS;
        float *p = dfl->p + side * YT_DFL_BINS;
        float largest = x[0], sum = 0, moment = 0;
        for (int j = 1; j < YT_DFL_BINS; j++) largest = YT_MAX(x[j], largest);
        for (int j = 0; j < YT_DFL_BINS; j++) p[j] = yt_exp_nonpositive(x[j] - largest);
#pragma omp simd reduction(+ : sum)
        for (int j = 0; j < YT_DFL_BINS; j++) sum += p[j];
        for (int j = 0; j < YT_DFL_BINS; j++) p[j] /= sum;
#pragma omp simd reduction(+ : moment)
        for (int j = 0; j < YT_DFL_BINS; j++) moment += p[j] * (float)j;
        dfl->largest[side] = largest;
        dfl->sum[side] = sum;
        dfl->distance[side] = moment;
    }
}

/* The two bins around a distance: j and j+1, with the weights 1 - share and share. */
static int split(float distance, float *share) {
    float d = YT_MIN(YT_MAX(distance, 0.0f), (float)YT_DFL_BINS - 1 - 0.01f);
    int j = (int)d;
    *share = d - (float)j;
    return j;
}

float yt_dfl_loss(const struct yt_dfl *dfl, const float *logits, const float target[4]) {
    float loss = 0;
    for (int side = 0; side < 4; side++) {
        const float *x = logits + side * YT_DFL_BINS;
        float share;
        int j = split(target[side], &share);
        float log_sum = dfl->largest[side] + logf(dfl->sum[side]);
        loss += (1 - share) * (log_sum - x[j]) + share * (log_sum - x[j + 1]);
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
