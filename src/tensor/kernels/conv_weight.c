/* Dense convolution, backward to the weights: a product whose reduction runs over pixels.
 *
 *     dw[m, co] += sum_{n, oy, ox} x[n, oy*s - pad + ky, ox*s - pad + kx, ci] dy[n, oy, ox, co]
 *     dbias[co] += sum_{n, oy, ox} dy[n, oy, ox, co]          m = (ky*k + kx)*c_in + ci
 *
 * The images' rows are cut into units (a band of output rows), consecutive units into chunks, and
 * the m into parts: a task is one chunk and one part. It copies the band of x with its border (for
 * 1x1: reads it where it lies), and for each few rows of it and each panel of columns packs dy and
 * adds to the chunk's own partial dw, whose last row is dbias. Then the partial dw are added in the
 * order of the chunks. Sums of at most KEEP_PIXELS products stay in registers; that, the chunk's
 * partial sums and the sum of chunks keep rounding errors far below those of one long sum.
 */
#include "tensor/kernels/block.h"
#include "tensor/kernels/conv.h"
#include "tensor/kernels/winograd.h"

#include <omp.h>

enum {
    /* The pixels of a panel of dy that stay in the first-level cache: 24 KiB of the 16 columns that
     * a panel usually has, of 64 with 16 lanes. */
    MOST_KEEP_PIXELS = 384,
    KEEP_PIXELS = YT_LANES == 16 ? MOST_KEEP_PIXELS / 4 : MOST_KEEP_PIXELS,
    MAX_CHUNKS = 16, /* enough for the threads, few enough to add up */
    MIN_TASKS = 8,
    CHUNK_PIXELS = 512,           /* at least, or adding up would show */
    PART_DEPTH = 128,             /* at least, or packing dy for each part would */
    PARTIAL_FLOATS = 2048 * 1024, /* at most for all chunks together */
    PANEL_COLUMNS = 64            /* of the widest panel */
};

struct weight_pass {
    const struct yt_conv *conv;
    const struct yt_map *x, *dy;
    bool product, bias;         /* bias: the sums of dy are wanted too */
    int depth, columns;         /* of dw: k*k*c_in and c_out */
    int images, h, w;           /* of dy; a product is one row of all pixels, cut into h rows */
    int unit_rows, image_units; /* output rows of a unit, units of an image */
    int keep_rows;              /* rows summed in registers */
    int chunks, parts;
    int width; /* of a band, in pixels of x */
    size_t band_floats, panel_floats, partial_floats;
    float *partial, *band,
        *panel; /* partial dw of each chunk; a band and a panel for each thread */
};

static void plan_bands(struct weight_pass *p) {
    const struct yt_conv *conv = p->conv;
    if (p->product) {
        p->images = 1;
        p->w = KEEP_PIXELS;
        p->h = (int)((yt_map_pixels(p->dy) + p->w - 1) / p->w);
        p->unit_rows = p->keep_rows = 1;
    } else {
        p->images = p->dy->n, p->h = p->dy->h, p->w = p->dy->w;
        p->width = (p->w - 1) * conv->stride + conv->k;
        const size_t row_floats = (size_t)p->width * p->x->c;
        const int fit = (YT_BAND_FLOATS / (int)row_floats + conv->stride - conv->k) / conv->stride;
        p->unit_rows = YT_MAX(1, YT_MIN(YT_MIN(fit, p->h), p->images * p->h / p->chunks));
        p->keep_rows = YT_MAX(1, YT_MIN(p->unit_rows, KEEP_PIXELS / p->w));
        p->band_floats = ((p->unit_rows - 1) * conv->stride + conv->k) * row_floats;
    }
    p->image_units = (p->h + p->unit_rows - 1) / p->unit_rows;
    p->band_floats = yt_round_up(p->band_floats, 16);
    p->panel_floats = (size_t)YT_MAX(MOST_KEEP_PIXELS, p->w) * PANEL_COLUMNS; /* of every set */
}

static struct weight_pass plan(const struct yt_conv *conv, const struct yt_map *x,
                               const struct yt_map *dy) {
    struct weight_pass p = {.conv = conv, .x = x, .dy = dy, .product = yt_conv_is_product(conv)};
    p.depth = conv->k * conv->k * x->c;
    p.columns = dy->c;
    p.partial_floats = (size_t)(p.depth + 1) * yt_round_up(p.columns, 16);
    const size_t chunks =
        YT_MIN(yt_map_pixels(dy) / CHUNK_PIXELS, PARTIAL_FLOATS / p.partial_floats);
    p.chunks = yt_power_of_two(YT_MIN(chunks, MAX_CHUNKS));
    p.parts = yt_power_of_two(YT_MIN(p.depth / PART_DEPTH, (MIN_TASKS + p.chunks - 1) / p.chunks));
    plan_bands(&p);
    return p;
}

static size_t scratch_floats(const struct weight_pass *p) {
    return p->chunks * p->partial_floats + yt_threads() * (p->band_floats + p->panel_floats);
}

/* panel (pixels, vectors) = columns of some rows of dy, which follow each other in memory */
static void pack_panel(float *panel, const float *dy, int ld, int pixels, int columns,
                       int vectors) {
    const int last = (vectors - 1) * YT_LANES;
    for (int i = 0; i < pixels; i++, panel += vectors * YT_LANES, dy += ld) {
        for (int v = 0; v < last; v += YT_LANES) store(panel + v, load(dy + v));
        store(panel + last, load_part(dy + last, columns - last));
    }
}

/* The last row of the partial dw: (+)= the sum of the panel's pixels. */
static void add_bias(float *sum, const float *panel, int pixels, int vectors, bool add) {
    for (int v = 0; v < vectors; v++) {
        vec total = {0};
        for (int i = 0; i < pixels; i++) total += load(panel + (i * vectors + v) * YT_LANES);
        store(sum + v * YT_LANES, add ? load(sum + v * YT_LANES) + total : total);
    }
}

/* Some rows of dy with the x under them, one panel: rows first <= m < last of dw. */
struct span {
    const float *x;
    ptrdiff_t x_pixel, x_row, tap_row; /* steps of x for a pixel and a row of dy, and for ky */
    const float *dy;
    int rows, w;
    int first, last;
    float *partial;
    bool add;
    int ahead; /* pixels behind the last that will be read next, of a product */
};

static void run_panel(const struct weight_pass *p, const struct span *at, float *panel, int column,
                      int vectors) {
    const int width = vectors * YT_LANES, run = p->conv->k * p->x->c;
    const int inside = YT_MIN(width, p->columns - column);
    const size_t columns = yt_round_up(p->columns, 16);
    pack_panel(panel, at->dy + column, p->dy->ld, at->rows * at->w, inside, vectors);
    struct yt_block block = {
        .segments = at->rows,
        .length = at->w,
        .a_segment = at->x_row,
        .a_step = at->x_pixel,
        .b = panel,
        .b_segment = (ptrdiff_t)at->w * width,
        .b_step = width,
        .columns = width,
        .add = at->add,
    };
    const int blocks = yt_blocks(at->last - at->first, vectors);
    for (int i = 0; i < blocks; i++) {
        const int first = at->first + (int)yt_cut(at->last - at->first, blocks, i);
        const int last = at->first + (int)yt_cut(at->last - at->first, blocks, i + 1);
        for (int m = first; m < last; m++) {
            block.a[m - first] = at->x + m / run * at->tap_row + m % run;
            block.c[m - first] = at->partial + m * columns + column;
        }
        yt_block_choose(last - first, vectors)(&block);
        if (at->ahead) {
            const size_t done = (size_t)column * blocks + i * inside,
                         total = (size_t)p->columns * blocks;
            yt_prefetch(at->x + (size_t)at->w * p->x->ld, at->ahead, p->x, done, inside, total);
            yt_prefetch(at->dy + (size_t)at->w * p->dy->ld, at->ahead, p->dy, done, inside, total);
        }
    }
    if (p->bias && at->last == p->depth) {
        add_bias(at->partial + p->depth * columns + column, panel, at->rows * at->w, vectors,
                 at->add);
    }
}

static void run_span(const struct weight_pass *p, const struct span *at, float *panel) {
    for (int left = yt_vectors(p->columns), column = 0; left > 0;) {
        const int vectors = yt_panel_vectors(left);
        run_panel(p, at, panel, column, vectors);
        left -= vectors, column += vectors * YT_LANES;
    }
}

static void run_product_unit(const struct weight_pass *p, int unit, struct span at, float *panel) {
    const size_t first = (size_t)unit * p->w;
    at.x = p->x->p + first * p->x->ld;
    at.x_pixel = p->x->ld;
    at.dy = p->dy->p + first * p->dy->ld;
    at.rows = 1;
    at.w = (int)YT_MIN((size_t)p->w, yt_map_pixels(p->dy) - first);
    at.ahead = (int)YT_MIN((size_t)p->w, yt_map_pixels(p->dy) - first - at.w);
    run_span(p, &at, panel);
}

static void run_unit(const struct weight_pass *p, int unit, struct span at, float *band,
                     float *panel) {
    const struct yt_conv *conv = p->conv;
    const int n = unit / p->image_units, row = unit % p->image_units * p->unit_rows;
    const int rows = YT_MIN(p->unit_rows, p->h - row);
    yt_band_copy(band, p->x, n, row * conv->stride - conv->pad, (rows - 1) * conv->stride + conv->k,
                 -conv->pad, p->width);
    at.x_pixel = (ptrdiff_t)conv->stride * p->x->c;
    at.tap_row = (ptrdiff_t)p->width * p->x->c;
    at.x_row = conv->stride * at.tap_row;
    at.w = p->w;
    for (int done = 0; done < rows; done += at.rows) {
        at.rows = YT_MIN(p->keep_rows, rows - done);
        at.x = band + done * at.x_row;
        at.dy = yt_map_at(p->dy, n, row + done, 0);
        run_span(p, &at, panel);
        at.add = true;
    }
}

static void run_task(const struct weight_pass *p, int task, float *band, float *panel) {
    const int chunk = task / p->parts, part = task % p->parts;
    const int units = p->images * p->image_units;
    const int first = (int)yt_cut(units, p->chunks, chunk);
    struct span at = {
        .first = (int)yt_cut(p->depth, p->parts, part),
        .last = (int)yt_cut(p->depth, p->parts, part + 1),
        .partial = p->partial + chunk * p->partial_floats,
    };
    for (int unit = first; unit < (int)yt_cut(units, p->chunks, chunk + 1); unit++) {
        at.add = unit > first;
        if (p->product) {
            run_product_unit(p, unit, at, panel);
        } else {
            run_unit(p, unit, at, band, panel);
        }
    }
}

/* row (columns) += the same row of every chunk */
static void add_chunks(const struct weight_pass *p, int m, float *row) {
    const float *partial = p->partial + m * yt_round_up(p->columns, 16);
    for (int j = 0; j < p->columns; j += YT_LANES) {
        const int n = YT_MIN(YT_LANES, p->columns - j);
        vec sum = load(partial + j);
        for (int i = 1; i < p->chunks; i++) sum += load(partial + i * p->partial_floats + j);
        store_part(row + j, load_part(row + j, n) + sum, n);
    }
}

size_t YT_KERNEL(conv2d_backward_weight_scratch)(const struct yt_conv *conv, const struct yt_map *x,
                                                 const struct yt_map *dy) {
    struct weight_pass p = plan(conv, x, dy);
    const size_t direct = scratch_floats(&p);
    if (!yt_winograd_fits(conv, x->c, dy->c)) return direct;
    return YT_MAX(direct, yt_winograd_weight_scratch(x, dy));
}

void YT_KERNEL(conv2d_backward_weight)(const struct yt_conv *conv, const struct yt_map *x,
                                       const struct yt_map *dy, float *dw, float *dbias,
                                       float *scratch) {
    if (!dbias && yt_winograd_fits(conv, x->c, dy->c)) {
        yt_winograd_weight(x, dy, dw, scratch);
        return;
    }
    struct weight_pass p = plan(conv, x, dy);
    p.bias = dbias != NULL;
    p.partial = scratch;
    p.band = p.partial + p.chunks * p.partial_floats;
    p.panel = p.band + yt_threads() * p.band_floats;
    YT_PARALLEL_TASKS
    for (int task = 0; task < p.chunks * p.parts; task++) {
        const int thread = omp_get_thread_num();
        run_task(&p, task, p.band + thread * p.band_floats, p.panel + thread * p.panel_floats);
    }
    YT_PARALLEL_FOR
    for (int m = 0; m < p.depth; m++) add_chunks(&p, m, dw + (size_t)m * p.columns);
    if (dbias) add_chunks(&p, p.depth, dbias);
}
