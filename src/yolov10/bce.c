#include "yolov10/bce.h"
#include "yolov10/fast_exp.h"

#include <math.h>
#include <stddef.h>

/* ln(1 + z) for 0 <= z <= 1: 2 artanh(s) with s = z/(2 + z) <= 1/3, by its series. */
static inline float log1p_series(float z) {
    float s = z / (2 + z), q = s * s;
    float series = 1.0f / 13;
    series = series * q + 1.0f / 11;
    series = series * q + 1.0f / 9;
    series = series * q + 1.0f / 7;
    series = series * q + 1.0f / 5;
    series = series * q + 1.0f / 3;
    return 2 * s * (series * q + 1);
}

static float pixel_loss(const float *x, int channels) {
    float sum = 0;
#pragma omp simd reduction(+ : sum)
    for (int c = 0; c < channels; c++)
        sum += (x[c] > 0 ? x[c] : 0) + log1p_series(yt_exp_nonpositive(-fabsf(x[c])));
    return sum;
}

static float pixel_loss_gradient(const float *restrict x, int channels, float scale,
                                 float *restrict dx) {
    float sum = 0;
#pragma omp simd reduction(+ : sum)
    for (int c = 0; c < channels; c++) {
        float z = yt_exp_nonpositive(-fabsf(x[c]));
        sum += (x[c] > 0 ? x[c] : 0) + log1p_series(z);
        dx[c] = scale * ((x[c] > 0 ? 1 : z) / (1 + z));
    }
    return sum;
}

double yt_bce_background(const float *x, int pixels, int channels, int ld, float scale, float *dx) {
    double sum = 0;
    for (size_t i = 0; i < (size_t)pixels; i++) {
        const float *logits = x + i * (size_t)ld;
        sum += dx ? pixel_loss_gradient(logits, channels, scale, dx + i * (size_t)ld)
                  : pixel_loss(logits, channels);
    }
    return sum;
}
