/* The one inner loop of all dense convolutions: a block of registers.
 *
 *     c[i][v] (+)= act(bias[v] + sum_{s < segments} sum_{k < length}
 *                      a[i][s*a_segment + k*a_step] * b[s*b_segment + k*b_step + v])
 *
 * for up to yt_block_rows() rows i and `vectors` vectors of YT_LANES columns v. One element of A is
 * broadcast, vectors of B are loaded, and the sums stay in registers. Rows are pointers, so a row
 * of A is any pixel (forward, backward to the input) or any weight's tap and channel (backward to
 * the weights), with no copy into matrix form.
 *
 * Columns beyond the last are padding: b and bias have zeros there (yt_panel), c is not written.
 */
#ifndef YT_TENSOR_KERNELS_BLOCK_H
#define YT_TENSOR_KERNELS_BLOCK_H

#include "tensor/kernels/kernel.h"
#include "tensor/kernels/vec.h"

enum { YT_BLOCK_MAX_ROWS = 12, YT_BLOCK_MAX_VECTORS = 4 };

struct yt_block {
    int segments, length;
    int part; /* products summed in one go, 0: all; parts are added then, which rounds less */
    ptrdiff_t a_segment, a_step, b_segment, b_step;
    const float *a[YT_BLOCK_MAX_ROWS];
    const float *b;
    const float *bias; /* or NULL */
    float *c[YT_BLOCK_MAX_ROWS];
    int columns;     /* of c that are written, in (vectors - 1, vectors] * YT_LANES */
    enum yt_act act; /* of the sum; not together with add */
    bool add;
};

typedef void yt_block_function(const struct yt_block *block);
#define yt_block_choose YT_KERNEL(block_choose)
/* 0 < rows <= yt_block_rows(vectors) */
yt_block_function *yt_block_choose(int rows, int vectors);

/* As many rows as the registers hold beside the vectors of B: 16 registers, or 32 with 16 lanes. */
static inline int yt_block_rows(int vectors) {
    static const int rows[] = {0, 12, 6, 4}, rows_of_32[] = {0, 12, 12, 8, 6};
    return YT_LANES == 16 ? rows_of_32[vectors] : rows[vectors];
}

/* The columns are cut into panels of one block's width, none of a single vector if that can be
 * helped: 7 vectors are 2 + 2 + 3, or 4 + 3 with 16 lanes. How many vectors the next panel takes of
 * `left`: */
static inline int yt_panel_vectors(int left) {
    const int most = YT_LANES == 16 ? 4 : 3, usual = YT_LANES == 16 ? 4 : 2;
    if (left <= most) return left;
    return left == usual + 1 ? usual - 1 : usual;
}

/* Rows are cut evenly into blocks, so that no block is much shorter than the others. */
static inline int yt_blocks(int rows, int vectors) {
    int most = yt_block_rows(vectors);
    return (rows + most - 1) / most;
}

#endif
