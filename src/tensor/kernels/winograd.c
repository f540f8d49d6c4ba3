/* F(4x4, 3x3), forward and backward to the input; winograd.h has the formulas.
 *
 * The filters are transformed once into U, 36 matrices (source channels, result channels) in panels
 * of a register block's columns. A task then takes some tiles: it transforms their patches into V,
 * 36 matrices (tiles, source channels), multiplies V U into M, 36 matrices (tiles, result
 * channels), and transforms M into pixels. V and M stay in the second-level cache.
 */
#include "tensor/kernels/winograd.h"

#include "tensor/kernels/block.h"
#include "tensor/kernels/bn.h"

#include <omp.h>

enum {
    TASK_TILES = 48,
    TASK_FLOATS = 96 * 1024, /* of V and M: fewer tiles with many channels */
    LEAST_TILES = 24,        /* but so many at least, for each reads all of U */
    MIN_TASKS = 8,
    NORM_PART = 8 /* products summed in one go for a batch norm, which enlarges errors */
};

struct plan {
    struct yt_tiling tiling;
    int tasks, most;    /* tiles of a task at most */
    size_t in, out;     /* floats of a tile's row of V and of M */
    size_t task_floats; /* of a thread's V, M and patch */
};

static struct plan plan_of(const struct yt_map *source, const struct yt_map *result) {
    struct plan p = {
        .tiling = yt_tiling_of(result),
        .in = yt_round_up(source->c, 16),
        .out = yt_round_up(result->c, 16),
    };
    const size_t fit = TASK_FLOATS / (YT_PLACES * (p.in + p.out));
    const size_t tiles = yt_clamp(fit, LEAST_TILES, TASK_TILES);
    const size_t tasks = YT_MAX((p.tiling.count + tiles - 1) / tiles,
                                YT_MIN(MIN_TASKS, p.tiling.count / (LEAST_TILES / 2)));
    p.tasks = (int)YT_MAX(tasks, (size_t)1);
    p.most = (int)((p.tiling.count + p.tasks - 1) / p.tasks);
    p.task_floats =
        YT_PLACES * (yt_matrix_floats(p.most, p.in) + yt_matrix_floats(p.most, p.out) + source->c);
    return p;
}

size_t yt_winograd_scratch(const struct yt_map *source, const struct yt_map *result) {
    const struct plan p = plan_of(source, result);
    return p.out + yt_threads() * p.task_floats + p.tasks * yt_bn_slot_floats(result->c);
}

/* --- U = G g G^T ----------------------------------------------------------------------------- */
/* G of three values; in doubles, so that U is as exact as floats can be. */
static inline void filter_transform(double g0, double g1, double g2, double out[YT_PATCH]) {
    const double a = YT_A, b = YT_B, a2 = a * a, b2 = b * b;
    const double at_a = 1 / (2 * a2 * (a2 - b2)), at_b = 1 / (2 * b2 * (b2 - a2));
    const double even_a = at_a * (g0 + a2 * g2), odd_a = at_a * a * g1;
    const double even_b = at_b * (g0 + b2 * g2), odd_b = at_b * b * g1;
    out[0] = g0 / (a2 * b2);
    out[1] = even_a + odd_a;
    out[2] = even_a - odd_a;
    out[3] = even_b + odd_b;
    out[4] = even_b - odd_b;
    out[5] = g2;
}

/* The filters that make a U: element (row, column) of its matrices is from the filter whose first
 * tap is w[row * row_step + column * column_step], and whose others follow `tap` apart. */
struct filters {
    const float *w;
    size_t row_step, column_step;
    ptrdiff_t tap;
};

/* The 36 places of n filters, from w on; 0 in the other lanes. */
YT_INLINE void transform_filters(const struct filters *f, const float *w, int n,
                                 float u[YT_PLACES][YT_LANES]) {
    memset(u, 0, YT_PLACES * sizeof *u);
    for (int i = 0; i < n; i++, w += f->column_step) {
        double half[3][YT_PATCH], column[YT_PATCH];
        for (int ky = 0; ky < 3; ky++) {
            const float *row = w + ky * 3 * f->tap;
            filter_transform(row[0], row[f->tap], row[2 * f->tap], half[ky]);
        }
        for (int x = 0; x < YT_PATCH; x++) {
            filter_transform(half[0][x], half[1][x], half[2][x], column);
            for (int y = 0; y < YT_PATCH; y++) u[y * YT_PATCH + x][i] = (float)column[y];
        }
    }
}

/* A row of U's matrices (.., columns): panels of (rows, panel's columns). */
static void put_row(const struct filters *f, int row, int rows, int columns, float *u,
                    size_t matrix) {
    for (int left = yt_vectors(columns), column = 0; left > 0;) {
        const int vectors = yt_panel_vectors(left), width = vectors * YT_LANES;
        float *to = u + (size_t)column * rows + (size_t)row * width;
        for (int c = 0; c < width; c += YT_LANES) {
            float place[YT_PLACES][YT_LANES];
            transform_filters(f, f->w + row * f->row_step + (column + c) * f->column_step,
                              YT_MIN(YT_LANES, columns - column - c), place);
            for (int i = 0; i < YT_PLACES; i++) {
                memcpy(to + i * matrix + c, place[i], sizeof place[i]);
            }
        }
        left -= vectors, column += width;
    }
}

static size_t matrix_floats(int in, int out) {
    return in * yt_round_up(out, 16);
}

size_t yt_winograd_packed_floats(int in, int out) {
    return YT_PLACES * matrix_floats(in, out);
}

void yt_winograd_pack(const float *w, bool backward, int in, int out, float *u) {
    const size_t matrix = matrix_floats(in, out), tap = (size_t)in * out;
    /* turned by half a turn: from the last tap to the first */
    const struct filters f = backward ? (struct filters){w + 8 * tap, 1, in, -(ptrdiff_t)tap}
                                      : (struct filters){w, out, 1, (ptrdiff_t)tap};
    YT_PARALLEL_FOR
    for (int row = 0; row < in; row++) put_row(&f, row, in, out, u, matrix);
}

/* --- V = B^T d B ----------------------------------------------------------------------------- */
/* n channels from j on */
YT_INLINE void transform_channels(const struct yt_square *d, int j, int n, float *v,
                                  size_t matrix) {
    vec t[YT_PATCH][YT_PATCH];
    YT_UNROLL for (int x = 0; x < YT_PATCH; x++) {
        const ptrdiff_t at = x * d->pixel + j;
        YT_UNROLL for (int y = 0; y < YT_PATCH; y++) t[y][x] = load_part(d->row[y] + at, n);
        yt_patch_transform(&t[0][x], YT_PATCH);
    }
    YT_UNROLL for (int y = 0; y < YT_PATCH; y++) {
        yt_patch_transform(t[y], 1);
        YT_UNROLL for (int x = 0; x < YT_PATCH; x++) {
            store(v + (y * YT_PATCH + x) * matrix + j, t[y][x]);
        }
    }
}

static void transform_patch(const struct yt_square *d, int c, float *v, size_t matrix) {
    int j = 0;
    for (; j + YT_LANES <= c; j += YT_LANES) transform_channels(d, j, YT_LANES, v, matrix);
    if (j < c) transform_channels(d, j, c - j, v, matrix);
}

/* --- Y = A^T M A ----------------------------------------------------------------------------- */
/* A^T of six values */
YT_INLINE void tile_transform(const vec m[YT_PATCH], vec out[YT_TILE]) {
    const vec even_a = m[1] + m[2], odd_a = m[1] - m[2];
    const vec even_b = m[3] + m[4], odd_b = m[3] - m[4];
    out[0] = m[0] + even_a + even_b;
    out[1] = YT_A * odd_a + YT_B * odd_b;
    out[2] = YT_A2 * even_a + YT_B2 * even_b;
    out[3] = (YT_A2 * YT_A) * odd_a + (YT_B2 * YT_B) * odd_b + m[5];
}

/* m and m^2 of a tile's results into the sums: in floats about the first of them, which a tile's
 * few pixels allow, and from there in doubles. */
struct tile_sums {
    vec shift, sum, square;
};
YT_INLINE void add_tile(const struct tile_sums *t, int pixels, int j,
                        const struct yt_bn_slot *slot) {
    const struct doubles shift = to_doubles(t->shift), d = to_doubles(t->sum);
    struct doubles sum = d, square = to_doubles(t->square);
    const double count = pixels;
    sum.first += count * shift.first, sum.last += count * shift.last;
    square.first += shift.first * (d.first + sum.first);
    square.last += shift.last * (d.last + sum.last);
    add_to_doubles(slot->total[0] + j, sum);
    add_to_doubles(slot->total[1] + j, square);
}

/* The results of a tile, n channels: bias, activation, and what is inside the map is written. */
struct place {
    float *pixel;
    size_t row, ld;
    int rows, across;
};
YT_INLINE void put_channels(const float *m, size_t matrix, const struct place *at, int j, int n,
                            const struct yt_winograd_how *how, const float *bias,
                            const struct yt_bn_slot *slot) {
    struct tile_sums sums = {{0}, {0}, {0}};
    vec half[YT_TILE][YT_PATCH];
    YT_UNROLL for (int x = 0; x < YT_PATCH; x++) {
        vec column[YT_PATCH], out[YT_TILE];
        YT_UNROLL for (int y = 0; y < YT_PATCH; y++) {
            column[y] = load(m + (y * YT_PATCH + x) * matrix + j);
        }
        tile_transform(column, out);
        YT_UNROLL for (int y = 0; y < YT_TILE; y++) half[y][x] = out[y];
    }
    for (int y = 0; y < at->rows; y++) {
        vec row[YT_TILE];
        tile_transform(half[y], row);
        if (y == 0) sums.shift = bias ? row[0] + load(bias + j) : row[0];
        float *to = at->pixel + y * at->row + j;
        for (int x = 0; x < at->across; x++, to += at->ld) {
            vec value = row[x];
            if (bias) value += load(bias + j);
            if (slot) {
                const vec d = value - sums.shift;
                sums.sum += d;
                sums.square += d * d;
            }
            if (how->add) value += load_part(to, n);
            store_part(to, how->act == YT_ACT_SILU ? silu_vec(value) : value, n);
        }
    }
    if (slot) add_tile(&sums, at->rows * at->across, j, slot);
}

static void put_tile(const struct plan *p, const float *m, size_t matrix,
                     const struct yt_map *result, size_t tile, const struct yt_winograd_how *how,
                     const float *bias, const struct yt_bn_slot *slot) {
    const struct yt_tile t = yt_tile_at(&p->tiling, tile);
    const struct place at = {
        .pixel = yt_map_at(result, t.n, t.y, t.x),
        .row = (size_t)result->w * result->ld,
        .ld = result->ld,
        .rows = YT_MIN(YT_TILE, result->h - t.y),
        .across = YT_MIN(YT_TILE, result->w - t.x),
    };
    int j = 0;
    for (; j + YT_LANES <= result->c; j += YT_LANES) {
        put_channels(m, matrix, &at, j, YT_LANES, how, bias, slot);
    }
    if (j < result->c) put_channels(m, matrix, &at, j, result->c - j, how, bias, slot);
}

/* --- M = V U --------------------------------------------------------------------------------- */
static void multiply(const struct plan *p, int c, int columns, int tiles, const float *v,
                     const float *u, int part, float *m) {
    struct yt_block block = {.segments = 1, .length = c, .a_step = 1, .part = part};
    for (int left = yt_vectors(columns), column = 0; left > 0;) {
        const int vectors = yt_panel_vectors(left), blocks = yt_blocks(tiles, vectors);
        block.b = u + (size_t)column * c;
        block.b_step = block.columns = vectors * YT_LANES;
        for (int i = 0, t = 0; i < blocks; i++) {
            const int last = (int)yt_cut(tiles, blocks, i + 1), rows = last - t;
            for (int r = 0; r < rows; r++, t++) {
                block.a[r] = v + t * p->in;
                block.c[r] = m + t * p->out + column;
            }
            yt_block_choose(rows, vectors)(&block);
        }
        left -= vectors, column += vectors * YT_LANES;
    }
}

void yt_winograd_run(const struct yt_map *source, const float *u, const struct yt_map *result,
                     struct yt_winograd_how how, float *scratch) {
    const struct plan p = plan_of(source, result);
    const size_t u_matrix = matrix_floats(source->c, result->c);
    float *bias = NULL, *work = scratch + p.out, *slots = work + yt_threads() * p.task_floats;
    if (how.bias) {
        bias = scratch;
        memset(bias, 0, p.out * sizeof *bias);
        memcpy(bias, how.bias, result->c * sizeof *bias);
    }
    YT_PARALLEL_TASKS
    for (int task = 0; task < p.tasks; task++) {
        const size_t first = yt_cut(p.tiling.count, p.tasks, task);
        const int tiles = (int)(yt_cut(p.tiling.count, p.tasks, task + 1) - first);
        const size_t v_matrix = yt_matrix_floats(tiles, p.in),
                     m_matrix = yt_matrix_floats(tiles, p.out);
        float *v = work + omp_get_thread_num() * p.task_floats, *m = v + YT_PLACES * v_matrix;
        float *patch = m + YT_PLACES * m_matrix;
        for (int t = 0; t < tiles; t++) {
            const struct yt_tile at = yt_tile_at(&p.tiling, first + t);
            const struct yt_square d =
                yt_square_at(source, at.n, at.y - 1, at.x - 1, YT_PATCH, patch);
            transform_patch(&d, source->c, v + t * p.in, v_matrix);
        }
        for (int i = 0; i < YT_PLACES; i++) {
            multiply(&p, source->c, result->c, tiles, v + i * v_matrix, u + i * u_matrix,
                     how.bn ? NORM_PART : 0, m + i * m_matrix);
        }
        struct yt_bn_slot slot;
        if (how.bn) yt_bn_slot_clear(slot = yt_bn_slot_at(slots, task, result->c), result->c);
        for (int t = 0; t < tiles; t++) {
            put_tile(&p, m + t * p.out, m_matrix, result, first + t, &how, bias,
                     how.bn ? &slot : NULL);
        }
    }
    if (how.bn) yt_bn_finish(how.bn, slots, p.tasks, result->c);
}
