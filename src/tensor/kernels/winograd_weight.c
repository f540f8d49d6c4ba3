/* F(4x4, 3x3), backward to the weights; winograd.h has the formulas.
 *
 *     dU[i] += V[i]^T Z[i],  V = B^T d B (tiles, c_in),  Z = A dY A^T (tiles, c_out),  i < 36
 *     dw += G^T dU G
 *
 * Tiles are cut into chunks and channels of x into parts: a task is one chunk and one part, and
 * adds up its own dU, some tiles at a time. Half of the places are in work at once, those of three
 * rows of the 6x6: of the points 0, a, -a, then of b, -b and infinity, which have most of their
 * sums in common. So V and Z stay in the second-level cache. The chunks' dU are added in order.
 */
#include "tensor/kernels/winograd.h"

#include "tensor/kernels/block.h"

#include <omp.h>

enum {
    ROWS = 3,                /* of places in work at once */
    KEEP_TILES = 96,         /* whose products stay in registers */
    KEEP_FLOATS = 96 * 1024, /* of V and Z: fewer tiles with many channels */
    LEAST_TILES = 24,
    MAX_CHUNKS = 16,
    MIN_TASKS = 8,
    CHUNK_TILES = 96, /* at least, or adding up would show */
    PART_CHANNELS = 32,
    PARTIAL_FLOATS = 4096 * 1024 /* at most for all chunks together */
};

struct plan {
    struct yt_tiling tiling;
    int chunks, parts, keep;
    size_t columns; /* of dU, padded */
    size_t matrix;  /* floats of one of the 36 */
    size_t v_row, task_floats;
};

static struct plan plan_of(const struct yt_map *x, const struct yt_map *dy) {
    struct plan p = {.tiling = yt_tiling_of(dy), .columns = yt_round_up(dy->c, 16)};
    p.matrix = x->c * p.columns;
    const size_t chunks =
        YT_MIN(p.tiling.count / CHUNK_TILES, PARTIAL_FLOATS / (YT_PLACES * p.matrix));
    p.chunks = yt_power_of_two(YT_MIN(chunks, (size_t)MAX_CHUNKS));
    p.parts = yt_power_of_two(YT_MIN(x->c / PART_CHANNELS, (MIN_TASKS + p.chunks - 1) / p.chunks));
    p.v_row = yt_round_up((x->c + p.parts - 1) / p.parts, 16);
    p.keep =
        yt_clamp(KEEP_FLOATS / (ROWS * YT_PATCH * (p.v_row + p.columns)), LEAST_TILES, KEEP_TILES);
    p.task_floats = ROWS * YT_PATCH *
                        (yt_matrix_floats(p.keep, p.v_row) + yt_matrix_floats(p.keep, p.columns)) +
                    (size_t)YT_PLACES * YT_MAX(x->c, dy->c);
    return p;
}

size_t yt_winograd_weight_scratch(const struct yt_map *x, const struct yt_map *dy) {
    const struct plan p = plan_of(x, dy);
    return p.chunks * YT_PLACES * p.matrix + yt_threads() * p.task_floats;
}

/* Three rows of B^T d B (second: the second three): the rows of B^T, then of all columns. n
 * channels from c on. */
YT_INLINE void patch_rows(const struct yt_square *d, bool second, ptrdiff_t c, int n,
                          vec t[ROWS][YT_PATCH]) {
    const float p = second ? YT_B : YT_A, other2 = second ? YT_A2 : YT_B2, p2 = p * p;
    YT_UNROLL for (int x = 0; x < YT_PATCH; x++, c += d->pixel) {
        const vec d1 = load_part(d->row[1] + c, n), d2 = load_part(d->row[2] + c, n);
        const vec d3 = load_part(d->row[3] + c, n), d4 = load_part(d->row[4] + c, n);
        const vec even = d4 - other2 * d2, odd = d3 - other2 * d1;
        t[second ? 0 : 1][x] = even + p * odd;
        t[second ? 1 : 2][x] = even - p * odd;
        if (second) {
            t[2][x] = load_part(d->row[5] + c, n) - other2 * d3 - p2 * odd;
        } else {
            t[0][x] = even - p2 * d2 + (p2 * other2) * load_part(d->row[0] + c, n);
        }
    }
    YT_UNROLL for (int k = 0; k < ROWS; k++) yt_patch_transform(t[k], 1);
}

/* A of four values */
YT_INLINE void tile_spread(const vec r[YT_TILE], vec t[YT_PATCH]) {
    const vec even_a = r[0] + YT_A2 * r[2], odd_a = r[1] + YT_A2 * r[3];
    const vec even_b = r[0] + YT_B2 * r[2], odd_b = r[1] + YT_B2 * r[3];
    t[0] = r[0];
    t[1] = even_a + YT_A * odd_a;
    t[2] = even_a - YT_A * odd_a;
    t[3] = even_b + YT_B * odd_b;
    t[4] = even_b - YT_B * odd_b;
    t[5] = r[3];
}

/* The same three rows of A dY A^T. */
YT_INLINE void tile_rows(const struct yt_square *d, bool second, ptrdiff_t c, int n,
                         vec t[ROWS][YT_PATCH]) {
    const float p = second ? YT_B : YT_A, p2 = p * p;
    vec r[ROWS][YT_TILE];
    YT_UNROLL for (int x = 0; x < YT_TILE; x++, c += d->pixel) {
        const vec d0 = load_part(d->row[0] + c, n), d1 = load_part(d->row[1] + c, n);
        const vec d2 = load_part(d->row[2] + c, n), d3 = load_part(d->row[3] + c, n);
        const vec even = d0 + p2 * d2, odd = d1 + p2 * d3;
        r[second ? 0 : 1][x] = even + p * odd;
        r[second ? 1 : 2][x] = even - p * odd;
        r[second ? 2 : 0][x] = second ? d3 : d0;
    }
    YT_UNROLL for (int k = 0; k < ROWS; k++) tile_spread(r[k], t[k]);
}

/* Some tiles of a task, and the channels of x that are its part. */
struct work {
    struct yt_map x;
    const struct yt_map *dy;
    size_t tile;
    int tiles;
    float *v, *z, *patch; /* v (18, tiles, v_row), z (18, panels of (tiles, panel's columns)) */
    float *du;
    bool add;
};

static void put_rows(vec t[ROWS][YT_PATCH], float *to, size_t matrix) {
    for (int k = 0; k < ROWS * YT_PATCH; k++) store(to + k * matrix, t[k / YT_PATCH][k % YT_PATCH]);
}

YT_INLINE void transform(const struct plan *p, const struct work *at, bool second) {
    const size_t v_matrix = yt_matrix_floats(at->tiles, p->v_row);
    const size_t z_matrix = yt_matrix_floats(at->tiles, p->columns);
    const struct yt_map *x = &at->x, *dy = at->dy;
    vec t[ROWS][YT_PATCH];
    for (int i = 0; i < at->tiles; i++) {
        const struct yt_tile tile = yt_tile_at(&p->tiling, at->tile + i);
        const struct yt_square d =
            yt_square_at(x, tile.n, tile.y - 1, tile.x - 1, YT_PATCH, at->patch);
        for (int c = 0; c < x->c; c += YT_LANES) {
            patch_rows(&d, second, c, YT_MIN(YT_LANES, x->c - c), t);
            put_rows(t, at->v + i * p->v_row + c, v_matrix);
        }
        const struct yt_square e = yt_square_at(dy, tile.n, tile.y, tile.x, YT_TILE, at->patch);
        for (int left = yt_vectors(dy->c), column = 0; left > 0;) {
            const int vectors = yt_panel_vectors(left), width = vectors * YT_LANES;
            float *to = at->z + (size_t)column * at->tiles + i * width;
            for (int c = 0; c < width; c += YT_LANES) {
                tile_rows(&e, second, column + c, YT_MIN(YT_LANES, dy->c - column - c), t);
                put_rows(t, to + c, z_matrix);
            }
            left -= vectors, column += width;
        }
    }
}

/* dU (channels of x, columns) (+)= V^T Z of one place */
static void multiply(const struct plan *p, const struct work *at, const float *v, const float *z,
                     float *du) {
    struct yt_block block = {
        .segments = 1, .length = at->tiles, .a_step = (ptrdiff_t)p->v_row, .add = at->add};
    for (int left = yt_vectors(at->dy->c), column = 0; left > 0;) {
        const int vectors = yt_panel_vectors(left), blocks = yt_blocks(at->x.c, vectors);
        block.b = z + (size_t)column * at->tiles;
        block.b_step = block.columns = vectors * YT_LANES;
        for (int i = 0, m = 0; i < blocks; i++) {
            const int end = (int)yt_cut(at->x.c, blocks, i + 1), count = end - m;
            for (int r = 0; r < count; r++, m++) {
                block.a[r] = v + m;
                block.c[r] = du + m * p->columns + column;
            }
            yt_block_choose(count, vectors)(&block);
        }
        left -= vectors, column += vectors * YT_LANES;
    }
}

static void run_task(const struct plan *p, const struct yt_map *x, const struct yt_map *dy,
                     int task, float *partial, float *floats) {
    const int chunk = task / p->parts, part = task % p->parts;
    const size_t last = yt_cut(p->tiling.count, p->chunks, chunk + 1);
    const size_t channel = yt_cut(x->c, p->parts, part);
    struct work at = {
        .x = *x,
        .dy = dy,
        .tile = yt_cut(p->tiling.count, p->chunks, chunk),
        .v = floats,
        .z = floats + ROWS * YT_PATCH * yt_matrix_floats(p->keep, p->v_row),
        .du = partial + chunk * YT_PLACES * p->matrix + channel * p->columns,
    };
    at.x.p += channel;
    at.x.c = (int)(yt_cut(x->c, p->parts, part + 1) - channel);
    at.patch = at.z + ROWS * YT_PATCH * yt_matrix_floats(p->keep, p->columns);
    for (; at.tile < last; at.tile += at.tiles, at.add = true) {
        at.tiles = (int)YT_MIN((size_t)p->keep, last - at.tile);
        for (int i = 0; i < YT_PLACES; i++) {
            if (i == 0) transform(p, &at, false);
            if (i == ROWS * YT_PATCH) transform(p, &at, true);
            const int k = i % (ROWS * YT_PATCH);
            multiply(p, &at, at.v + k * yt_matrix_floats(at.tiles, p->v_row),
                     at.z + k * yt_matrix_floats(at.tiles, p->columns), at.du + i * p->matrix);
        }
    }
}

/* G^T of six values */
YT_INLINE void filter_gradient(const vec u[YT_PATCH], vec out[3]) {
    const vec even_a = YT_AT_A * (u[1] + u[2]), odd_a = (YT_AT_A * YT_A) * (u[1] - u[2]);
    const vec even_b = YT_AT_B * (u[3] + u[4]), odd_b = (YT_AT_B * YT_B) * (u[3] - u[4]);
    out[0] = YT_AT_0 * u[0] + even_a + even_b;
    out[1] = odd_a + odd_b;
    out[2] = YT_A2 * even_a + YT_B2 * even_b + u[5];
}

/* Row ci of the filters' gradient from the sum of the chunks. */
static void put_filters(const struct plan *p, const float *partial, int ci, int c_in, int c_out,
                        float *dw) {
    for (int co = 0; co < c_out; co += YT_LANES) {
        const int n = YT_MIN(YT_LANES, c_out - co);
        vec half[3][YT_PATCH];
        for (int x = 0; x < YT_PATCH; x++) {
            vec u[YT_PATCH], column[3];
            for (int y = 0; y < YT_PATCH; y++) {
                const float *from = partial + (y * YT_PATCH + x) * p->matrix + ci * p->columns + co;
                u[y] = load(from);
                for (int k = 1; k < p->chunks; k++) u[y] += load(from + k * YT_PLACES * p->matrix);
            }
            filter_gradient(u, column);
            for (int y = 0; y < 3; y++) half[y][x] = column[y];
        }
        for (int y = 0; y < 3; y++) {
            vec row[3];
            filter_gradient(half[y], row);
            for (int x = 0; x < 3; x++) {
                float *to = dw + ((size_t)(y * 3 + x) * c_in + ci) * c_out + co;
                store_part(to, load_part(to, n) + row[x], n);
            }
        }
    }
}

void yt_winograd_weight(const struct yt_map *x, const struct yt_map *dy, float *dw,
                        float *scratch) {
    const struct plan p = plan_of(x, dy);
    float *work = scratch + p.chunks * YT_PLACES * p.matrix;
    YT_PARALLEL_TASKS
    for (int task = 0; task < p.chunks * p.parts; task++) {
        run_task(&p, x, dy, task, scratch, work + omp_get_thread_num() * p.task_floats);
    }
    YT_PARALLEL_FOR
    for (int ci = 0; ci < x->c; ci++) put_filters(&p, scratch, ci, x->c, dy->c, dw);
}
