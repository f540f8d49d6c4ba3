/* Dense convolution, forward and backward to the input: one pass over a padded source.
 *
 *     out[j, i, :] (+)= act(bias + sum_{v < rows, u < cols} source[j*step - top + v,
 *                                                          i*step - left + u, :] * W[v, u])
 *
 * Forward is one such phase, with step = stride and W = w. Backward to the input is stride x stride
 * phases of step 1: the pixels of dx with the same y % stride and x % stride are met by the same
 * taps ky = first, first + stride, ..., and along these dy runs backwards:
 *
 *     dx[stride*j + py] += w[ky] dy[j + base - t],  first = (py + pad) % stride,
 *                          ky = first + t*stride,   base = (py + pad) / stride
 *
 * A band of source rows is copied once with its border (or, for 1x1, read where it lies). The
 * band is dense, so the taps of a row and their channels are one run of cols * c floats, and the
 * reduction has `rows` segments of that length. Weights are packed into panels of a register
 * block's columns, padded with zeros: W (K, columns) -> for each panel (K, panel's columns).
 */
#include "tensor/kernels/block.h"
#include "tensor/kernels/bn.h"
#include "tensor/kernels/conv.h"
#include "tensor/kernels/winograd.h"

#include <omp.h>

enum {
    MAX_PHASES = 4,
    MIN_TASKS = 16,
    MIN_PIXELS = 48,
    WINDOW_FLOATS = 4096, /* of a product's source */
    LEAST_WINDOW = 12,    /* pixels, since each window reads all weights */
    NORM_PART = 128       /* products summed in one go for a batch norm, which enlarges errors */
};

struct phase {
    int rows, cols;       /* taps */
    int top, left;        /* first tap, before the pixel */
    int h, w;             /* pixels of the result */
    size_t offset;        /* of the first of them in the result */
    const float *weights; /* packed */
    int first_y, first_x; /* backward: the tap of w that is this phase's last */
};
struct pass {
    const struct yt_map *source, *result;
    int step;                                      /* in the source, of a pixel of a phase */
    size_t result_pixel, result_row, result_image; /* floats from one to the next, in a phase */
    const float *bias;
    enum yt_act act;
    bool add, product;
    int part; /* of a sum, see block.h */
    int phases;
    struct phase phase[MAX_PHASES];
    /* the band */
    int top, left, below, width; /* the widest border of the phases; source columns */
    int h, rows, bands;          /* rows of the largest phase, of those a band, bands an image */
    size_t band_floats, packed_floats;
    float *packed_bias, *band;   /* one band a thread */
    const struct yt_bn_pass *bn; /* batch norm's first pass over the result; or NULL */
    float *slots;                /* of bn, one a task */
    int spread;                  /* rows of the result for one of a phase */
};

static struct phase forward_phase(const struct yt_conv *conv, const struct yt_map *y) {
    return (struct phase){conv->k, conv->k, conv->pad, conv->pad, y->h, y->w, 0, NULL, 0, 0};
}

static struct phase backward_phase(const struct yt_conv *conv, const struct yt_map *dx, int py,
                                   int px) {
    const int s = conv->stride, y = py + conv->pad, x = px + conv->pad;
    const int rows = (conv->k - y % s + s - 1) / s, cols = (conv->k - x % s + s - 1) / s;
    return (struct phase){
        .rows = rows,
        .cols = cols,
        .top = rows - 1 - y / s,
        .left = cols - 1 - x / s,
        .h = (dx->h - py + s - 1) / s,
        .w = (dx->w - px + s - 1) / s,
        .offset = ((size_t)py * dx->w + px) * dx->ld,
        .first_y = y % s,
        .first_x = x % s,
    };
}

static size_t packed_columns(int columns) {
    return yt_round_up(columns, 16); /* whole vectors of every instruction set */
}

/* Cuts the pass into tasks: from shapes only, so that results do not depend on threads. */
static void plan_bands(struct pass *pass) {
    int right = 0;
    pass->top = pass->left = pass->below = -1000000;
    for (int i = 0; i < pass->phases; i++) {
        const struct phase *p = &pass->phase[i];
        pass->top = YT_MAX(pass->top, p->top);
        pass->left = YT_MAX(pass->left, p->left);
        pass->below = YT_MAX(pass->below, p->rows - p->top);
        right = YT_MAX(right, (p->w - 1) * pass->step - p->left + p->cols);
        pass->h = YT_MAX(pass->h, p->h);
        pass->packed_floats +=
            (size_t)p->rows * p->cols * pass->source->c * packed_columns(pass->result->c);
    }
    pass->width = YT_MAX(1, pass->left + right);
    if (pass->product) { /* a row of all the pixels, cut into bands */
        size_t pixels = yt_map_pixels(pass->source);
        size_t fit = YT_MAX(MIN_PIXELS, YT_BAND_FLOATS / pass->source->c);
        size_t tasks = YT_MAX((pixels + fit - 1) / fit, YT_MIN(MIN_TASKS, pixels / MIN_PIXELS));
        pass->bands = YT_MAX(1, (int)tasks);
        return;
    }
    const size_t row_floats = (size_t)pass->width * pass->source->c;
    const int border = pass->top + pass->below - pass->step;
    int rows = (YT_BAND_FLOATS / (int)row_floats - border) / pass->step;
    rows = YT_MIN(rows, (pass->source->n * pass->h + MIN_TASKS - 1) / MIN_TASKS);
    rows = YT_MAX(rows, (MIN_PIXELS + pass->phase[0].w - 1) / YT_MAX(1, pass->phase[0].w));
    pass->rows = YT_MAX(1, YT_MIN(rows, pass->h));
    pass->bands = (pass->h + pass->rows - 1) / pass->rows;
    const int source_rows = (pass->rows - 1) * pass->step + pass->top + pass->below;
    pass->band_floats = yt_round_up(YT_MAX(0, source_rows) * row_floats, 16);
}

static struct pass plan_forward(const struct yt_conv *conv, const struct yt_map *x,
                                const struct yt_map *y) {
    struct pass pass = {
        .source = x,
        .result = y,
        .step = conv->stride,
        .result_pixel = y->ld,
        .result_row = (size_t)y->w * y->ld,
        .result_image = (size_t)y->h * y->w * y->ld,
        .product = yt_conv_is_product(conv),
        .spread = 1,
        .phases = 1,
        .phase = {forward_phase(conv, y)},
    };
    plan_bands(&pass);
    return pass;
}

static struct pass plan_backward(const struct yt_conv *conv, const struct yt_map *dy,
                                 const struct yt_map *dx) {
    const int s = conv->stride;
    struct pass pass = {
        .source = dy,
        .result = dx,
        .step = 1,
        .result_pixel = (size_t)s * dx->ld,
        .result_row = (size_t)s * dx->w * dx->ld,
        .result_image = (size_t)dx->h * dx->w * dx->ld,
        .product = yt_conv_is_product(conv),
        .spread = s,
    };
    for (int py = 0; py < s; py++) {
        for (int px = 0; px < s; px++) {
            struct phase phase = backward_phase(conv, dx, py, px);
            if (phase.h > 0 && phase.w > 0) pass.phase[pass.phases++] = phase;
        }
    }
    plan_bands(&pass);
    return pass;
}

static int task_count(const struct pass *pass) {
    return pass->product ? pass->bands : pass->bands * pass->source->n;
}

static size_t scratch_floats(const struct pass *pass) {
    return packed_columns(pass->result->c) + (size_t)yt_threads() * pass->band_floats +
           task_count(pass) * yt_bn_slot_floats(pass->result->c);
}

/* scratch: bias, then a band for each thread, then a slot for each task */
static void use_scratch(struct pass *pass, const float *bias, float *scratch) {
    const int columns = pass->result->c;
    pass->band = scratch + packed_columns(columns);
    pass->slots = pass->band + (size_t)yt_threads() * pass->band_floats;
    if (bias) {
        pass->packed_bias = scratch;
        for (size_t i = 0; i < packed_columns(columns); i++) {
            scratch[i] = (int)i < columns ? bias[i] : 0;
        }
    }
}

/* Some rows of one tap's (c, columns) weights into their places in every panel. Element (i, j) is
 * at w[i*w_row + j*w_column]. */
struct tap {
    const float *w;
    size_t w_row, w_column;
    int number;
};
static void pack_rows(const struct tap *tap, const struct pass *pass, const struct phase *phase,
                      int first, int last, float *packed) {
    const int c = pass->source->c, columns = pass->result->c;
    const size_t depth = (size_t)phase->rows * phase->cols * c, row = (size_t)tap->number * c;
    for (int left = yt_vectors(columns), column = 0; left > 0;) {
        const int vectors = yt_panel_vectors(left), width = vectors * YT_LANES;
        const int inside = YT_MIN(width, columns - column);
        for (int i = first; i < last; i++) {
            const float *from = tap->w + i * tap->w_row + column * tap->w_column;
            float *to = packed + column * depth + (row + i) * width;
            for (int j = 0; j < inside; j++) to[j] = from[j * tap->w_column];
            for (int j = inside; j < width; j++) to[j] = 0;
        }
        left -= vectors, column += width;
    }
}

/* packed (taps in the order of the source, c of source, c of result) = w, for backward
 * with its taps in reverse and transposed. */
static void pack(const struct yt_conv *conv, const float *w, bool backward, const struct pass *pass,
                 const struct phase *phase, float *packed) {
    enum { PARTS = 4 }; /* of a tap, since a 1x1 has but one */
    const int c = pass->source->c, columns = pass->result->c, s = conv->stride;
    YT_PARALLEL_FOR
    for (int task = 0; task < phase->rows * phase->cols * PARTS; task++) {
        const int number = task / PARTS, part = task % PARTS;
        int ky = number / phase->cols, kx = number % phase->cols;
        if (backward) {
            ky = phase->first_y + s * (phase->rows - 1 - ky);
            kx = phase->first_x + s * (phase->cols - 1 - kx);
        }
        const struct tap tap = {.w = w + ((size_t)ky * conv->k + kx) * c * columns,
                                .w_row = backward ? 1 : columns,
                                .w_column = backward ? c : 1,
                                .number = number};
        pack_rows(&tap, pass, phase, (int)yt_cut(c, PARTS, part), (int)yt_cut(c, PARTS, part + 1),
                  packed);
    }
}

/* Where pixel (0, 0) of some rows of a phase is in source and result, and the steps from there. */
struct window {
    const float *source;
    size_t source_pixel, source_row;
    float *result;
    int rows, w;
    int ahead; /* pixels of a product behind these that are to come */
};

/* All pixels of a window, one panel of columns. */
static void run_panel(const struct pass *pass, const struct window *at, struct yt_block *block,
                      int column, int vectors) {
    const int pixels = at->rows * at->w, blocks = yt_blocks(pixels, vectors);
    const float *source = at->source;
    float *result = at->result + column;
    for (int i = 0, x = 0; i < blocks; i++) {
        const int rows = (int)(yt_cut(pixels, blocks, i + 1) - yt_cut(pixels, blocks, i));
        for (int r = 0; r < rows; r++) {
            block->a[r] = source;
            block->c[r] = result;
            source += at->source_pixel;
            result += pass->result_pixel;
            if (++x == at->w) {
                x = 0;
                source += at->source_row - at->w * at->source_pixel;
                result += pass->result_row - at->w * pass->result_pixel;
            }
        }
        yt_block_choose(rows, vectors)(block);
        if (at->ahead) {
            yt_prefetch(at->source + at->w * at->source_pixel, at->ahead, pass->source,
                        (size_t)column * blocks + i * block->columns, block->columns,
                        (size_t)pass->result->c * blocks);
        }
    }
}

static void run_window(const struct pass *pass, const struct phase *phase,
                       const struct window *at) {
    const int columns = pass->result->c, length = phase->cols * pass->source->c;
    const size_t depth = (size_t)phase->rows * length;
    struct yt_block block = {.segments = phase->rows,
                             .length = length,
                             .a_segment = (ptrdiff_t)(at->source_row / pass->step),
                             .a_step = 1,
                             .part = pass->part,
                             .act = pass->act,
                             .add = pass->add};
    for (int left = yt_vectors(columns), column = 0; left > 0;) {
        const int vectors = yt_panel_vectors(left), width = vectors * YT_LANES;
        block.b = phase->weights + column * depth;
        block.b_step = width;
        block.b_segment = (ptrdiff_t)length * width;
        block.bias = pass->packed_bias ? pass->packed_bias + column : NULL;
        block.columns = YT_MIN(width, columns - column);
        run_panel(pass, at, &block, column, vectors);
        left -= vectors, column += width;
    }
}

/* A task's pixels go in windows that stay in the first-level cache for all panels of columns. */
static void run_product(const struct pass *pass, int task) {
    const size_t pixels = yt_map_pixels(pass->source);
    const size_t start = yt_cut(pixels, pass->bands, task);
    const size_t end = yt_cut(pixels, pass->bands, task + 1);
    const size_t most = YT_MAX(LEAST_WINDOW, WINDOW_FLOATS / pass->source->c / 6 * 6);
    for (size_t first = start, last; first < end; first = last) {
        last = YT_MIN(end, first + most);
        const struct window at = {
            .source = pass->source->p + first * pass->source->ld,
            .source_pixel = pass->source->ld,
            .result = pass->result->p + first * pass->result_pixel,
            .rows = 1,
            .w = (int)(last - first),
            .ahead = (int)YT_MIN(last - first, pixels - last),
        };
        run_window(pass, &pass->phase[0], &at);
        if (pass->bn) {
            yt_bn_visit(pass->bn, pass->result, first, last, first == start,
                        yt_bn_slot_at(pass->slots, task, pass->result->c));
        }
    }
}

/* The first pass of batch norm over the rows that a band has written. */
static void visit_rows(const struct pass *pass, int task, int n, int row, int rows) {
    const struct yt_map *m = pass->result;
    const int end = YT_MIN(m->h, (row + rows) * pass->spread);
    const size_t first = ((size_t)n * m->h + row * pass->spread) * m->w;
    const size_t last = ((size_t)n * m->h + end) * m->w;
    yt_bn_visit(pass->bn, m, first, last, true, yt_bn_slot_at(pass->slots, task, m->c));
}

static void run_band(const struct pass *pass, int task, float *band) {
    const int n = task / pass->bands, row = task % pass->bands * pass->rows;
    const int rows = YT_MIN(pass->rows, pass->h - row), c = pass->source->c;
    yt_band_copy(band, pass->source, n, row * pass->step - pass->top,
                 (rows - 1) * pass->step + pass->top + pass->below, -pass->left, pass->width);
    for (int i = 0; i < pass->phases; i++) {
        const struct phase *p = &pass->phase[i];
        const struct window at = {
            .source =
                band + ((size_t)(pass->top - p->top) * pass->width + pass->left - p->left) * c,
            .source_pixel = (size_t)pass->step * c,
            .source_row = (size_t)pass->step * pass->width * c,
            .result = pass->result->p + p->offset + n * pass->result_image + row * pass->result_row,
            .rows = YT_MIN(rows, p->h - row),
            .w = p->w,
        };
        run_window(pass, p, &at);
    }
    if (pass->bn) visit_rows(pass, task, n, row, rows);
}

static void run(const struct pass *pass) {
    const int tasks = task_count(pass);
    YT_PARALLEL_TASKS
    for (int task = 0; task < tasks; task++) {
        if (pass->product) {
            run_product(pass, task);
        } else {
            run_band(pass, task, pass->band + omp_get_thread_num() * pass->band_floats);
        }
    }
    if (pass->bn) yt_bn_finish(pass->bn, pass->slots, tasks, pass->result->c);
}

size_t YT_KERNEL(conv2d_packed_floats)(const struct yt_conv *conv, int c_in, int c_out) {
    if (yt_winograd_fits(conv, c_in, c_out)) return yt_winograd_packed_floats(c_in, c_out);
    return (size_t)conv->k * conv->k * c_in * packed_columns(c_out);
}

void YT_KERNEL(conv2d_pack)(const struct yt_conv *conv, int c_in, int c_out, const float *w,
                            float *packed) {
    if (yt_winograd_fits(conv, c_in, c_out)) {
        yt_winograd_pack(w, false, c_in, c_out, packed);
        return;
    }
    const struct yt_map x = {.c = c_in}, y = {.c = c_out};
    const struct pass pass = {.source = &x, .result = &y};
    const struct phase phase = forward_phase(conv, &y);
    pack(conv, w, false, &pass, &phase, packed);
}

size_t YT_KERNEL(conv2d_forward_scratch)(const struct yt_conv *conv, const struct yt_map *x,
                                         const struct yt_map *y) {
    if (yt_winograd_fits(conv, x->c, y->c)) return yt_winograd_scratch(x, y);
    const struct pass pass = plan_forward(conv, x, y);
    return scratch_floats(&pass);
}

void YT_KERNEL(conv2d_forward)(const struct yt_conv *conv, const struct yt_map *x,
                               const float *packed, const float *bias, enum yt_act act,
                               const struct yt_map *y, const struct yt_bn_pass *bn,
                               float *scratch) {
    if (yt_winograd_fits(conv, x->c, y->c)) {
        const struct yt_winograd_how how = {.bias = bias, .act = act, .bn = bn};
        yt_winograd_run(x, packed, y, how, scratch);
        return;
    }
    struct pass pass = plan_forward(conv, x, y);
    pass.act = act;
    pass.bn = bn;
    pass.part = bn ? NORM_PART : 0;
    pass.phase[0].weights = packed;
    use_scratch(&pass, bias, scratch);
    run(&pass);
}

size_t YT_KERNEL(conv2d_backward_input_scratch)(const struct yt_conv *conv, const struct yt_map *dy,
                                                const struct yt_map *dx) {
    if (yt_winograd_fits(conv, dy->c, dx->c))
        return YT_MAX(yt_winograd_packed_floats(dy->c, dx->c) + yt_winograd_scratch(dy, dx),
                      YT_KERNEL(bn_scratch)(dx));
    const struct pass pass = plan_backward(conv, dy, dx);
    return pass.packed_floats + scratch_floats(&pass);
}

void YT_KERNEL(conv2d_backward_input)(const struct yt_conv *conv, const struct yt_map *dy,
                                      const float *w, const struct yt_map *dx, bool add,
                                      const struct yt_bn_pass *bn, float *scratch) {
    if (yt_winograd_fits(conv, dy->c, dx->c)) {
        float *u = scratch;
        yt_winograd_pack(w, true, dy->c, dx->c, u);
        yt_winograd_run(dy, u, dx, (struct yt_winograd_how){.add = add},
                        u + yt_winograd_packed_floats(dy->c, dx->c));
        if (bn) YT_KERNEL(bn_first_pass)(bn, dx, scratch);
        return;
    }
    struct pass pass = plan_backward(conv, dy, dx);
    pass.add = add;
    pass.bn = bn;
    for (int i = 0; i < pass.phases; i++) {
        struct phase *p = &pass.phase[i];
        pack(conv, w, true, &pass, p, scratch);
        p->weights = scratch;
        scratch += (size_t)p->rows * p->cols * dy->c * packed_columns(dx->c);
    }
    use_scratch(&pass, NULL, scratch);
    run(&pass);
}
