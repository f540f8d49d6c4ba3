/* Affine warp in fixed point: positions in 1/32 pixel, weights (32-fx)(32-fy), (fx)(32-fy), ... of
 * sum 1024. With the inverse map (a11 a12 b1; a21 a22 b2), for output (x, y):
 *     X = (round((a12 y + b1) 1024) + 16 + round(a11 x 1024)) >> 5, the pixel X >> 5, fx = X & 31.
 */
#include "image/image.h"

#include <math.h>

enum { STRIP = 512, FRACTION_BITS = 5, ONE = 1 << FRACTION_BITS };

/* To 1/1024 pixel. Clamped so that the sum of two, for a map that leaves every image, fits. */
static int fixed(double pixels) {
    double t = pixels * 1024;
    return (int)lrint(t < -1e9 ? -1e9 : t > 1e9 ? 1e9 : t);
}

static void invert(const double m[6], double inverse[6]) {
    double determinant = m[0] * m[4] - m[1] * m[3];
    double d = determinant != 0 ? 1 / determinant : 0;
    double a11 = m[4] * d, a12 = -m[1] * d, a21 = -m[3] * d, a22 = m[0] * d;
    inverse[0] = a11, inverse[1] = a12, inverse[2] = -a11 * m[2] - a12 * m[5];
    inverse[3] = a21, inverse[4] = a22, inverse[5] = -a21 * m[2] - a22 * m[5];
}

/* The weighted sum of four neighbours in three products. */
static int mix(int p00, int p01, int p10, int p11, int fx, int fy) {
    int upper = p00 * ONE + (p01 - p00) * fx, lower = p10 * ONE + (p11 - p10) * fx;
    return (upper * ONE + (lower - upper) * fy + 512) >> 10;
}

/* Some of the four neighbours lie outside; each of those is the border. */
static void edge_pixel(const struct yt_image *src, int ix, int iy, int fx, int fy, uint8_t border,
                       uint8_t *out) {
    for (int k = 0; k < src->c; k++) {
        int p[4];
        for (int i = 0; i < 4; i++) {
            int x = ix + (i & 1), y = iy + (i >> 1);
            bool inside = x >= 0 && x < src->w && y >= 0 && y < src->h;
            p[i] = inside ? src->data[((size_t)y * src->w + x) * src->c + k] : border;
        }
        out[k] = (uint8_t)mix(p[0], p[1], p[2], p[3], fx, fy);
    }
}

/* n output pixels whose source is at (x0 + dx[i], y0 + dy[i]), in 1/1024. Inlined for each c, which
 * is the channels of src and a constant there, so that the loop over them disappears. */
static inline __attribute__((always_inline)) void warp_run(const struct yt_image *src, int x0,
                                                           int y0, const int *dx, const int *dy,
                                                           int n, uint8_t border, uint8_t *out,
                                                           int c) {
    size_t row = (size_t)src->w * c;
    unsigned last_x = (unsigned)src->w - 1, last_y = (unsigned)src->h - 1;
    for (int i = 0; i < n; i++, out += c) {
        int x = (x0 + dx[i]) >> FRACTION_BITS, y = (y0 + dy[i]) >> FRACTION_BITS;
        int ix = x >> FRACTION_BITS, iy = y >> FRACTION_BITS;
        int fx = x & (ONE - 1), fy = y & (ONE - 1);
        if ((unsigned)ix >= last_x || (unsigned)iy >= last_y) {
            edge_pixel(src, ix, iy, fx, fy, border, out);
            continue;
        }
        const uint8_t *p = src->data + (size_t)iy * row + (size_t)ix * c;
        for (int k = 0; k < c; k++)
            out[k] = (uint8_t)mix(p[k], p[k + c], p[k + row], p[k + row + c], fx, fy);
    }
}

void yt_image_warp_into(const struct yt_image *src, struct yt_image *dst, const double m[6],
                        uint8_t border) {
    YT_ASSERT(src->c == dst->c && src != dst);
    enum { HALF = 1 << (10 - FRACTION_BITS - 1) }; /* rounds 1/1024 to 1/32 */
    double a[6];
    invert(m, a);
    int dx[STRIP], dy[STRIP];
    for (int first = 0; first < dst->w; first += STRIP) {
        int n = YT_MIN(STRIP, dst->w - first);
        for (int i = 0; i < n; i++) {
            dx[i] = fixed(a[0] * (first + i));
            dy[i] = fixed(a[3] * (first + i));
        }
        for (int y = 0; y < dst->h; y++) {
            uint8_t *out = dst->data + ((size_t)y * dst->w + first) * dst->c;
            int x0 = fixed(a[1] * y + a[2]) + HALF, y0 = fixed(a[4] * y + a[5]) + HALF;
            if (src->c == 1)
                warp_run(src, x0, y0, dx, dy, n, border, out, 1);
            else
                warp_run(src, x0, y0, dx, dy, n, border, out, 3);
        }
    }
}
