/* What a softmax over 16 bins expects: rows of 16 logits, four for every box. */
#include "tensor/kernels/kernel.h"
#include "tensor/kernels/vec.h"

enum { BINS = 16, VECTORS = BINS / YT_LANES };

/* In pairs, so that no lane waits for all before it. */
YT_INLINE float sum_pairs(vec v) {
#if YT_LANES == 16 && defined(__AVX512F__)
    return _mm512_reduce_add_ps((__m512)v);
#else
    float t[YT_LANES];
    store(t, v);
    for (int half = YT_LANES / 2; half > 0; half /= 2)
        for (int i = 0; i < half; i++) t[i] += t[i + half];
    return t[0];
#endif
}

YT_INLINE float expect(const float *logits, float *p) {
    vec x[VECTORS], most, sum = {0}, moment = {0}, bins;
    for (int i = 0; i < YT_LANES; i++) bins[i] = (float)i;
    YT_UNROLL for (int k = 0; k < VECTORS; k++) x[k] = load(logits + k * YT_LANES);
    most = x[0];
    YT_UNROLL for (int k = 1; k < VECTORS; k++) most = max_vec(x[k], most);
    const float largest = max_lanes(most);
    YT_UNROLL for (int k = 0; k < VECTORS; k++) {
        x[k] = exp_vec(x[k] - largest);
        sum += x[k];
        moment += x[k] * (bins + (float)(k * YT_LANES));
    }
    const float norm = 1.0f / sum_pairs(sum);
    for (int k = 0; p && k < VECTORS; k++) store(p + k * YT_LANES, x[k] * norm);
    return sum_pairs(moment) * norm;
}

void YT_KERNEL(expect_bins)(const float *logits, int rows, float *p, float *mean) {
    for (int i = 0; i < rows; i++) mean[i] = expect(logits + i * BINS, p ? p + i * BINS : NULL);
}
