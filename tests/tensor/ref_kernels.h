/* What the tests of kernels share: maps with guards around every pixel, naive results in double,
 * and the loop over instruction sets and thread counts. */
#ifndef YT_TESTS_TENSOR_REF_KERNELS_H
#define YT_TESTS_TENSOR_REF_KERNELS_H

#include "tensor/kernels.h"

/* Runs `test` with every table of kernels that this CPU can run (the 16-lane sources also without
 * AVX-512), each with 1, 2 and 3 threads. `test` returns a hash of its results, which must be the
 * same for all thread counts. */
void ref_for_each_isa(uint64_t (*test)(const void *arg), const void *arg);

/* A map whose gaps (ld > c), and the floats before and after, are NaN of one pattern: a kernel that
 * reads them spoils its result, one that writes them is found by ref_check. The memory ends with
 * the last pixel's channels' guard, so that sanitizers see what goes further. */
struct yt_map ref_map(int n, int h, int w, int c, int ld);
void ref_map_free(struct yt_map *m);
/* Uniform in [lo, hi), from the seed. */
void ref_fill(const struct yt_map *m, uint64_t seed, double lo, double hi);
/* The same for an array between guards. */
float *ref_array(size_t count, uint64_t seed, double lo, double hi);
void ref_array_free(float *p, size_t count); /* checks the guards */
float *ref_scratch(size_t count);            /* 64-byte aligned, all NaN; ref_scratch_free checks */
void ref_scratch_free(float *p, size_t count);

/* The map as doubles, dense. free() it. */
double *ref_doubles(const struct yt_map *m);
/* Fails unless the map is `expected` (dense) within `tolerance`: root of the mean square of the
 * difference, against that of expected; and its guards are whole. Returns a hash of the map. */
uint64_t ref_check(const struct yt_map *m, const double *expected, double tolerance,
                   const char *what);
uint64_t ref_check_array(const float *p, size_t count, const double *expected, double tolerance,
                         const char *what);

/* Convolutions in double; groups = 1 or c (w then (k, k, 1, c)). y, dx, dw are added to. */
void ref_conv_forward(const struct yt_conv *conv, bool depthwise, const struct yt_map *x,
                      const float *w, const struct yt_map *y_shape, double *y);
void ref_conv_backward_input(const struct yt_conv *conv, bool depthwise, const struct yt_map *dy,
                             const float *w, const struct yt_map *dx_shape, double *dx);
void ref_conv_backward_weight(const struct yt_conv *conv, bool depthwise, const struct yt_map *x,
                              const struct yt_map *dy, double *dw);
double ref_silu(double x);
double ref_silu_slope(double x);

#endif
