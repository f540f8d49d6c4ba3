/* Shared by the two passes of batch normalisation that sum over pixels: how these are cut, and
 * where the sums are.
 *
 * Pixels are cut into chunks, chunks into blocks. A block's sums are floats, a chunk's are doubles,
 * and the chunks' are added in order: rounding errors stay those of sums of BLOCK pixels. */
#ifndef YT_TENSOR_KERNELS_BN_H
#define YT_TENSOR_KERNELS_BN_H

#include "tensor/kernels/kernel.h"

enum {
    YT_BN_BLOCK = 64,
    YT_BN_CHUNK = 512, /* pixels, at least */
    YT_BN_MAX_CHUNKS = 64,
    YT_BN_STEP = 4 /* pixels that are read side by side, so that sums wait less for each other */
};

/* A chunk's part of scratch: two sums of each channel; two sums of the block and two numbers more.
 */
struct yt_bn_chunk {
    double *total[2];
    float *block[2], *shift, *scale;
};

static inline int yt_bn_chunks(const struct yt_map *x) {
    return yt_clamp(yt_map_pixels(x) / YT_BN_CHUNK, 1, YT_BN_MAX_CHUNKS);
}
static inline size_t yt_bn_chunk_floats(int c) {
    return yt_round_up(8 * (size_t)c, 16);
}
static inline struct yt_bn_chunk yt_bn_chunk_at(float *scratch, int i, int c) {
    double *totals = (void *)(scratch + i * yt_bn_chunk_floats(c));
    float *floats = (float *)(totals + 2 * c);
    return (struct yt_bn_chunk){
        {totals, totals + c}, {floats, floats + c}, floats + 2 * c, floats + 3 * c};
}
/* The chunks' totals into chunk 0's. */
static inline struct yt_bn_chunk yt_bn_add_chunks(float *scratch, int chunks, int c) {
    const struct yt_bn_chunk sum = yt_bn_chunk_at(scratch, 0, c);
    for (int i = 1; i < chunks; i++) {
        const struct yt_bn_chunk chunk = yt_bn_chunk_at(scratch, i, c);
        for (int j = 0; j < 2 * c; j++) sum.total[0][j] += chunk.total[0][j]; /* both are there */
    }
    return sum;
}

#endif
