/* The arithmetic: every loop over activations, chosen at run time for the CPU.
 *
 * Activations are NHWC with a pixel stride: pixel (n, y, x) of a map starts at
 * p + ((n*h + y)*w + x)*ld and has c floats, ld >= c. So a channel slice of a map is a map, and a
 * convolution can write straight into its slice of a concatenation.
 *
 * Every function here is parallel over yt_threads() OpenMP threads and gives the same bits for any
 * number of them: the work is cut into parts that depend on the shapes only, and partial sums are
 * added in a fixed order. None allocates: what a function needs beside its arguments it is given
 * as `scratch`, yt_*_scratch() floats, 64-byte aligned, of any content. How many depends on the
 * shapes and on yt_threads(), so ask again after yt_threads_set(); not on the instruction set.
 *
 * `add`: false overwrites the result, true adds to it.
 */
#ifndef YT_TENSOR_KERNELS_H
#define YT_TENSOR_KERNELS_H

#include "base/base.h"

struct yt_map {
    float *p;
    int n, h, w, c;
    int ld; /* floats from one pixel to the next */
};

enum yt_act { YT_ACT_NONE, YT_ACT_SILU }; /* SiLU(x) = x * sigmoid(x) */

/* --- which CPU ------------------------------------------------------------------------------ */
/* "base", "avx2" or "avx512": the best that this CPU has, or the one that the environment variable
 * YT_ISA names (an unknown or unsupported name is a warning and ignored). */
const char *yt_isa(void);
/* For tests and benchmarks; -1 with yt_fail if the CPU has it not. */
int yt_isa_set(const char *name);

/* --- batch normalisation and activation ------------------------------------------------------
 * Each direction is two passes over a map: the first takes two sums of every channel over n, h and
 * w, the second writes the result. A convolution that writes the map can do the first on its way,
 * some pixels at a time while the cache has them.
 *
 * Forward, x NULL:  the map is what will be normalised; sums of m and of m^2.
 * Backward:         the map is dy and becomes g = dy act'(u), u = x*scale + shift; sums of g and of
 *                   g (x - mean). `renewed` (NULL: not wanted) receives act(u), the same bits that
 *                   yt_scale_shift_act gives. */
struct yt_bn_pass {
    double *sums; /* 2*c, the result */
    const struct yt_map *x, *renewed;
    const float *mean, *scale, *shift;
    enum yt_act act;
};
size_t yt_bn_scratch(const struct yt_map *m); /* for the first pass alone, and for yt_bn_backward */
void yt_bn_first_pass(const struct yt_bn_pass *pass, const struct yt_map *m, float *scratch);
/* Mean and biased variance from the sums of a forward pass, to at least 1e-6 relative even where
 * |mean| is 30 times the standard deviation. */
void yt_bn_moments(const double *sums, size_t pixels, int c, float *mean, float *var);
/* y = act(x*scale + shift), per channel. x and y may be the same map. */
void yt_scale_shift_act(const struct yt_map *x, const float *scale, const float *shift,
                        enum yt_act act, const struct yt_map *y);
/* The second pass of backward of y = act(gamma*(x-mean)*inv_std + beta) with batch statistics:
 * dgamma += ..., dbeta += ..., dx (+)= .... dx may be the memory of x or of g (same ld). */
struct yt_bn_stats {
    const float *mean, *inv_std, *gamma;
};
void yt_bn_backward(const struct yt_map *x, const struct yt_map *g, const struct yt_bn_stats *stats,
                    const double *sums, float *dgamma, float *dbeta, const struct yt_map *dx,
                    bool add, float *scratch);

/* --- dense convolution, groups = 1 ----------------------------------------------------------
 * y[n,oy,ox,co] = act(bias[co] + sum_{ky,kx,ci} x[n, oy*s+ky-p, ox*s+kx-p, ci] w[ky,kx,ci,co])
 * w: (k, k, c_in, c_out), c_out contiguous ("HWIO"). Any k, stride s in {1, 2}, pad p. */
struct yt_conv {
    int k, stride, pad;
};
/* Forward reads the weights in an order of its own, `packed`: yt_conv2d_packed_floats() floats,
 * 64-byte aligned, which hold good for maps of any size until the weights change. The order is
 * that of the instruction set in use. */
size_t yt_conv2d_packed_floats(const struct yt_conv *conv, int c_in, int c_out);
void yt_conv2d_pack(const struct yt_conv *conv, int c_in, int c_out, const float *w, float *packed);
size_t yt_conv2d_forward_scratch(const struct yt_conv *conv, const struct yt_map *x,
                                 const struct yt_map *y);
/* With batch norm's first pass over y on the way (NULL: none). */
void yt_conv2d_forward(const struct yt_conv *conv, const struct yt_map *x, const float *packed,
                       const float *bias, enum yt_act act, const struct yt_map *y,
                       const struct yt_bn_pass *pass, float *scratch);
/* dx (+)= dy * w^T; with batch norm's first pass over dx on the way (NULL: none) */
size_t yt_conv2d_backward_input_scratch(const struct yt_conv *conv, const struct yt_map *dy,
                                        const struct yt_map *dx);
void yt_conv2d_backward_input(const struct yt_conv *conv, const struct yt_map *dy, const float *w,
                              const struct yt_map *dx, bool add, const struct yt_bn_pass *pass,
                              float *scratch);
/* dw += x^T * dy; dbias += sum dy (NULL: no bias). */
size_t yt_conv2d_backward_weight_scratch(const struct yt_conv *conv, const struct yt_map *x,
                                         const struct yt_map *dy);
void yt_conv2d_backward_weight(const struct yt_conv *conv, const struct yt_map *x,
                               const struct yt_map *dy, float *dw, float *dbias, float *scratch);

/* --- depthwise convolution: w (k, k, c), k in {3, 7}, stride in {1, 2} ------------------------ */
size_t yt_dwconv2d_pass_scratch(const struct yt_map *result); /* 0 will do without a pass */
void yt_dwconv2d_forward(const struct yt_conv *conv, const struct yt_map *x, const float *w,
                         const float *bias, enum yt_act act, const struct yt_map *y,
                         const struct yt_bn_pass *pass, float *scratch);
void yt_dwconv2d_backward_input(const struct yt_conv *conv, const struct yt_map *dy, const float *w,
                                const struct yt_map *dx, bool add, const struct yt_bn_pass *pass,
                                float *scratch);
size_t yt_dwconv2d_backward_weight_scratch(const struct yt_conv *conv, const struct yt_map *x,
                                           const struct yt_map *dy);
void yt_dwconv2d_backward_weight(const struct yt_conv *conv, const struct yt_map *x,
                                 const struct yt_map *dy, float *dw, float *scratch);

/* --- elementwise and the rest ----------------------------------------------------------------- */
void yt_silu_forward(const struct yt_map *x, const struct yt_map *y);
void yt_silu_backward(const struct yt_map *x, const struct yt_map *dy, const struct yt_map *dx,
                      bool add);
void yt_add_forward(const struct yt_map *a, const struct yt_map *b,
                    const struct yt_map *y);                            /* y = a + b */
void yt_copy(const struct yt_map *x, const struct yt_map *y, bool add); /* y (+)= x */
void yt_zero(const struct yt_map *y);
void yt_upsample2_forward(const struct yt_map *x, const struct yt_map *y); /* nearest */
void yt_upsample2_backward(const struct yt_map *dy, const struct yt_map *dx, bool add);
/* Max over k x k, stride 1, pad k/2 with -inf, k odd. `where` (n*h*w*c bytes, dense) receives the
 * tap ky*k+kx of the first maximum in row-major order; NULL: not wanted. */
size_t yt_maxpool_scratch(const struct yt_map *m);
void yt_maxpool_forward(int k, const struct yt_map *x, const struct yt_map *y, uint8_t *where,
                        float *scratch);
void yt_maxpool_backward(int k, const struct yt_map *dy, const uint8_t *where,
                         const struct yt_map *dx, bool add, float *scratch);
/* rows x cols, each row: s = exp(scale*s - max) / sum, in place; and its backward:
 * ds = scale * s * (ds - sum(s*ds)), in place in ds. One thread (called per attention head). */
void yt_softmax_rows(float *s, int rows, int cols, float scale);
void yt_softmax_rows_backward(const float *s, float *ds, int rows, int cols, float scale);
/* Rows of 16 logits, the bins 0..15: p = softmax of each row (NULL: not wanted), mean = sum j p_j.
 * One thread (called per box). */
void yt_expect_bins(const float *logits, int rows, float *p, float *mean);
/* Binary cross entropy with logits against targets of 0, which almost every class logit of a
 * detection head has: returns the sum of ln(1 + e^x) over pixels x channels logits, pixels `ld`
 * floats apart, and writes dx = scale*sigmoid(x) in the same layout (NULL: not wanted). About 1e-7
 * relative. One thread (called per row of a map). */
double yt_bce_background(const float *x, int pixels, int channels, int ld, float scale, float *dx);
/* y = x / 255, c channels of bytes to c floats. `x` dense NHWC. */
void yt_bytes_to_floats(const uint8_t *x, const struct yt_map *y);

#endif
