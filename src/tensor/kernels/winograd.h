/* Winograd's minimal filtering for 3x3 convolutions of stride 1: F(4x4, 3x3).
 *
 * A tile of 4x4 results and the 6x6 pixels under it meet in 36 products instead of 144, for every
 * pair of channels (Lavin and Gray 2016, section 4):
 *
 *     Y = A^T [ (G g G^T) * (B^T d B) ] A           * element by element, summed over channels
 *
 * Filter and pixels are taken as polynomials, and their product is found from its values at the
 * points 0, a, -a, b, -b and infinity (Toom and Cook):
 *
 *     B^T = a2b2   0   -a2-b2    0     1  0     G = 1/a2b2              A^T = 1 1  1  1  1  0
 *             0  -ab2   -b2      a     1  0         (1  a  a2) / na           0 a -a  b -b  0
 *             0   ab2   -b2     -a     1  0         (1 -a  a2) / na           0 a2 a2 b2 b2 0
 *             0  -a2b   -a2      b     1  0         (1  b  b2) / nb           0 a3 -a3 b3 -b3 1
 *             0   a2b   -a2     -b     1  0         (1 -b  b2) / nb
 *             0   a2b2   0    -a2-b2   0  1         (0  0   1)
 *
 * with a2 = a^2, ..., na = 2 a2 (a2 - b2), nb = 2 b2 (b2 - a2). The points decide how exact the
 * sums are (Barabasz et al. 2020; Alam et al. 2022): with the usual 1 and 2 the results' error is
 * eleven times that of the direct sum, with a = 5/8, b = 3/2 five times, 7e-7 of the results'
 * standard deviation; and both are exact in binary, as are A and B.
 *
 * The sums over channels are 36 products of matrices, one for each place of the 6x6, done by the
 * register blocks of block.h. The same products give the gradients:
 *
 *     dd: the convolution of dy with the filters turned by half a turn, channels exchanged
 *     dg = G^T [ sum over tiles (B^T d B) * (A dY A^T) ] G
 *
 * Tiles are numbered through the batch, row by row.
 */
#ifndef YT_TENSOR_KERNELS_WINOGRAD_H
#define YT_TENSOR_KERNELS_WINOGRAD_H

#include "tensor/kernels/kernel.h"
#include "tensor/kernels/vec.h"

enum { YT_TILE = 4, YT_PATCH = YT_TILE + 2, YT_PLACES = YT_PATCH * YT_PATCH };

/* Whether a convolution of `in` to `out` channels gains: with few channels the transforms cost more
 * than the products they save. */
static inline bool yt_winograd_fits(const struct yt_conv *conv, int in, int out) {
    return conv->k == 3 && conv->stride == 1 && conv->pad == 1 && in >= 16 && out >= 16;
}

/* U = G g G^T, 36 matrices (channels in, channels out) in panels of a register block's columns. For
 * the gradient of the input `in` and `out` are those of dy and dx, and w is still the forward's. */
#define yt_winograd_packed_floats YT_KERNEL(winograd_packed_floats)
#define yt_winograd_pack YT_KERNEL(winograd_pack)
size_t yt_winograd_packed_floats(int in, int out);
void yt_winograd_pack(const float *w, bool backward, int in, int out, float *u);

/* Forward, or with the U of the gradient: source is dy, result is dx. */
#define yt_winograd_scratch YT_KERNEL(winograd_scratch)
#define yt_winograd_run YT_KERNEL(winograd_run)
size_t yt_winograd_scratch(const struct yt_map *source, const struct yt_map *result);
struct yt_winograd_how {
    bool add;
    const float *bias; /* or NULL */
    enum yt_act act;
    const struct yt_bn_pass *bn; /* forward: batch norm's first pass over the result; or NULL */
};
void yt_winograd_run(const struct yt_map *source, const float *u, const struct yt_map *result,
                     struct yt_winograd_how how, float *scratch);

/* dw += the gradient of the weights. */
#define yt_winograd_weight_scratch YT_KERNEL(winograd_weight_scratch)
#define yt_winograd_weight YT_KERNEL(winograd_weight)
size_t yt_winograd_weight_scratch(const struct yt_map *x, const struct yt_map *dy);
void yt_winograd_weight(const struct yt_map *x, const struct yt_map *dy, float *dw, float *scratch);

/* Floats from one of the 36 matrices to the next: a line more than it has, since a tile's places
 * at multiples of 4 KiB would fall into one set of the first-level cache. */
static inline size_t yt_matrix_floats(size_t rows, size_t columns) {
    return rows * columns + 16;
}

/* How the tiles of a map of results are numbered. */
struct yt_tiling {
    int down, across; /* tiles of an image */
    size_t count;     /* of the batch */
};
static inline struct yt_tiling yt_tiling_of(const struct yt_map *m) {
    struct yt_tiling t = {(m->h + YT_TILE - 1) / YT_TILE, (m->w + YT_TILE - 1) / YT_TILE, 0};
    t.count = (size_t)m->n * t.down * t.across;
    return t;
}
struct yt_tile {
    int n, y, x; /* image, and its first pixel of the results */
};
static inline struct yt_tile yt_tile_at(const struct yt_tiling *tiling, size_t i) {
    const size_t row = i / tiling->across;
    return (struct yt_tile){(int)(row / tiling->down), (int)(row % tiling->down) * YT_TILE,
                            (int)(i % tiling->across) * YT_TILE};
}

/* Where the pixels of a square of a map are: rows of pixels `pixel` floats apart. */
struct yt_square {
    const float *row[YT_PATCH];
    ptrdiff_t pixel;
};
/* The size x size pixels from (y, x) on: in the map where they are all inside, else copied into
 * `patch` (size*size*c floats) with zeros outside. */
static inline struct yt_square yt_square_at(const struct yt_map *m, int n, int y, int x, int size,
                                            float *patch) {
    struct yt_square square = {.pixel = m->ld};
    if (y >= 0 && x >= 0 && y + size <= m->h && x + size <= m->w) {
        for (int i = 0; i < size; i++) square.row[i] = yt_map_at(m, n, y + i, x);
        return square;
    }
    const size_t c = m->c;
    square.pixel = m->c;
    for (int i = 0; i < size; i++) {
        square.row[i] = patch + i * size * c;
        for (int j = 0; j < size; j++) {
            float *to = patch + (i * size + j) * c;
            if (y + i < 0 || y + i >= m->h || x + j < 0 || x + j >= m->w) {
                memset(to, 0, c * sizeof *to);
            } else {
                memcpy(to, yt_map_at(m, n, y + i, x + j), c * sizeof *to);
            }
        }
    }
    return square;
}

/* The points a and b, their powers, and 1/a2b2, 1/na, 1/nb. */
#define YT_A (5.0f / 8)
#define YT_B (3.0f / 2)
#define YT_A2 (YT_A * YT_A)
#define YT_B2 (YT_B * YT_B)
#define YT_AT_0 (1 / (YT_A2 * YT_B2))
#define YT_AT_A (1 / (2 * YT_A2 * (YT_A2 - YT_B2)))
#define YT_AT_B (1 / (2 * YT_B2 * (YT_B2 - YT_A2)))

/* B^T of six values `step` apart, in place. */
YT_INLINE void yt_patch_transform(vec *d, int step) {
    const vec d1 = d[step], d2 = d[2 * step], d3 = d[3 * step], d4 = d[4 * step];
    const vec even_a = d4 - YT_B2 * d2, odd_a = d3 - YT_B2 * d1;
    const vec even_b = d4 - YT_A2 * d2, odd_b = d3 - YT_A2 * d1;
    d[0] = even_a - YT_A2 * d2 + (YT_A2 * YT_B2) * d[0];
    d[step] = even_a + YT_A * odd_a;
    d[2 * step] = even_a - YT_A * odd_a;
    d[3 * step] = even_b + YT_B * odd_b;
    d[4 * step] = even_b - YT_B * odd_b;
    d[5 * step] = d[5 * step] - (YT_A2 + YT_B2) * d3 + (YT_A2 * YT_B2) * d1;
}

#endif
