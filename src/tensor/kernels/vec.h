/* Vectors of YT_LANES floats in the vector extensions of gcc and clang, and exp and sigmoid on
 * them.
 *
 * A channel count that is no multiple of YT_LANES ends in a part of a vector: load_part and
 * store_part touch only the n floats that there are.
 */
#ifndef YT_TENSOR_KERNELS_VEC_H
#define YT_TENSOR_KERNELS_VEC_H

#include <math.h>
#include <stdint.h>
#include <string.h>

typedef float vec __attribute__((vector_size(4 * YT_LANES)));
typedef int32_t ivec __attribute__((vector_size(4 * YT_LANES)));
typedef float vec_unaligned __attribute__((vector_size(4 * YT_LANES), aligned(4), may_alias));
/* Half a vector of doubles' worth of lanes: sums that must not lose bits. */
typedef double dvec __attribute__((vector_size(8 * YT_LANES)));

/* Before a loop with a small constant count whose arrays must become registers. */
#ifdef __clang__
#    define YT_UNROLL _Pragma("clang loop unroll(full)")
#else
#    define YT_UNROLL _Pragma("GCC unroll 64")
#endif
#define YT_INLINE static inline __attribute__((always_inline))

YT_INLINE vec load(const float *p) {
    return *(const vec_unaligned *)p;
}
YT_INLINE void store(float *p, vec v) {
    *(vec_unaligned *)p = v;
}
/* The first n lanes, 0 < n <= YT_LANES; the others are 0. Powers of two, since a copy of constant
 * size is one instruction. */
YT_INLINE vec load_part(const float *p, int n) {
    if (n == YT_LANES) return load(p);
    float t[YT_LANES] = {0};
    int done = 0;
    if (YT_LANES > 8 && n & 8) memcpy(t, p, 32), done = 8;
    if (YT_LANES > 4 && n & 4) memcpy(t + done, p + done, 16), done += 4;
    if (n & 2) memcpy(t + done, p + done, 8), done += 2;
    if (n & 1) t[done] = p[done];
    return load(t);
}
YT_INLINE void store_part(float *p, vec v, int n) {
    if (n == YT_LANES) {
        store(p, v);
        return;
    }
    float t[YT_LANES];
    store(t, v);
    int done = 0;
    if (YT_LANES > 8 && n & 8) memcpy(p, t, 32), done = 8;
    if (YT_LANES > 4 && n & 4) memcpy(p + done, t + done, 16), done += 4;
    if (n & 2) memcpy(p + done, t + done, 8), done += 2;
    if (n & 1) p[done] = t[done];
}
YT_INLINE vec splat(float x) {
    return x - (vec){0}; /* not x + 0, which would lose the sign of -0 */
}
/* mask ? a : b; the lanes of a comparison are 0 or ~0 */
YT_INLINE vec pick(ivec mask, vec a, vec b) {
    return (vec)((mask & (ivec)a) | (~mask & (ivec)b));
}
YT_INLINE ivec pick_int(ivec mask, ivec a, ivec b) {
    return (mask & a) | (~mask & b);
}
YT_INLINE dvec widen(vec v) {
    return __builtin_convertvector(v, dvec);
}
/* The lanes' sum, in a fixed order. */
YT_INLINE float sum_lanes(vec v) {
    float t[YT_LANES], sum = 0;
    store(t, v);
    for (int i = 0; i < YT_LANES; i++) sum += t[i];
    return sum;
}

/* e^x to about 1 ulp. x = n ln 2 + r with |r| <= ln 2 / 2, e^x = 2^n e^r; ln 2 in two parts (Cody
 * and Waite) so that r is exact, e^r by its Taylor series to r^7, whose rest is below half an
 * ulp. 2^n in two factors, so that results fade into denormals, 0 and infinity by themselves. */
YT_INLINE vec exp_vec(vec x) {
    const float log2e = 1.44269504f, ln2_high = 0.693359375f, ln2_low = -2.12194440e-4f;
    const float round = 12582912.0f; /* 1.5 * 2^23: adding it leaves an integer in the low bits */
    x = pick(x < splat(-105.0f), splat(-105.0f), x); /* NaN passes both comparisons */
    x = pick(x > splat(90.0f), splat(90.0f), x);
    vec shifted = x * log2e + round;
    ivec n = (ivec)shifted - (ivec)splat(round);
    vec whole = shifted - round;
    vec r = x - whole * ln2_high - whole * ln2_low;
    vec p = splat(1.0f / 5040);
    p = p * r + 1.0f / 720;
    p = p * r + 1.0f / 120;
    p = p * r + 1.0f / 24;
    p = p * r + 1.0f / 6;
    p = p * r + 0.5f;
    p = p * r * r + r + 1.0f;
    ivec half = n >> 1;
    vec scale_a = (vec)((half + 127) << 23), scale_b = (vec)((n - half + 127) << 23);
    return p * scale_a * scale_b;
}
YT_INLINE vec sigmoid_vec(vec x) {
    return 1.0f / (1.0f + exp_vec(-x));
}
YT_INLINE vec silu_vec(vec x) {
    return x / (1.0f + exp_vec(-x));
}
/* d silu / dx = s + x s (1 - s), s = sigmoid(x) */
YT_INLINE vec silu_slope_vec(vec x) {
    vec s = sigmoid_vec(x);
    return s + x * s * (1.0f - s);
}

#endif
