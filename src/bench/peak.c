#include "bench/peak.h"

#include "base/base.h"
#include "base/threads.h"
#include "tensor/kernels.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define SECONDS 0.1
#define CHAINS 10 /* independent sums: as many as the latency of an instruction needs */
#define ROUNDS 20000

#if defined(__x86_64__)
/* One vector width: CHAINS multiply-adds a round, kept in registers by the empty assembly. */
#    define DEFINE_ROUNDS(name, bytes, features)                                                   \
        typedef float name##_vec __attribute__((vector_size(bytes)));                              \
        __attribute__((target(features))) static float name(void) {                                \
            name##_vec x = {1.0f}, y = {1e-9f}, s0 = x, s1 = x, s2 = x, s3 = x, s4 = x, s5 = x,    \
                       s6 = x, s7 = x, s8 = x, s9 = x;                                             \
            for (int k = 0; k < ROUNDS; k++) {                                                     \
                s0 += x * y, s1 += x * y, s2 += x * y, s3 += x * y, s4 += x * y;                   \
                s5 += x * y, s6 += x * y, s7 += x * y, s8 += x * y, s9 += x * y;                   \
                __asm__("" : "+v"(s0), "+v"(s1), "+v"(s2), "+v"(s3), "+v"(s4));                    \
                __asm__("" : "+v"(s5), "+v"(s6), "+v"(s7), "+v"(s8), "+v"(s9), "+v"(x), "+v"(y));  \
            }                                                                                      \
            return (s0 + s1 + s2 + s3 + s4 + s5 + s6 + s7 + s8 + s9)[0];                           \
        }
DEFINE_ROUNDS(rounds_8, 32, "avx2,fma")
DEFINE_ROUNDS(rounds_16, 64, "avx512f,fma")

static int ascending(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

double yt_peak_gflops(double *median) {
    if (median) *median = 0;
    bool wide = strcmp(yt_isa(), "avx512") == 0, narrow = strcmp(yt_isa(), "avx2") == 0;
    if (!wide && !narrow) return 0;
    double gflop = 2e-9 * CHAINS * ROUNDS * (wide ? 16 : 8) * yt_threads();
    double *seconds = NULL;
    size_t rounds = 0, cap = 0;
    volatile float sink = 0;
    for (double now = yt_now(), end = now + SECONDS; now < end; rounds++) {
        double start = now;
#    pragma omp parallel num_threads(yt_threads())
        {
            float sum = wide ? rounds_16() : rounds_8();
#    pragma omp critical
            sink = sink + sum;
        }
        now = yt_now();
        seconds = yt_grow(seconds, &cap, rounds + 1, sizeof *seconds);
        seconds[rounds] = now - start;
    }
    qsort(seconds, rounds, sizeof *seconds, ascending);
    double best = gflop / seconds[0];
    if (median) *median = gflop / seconds[rounds / 2];
    free(seconds);
    return best;
}
#else
double yt_peak_gflops(double *median) {
    if (median) *median = 0;
    return 0;
}
#endif

double yt_peak_gbytes(void) {
    size_t count = (size_t)32 << 20; /* 128 MiB an array */
    float *a = yt_arena_map(3 * count * sizeof(float), "the measurement of memory");
    if (!a) return NAN;
    float *b = a + count, *c = b + count;
    double best = 0;
    for (double end = yt_now() + SECONDS; yt_now() < end || best == 0;) {
        double start = yt_now();
#pragma omp parallel for schedule(static) num_threads(yt_threads())
        for (size_t i = 0; i < count; i++) a[i] = b[i] + 0.5f * c[i];
        best = fmax(best, 3.0 * (double)count * sizeof(float) / (yt_now() - start) * 1e-9);
    }
    yt_arena_unmap(a, 3 * count * sizeof(float));
    return best;
}
