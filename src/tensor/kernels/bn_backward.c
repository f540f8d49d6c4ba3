/* Backward of y = act(u), u = gamma xhat + beta, xhat = (x - mean) inv_std, with batch statistics.
 *
 *     g = dy act'(u),   dbeta = sum g,   dgamma = sum g xhat = inv_std sum g (x - mean)
 *     dx = gamma inv_std (g - dbeta / N - xhat dgamma / N)                  N = n*h*w
 *        = a g + b (x - mean) + c                a = gamma inv_std, and so on for each channel
 *     (Ioffe and Szegedy 2015, section 3)
 *
 * Two passes over x and dy: the sums, then dx. g is computed in both: that costs less than writing
 * it and reading it again.
 */
#include "tensor/kernels/bn.h"
#include "tensor/kernels/vec.h"

/* What is constant for each channel. */
struct norm {
    const float *mean, *inv_std, *gamma, *beta;
    const float *a, *b, *c; /* b and c from the sums, for the second pass */
};

/* g, and d = x - mean */
YT_INLINE vec gradient(vec d, vec dy, vec a, vec beta, const enum yt_act act) {
    return act == YT_ACT_SILU ? dy * silu_slope_vec(a * d + beta) : dy;
}

/* A few pixels side by side. */
struct pixels {
    const float *x, *dy;
    float *dx;
    ptrdiff_t x_ld, dy_ld, dx_ld;
    bool add;
};
YT_INLINE struct pixels pixels_at(const struct yt_map *x, const struct yt_map *dy,
                                  const struct yt_map *dx, size_t p) {
    return (struct pixels){.x = x->p + p * x->ld,
                           .dy = dy->p + p * dy->ld,
                           .dx = dx->p + p * dx->ld,
                           .x_ld = x->ld,
                           .dy_ld = dy->ld,
                           .dx_ld = dx->ld};
}

YT_INLINE void add_sums(const struct pixels *at, const int pixels, const struct norm *norm,
                        const struct yt_bn_chunk *chunk, const enum yt_act act, int c, int n) {
    const vec mean = load_part(norm->mean + c, n), a = load_part(norm->a + c, n);
    const vec beta = load_part(norm->beta + c, n);
    vec sum = load_part(chunk->block[0] + c, n), product = load_part(chunk->block[1] + c, n);
    YT_UNROLL for (int i = 0; i < pixels; i++) {
        const vec d = load_part(at->x + i * at->x_ld + c, n) - mean;
        const vec g = gradient(d, load_part(at->dy + i * at->dy_ld + c, n), a, beta, act);
        sum += g;
        product += g * d;
    }
    store_part(chunk->block[0] + c, sum, n);
    store_part(chunk->block[1] + c, product, n);
}
YT_INLINE void sum_pixels(struct pixels at, const int pixels, struct norm norm,
                          struct yt_bn_chunk chunk, const enum yt_act act, int channels) {
    int c = 0;
    for (; c + YT_LANES <= channels; c += YT_LANES) {
        add_sums(&at, pixels, &norm, &chunk, act, c, YT_LANES);
    }
    if (c < channels) add_sums(&at, pixels, &norm, &chunk, act, c, channels - c);
}

YT_INLINE void sum_chunk(const struct yt_map *x, const struct yt_map *dy, const struct norm *norm,
                         size_t first, size_t last, struct yt_bn_chunk chunk,
                         const enum yt_act act) {
    memset(chunk.total[0], 0, 2 * (size_t)x->c * sizeof(double));
    for (size_t p = first; p < last;) {
        const size_t end = YT_MIN(last, p + YT_BN_BLOCK);
        memset(chunk.block[0], 0, x->c * sizeof(float));
        memset(chunk.block[1], 0, x->c * sizeof(float));
        for (; p + YT_BN_STEP <= end; p += YT_BN_STEP) {
            sum_pixels(pixels_at(x, dy, x, p), YT_BN_STEP, *norm, chunk, act, x->c);
        }
        for (; p < end; p++) sum_pixels(pixels_at(x, dy, x, p), 1, *norm, chunk, act, x->c);
        for (int c = 0; c < x->c; c++) {
            chunk.total[0][c] += chunk.block[0][c];
            chunk.total[1][c] += chunk.block[1][c];
        }
    }
}

YT_INLINE void put_input(const struct pixels *at, const int pixels, const struct norm *norm,
                         const enum yt_act act, int c, int n) {
    const vec mean = load_part(norm->mean + c, n), beta = load_part(norm->beta + c, n);
    const vec a = load_part(norm->a + c, n), b = load_part(norm->b + c, n);
    const vec offset = load_part(norm->c + c, n);
    YT_UNROLL for (int i = 0; i < pixels; i++) {
        float *to = at->dx + i * at->dx_ld + c;
        const vec d = load_part(at->x + i * at->x_ld + c, n) - mean;
        const vec g = gradient(d, load_part(at->dy + i * at->dy_ld + c, n), a, beta, act);
        const vec dx = a * g + (b * d + offset);
        store_part(to, at->add ? load_part(to, n) + dx : dx, n);
    }
}
YT_INLINE void put_pixels(struct pixels at, const int pixels, struct norm norm,
                          const enum yt_act act, int channels) {
    int c = 0;
    for (; c + YT_LANES <= channels; c += YT_LANES) {
        put_input(&at, pixels, &norm, act, c, YT_LANES);
    }
    if (c < channels) put_input(&at, pixels, &norm, act, c, channels - c);
}

YT_INLINE void put_chunk(const struct yt_map *x, const struct yt_map *dy, const struct norm *norm,
                         size_t first, size_t last, const struct yt_map *dx, bool add,
                         const enum yt_act act) {
    for (size_t p = first; p < last; p++) {
        struct pixels at = pixels_at(x, dy, dx, p);
        at.add = add;
        put_pixels(at, 1, *norm, act, x->c);
    }
}

/* dgamma, dbeta and the numbers of the second pass from the sums, in the sums' memory */
static struct norm finish_sums(struct norm norm, struct yt_bn_chunk sum, int channels,
                               size_t pixels, float *dgamma, float *dbeta) {
    for (int c = 0; c < channels; c++) {
        const double g = sum.total[0][c], gx = sum.total[1][c] * norm.inv_std[c];
        const double a = (double)norm.gamma[c] * norm.inv_std[c];
        dbeta[c] += (float)g;
        dgamma[c] += (float)gx;
        sum.block[0][c] = (float)(-a * norm.inv_std[c] * gx / (double)pixels);
        sum.block[1][c] = (float)(-a * g / (double)pixels);
    }
    norm.b = sum.block[0];
    norm.c = sum.block[1];
    return norm;
}

YT_INLINE void backward(const struct yt_map *x, const struct yt_map *dy, struct norm norm,
                        const enum yt_act act, float *dgamma, float *dbeta, const struct yt_map *dx,
                        bool add, float *scratch) {
    const size_t pixels = yt_map_pixels(x);
    const int chunks = yt_bn_chunks(x);
    float *a = yt_bn_chunk_at(scratch, 0, x->c).scale;
    for (int c = 0; c < x->c; c++) a[c] = norm.gamma[c] * norm.inv_std[c];
    norm.a = a;
    YT_PARALLEL_TASKS
    for (int i = 0; i < chunks; i++) {
        sum_chunk(x, dy, &norm, yt_cut(pixels, chunks, i), yt_cut(pixels, chunks, i + 1),
                  yt_bn_chunk_at(scratch, i, x->c), act);
    }
    const struct yt_bn_chunk sum = yt_bn_add_chunks(scratch, chunks, x->c);
    norm = finish_sums(norm, sum, x->c, pixels, dgamma, dbeta);
    YT_PARALLEL_TASKS
    for (int i = 0; i < chunks; i++) {
        put_chunk(x, dy, &norm, yt_cut(pixels, chunks, i), yt_cut(pixels, chunks, i + 1), dx, add,
                  act);
    }
}

void YT_KERNEL(bn_act_backward)(const struct yt_map *x, const struct yt_map *dy, const float *mean,
                                const float *inv_std, const float *gamma, const float *beta,
                                enum yt_act act, float *dgamma, float *dbeta,
                                const struct yt_map *dx, bool add, float *scratch) {
    const struct norm norm = {mean, inv_std, gamma, beta, NULL, NULL, NULL};
    if (act == YT_ACT_SILU) {
        backward(x, dy, norm, YT_ACT_SILU, dgamma, dbeta, dx, add, scratch);
    } else {
        backward(x, dy, norm, YT_ACT_NONE, dgamma, dbeta, dx, add, scratch);
    }
}
