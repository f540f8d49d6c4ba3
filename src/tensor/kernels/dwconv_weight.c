/* Depthwise convolution, backward to the weights.
 *
 *     dw[ky, kx, c] += sum_{n, oy, ox} x[n, oy*s + ky - pad, ox*s + kx - pad, c] dy[n, oy, ox, c]
 *
 * The rows of all images are cut into chunks, each with its own partial dw in scratch, and these
 * are added in order. A row of dy meets a row of x in k sums (kx), which stay in registers along
 * the row.
 */
#include "tensor/kernels/kernel.h"
#include "tensor/kernels/vec.h"

enum { MAX_K = 7, MAX_CHUNKS = 16, CHUNK_PIXELS = 256 };

static int chunk_count(const struct yt_map *dy) {
    return yt_clamp(yt_map_pixels(dy) / CHUNK_PIXELS, 1, YT_MIN(dy->n * dy->h, MAX_CHUNKS));
}

/* One row of x and of dy at some channels of their pixel 0. */
struct row_pair {
    const float *x, *dy;
    int x_w, dy_w, x_ld, dy_ld;
    int stride, pad;
};

/* sum[kx] += sum over first <= ox < last of x[ox*s + kx - pad] dy[ox], for n channels. */
YT_INLINE void sum_pixels(const struct row_pair *row, int first, int last, const bool inside,
                          vec *sum, const int k, int n) {
    for (int ox = first; ox < last; ox++) {
        const vec g = load_part(row->dy + (ptrdiff_t)ox * row->dy_ld, n);
        const int ix = ox * row->stride - row->pad;
        YT_UNROLL for (int t = 0; t < k; t++) {
            if (inside || (ix + t >= 0 && ix + t < row->x_w)) {
                sum[t] += load_part(row->x + (ptrdiff_t)(ix + t) * row->x_ld, n) * g;
            }
        }
    }
}

/* partial[kx*c ...] += the sums of a row */
YT_INLINE void sum_row(const struct row_pair *row, float *partial, int c, const int k, int n) {
    const int s = row->stride, w = row->dy_w, spare = row->x_w + row->pad - k;
    /* where all taps are inside: ox*s - pad >= 0 and ox*s - pad + k <= x_w */
    const int lo = YT_MIN(w, (row->pad + s - 1) / s);
    const int hi = spare < 0 ? lo : YT_MAX(lo, YT_MIN(w, spare / s + 1));
    vec sum[MAX_K];
    YT_UNROLL for (int t = 0; t < k; t++) sum[t] = (vec){0};
    sum_pixels(row, 0, lo, false, sum, k, n);
    sum_pixels(row, lo, hi, true, sum, k, n);
    sum_pixels(row, hi, w, false, sum, k, n);
    YT_UNROLL for (int t = 0; t < k; t++) {
        float *to = partial + (size_t)t * c;
        store_part(to, load_part(to, n) + sum[t], n);
    }
}

/* All channels of a row. */
static void sum_channels(struct row_pair row, float *partial, int channels, int k) {
    for (int c = 0; c < channels; c += YT_LANES) {
        const int n = YT_MIN(YT_LANES, channels - c);
        if (k == 3 && n == YT_LANES) {
            sum_row(&row, partial + c, channels, 3, YT_LANES);
        } else if (k == 3) {
            sum_row(&row, partial + c, channels, 3, n);
        } else {
            sum_row(&row, partial + c, channels, 7, n);
        }
        row.x += YT_LANES, row.dy += YT_LANES;
    }
}

static void run_chunk(const struct yt_conv *conv, const struct yt_map *x, const struct yt_map *dy,
                      size_t first, size_t last, float *partial) {
    const size_t row_floats = (size_t)conv->k * x->c;
    memset(partial, 0, conv->k * row_floats * sizeof *partial);
    for (size_t row = first; row < last; row++) {
        const int n = (int)row / dy->h, oy = (int)row % dy->h;
        for (int ky = 0; ky < conv->k; ky++) {
            const int iy = oy * conv->stride + ky - conv->pad;
            if (iy < 0 || iy >= x->h) continue;
            const struct row_pair pair = {
                .x = yt_map_at(x, n, iy, 0),
                .dy = yt_map_at(dy, n, oy, 0),
                .x_w = x->w,
                .dy_w = dy->w,
                .x_ld = x->ld,
                .dy_ld = dy->ld,
                .stride = conv->stride,
                .pad = conv->pad,
            };
            sum_channels(pair, partial + ky * row_floats, x->c, conv->k);
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
    YT_PARALLEL_FOR
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
