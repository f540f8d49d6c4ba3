/* exp for the loops over every logit of a head, written so that compilers vectorise it: no calls,
 * no branches. Method of Cephes' expf (Moshier): x = n ln 2 + r, e^x = 2^n p(r).
 */
#ifndef YT_YOLOV10_FAST_EXP_H
#define YT_YOLOV10_FAST_EXP_H

#include <stdint.h>
#include <string.h>

/* e^x for x <= 0, within 2 ulp; below -87 it stays at e^-87 = 1.6e-38. NaN stays NaN. */
static inline float yt_exp_nonpositive(float x) {
    /* adding 1.5 * 2^23 rounds to an integer, which is then also in the low bits of the sum */
    const float rounder = 12582912.0f;
    x = x < -87.0f ? -87.0f : x;
    float shifted = x * 1.44269504f + rounder;
    float n = shifted - rounder;
    float r = x - n * 0.693359375f;
    r = r - n * -2.12194440e-4f;
    float p = 1.9875691500e-4f;
    p = p * r + 1.3981999507e-3f;
    p = p * r + 8.3334519073e-3f;
    p = p * r + 4.1665795894e-2f;
    p = p * r + 1.6666665459e-1f;
    p = p * r + 5.0000001201e-1f;
    p = p * (r * r) + r + 1.0f;
    uint32_t bits;
    memcpy(&bits, &shifted, sizeof bits);
    bits = (bits + 127u) << 23;
    float power;
    memcpy(&power, &bits, sizeof power);
    return p * power;
}

#endif
