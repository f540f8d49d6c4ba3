#include "image/image.h"

#include <stdlib.h>
#include <string.h>

static size_t bytes_of(int w, int h, int c) {
    YT_ASSERT(w > 0 && h > 0 && (c == 1 || c == 3));
    return (size_t)w * (size_t)h * (size_t)c;
}

struct yt_image *yt_image_new(int w, int h, int c) {
    struct yt_image *image = yt_malloc(sizeof *image);
    *image = (struct yt_image){w, h, c, yt_calloc(bytes_of(w, h, c), 1)};
    return image;
}

void yt_image_free(struct yt_image *image) {
    if (!image) return;
    free(image->data);
    free(image);
}

struct yt_image *yt_image_clone(const struct yt_image *image) {
    return yt_image_crop(image, 0, 0, image->w, image->h);
}

static void replicate(const uint8_t *gray, uint8_t *rgb, size_t n) {
    for (size_t i = 0; i < n; i++) rgb[3 * i] = rgb[3 * i + 1] = rgb[3 * i + 2] = gray[i];
}

/* w x h pixels at (sx, sy) of src to (dx, dy) of dst. */
static void copy_window(const struct yt_image *src, int sx, int sy, struct yt_image *dst, int dx,
                        int dy, int w, int h) {
    YT_ASSERT(sx >= 0 && sy >= 0 && w <= src->w - sx && h <= src->h - sy);
    YT_ASSERT(dx >= 0 && dy >= 0 && w <= dst->w - dx && h <= dst->h - dy);
    YT_ASSERT(src->c == dst->c || src->c == 1);
    for (int y = 0; y < h; y++) {
        const uint8_t *from = src->data + ((size_t)(sy + y) * src->w + sx) * src->c;
        uint8_t *to = dst->data + ((size_t)(dy + y) * dst->w + dx) * dst->c;
        if (src->c == dst->c)
            memcpy(to, from, (size_t)w * src->c);
        else
            replicate(from, to, (size_t)w);
    }
}

void yt_image_crop_into(const struct yt_image *image, int x, int y, struct yt_image *out) {
    copy_window(image, x, y, out, 0, 0, out->w, out->h);
}

struct yt_image *yt_image_crop(const struct yt_image *image, int x, int y, int w, int h) {
    struct yt_image *out = yt_image_new(w, h, image->c);
    yt_image_crop_into(image, x, y, out);
    return out;
}

void yt_image_fill(struct yt_image *image, uint8_t value) {
    memset(image->data, value, bytes_of(image->w, image->h, image->c));
}

void yt_image_paste_into(const struct yt_image *src, struct yt_image *dst, int x, int y) {
    copy_window(src, 0, 0, dst, x, y, src->w, src->h);
}

struct yt_image *yt_image_to_rgb(const struct yt_image *image) {
    struct yt_image *out = yt_image_new(image->w, image->h, 3);
    yt_image_paste_into(image, out, 0, 0);
    return out;
}

void yt_image_to_floats(const struct yt_image *image, float *out) {
    float unit[256];
    for (int i = 0; i < 256; i++) unit[i] = (float)i / 255.0f;
    size_t n = (size_t)image->w * image->h;
    if (image->c == 3)
        for (size_t i = 0; i < 3 * n; i++) out[i] = unit[image->data[i]];
    else
        for (size_t i = 0; i < n; i++)
            out[3 * i] = out[3 * i + 1] = out[3 * i + 2] = unit[image->data[i]];
}
