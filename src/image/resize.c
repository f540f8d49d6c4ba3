/* Bilinear resize in fixed point: 11-bit weights in x and y (a sum of 2048), products cut to 18 and
 * 22 bits as OpenCV's vector code does:
 *     row(x) = p[sx] a0 + p[sx+1] a1
 *     out    = ((b0 (row0 >> 4) >> 16) + (b1 (row1 >> 4) >> 16) + 2) >> 2
 * The image is done in strips of STRIP columns, so that weights and rows fit on the stack. */
#include "image/image.h"

#include <math.h>
#include <string.h>

enum { STRIP = 256, ONE = 2048 };

/* Where output position `out` falls: source index and weights of it and the next one. */
static int locate(int out, double scale, float *fraction) {
    float at = (float)((out + 0.5) * scale - 0.5);
    int index = (int)floorf(at);
    *fraction = at - (float)index;
    return index;
}

/* Columns of a strip: byte offsets of the left and right neighbour, and their weights. */
struct columns {
    int count;
    int left[STRIP], right[STRIP];
    int a0[STRIP], a1[STRIP];
};

static void make_columns(struct columns *columns, const struct yt_image *src, int first, int count,
                         double scale) {
    columns->count = count;
    for (int i = 0; i < count; i++) {
        float f;
        int sx = locate(first + i, scale, &f);
        if (sx < 0) sx = 0, f = 0;
        if (sx >= src->w - 1) sx = src->w - 1, f = 0;
        columns->left[i] = sx * src->c;
        columns->right[i] = YT_MIN(sx + 1, src->w - 1) * src->c;
        columns->a0[i] = (int)lrintf((1 - f) * ONE);
        columns->a1[i] = (int)lrintf(f * ONE);
    }
}

/* Inlined for each c, a constant there, so that the loop over channels disappears. */
static inline __attribute__((always_inline)) void resize_row(const struct columns *columns,
                                                             const uint8_t *p, int *row, int c) {
    for (int i = 0; i < columns->count; i++) {
        const uint8_t *left = p + columns->left[i], *right = p + columns->right[i];
        int a0 = columns->a0[i], a1 = columns->a1[i];
        for (int k = 0; k < c; k++) row[i * c + k] = (left[k] * a0 + right[k] * a1) >> 4;
    }
}

static void mix_rows(const int *row0, const int *row1, int b0, int b1, uint8_t *out, int n) {
    for (int i = 0; i < n; i++)
        out[i] = (uint8_t)((((b0 * row0[i]) >> 16) + ((b1 * row1[i]) >> 16) + 2) >> 2);
}

/* `out` is the strip's top left byte, `stride` the bytes between its rows. */
static void resize_strip(const struct yt_image *src, const struct columns *columns, uint8_t *out,
                         size_t stride, int h, double scale) {
    int rows[2][3 * STRIP], *row[2] = {rows[0], rows[1]};
    int held[2] = {-1, -1}; /* which source rows they are */
    for (int y = 0; y < h; y++, out += stride) {
        float f;
        int sy = locate(y, scale, &f);
        for (int k = 0; k < 2; k++) {
            int want = YT_MIN(YT_MAX(sy + k, 0), src->h - 1);
            if (k == 0 && held[1] == want) { /* going down, the lower row becomes the upper */
                int *t = row[0];
                row[0] = row[1], row[1] = t;
                held[1] = held[0], held[0] = want;
            }
            if (held[k] == want) continue;
            const uint8_t *p = src->data + (size_t)want * src->w * src->c;
            if (src->c == 1)
                resize_row(columns, p, row[k], 1);
            else
                resize_row(columns, p, row[k], 3);
            held[k] = want;
        }
        mix_rows(row[0], row[1], (int)lrintf((1 - f) * ONE), (int)lrintf(f * ONE), out,
                 columns->count * src->c);
    }
}

static void halve(const struct yt_image *src, uint8_t *out, size_t stride, int w, int h) {
    int c = src->c;
    size_t row = (size_t)src->w * c;
    for (int y = 0; y < h; y++, out += stride) {
        const uint8_t *upper = src->data + 2 * y * row, *lower = upper + row;
        for (int x = 0; x < w; x++)
            for (int k = 0; k < c; k++) {
                int i = 2 * x * c + k;
                out[x * c + k] =
                    (uint8_t)((upper[i] + upper[i + c] + lower[i] + lower[i + c] + 2) >> 2);
            }
    }
}

void yt_image_resize_into(const struct yt_image *src, struct yt_image *dst, int x, int y, int w,
                          int h) {
    YT_ASSERT(src->c == dst->c && w > 0 && h > 0);
    YT_ASSERT(x >= 0 && y >= 0 && w <= dst->w - x && h <= dst->h - y);
    size_t stride = (size_t)dst->w * dst->c;
    uint8_t *out = dst->data + y * stride + (size_t)x * dst->c;
    if (w == src->w && h == src->h) {
        yt_image_paste_into(src, dst, x, y);
    } else if (src->w == 2 * w && src->h == 2 * h) {
        halve(src, out, stride, w, h);
    } else {
        double scale_x = 1 / ((double)w / src->w), scale_y = 1 / ((double)h / src->h);
        struct columns columns;
        for (int first = 0; first < w; first += STRIP) {
            make_columns(&columns, src, first, YT_MIN(STRIP, w - first), scale_x);
            resize_strip(src, &columns, out + (size_t)first * src->c, stride, h, scale_y);
        }
    }
}
