/* Batch normalisation with its activation.
 *
 *     xhat = (x - mean) inv_std,   u = gamma xhat + beta,   y = act(u)
 *     g = dy act'(u),   dbeta = sum g,   dgamma = sum g xhat
 *     dx = gamma inv_std (g - dbeta / N - xhat dgamma / N)          N = n*h*w
 *     (Ioffe and Szegedy 2015, section 3)
 *
 * Pixels are cut into chunks, chunks into blocks. A block's sums are floats in registers, a chunk's
 * are doubles in scratch, and chunks are added in order.
 *
 * Variance: a block's sums are of x - shift and its square, where shift is the mean of the block
 * before (for the first: its own), so that no large mean cancels; they become sums of x and x^2 in
 * double, where cancelling loses nothing: sum x^2 = sum (x-s)^2 + 2 s sum (x-s) + P s^2.
 */
#include "tensor/kernels/kernel.h"
#include "tensor/kernels/vec.h"

enum { CHUNK_PIXELS = 512, MAX_CHUNKS = 64, BLOCK_PIXELS = 64, GROUP = 2 };

static int chunk_count(const struct yt_map *x) {
    return yt_clamp(yt_map_pixels(x) / CHUNK_PIXELS, 1, MAX_CHUNKS);
}

/* A chunk's part of scratch: two sums of every channel, and two floats for each channel. */
struct chunk {
    double *first, *second;
    float *shift, *spare;
};
static size_t chunk_floats(int c) {
    return yt_round_up(6 * (size_t)c, 16);
}
static struct chunk chunk_at(float *scratch, int i, int c) {
    double *sums = (void *)(scratch + i * chunk_floats(c));
    float *floats = (float *)(sums + 2 * c);
    return (struct chunk){sums, sums + c, floats, floats + c};
}
size_t YT_KERNEL(bn_scratch)(const struct yt_map *x) {
    return chunk_count(x) * chunk_floats(x->c);
}

/* The chunks' sums into chunk 0's. */
static void add_chunks(float *scratch, int chunks, int c) {
    const struct chunk total = chunk_at(scratch, 0, c);
    for (int i = 1; i < chunks; i++) {
        const struct chunk chunk = chunk_at(scratch, i, c);
        for (int j = 0; j < c; j++) {
            total.first[j] += chunk.first[j];
            total.second[j] += chunk.second[j];
        }
    }
}

static void add_lanes(double *to, dvec v, int n) {
    double t[YT_LANES];
    memcpy(t, &v, sizeof t);
    for (int i = 0; i < n; i++) to[i] += t[i];
}

/* The pixels of a block at channel c of theirs. */
struct block {
    const float *x, *dy;
    int ld, dy_ld, pixels, c;
};

/* `vectors` vectors of channels, the last of n. */
YT_INLINE void block_moments(const struct block *b, const struct chunk *chunk, bool first_block,
                             const int vectors, int n) {
    vec shift[GROUP], sum[GROUP], square[GROUP];
    YT_UNROLL for (int v = 0; v < vectors; v++) {
        const int part = v == vectors - 1 ? n : YT_LANES;
        sum[v] = square[v] = (vec){0};
        shift[v] = load_part(chunk->shift + b->c + v * YT_LANES, part);
    }
    if (first_block) {
        for (int i = 0; i < b->pixels; i++) {
            YT_UNROLL for (int v = 0; v < vectors; v++) {
                const int part = v == vectors - 1 ? n : YT_LANES;
                sum[v] += load_part(b->x + (size_t)i * b->ld + b->c + v * YT_LANES, part);
            }
        }
        YT_UNROLL for (int v = 0; v < vectors; v++) {
            shift[v] = sum[v] / (float)b->pixels;
            sum[v] = (vec){0};
        }
    }
    for (int i = 0; i < b->pixels; i++) {
        YT_UNROLL for (int v = 0; v < vectors; v++) {
            const int part = v == vectors - 1 ? n : YT_LANES;
            vec d = load_part(b->x + (size_t)i * b->ld + b->c + v * YT_LANES, part) - shift[v];
            sum[v] += d;
            square[v] += d * d;
        }
    }
    YT_UNROLL for (int v = 0; v < vectors; v++) {
        const int part = v == vectors - 1 ? n : YT_LANES, at = b->c + v * YT_LANES;
        const dvec s = widen(shift[v]), d = widen(sum[v]);
        add_lanes(chunk->first + at, d + s * b->pixels, part);
        add_lanes(chunk->second + at, widen(square[v]) + s * (2 * d + s * b->pixels), part);
        store_part(chunk->shift + at, shift[v] + sum[v] / (float)b->pixels, part);
    }
}

static void chunk_moments(const struct yt_map *x, size_t first, size_t last, struct chunk chunk) {
    memset(chunk.first, 0, 5 * (size_t)x->c * sizeof(float));
    for (size_t p = first; p < last; p += BLOCK_PIXELS) {
        struct block b = {.x = x->p + p * x->ld, .ld = x->ld};
        b.pixels = (int)YT_MIN(last - p, (size_t)BLOCK_PIXELS);
        for (; b.c + GROUP * YT_LANES <= x->c; b.c += GROUP * YT_LANES) {
            block_moments(&b, &chunk, p == first, GROUP, YT_LANES);
        }
        for (; b.c + YT_LANES <= x->c; b.c += YT_LANES) {
            block_moments(&b, &chunk, p == first, 1, YT_LANES);
        }
        if (b.c < x->c) block_moments(&b, &chunk, p == first, 1, x->c - b.c);
    }
}

void YT_KERNEL(bn_statistics)(const struct yt_map *x, float *mean, float *var, float *scratch) {
    const size_t pixels = yt_map_pixels(x);
    const int chunks = chunk_count(x);
    YT_PARALLEL_FOR
    for (int i = 0; i < chunks; i++) {
        chunk_moments(x, yt_cut(pixels, chunks, i), yt_cut(pixels, chunks, i + 1),
                      chunk_at(scratch, i, x->c));
    }
    add_chunks(scratch, chunks, x->c);
    const struct chunk total = chunk_at(scratch, 0, x->c);
    for (int c = 0; c < x->c; c++) {
        const double m = total.first[c] / (double)pixels;
        const double v = total.second[c] / (double)pixels - m * m;
        mean[c] = (float)m;
        var[c] = v < 0 ? 0 : (float)v; /* NaN stays */
    }
}

/* What backward reads of each channel. */
struct norm {
    const float *mean, *inv_std, *gamma, *beta;
};
struct norm_vec {
    vec mean, inv_std, gamma, beta;
};
YT_INLINE struct norm_vec load_norm(const struct norm *norm, int c, int n) {
    return (struct norm_vec){load_part(norm->mean + c, n), load_part(norm->inv_std + c, n),
                             load_part(norm->gamma + c, n), load_part(norm->beta + c, n)};
}
/* g of one vector; *xhat too. */
YT_INLINE vec gradient(const struct norm_vec *k, enum yt_act act, vec x, vec dy, vec *xhat) {
    *xhat = (x - k->mean) * k->inv_std;
    return act == YT_ACT_SILU ? dy * silu_slope_vec(k->gamma * *xhat + k->beta) : dy;
}

YT_INLINE void block_gradients(const struct block *b, const struct norm *norm,
                               const struct chunk *chunk, const enum yt_act act, int n) {
    const struct norm_vec k = load_norm(norm, b->c, n);
    vec sum = {0}, product = {0};
    for (int i = 0; i < b->pixels; i++) {
        vec xhat;
        vec g = gradient(&k, act, load_part(b->x + (size_t)i * b->ld + b->c, n),
                         load_part(b->dy + (size_t)i * b->dy_ld + b->c, n), &xhat);
        sum += g;
        product += g * xhat;
    }
    add_lanes(chunk->first + b->c, widen(sum), n);
    add_lanes(chunk->second + b->c, widen(product), n);
}

YT_INLINE void chunk_gradients(const struct yt_map *x, const struct yt_map *dy,
                               const struct norm *norm, size_t first, size_t last,
                               struct chunk chunk, const enum yt_act act) {
    memset(chunk.first, 0, 4 * (size_t)x->c * sizeof(float));
    for (size_t p = first; p < last; p += BLOCK_PIXELS) {
        struct block b = {x->p + p * x->ld, dy->p + p * dy->ld, x->ld, dy->ld, 0, 0};
        b.pixels = (int)YT_MIN(last - p, (size_t)BLOCK_PIXELS);
        for (; b.c + YT_LANES <= x->c; b.c += YT_LANES) {
            block_gradients(&b, norm, &chunk, act, YT_LANES);
        }
        if (b.c < x->c) block_gradients(&b, norm, &chunk, act, x->c - b.c);
    }
}

/* What the second pass reads and writes. */
struct second {
    const struct yt_map *x, *dy, *dx;
    const struct norm *norm;
    const float *mean_g, *mean_gx; /* dbeta / N and dgamma / N */
    bool add;
};
YT_INLINE void pixel_input(const struct second *s, size_t p, int c, const enum yt_act act, int n) {
    const struct norm_vec k = load_norm(s->norm, c, n);
    float *to = s->dx->p + p * s->dx->ld + c;
    vec xhat;
    vec g = gradient(&k, act, load_part(s->x->p + p * s->x->ld + c, n),
                     load_part(s->dy->p + p * s->dy->ld + c, n), &xhat);
    vec d = g - load_part(s->mean_g + c, n) - xhat * load_part(s->mean_gx + c, n);
    d *= k.gamma * k.inv_std;
    store_part(to, s->add ? load_part(to, n) + d : d, n);
}
YT_INLINE void chunk_input(const struct second *s, size_t first, size_t last,
                           const enum yt_act act) {
    for (size_t p = first; p < last; p++) {
        int c = 0;
        for (; c + YT_LANES <= s->x->c; c += YT_LANES) pixel_input(s, p, c, act, YT_LANES);
        if (c < s->x->c) pixel_input(s, p, c, act, s->x->c - c);
    }
}

YT_INLINE void backward(const struct yt_map *x, const struct yt_map *dy, const struct norm *norm,
                        const enum yt_act act, float *dgamma, float *dbeta, const struct yt_map *dx,
                        bool add, float *scratch) {
    const size_t pixels = yt_map_pixels(x);
    const int chunks = chunk_count(x);
    YT_PARALLEL_FOR
    for (int i = 0; i < chunks; i++) {
        chunk_gradients(x, dy, norm, yt_cut(pixels, chunks, i), yt_cut(pixels, chunks, i + 1),
                        chunk_at(scratch, i, x->c), act);
    }
    add_chunks(scratch, chunks, x->c);
    const struct chunk total = chunk_at(scratch, 0, x->c);
    for (int c = 0; c < x->c; c++) {
        dbeta[c] += (float)total.first[c];
        dgamma[c] += (float)total.second[c];
        total.shift[c] = (float)(total.first[c] / (double)pixels);
        total.spare[c] = (float)(total.second[c] / (double)pixels);
    }
    const struct second second = {x, dy, dx, norm, total.shift, total.spare, add};
    YT_PARALLEL_FOR
    for (int i = 0; i < chunks; i++) {
        chunk_input(&second, yt_cut(pixels, chunks, i), yt_cut(pixels, chunks, i + 1), act);
    }
}

void YT_KERNEL(bn_act_backward)(const struct yt_map *x, const struct yt_map *dy, const float *mean,
                                const float *inv_std, const float *gamma, const float *beta,
                                enum yt_act act, float *dgamma, float *dbeta,
                                const struct yt_map *dx, bool add, float *scratch) {
    const struct norm norm = {mean, inv_std, gamma, beta};
    if (act == YT_ACT_SILU) {
        backward(x, dy, &norm, YT_ACT_SILU, dgamma, dbeta, dx, add, scratch);
    } else {
        backward(x, dy, &norm, YT_ACT_NONE, dgamma, dbeta, dx, add, scratch);
    }
}
