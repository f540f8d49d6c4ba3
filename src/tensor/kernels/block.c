/* c (rows, columns) (+)= bias + A (rows, K) * B (K, columns), see block.h. */
#include "tensor/kernels/block.h"

#include <limits.h>

typedef vec block_sums[YT_BLOCK_MAX_ROWS][YT_BLOCK_MAX_VECTORS];

YT_INLINE void clear(block_sums sum, const int rows, const int vectors) {
    YT_UNROLL for (int i = 0; i < rows; i++) {
        YT_UNROLL for (int v = 0; v < vectors; v++) sum[i][v] = (vec){0};
    }
}

YT_INLINE void add_sums(block_sums to, block_sums from, const int rows, const int vectors) {
    YT_UNROLL for (int i = 0; i < rows; i++) {
        YT_UNROLL for (int v = 0; v < vectors; v++) to[i][v] += from[i][v];
    }
}

/* rows and vectors are constants in each copy, so that sum[][] becomes registers. */
YT_INLINE void multiply(const struct yt_block *block, const int rows, const int vectors) {
    block_sums sum, total;
    const bool in_parts = block->part > 0 && block->part < block->segments * block->length;
    int room = in_parts ? block->part : INT_MAX; /* products until the part is full */
    clear(sum, rows, vectors);
    if (in_parts) clear(total, rows, vectors);
    const ptrdiff_t a_step = block->a_step, b_step = block->b_step;
    for (int s = 0; s < block->segments; s++) {
        const float *a[YT_BLOCK_MAX_ROWS], *b = block->b + s * block->b_segment;
        YT_UNROLL for (int i = 0; i < rows; i++) a[i] = block->a[i] + s * block->a_segment;
        ptrdiff_t at = 0;
        for (int left = block->length, now; left > 0; left -= now) {
            now = YT_MIN(left, room);
            for (int k = now; k > 0; k--, at += a_step, b += b_step) {
                vec columns[YT_BLOCK_MAX_VECTORS];
                YT_UNROLL for (int v = 0; v < vectors; v++) columns[v] = load(b + v * YT_LANES);
                YT_UNROLL for (int i = 0; i < rows; i++) {
                    vec x = splat(a[i][at]);
                    YT_UNROLL for (int v = 0; v < vectors; v++) sum[i][v] += x * columns[v];
                }
            }
            room -= now;
            if (room > 0) continue;
            add_sums(total, sum, rows, vectors);
            clear(sum, rows, vectors);
            room = block->part;
        }
    }
    if (in_parts) add_sums(sum, total, rows, vectors);
    if (block->bias) {
        YT_UNROLL for (int v = 0; v < vectors; v++) {
            vec bias = load(block->bias + v * YT_LANES);
            YT_UNROLL for (int i = 0; i < rows; i++) sum[i][v] += bias;
        }
    }
    if (block->act == YT_ACT_SILU) {
        YT_UNROLL for (int i = 0; i < rows; i++) {
            YT_UNROLL for (int v = 0; v < vectors; v++) sum[i][v] = silu_vec(sum[i][v]);
        }
    }
    const int last = vectors - 1, part = block->columns - last * YT_LANES;
    YT_UNROLL for (int i = 0; i < rows; i++) {
        float *c = block->c[i];
        if (block->add) {
            YT_UNROLL for (int v = 0; v < last; v++) sum[i][v] += load(c + v * YT_LANES);
            sum[i][last] += load_part(c + last * YT_LANES, part);
        }
        YT_UNROLL for (int v = 0; v < last; v++) store(c + v * YT_LANES, sum[i][v]);
        store_part(c + last * YT_LANES, sum[i][last], part);
    }
}

#define YT_COPY(rows, vectors)                                                                     \
    static void multiply_##rows##x##vectors(const struct yt_block *block) {                        \
        multiply(block, rows, vectors);                                                            \
    }
#define YT_FOR_4_ROWS(X, vectors) X(1, vectors) X(2, vectors) X(3, vectors) X(4, vectors)
#define YT_FOR_6_ROWS(X, vectors) YT_FOR_4_ROWS(X, vectors) X(5, vectors) X(6, vectors)
#define YT_FOR_8_ROWS(X, vectors) YT_FOR_6_ROWS(X, vectors) X(7, vectors) X(8, vectors)
#define YT_FOR_12_ROWS(X, vectors)                                                                 \
    YT_FOR_8_ROWS(X, vectors) X(9, vectors) X(10, vectors) X(11, vectors) X(12, vectors)
#if YT_LANES == 16 /* as yt_block_rows() says */
#    define YT_FOR_ALL(X)                                                                          \
        YT_FOR_12_ROWS(X, 1) YT_FOR_12_ROWS(X, 2) YT_FOR_8_ROWS(X, 3) YT_FOR_6_ROWS(X, 4)
#else
#    define YT_FOR_ALL(X) YT_FOR_12_ROWS(X, 1) YT_FOR_6_ROWS(X, 2) YT_FOR_4_ROWS(X, 3)
#endif
YT_FOR_ALL(YT_COPY)

yt_block_function *yt_block_choose(int rows, int vectors) {
    static yt_block_function *const copies[YT_BLOCK_MAX_VECTORS + 1][YT_BLOCK_MAX_ROWS + 1] = {
#define YT_COPY_ENTRY(r, v) [v][r] = multiply_##r##x##v,
        YT_FOR_ALL(YT_COPY_ENTRY)
#undef YT_COPY_ENTRY
    };
    return copies[vectors][rows];
}
