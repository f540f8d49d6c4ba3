/* Depthwise convolution, forward and backward to the input.
 *
 *     result[j] (+)= act(bias + sum_u source[j*step - left + u] w[first_tap + u*tap_step])
 *
 * along each axis and for each channel. Forward is this with step = stride, left = pad and the taps
 * in order. Backward to the input has step 1 and the taps in reverse; with stride s, pixels of dx
 * with the same rest y % s, a phase, are met by every s-th tap:
 *
 *     dx[s*j + py] += w[ky] dy[j + base - t],   ky = first + t*s,
 *                     first = (py + pad) % s,   base = (py + pad) / s
 *
 * A row of the result has a list of the source's rows; of its pixels, those that all taps meet go
 * STEP at a time, so that each weight is loaded once for them; channels go GROUP vectors at a time,
 * so that memory is read in long runs.
 */
#include "tensor/kernels/bn.h"
#include "tensor/kernels/vec.h"

enum { MAX_K = 7, STEP = 2, GROUP = 4, MAX_TASKS = 128 };

struct axis {
    int taps, step, left, first_tap, tap_step;
};
static struct axis axis_of(const struct yt_conv *conv, bool backward, int phase) {
    if (!backward) return (struct axis){conv->k, conv->stride, conv->pad, 0, 1};
    const int s = conv->stride, at = phase + conv->pad, first = at % s;
    const int taps = (conv->k - first + s - 1) / s;
    return (struct axis){taps, 1, taps - 1 - at / s, first + s * (taps - 1), -s};
}

/* Pixels of a row of the result. */
struct row {
    int taps; /* rows of the source */
    const float *source[MAX_K], *w[MAX_K];
    const float *bias;
    enum yt_act act;
    bool add;
    int channels;
    float *result;
    ptrdiff_t result_step;
};
/* The columns that meet them: `taps` from the source's `column` on, weights from w on. */
struct columns {
    int taps;
    ptrdiff_t column, column_step, ld, w, w_step; /* in floats */
};

/* `vectors` vectors of channels from c on, the last of n. */
YT_INLINE void sum_channels(const struct row *row, const struct columns *at, int j,
                            const int pixels, int c, const int vectors, int n) {
    vec sum[STEP][GROUP];
    YT_UNROLL for (int v = 0; v < vectors; v++) {
        const int part = v == vectors - 1 ? n : YT_LANES;
        const vec bias = row->bias ? load_part(row->bias + c + v * YT_LANES, part) : (vec){0};
        YT_UNROLL for (int i = 0; i < pixels; i++) sum[i][v] = bias;
    }
    for (int r = 0; r < row->taps; r++) {
        const float *x = row->source[r] + at->column + c, *w = row->w[r] + at->w + c;
        for (int u = at->taps; u > 0; u--, x += at->ld, w += at->w_step) {
            YT_UNROLL for (int v = 0; v < vectors; v++) {
                const int part = v == vectors - 1 ? n : YT_LANES;
                const vec weight = load_part(w + v * YT_LANES, part);
                YT_UNROLL for (int i = 0; i < pixels; i++) {
                    const float *from = x + i * at->column_step + v * YT_LANES;
                    sum[i][v] += load_part(from, part) * weight;
                }
            }
        }
    }
    YT_UNROLL for (int i = 0; i < pixels; i++) {
        YT_UNROLL for (int v = 0; v < vectors; v++) {
            const int part = v == vectors - 1 ? n : YT_LANES;
            float *to = row->result + (j + i) * row->result_step + c + v * YT_LANES;
            if (row->act == YT_ACT_SILU) sum[i][v] = silu_vec(sum[i][v]);
            if (row->add) sum[i][v] += load_part(to, part);
            store_part(to, sum[i][v], part);
        }
    }
}
YT_INLINE void sum_pixels(const struct row *row, struct columns at, int j, const int pixels) {
    int c = 0;
    for (; c + GROUP * YT_LANES <= row->channels; c += GROUP * YT_LANES) {
        sum_channels(row, &at, j, pixels, c, GROUP, YT_LANES);
    }
    for (; c + YT_LANES <= row->channels; c += YT_LANES) {
        sum_channels(row, &at, j, pixels, c, 1, YT_LANES);
    }
    if (c < row->channels) sum_channels(row, &at, j, pixels, c, 1, row->channels - c);
}

/* `count` pixels of the result, over source rows of w pixels ld floats apart. */
static void run_row(const struct row *row, const struct axis *x, int count, int w, int ld) {
    const int spare = w + x->left - x->taps; /* inside: 0 <= j*step - left <= w - taps */
    const int lo = YT_MAX(0, (x->left + x->step - 1) / x->step);
    const int hi = spare < 0 ? 0 : YT_MIN(count, spare / x->step + 1);
    for (int j = 0; j < count;) {
        const int column = j * x->step - x->left;
        const bool inside = j >= lo && j < hi;
        const int first = inside ? 0 : YT_MAX(0, -column);
        const int last = inside ? x->taps : YT_MIN(x->taps, w - column);
        const struct columns at = {
            .taps = YT_MAX(0, last - first),
            .column = (ptrdiff_t)(column + first) * ld,
            .column_step = (ptrdiff_t)x->step * ld,
            .ld = ld,
            .w = (ptrdiff_t)(x->first_tap + first * x->tap_step) * row->channels,
            .w_step = (ptrdiff_t)x->tap_step * row->channels,
        };
        if (inside && j + STEP <= hi) {
            sum_pixels(row, at, j, STEP);
            j += STEP;
        } else {
            sum_pixels(row, at, j, 1);
            j++;
        }
    }
}

/* Row `line` of the result, counted through the batch. */
static void run_line(const struct yt_conv *conv, bool backward, const struct yt_map *source,
                     const float *w, const struct yt_map *result, struct row row, int line) {
    const int phases = backward ? conv->stride : 1;
    const int n = line / result->h, oy = line % result->h;
    const struct axis y = axis_of(conv, backward, oy % phases);
    row.channels = result->c;
    row.result_step = (ptrdiff_t)phases * result->ld;
    for (int v = 0; v < y.taps; v++) {
        const int iy = oy / phases * y.step - y.left + v;
        if (iy < 0 || iy >= source->h) continue;
        row.source[row.taps] = yt_map_at(source, n, iy, 0);
        row.w[row.taps++] = w + (size_t)(y.first_tap + v * y.tap_step) * conv->k * source->c;
    }
    for (int px = 0; px < phases; px++) {
        const struct axis x = axis_of(conv, backward, px);
        row.result = yt_map_at(result, n, oy, px);
        run_row(&row, &x, (result->w - px + phases - 1) / phases, source->w, source->ld);
    }
}

/* Lines next to each other read the same rows: a task is some of them. */
static int task_count(const struct yt_map *result) {
    return YT_MIN(result->n * result->h, MAX_TASKS);
}

static void run(const struct yt_conv *conv, bool backward, const struct yt_map *source,
                const float *w, const struct yt_map *result, const struct row *finish,
                const struct yt_bn_pass *pass, float *slots) {
    const int tasks = task_count(result), lines = result->n * result->h;
    YT_PARALLEL_TASKS
    for (int task = 0; task < tasks; task++) {
        const int first = (int)yt_cut(lines, tasks, task);
        for (int line = first; line < (int)yt_cut(lines, tasks, task + 1); line++) {
            const size_t pixel = (size_t)line * result->w;
            run_line(conv, backward, source, w, result, *finish, line);
            if (pass) {
                yt_bn_visit(pass, result, pixel, pixel + result->w, line == first,
                            yt_bn_slot_at(slots, task, result->c));
            }
        }
    }
    if (pass) yt_bn_finish(pass, slots, tasks, result->c);
}

void YT_KERNEL(dwconv2d_forward)(const struct yt_conv *conv, const struct yt_map *x, const float *w,
                                 const float *bias, enum yt_act act, const struct yt_map *y,
                                 const struct yt_bn_pass *pass, float *scratch) {
    const struct row finish = {.bias = bias, .act = act};
    run(conv, false, x, w, y, &finish, pass, scratch);
}

size_t YT_KERNEL(dwconv2d_pass_scratch)(const struct yt_map *result) {
    return task_count(result) * yt_bn_slot_floats(result->c);
}

void YT_KERNEL(dwconv2d_backward_input)(const struct yt_conv *conv, const struct yt_map *dy,
                                        const float *w, const struct yt_map *dx, bool add,
                                        const struct yt_bn_pass *pass, float *scratch) {
    const struct row finish = {.add = add};
    run(conv, true, dy, w, dx, &finish, pass, scratch);
}
