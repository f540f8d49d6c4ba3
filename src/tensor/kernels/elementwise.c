/* One result a element: y[p, c] = f(x[p, c], ...). */
#include "tensor/kernels/kernel.h"
#include "tensor/kernels/vec.h"

enum { TASK_FLOATS = 16 * 1024 };

/* The work of a map in tasks of whole pixels. */
static int task_count(const struct yt_map *m) {
    return yt_clamp(yt_map_pixels(m) * m->c / TASK_FLOATS, 1, 1 << 16);
}

/* A task's pixels as lines of floats: one long line where no map has gaps between its pixels. */
struct lines {
    size_t first, count, length;
};
static struct lines lines_of(const struct yt_map *m, bool dense, int tasks, int task) {
    const size_t pixels = yt_map_pixels(m);
    const size_t first = yt_cut(pixels, tasks, task),
                 count = yt_cut(pixels, tasks, task + 1) - first;
    return dense ? (struct lines){first, 1, count * m->c} : (struct lines){first, count, m->c};
}
static bool is_dense(const struct yt_map *m) {
    return m->ld == m->c;
}

/* to (length) (+)= f(a, b), b may be NULL. Inlined, so that f is a loop of its own. */
typedef vec function(vec a, vec b);
YT_INLINE void apply_part(function *f, const float *a, const float *b, float *to, size_t i,
                          bool add, int n) {
    vec y = f(load_part(a + i, n), b ? load_part(b + i, n) : (vec){0});
    store_part(to + i, add ? load_part(to + i, n) + y : y, n);
}
YT_INLINE void apply_line(function *f, const float *a, const float *b, float *to, size_t length,
                          bool add) {
    size_t i = 0;
    for (; i + YT_LANES <= length; i += YT_LANES) apply_part(f, a, b, to, i, add, YT_LANES);
    if (i < length) apply_part(f, a, b, to, i, add, (int)(length - i));
}
YT_INLINE void apply(function *f, const struct yt_map *a, const struct yt_map *b,
                     const struct yt_map *y, bool add) {
    const int tasks = task_count(y);
    const bool dense = is_dense(a) && (!b || is_dense(b)) && is_dense(y);
    YT_PARALLEL_TASKS
    for (int task = 0; task < tasks; task++) {
        const struct lines lines = lines_of(y, dense, tasks, task);
        for (size_t p = lines.first; p < lines.first + lines.count; p++) {
            apply_line(f, a->p + p * a->ld, b ? b->p + p * b->ld : NULL, y->p + p * y->ld,
                       lines.length, add);
        }
    }
}

YT_INLINE vec silu(vec x, vec none) {
    (void)none;
    return silu_vec(x);
}
YT_INLINE vec silu_gradient(vec x, vec dy) {
    return dy * silu_slope_vec(x);
}
YT_INLINE vec sum(vec a, vec b) {
    return a + b;
}
YT_INLINE vec same(vec x, vec none) {
    (void)none;
    return x;
}

void YT_KERNEL(silu_forward)(const struct yt_map *x, const struct yt_map *y) {
    apply(silu, x, NULL, y, false);
}
void YT_KERNEL(silu_backward)(const struct yt_map *x, const struct yt_map *dy,
                              const struct yt_map *dx, bool add) {
    apply(silu_gradient, x, dy, dx, add);
}
void YT_KERNEL(add_forward)(const struct yt_map *a, const struct yt_map *b,
                            const struct yt_map *y) {
    apply(sum, a, b, y, false);
}
void YT_KERNEL(copy)(const struct yt_map *x, const struct yt_map *y, bool add) {
    apply(same, x, NULL, y, add);
}

void YT_KERNEL(zero)(const struct yt_map *y) {
    const int tasks = task_count(y);
    YT_PARALLEL_TASKS
    for (int task = 0; task < tasks; task++) {
        const struct lines lines = lines_of(y, is_dense(y), tasks, task);
        for (size_t p = lines.first; p < lines.first + lines.count; p++) {
            memset(y->p + p * y->ld, 0, lines.length * sizeof(float));
        }
    }
}

YT_INLINE void scale_shift_part(const float *x, const float *scale, const float *shift, float *y,
                                const enum yt_act act, int n) {
    vec v = fma_vec(load_part(x, n), load_part(scale, n), load_part(shift, n));
    store_part(y, act == YT_ACT_SILU ? silu_vec(v) : v, n);
}
YT_INLINE void scale_shift(const struct yt_map *x, const float *scale, const float *shift,
                           const enum yt_act act, const struct yt_map *y) {
    const int tasks = task_count(y);
    YT_PARALLEL_TASKS
    for (int task = 0; task < tasks; task++) {
        const struct lines lines = lines_of(y, false, tasks, task);
        for (size_t p = lines.first; p < lines.first + lines.count; p++) {
            const float *from = x->p + p * x->ld;
            float *to = y->p + p * y->ld;
            int c = 0;
            for (; c + YT_LANES <= y->c; c += YT_LANES) {
                scale_shift_part(from + c, scale + c, shift + c, to + c, act, YT_LANES);
            }
            if (c < y->c) scale_shift_part(from + c, scale + c, shift + c, to + c, act, y->c - c);
        }
    }
}
void YT_KERNEL(scale_shift_act)(const struct yt_map *x, const float *scale, const float *shift,
                                enum yt_act act, const struct yt_map *y) {
    if (act == YT_ACT_SILU) {
        scale_shift(x, scale, shift, YT_ACT_SILU, y);
    } else {
        scale_shift(x, scale, shift, YT_ACT_NONE, y);
    }
}

void YT_KERNEL(bytes_to_floats)(const uint8_t *x, const struct yt_map *y) {
    const int tasks = task_count(y);
    YT_PARALLEL_TASKS
    for (int task = 0; task < tasks; task++) {
        const struct lines lines = lines_of(y, is_dense(y), tasks, task);
        for (size_t p = lines.first; p < lines.first + lines.count; p++) {
            const uint8_t *from = x + p * y->c;
            float *to = y->p + p * y->ld;
            for (size_t i = 0; i < lines.length; i++) to[i] = (float)from[i] / 255.0f;
        }
    }
}
