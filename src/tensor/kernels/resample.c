/* Nearest upsampling by 2 and maximum pooling. */
#include "tensor/kernels/kernel.h"
#include "tensor/kernels/vec.h"

void YT_KERNEL(upsample2_forward)(const struct yt_map *x, const struct yt_map *y) {
    YT_PARALLEL_TASKS
    for (int row = 0; row < y->n * y->h; row++) {
        const int n = row / y->h, oy = row % y->h;
        for (int ox = 0; ox < y->w; ox++) {
            memcpy(yt_map_at(y, n, oy, ox), yt_map_at(x, n, oy / 2, ox / 2), y->c * sizeof(float));
        }
    }
}

/* dx[y, x] (+)= dy[2y, 2x] + dy[2y, 2x+1] + dy[2y+1, 2x] + dy[2y+1, 2x+1] */
void YT_KERNEL(upsample2_backward)(const struct yt_map *dy, const struct yt_map *dx, bool add) {
    YT_PARALLEL_TASKS
    for (int row = 0; row < dx->n * dx->h; row++) {
        const int n = row / dx->h, iy = row % dx->h;
        for (int ix = 0; ix < dx->w; ix++) {
            const float *top = yt_map_at(dy, n, 2 * iy, 2 * ix);
            const float *bottom = yt_map_at(dy, n, 2 * iy + 1, 2 * ix);
            float *to = yt_map_at(dx, n, iy, ix);
            for (int c = 0; c < dx->c; c += YT_LANES) {
                const int part = YT_MIN(YT_LANES, dx->c - c);
                vec sum = (load_part(top + c, part) + load_part(top + dy->ld + c, part)) +
                          (load_part(bottom + c, part) + load_part(bottom + dy->ld + c, part));
                store_part(to + c, add ? load_part(to + c, part) + sum : sum, part);
            }
        }
    }
}

/* n <= YT_LANES bytes as integers, and back. */
typedef uint8_t bytes __attribute__((vector_size(YT_LANES)));
YT_INLINE ivec load_bytes(const uint8_t *p, int n) {
    bytes b = {0};
    memcpy(&b, p, n);
    return __builtin_convertvector(b, ivec);
}
YT_INLINE void store_bytes(uint8_t *p, ivec v, int n) {
    const bytes b = __builtin_convertvector(v, bytes);
    memcpy(p, &b, n);
}

/* The part of a k x k window around pixel (y, x) that is on the map, and its taps. */
struct window {
    int y0, y1, x0, x1, tap0; /* tap of (y0, x0) */
};
static struct window window_at(int k, const struct yt_map *m, int y, int x) {
    const int r = k / 2;
    struct window win = {YT_MAX(0, y - r), YT_MIN(m->h, y + r + 1), YT_MAX(0, x - r),
                         YT_MIN(m->w, x + r + 1), 0};
    win.tap0 = (win.y0 - y + r) * k + win.x0 - x + r;
    return win;
}

/* The maximum of n channels, and its tap; the first of equals, and NaN if there is one. */
YT_INLINE void pool(int k, const struct yt_map *x, int image, const struct window *win, int c,
                    int n, float *y, uint8_t *where) {
    vec best = load_part(yt_map_at(x, image, win->y0, win->x0) + c, n);
    ivec tap_of_best = (ivec){0} + win->tap0;
    for (int iy = win->y0; iy < win->y1; iy++) {
        for (int ix = win->x0; ix < win->x1; ix++) {
            const vec v = load_part(yt_map_at(x, image, iy, ix) + c, n);
            const ivec better = (v > best) | ((v != v) & (best == best));
            const int tap = win->tap0 + (iy - win->y0) * k + ix - win->x0;
            best = pick(better, v, best);
            tap_of_best = pick_int(better, (ivec){0} + tap, tap_of_best);
        }
    }
    store_part(y, best, n);
    if (where) store_bytes(where, tap_of_best, n);
}

void YT_KERNEL(maxpool_forward)(int k, const struct yt_map *x, const struct yt_map *y,
                                uint8_t *where) {
    YT_PARALLEL_TASKS
    for (int row = 0; row < y->n * y->h; row++) {
        const int n = row / y->h, oy = row % y->h;
        for (int ox = 0; ox < y->w; ox++) {
            const struct window win = window_at(k, x, oy, ox);
            float *to = yt_map_at(y, n, oy, ox);
            uint8_t *taps = where ? where + ((size_t)row * y->w + ox) * y->c : NULL;
            int c = 0;
            for (; c + YT_LANES <= y->c; c += YT_LANES) {
                pool(k, x, n, &win, c, YT_LANES, to + c, taps ? taps + c : NULL);
            }
            if (c < y->c) pool(k, x, n, &win, c, y->c - c, to + c, taps ? taps + c : NULL);
        }
    }
}

/* The sum of dy over the windows that pixel (y, x) won: the window around (oy, ox) has it at tap
 * (y - oy + k/2) * k + x - ox + k/2, so taps run backwards. */
YT_INLINE vec gather(int k, const struct yt_map *dy, const uint8_t *where, int image,
                     const struct window *win, int c, int n) {
    vec sum = {0};
    const int first_tap = k * k - 1 - win->tap0;
    for (int oy = win->y0; oy < win->y1; oy++) {
        for (int ox = win->x0; ox < win->x1; ox++) {
            const int tap = first_tap - (oy - win->y0) * k - (ox - win->x0);
            const uint8_t *winner = where + (((size_t)image * dy->h + oy) * dy->w + ox) * dy->c + c;
            const ivec won = load_bytes(winner, n) == tap;
            sum += pick(won, load_part(yt_map_at(dy, image, oy, ox) + c, n), (vec){0});
        }
    }
    return sum;
}

void YT_KERNEL(maxpool_backward)(int k, const struct yt_map *dy, const uint8_t *where,
                                 const struct yt_map *dx, bool add) {
    YT_PARALLEL_TASKS
    for (int row = 0; row < dx->n * dx->h; row++) {
        const int n = row / dx->h, iy = row % dx->h;
        for (int ix = 0; ix < dx->w; ix++) {
            const struct window win = window_at(k, dy, iy, ix);
            float *to = yt_map_at(dx, n, iy, ix);
            int c = 0;
            for (; c + YT_LANES <= dx->c; c += YT_LANES) {
                const vec sum = gather(k, dy, where, n, &win, c, YT_LANES);
                store(to + c, add ? load(to + c) + sum : sum);
            }
            if (c < dx->c) {
                const int part = dx->c - c;
                const vec sum = gather(k, dy, where, n, &win, c, part);
                store_part(to + c, add ? load_part(to + c, part) + sum : sum, part);
            }
        }
    }
}
