/* Mean and biased variance of each channel over all pixels.
 *
 * A block's sums are of x - shift and its square, where shift is the mean of the block before (for
 * the first of a chunk: its own), so that no large mean cancels. They become sums of x and x^2 in
 * double, where cancelling loses nothing: with d = x - shift over P pixels,
 *
 *     sum x = sum d + P shift,   sum x^2 = sum d^2 + 2 shift sum d + P shift^2
 */
#include "tensor/kernels/bn.h"
#include "tensor/kernels/vec.h"

size_t YT_KERNEL(bn_scratch)(const struct yt_map *x) {
    return yt_bn_chunks(x) * yt_bn_chunk_floats(x->c);
}

/* A few pixels' d and d^2 into the block's sums, n channels from c on. */
YT_INLINE void add_pixels(const float *x, ptrdiff_t ld, const int pixels,
                          const struct yt_bn_chunk *chunk, int c, int n) {
    vec sum = load_part(chunk->block[0] + c, n), square = load_part(chunk->block[1] + c, n);
    const vec shift = load_part(chunk->shift + c, n);
    YT_UNROLL for (int i = 0; i < pixels; i++) {
        const vec d = load_part(x + i * ld + c, n) - shift;
        sum += d;
        square += d * d;
    }
    store_part(chunk->block[0] + c, sum, n);
    store_part(chunk->block[1] + c, square, n);
}
YT_INLINE void add_channels(const float *x, ptrdiff_t ld, const int pixels,
                            struct yt_bn_chunk chunk, int channels) {
    int c = 0;
    for (; c + YT_LANES <= channels; c += YT_LANES) add_pixels(x, ld, pixels, &chunk, c, YT_LANES);
    if (c < channels) add_pixels(x, ld, pixels, &chunk, c, channels - c);
}

static void sum_block(const struct yt_map *x, size_t first, size_t last, struct yt_bn_chunk chunk) {
    memset(chunk.block[0], 0, x->c * sizeof(float));
    memset(chunk.block[1], 0, x->c * sizeof(float));
    size_t p = first;
    for (; p + YT_BN_STEP <= last; p += YT_BN_STEP) {
        add_channels(x->p + p * x->ld, x->ld, YT_BN_STEP, chunk, x->c);
    }
    for (; p < last; p++) add_channels(x->p + p * x->ld, x->ld, 1, chunk, x->c);
}

static void sum_chunk(const struct yt_map *x, size_t first, size_t last, struct yt_bn_chunk chunk) {
    memset(chunk.total[0], 0, 2 * (size_t)x->c * sizeof(double));
    memset(chunk.shift, 0, x->c * sizeof(float));
    for (size_t p = first; p < last; p += YT_BN_BLOCK) {
        const size_t end = YT_MIN(last, p + YT_BN_BLOCK);
        const double pixels = (double)(end - p);
        if (p == first) {
            sum_block(x, p, end, chunk);
            for (int c = 0; c < x->c; c++) chunk.shift[c] = (float)(chunk.block[0][c] / pixels);
        }
        sum_block(x, p, end, chunk);
        for (int c = 0; c < x->c; c++) {
            const double shift = chunk.shift[c], sum = chunk.block[0][c];
            chunk.total[0][c] += sum + pixels * shift;
            chunk.total[1][c] += chunk.block[1][c] + shift * (2 * sum + pixels * shift);
            chunk.shift[c] = (float)(shift + sum / pixels);
        }
    }
}

void YT_KERNEL(bn_statistics)(const struct yt_map *x, float *mean, float *var, float *scratch) {
    const size_t pixels = yt_map_pixels(x);
    const int chunks = yt_bn_chunks(x);
    YT_PARALLEL_TASKS
    for (int i = 0; i < chunks; i++) {
        sum_chunk(x, yt_cut(pixels, chunks, i), yt_cut(pixels, chunks, i + 1),
                  yt_bn_chunk_at(scratch, i, x->c));
    }
    const struct yt_bn_chunk sum = yt_bn_add_chunks(scratch, chunks, x->c);
    for (int c = 0; c < x->c; c++) {
        const double m = sum.total[0][c] / (double)pixels;
        const double v = sum.total[1][c] / (double)pixels - m * m;
        mean[c] = (float)m;
        var[c] = v < 0 ? 0 : (float)v; /* NaN stays */
    }
}
