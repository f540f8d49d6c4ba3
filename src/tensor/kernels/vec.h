/* Vectors of YT_LANES floats in the vector extensions of gcc and clang, and exp and sigmoid on
 * them.
 *
 * A channel count that is no multiple of YT_LANES ends in a part of a vector: load_part and
 * store_part touch only the n floats that there are. Intrinsics stand only where the extensions
 * have no word for it.
 */
#ifndef YT_TENSOR_KERNELS_VEC_H
#define YT_TENSOR_KERNELS_VEC_H

#include <math.h>
#include <stdint.h>
#include <string.h>
#if defined(__AVX2__)
#    include <immintrin.h>
#endif

typedef float vec __attribute__((vector_size(4 * YT_LANES)));
typedef int32_t ivec __attribute__((vector_size(4 * YT_LANES)));
typedef float vec_unaligned __attribute__((vector_size(4 * YT_LANES), aligned(4), may_alias));
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
/* The first n lanes, 0 < n <= YT_LANES; the others are 0. */
YT_INLINE vec load_part(const float *p, int n) {
    if (n == YT_LANES) return load(p);
#if YT_LANES == 16 && defined(__AVX512F__)
    return (vec)_mm512_maskz_loadu_ps((__mmask16)((1u << n) - 1), p);
#elif YT_LANES == 8 && defined(__AVX2__)
    static const int32_t ones[16] = {-1, -1, -1, -1, -1, -1, -1, -1};
    return (vec)_mm256_maskload_ps(p, _mm256_loadu_si256((const __m256i *)(ones + 8 - n)));
#else
    vec v = {0};
    for (int i = 0; i < n; i++) v[i] = p[i];
    return v;
#endif
}
/* In powers of two, since a copy of constant size is one instruction, and masked stores are slow
 * on some CPUs. */
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
/* Half as many doubles, of a vector's first lanes and of its last. */
typedef double dvec __attribute__((vector_size(4 * YT_LANES)));
typedef double dvec_unaligned __attribute__((vector_size(4 * YT_LANES), aligned(8), may_alias));
struct doubles {
    dvec first, last;
};
YT_INLINE struct doubles to_doubles(vec v) {
    struct doubles d;
#if YT_LANES == 16 && defined(__AVX512F__)
    d.first = (dvec)_mm512_cvtps_pd(_mm512_castps512_ps256((__m512)v));
    d.last = (dvec)_mm512_cvtps_pd(_mm512_extractf32x8_ps((__m512)v, 1));
#elif YT_LANES == 8 && defined(__AVX2__)
    d.first = (dvec)_mm256_cvtps_pd(_mm256_castps256_ps128((__m256)v));
    d.last = (dvec)_mm256_cvtps_pd(_mm256_extractf128_ps((__m256)v, 1));
#else
    for (int i = 0; i < YT_LANES / 2; i++) d.first[i] = v[i], d.last[i] = v[i + YT_LANES / 2];
#endif
    return d;
}
YT_INLINE void add_to_doubles(double *p, struct doubles d) {
    *(dvec_unaligned *)p += d.first;
    *(dvec_unaligned *)(p + YT_LANES / 2) += d.last;
}
static inline int yt_vectors(int channels) {
    return (channels + YT_LANES - 1) / YT_LANES;
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
/* The lanes' sum, in a fixed order. */
YT_INLINE float sum_lanes(vec v) {
    float t[YT_LANES], sum = 0;
    store(t, v);
    for (int i = 0; i < YT_LANES; i++) sum += t[i];
    return sum;
}

/* The largest lane. */
YT_INLINE float max_lanes(vec v) {
#if YT_LANES == 16 && defined(__AVX512F__)
    return _mm512_reduce_max_ps((__m512)v);
#else
    float most = v[0];
    for (int i = 1; i < YT_LANES; i++) most = v[i] > most ? v[i] : most;
    return most;
#endif
}

/* a*b + c, rounded once where the instruction set can: for values that are made twice and must have
 * the same bits, which a*b + c need not, since the compiler chooses anew each time. */
YT_INLINE vec fma_vec(vec a, vec b, vec c) {
#if YT_LANES == 16 && defined(__AVX512F__)
    return (vec)_mm512_fmadd_ps((__m512)a, (__m512)b, (__m512)c);
#elif YT_LANES == 8 && defined(__FMA__)
    return (vec)_mm256_fmadd_ps((__m256)a, (__m256)b, (__m256)c);
#else
    return a * b + c;
#endif
}

/* The larger and the smaller; b if either is NaN. */
YT_INLINE vec max_vec(vec a, vec b) {
#if YT_LANES == 16 && defined(__AVX512F__)
    return (vec)_mm512_max_ps((__m512)a, (__m512)b);
#elif YT_LANES == 8 && defined(__AVX2__)
    return (vec)_mm256_max_ps((__m256)a, (__m256)b);
#else
    return pick(a > b, a, b);
#endif
}
YT_INLINE vec min_vec(vec a, vec b) {
#if YT_LANES == 16 && defined(__AVX512F__)
    return (vec)_mm512_min_ps((__m512)a, (__m512)b);
#elif YT_LANES == 8 && defined(__AVX2__)
    return (vec)_mm256_min_ps((__m256)a, (__m256)b);
#else
    return pick(a < b, a, b);
#endif
}

/* e^x to about 1 ulp; 0 below -87, infinity above 88.73, NaN for NaN.
 *
 * x = n ln 2 + r with |r| <= ln 2 / 2, e^x = 2^(n-1) * 2 e^r: ln 2 in two parts (Cody and Waite) so
 * that r is exact, e^r by its Taylor series to r^7, whose rest is below half an ulp. Adding
 * 1.5 * 2^23 + 126 rounds to an integer and leaves n + 126, the biased exponent of 2^(n-1), in the
 * low bits: 254 at most, and 0 at least, which makes the factor 0. */
YT_INLINE vec exp_vec(vec x) {
    const float log2e = 1.44269504f, ln2_high = 0.693359375f, ln2_low = -2.12194440e-4f;
    const float round = 12582912.0f + 126.0f;
    x = min_vec(splat(89.0f), max_vec(splat(-87.3f), x));
    const vec shifted = x * log2e + round;
    const vec factor = (vec)((ivec)shifted << 23);
    const vec n = shifted - round;
    const vec r = x - n * ln2_high - n * ln2_low;
    const vec r2 = r * r; /* pairs, since a chain of seven steps would be waited for */
    vec p = r * (2.0f / 5040) + 2.0f / 720;
    p = p * r2 + (r * (2.0f / 120) + 2.0f / 24);
    p = p * r2 + (r * (2.0f / 6) + 1.0f);
    p = p * r2 + (r * 2.0f + 2.0f);
    return p * factor;
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
