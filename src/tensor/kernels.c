/* The functions of kernels.h: shapes are checked, then the CPU's own kernel is called. */
#include "tensor/kernels.h"
#include "tensor/kernels/kernel.h"

#include <math.h>

static void check_map(const struct yt_map *m) {
    YT_ASSERT(m->n > 0 && m->h > 0 && m->w > 0 && m->c > 0 && m->ld >= m->c);
}
static void check_same(const struct yt_map *a, const struct yt_map *b) {
    check_map(a), check_map(b);
    YT_ASSERT(a->n == b->n && a->h == b->h && a->w == b->w && a->c == b->c);
}
static void check_conv(const struct yt_conv *conv, const struct yt_map *x, const struct yt_map *y) {
    check_map(x), check_map(y);
    YT_ASSERT(conv->k > 0 && (conv->stride == 1 || conv->stride == 2) && conv->pad >= 0);
    YT_ASSERT(x->n == y->n);
    YT_ASSERT(y->h == (x->h + 2 * conv->pad - conv->k) / conv->stride + 1);
    YT_ASSERT(y->w == (x->w + 2 * conv->pad - conv->k) / conv->stride + 1);
}
static void check_dwconv(const struct yt_conv *conv, const struct yt_map *x,
                         const struct yt_map *y) {
    check_conv(conv, x, y);
    YT_ASSERT(x->c == y->c && (conv->k == 3 || conv->k == 7));
}
static void check_double(const struct yt_map *small, const struct yt_map *large) {
    check_map(small), check_map(large);
    YT_ASSERT(small->n == large->n && small->c == large->c);
    YT_ASSERT(2 * small->h == large->h && 2 * small->w == large->w);
}

static void check_pass(const struct yt_bn_pass *pass, const struct yt_map *m) {
    if (pass && pass->x) check_same(pass->x, m);
    if (pass && pass->renewed) check_same(pass->renewed, m);
}

size_t yt_conv2d_packed_floats(const struct yt_conv *conv, int c_in, int c_out) {
    return yt_kernels_now()->conv2d_packed_floats(conv, c_in, c_out);
}
void yt_conv2d_pack(const struct yt_conv *conv, int c_in, int c_out, const float *w,
                    float *packed) {
    yt_kernels_now()->conv2d_pack(conv, c_in, c_out, w, packed);
}
size_t yt_conv2d_forward_scratch(const struct yt_conv *conv, const struct yt_map *x,
                                 const struct yt_map *y) {
    check_conv(conv, x, y);
    return yt_kernels_now()->conv2d_forward_scratch(conv, x, y);
}
void yt_conv2d_forward(const struct yt_conv *conv, const struct yt_map *x, const float *packed,
                       const float *bias, enum yt_act act, const struct yt_map *y,
                       const struct yt_bn_pass *pass, float *scratch) {
    check_conv(conv, x, y);
    yt_kernels_now()->conv2d_forward(conv, x, packed, bias, act, y, pass, scratch);
}
size_t yt_conv2d_backward_input_scratch(const struct yt_conv *conv, const struct yt_map *dy,
                                        const struct yt_map *dx) {
    check_conv(conv, dx, dy);
    return yt_kernels_now()->conv2d_backward_input_scratch(conv, dy, dx);
}
void yt_conv2d_backward_input(const struct yt_conv *conv, const struct yt_map *dy, const float *w,
                              const struct yt_map *dx, bool add, const struct yt_bn_pass *pass,
                              float *scratch) {
    check_conv(conv, dx, dy);
    check_pass(pass, dx);
    yt_kernels_now()->conv2d_backward_input(conv, dy, w, dx, add, pass, scratch);
}
size_t yt_conv2d_backward_weight_scratch(const struct yt_conv *conv, const struct yt_map *x,
                                         const struct yt_map *dy) {
    check_conv(conv, x, dy);
    return yt_kernels_now()->conv2d_backward_weight_scratch(conv, x, dy);
}
void yt_conv2d_backward_weight(const struct yt_conv *conv, const struct yt_map *x,
                               const struct yt_map *dy, float *dw, float *dbias, float *scratch) {
    check_conv(conv, x, dy);
    yt_kernels_now()->conv2d_backward_weight(conv, x, dy, dw, dbias, scratch);
}

void yt_dwconv2d_forward(const struct yt_conv *conv, const struct yt_map *x, const float *w,
                         const float *bias, enum yt_act act, const struct yt_map *y,
                         const struct yt_bn_pass *pass, float *scratch) {
    check_dwconv(conv, x, y);
    yt_kernels_now()->dwconv2d_forward(conv, x, w, bias, act, y, pass, scratch);
}
size_t yt_dwconv2d_pass_scratch(const struct yt_map *result) {
    check_map(result);
    return yt_kernels_now()->dwconv2d_pass_scratch(result);
}
void yt_dwconv2d_backward_input(const struct yt_conv *conv, const struct yt_map *dy, const float *w,
                                const struct yt_map *dx, bool add, const struct yt_bn_pass *pass,
                                float *scratch) {
    check_dwconv(conv, dx, dy);
    check_pass(pass, dx);
    yt_kernels_now()->dwconv2d_backward_input(conv, dy, w, dx, add, pass, scratch);
}
size_t yt_dwconv2d_backward_weight_scratch(const struct yt_conv *conv, const struct yt_map *x,
                                           const struct yt_map *dy) {
    check_dwconv(conv, x, dy);
    return yt_kernels_now()->dwconv2d_backward_weight_scratch(conv, x, dy);
}
void yt_dwconv2d_backward_weight(const struct yt_conv *conv, const struct yt_map *x,
                                 const struct yt_map *dy, float *dw, float *scratch) {
    check_dwconv(conv, x, dy);
    yt_kernels_now()->dwconv2d_backward_weight(conv, x, dy, dw, scratch);
}

size_t yt_bn_scratch(const struct yt_map *m) {
    check_map(m);
    return yt_kernels_now()->bn_scratch(m);
}
void yt_bn_first_pass(const struct yt_bn_pass *pass, const struct yt_map *m, float *scratch) {
    check_map(m);
    check_pass(pass, m);
    yt_kernels_now()->bn_first_pass(pass, m, scratch);
}
void yt_bn_moments(const double *sums, size_t pixels, int c, float *mean, float *var) {
    for (int i = 0; i < c; i++) {
        const double m = sums[i] / (double)pixels, v = fma(-m, m, sums[c + i] / (double)pixels);
        mean[i] = (float)m;
        var[i] = v < 0 ? 0 : (float)v; /* NaN stays */
    }
}
void yt_scale_shift_act(const struct yt_map *x, const float *scale, const float *shift,
                        enum yt_act act, const struct yt_map *y) {
    check_same(x, y);
    yt_kernels_now()->scale_shift_act(x, scale, shift, act, y);
}
void yt_bn_backward(const struct yt_map *x, const struct yt_map *g, const struct yt_bn_stats *stats,
                    const double *sums, float *dgamma, float *dbeta, const struct yt_map *dx,
                    bool add, float *scratch) {
    check_same(x, g), check_same(x, dx);
    yt_kernels_now()->bn_backward(x, g, stats, sums, dgamma, dbeta, dx, add, scratch);
}

void yt_silu_forward(const struct yt_map *x, const struct yt_map *y) {
    check_same(x, y);
    yt_kernels_now()->silu_forward(x, y);
}
void yt_silu_backward(const struct yt_map *x, const struct yt_map *dy, const struct yt_map *dx,
                      bool add) {
    check_same(x, dy), check_same(x, dx);
    yt_kernels_now()->silu_backward(x, dy, dx, add);
}
void yt_add_forward(const struct yt_map *a, const struct yt_map *b, const struct yt_map *y) {
    check_same(a, b), check_same(a, y);
    yt_kernels_now()->add_forward(a, b, y);
}
void yt_copy(const struct yt_map *x, const struct yt_map *y, bool add) {
    check_same(x, y);
    yt_kernels_now()->copy(x, y, add);
}
void yt_zero(const struct yt_map *y) {
    check_map(y);
    yt_kernels_now()->zero(y);
}
void yt_upsample2_forward(const struct yt_map *x, const struct yt_map *y) {
    check_double(x, y);
    yt_kernels_now()->upsample2_forward(x, y);
}
void yt_upsample2_backward(const struct yt_map *dy, const struct yt_map *dx, bool add) {
    check_double(dx, dy);
    yt_kernels_now()->upsample2_backward(dy, dx, add);
}
size_t yt_maxpool_scratch(const struct yt_map *m) {
    check_map(m);
    return yt_kernels_now()->maxpool_scratch(m);
}
void yt_maxpool_forward(int k, const struct yt_map *x, const struct yt_map *y, uint8_t *where,
                        float *scratch) {
    check_same(x, y);
    YT_ASSERT(k % 2 == 1 && k <= 15); /* taps are bytes */
    yt_kernels_now()->maxpool_forward(k, x, y, where, scratch);
}
void yt_maxpool_backward(int k, const struct yt_map *dy, const uint8_t *where,
                         const struct yt_map *dx, bool add, float *scratch) {
    check_same(dy, dx);
    YT_ASSERT(k % 2 == 1 && k <= 15);
    yt_kernels_now()->maxpool_backward(k, dy, where, dx, add, scratch);
}
void yt_expect_bins(const float *logits, int rows, float *p, float *mean) {
    yt_kernels_now()->expect_bins(logits, rows, p, mean);
}
void yt_softmax_rows(float *s, int rows, int cols, float scale) {
    yt_kernels_now()->softmax_rows(s, rows, cols, scale);
}
void yt_softmax_rows_backward(const float *s, float *ds, int rows, int cols, float scale) {
    yt_kernels_now()->softmax_rows_backward(s, ds, rows, cols, scale);
}
double yt_bce_background(const float *x, int pixels, int channels, int ld, float scale, float *dx) {
    return yt_kernels_now()->bce_background(x, pixels, channels, ld, scale, dx);
}
void yt_bytes_to_floats(const uint8_t *x, const struct yt_map *y) {
    check_map(y);
    yt_kernels_now()->bytes_to_floats(x, y);
}
