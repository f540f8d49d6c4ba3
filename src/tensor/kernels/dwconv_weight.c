/* Depthwise convolution, backward to the weights.
 *
 *     dw[ky, kx, c] += sum_{n, oy, ox} x[n, oy*s + ky - pad, ox*s + kx - pad, c] dy[n, oy, ox, c]
 *
 * The rows of all images are cut into chunks, each with its own partial dw in scratch, and these
 * are added in order. A row of dy meets rows of x in sums for each ky and kx, which stay in
 * registers along the row: all nine of a 3x3, the seven of one row of a 7x7.
 */
#include "tensor/kernels/kernel.h"
#include "tensor/kernels/vec.h"

enum { MAX_K = 7, MAX_ROWS = 3, MAX_CHUNKS = 16, CHUNK_PIXELS = 256 };

static int chunk_count(const struct yt_map *dy) {
    return yt_clamp(yt_map_pixels(dy) / CHUNK_PIXELS, 1, YT_MIN(dy->n * dy->h, MAX_CHUNKS));
}

/* A row of dy with one or more rows of x, at some channels of their pixel 0, and the partial dw of
 * these rows. */
struct rows {
    const float *x, *dy;
    float *partial;
    int x_w, dy_w, channels, stride, pad;
    ptrdiff_t x_ld, dy_ld, x_row;
};

/* sum[ky][kx] += sum over first <= ox < last of x[ky][ox*s + kx - pad] dy[ox], for n channels. */
YT_INLINE void sum_pixels(const struct rows *at, int first, int last, const bool inside,
                          vec sum[][MAX_K], const int rows, const int k, int n) {
    const int s = at->stride, x_w = at->x_w;
    const ptrdiff_t x_ld = at->x_ld, x_row = at->x_row;
    for (int ox = first; ox < last; ox++) {
        const vec g = load_part(at->dy + ox * at->dy_ld, n);
        const int ix = ox * s - at->pad;
        YT_UNROLL for (int ky = 0; ky < rows; ky++) {
            const float *x = at->x + ky * x_row + ix * x_ld;
            YT_UNROLL for (int kx = 0; kx < k; kx++) {
                if (inside || (ix + kx >= 0 && ix + kx < x_w)) {
                    sum[ky][kx] += load_part(x + kx * x_ld, n) * g;
                }
            }
        }
    }
}

/* partial[ky, kx] += the sums of the row, n channels */
YT_INLINE void sum_row(const struct rows *at, const int rows, const int k, int n) {
    const int s = at->stride, w = at->dy_w, spare = at->x_w + at->pad - k;
    /* where all taps are inside: ox*s - pad >= 0 and ox*s - pad + k <= x_w */
    const int lo = YT_MIN(w, (at->pad + s - 1) / s);
    const int hi = spare < 0 ? lo : YT_MAX(lo, YT_MIN(w, spare / s + 1));
    vec sum[MAX_ROWS][MAX_K];
    YT_UNROLL for (int ky = 0; ky < rows; ky++) {
        YT_UNROLL for (int kx = 0; kx < k; kx++) sum[ky][kx] = (vec){0};
    }
    sum_pixels(at, 0, lo, false, sum, rows, k, n);
    sum_pixels(at, lo, hi, true, sum, rows, k, n);
    sum_pixels(at, hi, w, false, sum, rows, k, n);
    YT_UNROLL for (int ky = 0; ky < rows; ky++) {
        YT_UNROLL for (int kx = 0; kx < k; kx++) {
            float *to = at->partial + (ky * k + kx) * at->channels;
            store_part(to, load_part(to, n) + sum[ky][kx], n);
        }
    }
}
YT_INLINE void sum_channels(struct rows at, const int rows, const int k) {
    int c = 0;
    for (; c + YT_LANES <= at.channels; c += YT_LANES) {
        sum_row(&at, rows, k, YT_LANES);
        at.x += YT_LANES, at.dy += YT_LANES, at.partial += YT_LANES;
    }
    if (c < at.channels) sum_row(&at, rows, k, at.channels - c);
}

static void run_chunk(const struct yt_conv *conv, const struct yt_map *x, const struct yt_map *dy,
                      size_t first, size_t last, float *partial) {
    const size_t row_floats = (size_t)conv->k * x->c;
    memset(partial, 0, conv->k * row_floats * sizeof *partial);
    for (size_t row = first; row < last; row++) {
        const int n = (int)row / dy->h, oy = (int)row % dy->h;
        const int top = oy * conv->stride - conv->pad;
        const int first_ky = YT_MAX(0, -top), last_ky = YT_MIN(conv->k, x->h - top);
        struct rows at = {
            .dy = yt_map_at(dy, n, oy, 0),
            .x_w = x->w,
            .dy_w = dy->w,
            .channels = x->c,
            .stride = conv->stride,
            .pad = conv->pad,
            .x_ld = x->ld,
            .dy_ld = dy->ld,
            .x_row = (ptrdiff_t)x->w * x->ld,
        };
        const bool all = conv->k == 3 && last_ky - first_ky == 3;
        for (int ky = first_ky; ky < last_ky; ky += all ? 3 : 1) {
            at.x = yt_map_at(x, n, top + ky, 0);
            at.partial = partial + ky * row_floats;
            if (all) {
                sum_channels(at, 3, 3);
            } else if (conv->k == 3) {
                sum_channels(at, 1, 3);
            } else {
                sum_channels(at, 1, 7);
            }
        }
    }
}

size_t YT_KERNEL(dwconv2d_backward_weight_scratch)(const struct yt_conv *conv,
                                                   const struct yt_map *x,
                                                   const struct yt_map *dy) {
    return (size_t)chunk_count(dy) * conv->k * conv->k * x->c;
}

void YT_KERNEL(dwconv2d_backward_weight)(const struct yt_conv *conv, const struct yt_map *x,
                                         const struct yt_map *dy, float *dw, float *scratch) {
    YT_ASSERT(conv->k == 3 || conv->k == 7);
    const int chunks = chunk_count(dy);
    const size_t rows = (size_t)dy->n * dy->h, floats = (size_t)conv->k * conv->k * x->c;
    YT_PARALLEL_TASKS
    for (int i = 0; i < chunks; i++) {
        run_chunk(conv, x, dy, yt_cut(rows, chunks, i), yt_cut(rows, chunks, i + 1),
                  scratch + i * floats);
    }
    for (size_t j = 0; j < floats; j++) {
        float sum = 0;
        for (int i = 0; i < chunks; i++) sum += scratch[i * floats + j];
        dw[j] += sum;
    }
}
