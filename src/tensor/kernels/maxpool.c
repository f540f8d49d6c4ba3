/* Maximum pooling, stride 1.
 *
 * A task is one image and YT_LANES channels. It gathers them into a plane of their own first: in a
 * map, a window's pixels are often a power of two apart, and fall into few sets of the first-level
 * cache. */
#include "tensor/kernels/kernel.h"
#include "tensor/kernels/vec.h"

#include <omp.h>

struct plane {
    int h, w;
    int image, c, channels; /* of the map, from channel c on; in the rest of YT_LANES are zeros */
    float *value;           /* (h, w, YT_LANES) */
    float *tap;             /* the same, of the windows' maxima */
};

static size_t plane_floats(const struct yt_map *m) {
    return 2 * (size_t)m->h * m->w * YT_LANES;
}
static struct plane plane_of(const struct yt_map *m, int task, float *scratch) {
    const int vectors = yt_vectors(m->c), c = task % vectors * YT_LANES;
    float *at = scratch + omp_get_thread_num() * plane_floats(m);
    return (struct plane){m->h,
                          m->w,
                          task / vectors,
                          c,
                          YT_MIN(YT_LANES, m->c - c),
                          at,
                          at + (size_t)m->h * m->w * YT_LANES};
}
static int plane_count(const struct yt_map *m) {
    return m->n * yt_vectors(m->c);
}

/* Where the plane's first pixel is in a map, and its tap in `where`, which is (n, h, w, c). */
static float *first_of(const struct plane *plane, const struct yt_map *m) {
    return yt_map_at(m, plane->image, 0, 0) + plane->c;
}
static size_t first_tap(const struct plane *plane, const struct yt_map *m) {
    return (size_t)plane->image * m->h * m->w * m->c + plane->c;
}

static void read_plane(const struct yt_map *m, const struct plane *plane) {
    const size_t pixels = (size_t)m->h * m->w;
    const float *from = first_of(plane, m);
    for (size_t i = 0; i < pixels; i++) {
        store(plane->value + i * YT_LANES, load_part(from + i * m->ld, plane->channels));
    }
}

/* The part of a k x k window around pixel (y, x) that is on the plane, and its taps. */
struct window {
    int y0, y1, x0, x1, tap0; /* tap of (y0, x0) */
};
static struct window window_at(int k, const struct plane *plane, int y, int x) {
    const int r = k / 2;
    struct window win = {YT_MAX(0, y - r), YT_MIN(plane->h, y + r + 1), YT_MAX(0, x - r),
                         YT_MIN(plane->w, x + r + 1), 0};
    win.tap0 = (win.y0 - y + r) * k + win.x0 - x + r;
    return win;
}

/* The maximum of each channel, and its tap; the first of equals, and NaN if there is one. */
static vec pool(int k, const struct plane *plane, const struct window *win, ivec *tap_of_best) {
    vec best = load(plane->value + ((size_t)win->y0 * plane->w + win->x0) * YT_LANES);
    *tap_of_best = (ivec){0} + win->tap0;
    for (int iy = win->y0; iy < win->y1; iy++) {
        const float *from = plane->value + ((size_t)iy * plane->w + win->x0) * YT_LANES;
        int tap = win->tap0 + (iy - win->y0) * k;
        for (int ix = win->x0; ix < win->x1; ix++, tap++, from += YT_LANES) {
            const vec v = load(from);
            const ivec better = (v > best) | ((v != v) & (best == best));
            best = pick(better, v, best);
            *tap_of_best = pick_int(better, (ivec){0} + tap, *tap_of_best);
        }
    }
    return best;
}

static void put_taps(ivec tap, uint8_t *to, int channels) {
    int32_t wide[YT_LANES];
    uint8_t narrow[YT_LANES];
    memcpy(wide, &tap, sizeof wide);
    for (int i = 0; i < YT_LANES; i++) narrow[i] = (uint8_t)wide[i];
    memcpy(to, narrow, channels);
}

size_t YT_KERNEL(maxpool_scratch)(const struct yt_map *m) {
    return yt_threads() * plane_floats(m);
}

void YT_KERNEL(maxpool_forward)(int k, const struct yt_map *x, const struct yt_map *y,
                                uint8_t *where, float *scratch) {
    YT_PARALLEL_TASKS
    for (int task = 0; task < plane_count(x); task++) {
        const struct plane plane = plane_of(x, task, scratch);
        float *to = first_of(&plane, y);
        uint8_t *taps = where ? where + first_tap(&plane, x) : NULL;
        read_plane(x, &plane);
        for (int i = 0; i < plane.h * plane.w; i++, to += y->ld) {
            const struct window win = window_at(k, &plane, i / plane.w, i % plane.w);
            ivec tap;
            store_part(to, pool(k, &plane, &win, &tap), plane.channels);
            if (!taps) continue;
            put_taps(tap, taps + (size_t)i * x->c, plane.channels);
        }
    }
}

/* The sum of dy over the windows that pixel (y, x) won: the window around (oy, ox) has it at tap
 * (y - oy + k/2) * k + x - ox + k/2, so taps run backwards. */
static vec gather(int k, const struct plane *plane, const struct window *win) {
    vec sum = {0};
    for (int oy = win->y0; oy < win->y1; oy++) {
        const size_t first = ((size_t)oy * plane->w + win->x0) * YT_LANES;
        const float *from = plane->value + first;
        const float *winner = plane->tap + first;
        int tap = k * k - 1 - win->tap0 - (oy - win->y0) * k;
        for (int ox = win->x0; ox < win->x1; ox++, tap--, from += YT_LANES, winner += YT_LANES) {
            sum += pick(load(winner) == splat((float)tap), load(from), (vec){0});
        }
    }
    return sum;
}

void YT_KERNEL(maxpool_backward)(int k, const struct yt_map *dy, const uint8_t *where,
                                 const struct yt_map *dx, bool add, float *scratch) {
    YT_PARALLEL_TASKS
    for (int task = 0; task < plane_count(dx); task++) {
        const struct plane plane = plane_of(dx, task, scratch);
        const int part = plane.channels;
        const size_t pixels = (size_t)plane.h * plane.w;
        const uint8_t *tap = where + first_tap(&plane, dx);
        float *to = first_of(&plane, dx);
        read_plane(dy, &plane);
        for (size_t i = 0; i < pixels; i++, tap += dx->c) {
            float *as_float = plane.tap + i * YT_LANES;
            for (int lane = 0; lane < YT_LANES; lane++)
                as_float[lane] = lane < part ? (float)tap[lane] : 0;
        }
        for (size_t i = 0; i < pixels; i++, to += dx->ld) {
            const struct window win = window_at(k, &plane, (int)i / plane.w, (int)i % plane.w);
            const vec sum = gather(k, &plane, &win);
            store_part(to, add ? load_part(to, part) + sum : sum, part);
        }
    }
}
