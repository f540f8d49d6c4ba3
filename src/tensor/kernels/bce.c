/* Binary cross entropy with logits against 0: ln(1 + e^x) = max(x, 0) + ln(1 + e^-|x|), whose slope
 * is sigmoid(x). Both come from z = e^-|x|. */
#include "tensor/kernels/kernel.h"
#include "tensor/kernels/vec.h"

/* ln(1 + z) for 0 <= z <= 1: 2 artanh(s) with s = z/(2 + z) <= 1/3, by its series. Exact to the
 * last bits also for small z, where 1 + z would lose them. */
YT_INLINE vec log1p_of(vec s) {
    const vec q = s * s;
    vec series = splat(1.0f / 13);
    series = series * q + 1.0f / 11;
    series = series * q + 1.0f / 9;
    series = series * q + 1.0f / 7;
    series = series * q + 1.0f / 5;
    series = series * q + 1.0f / 3;
    return 2.0f * s * (series * q + 1.0f);
}

/* Returns the losses of n <= YT_LANES logits, 0 in the other lanes. */
YT_INLINE vec background(const float *x, int n, float scale, float *dx) {
    const vec zero = {0}, logit = load_part(x, n);
    const ivec positive = logit > zero;
    const vec z = exp_vec(pick(positive, -logit, logit));
    /* 1/(1 + z) and 1/(2 + z) by one division */
    const vec both = 1.0f / ((1.0f + z) * (2.0f + z));
    if (dx) store_part(dx, scale * (pick(positive, splat(1), z) * ((2.0f + z) * both)), n);
    const vec loss = pick(positive, logit, zero) + log1p_of(z * ((1.0f + z) * both));
    if (n == YT_LANES) return loss;
    float lanes[YT_LANES] = {0};
    store_part(lanes, loss, n);
    return load(lanes);
}

double YT_KERNEL(bce_background)(const float *x, int pixels, int channels, int ld, float scale,
                                 float *dx) {
    const int whole = channels - channels % YT_LANES;
    double sum = 0;
    for (size_t i = 0; i < (size_t)pixels; i++, x += ld) {
        float *out = dx ? dx + i * ld : NULL;
        vec total = {0};
        for (int c = 0; c < whole; c += YT_LANES)
            total += background(x + c, YT_LANES, scale, out ? out + c : NULL);
        if (whole < channels)
            total += background(x + whole, channels - whole, scale, out ? out + whole : NULL);
        sum += sum_lanes(total);
    }
    return sum;
}
