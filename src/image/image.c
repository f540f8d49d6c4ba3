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

struct yt_image *yt_image_crop(const struct yt_image *image, int x, int y, int w, int h) {
    YT_ASSERT(x >= 0 && y >= 0 && w <= image->w - x && h <= image->h - y);
    struct yt_image *out = yt_malloc(sizeof *out);
    *out = (struct yt_image){w, h, image->c, yt_malloc(bytes_of(w, h, image->c))};
    size_t row = (size_t)w * image->c, stride = (size_t)image->w * image->c;
    const uint8_t *from = image->data + y * stride + (size_t)x * image->c;
    for (int i = 0; i < h; i++) memcpy(out->data + i * row, from + i * stride, row);
    return out;
}

void yt_image_fill(struct yt_image *image, uint8_t value) {
    memset(image->data, value, bytes_of(image->w, image->h, image->c));
}

static void replicate(const uint8_t *gray, uint8_t *rgb, size_t n) {
    for (size_t i = 0; i < n; i++) rgb[3 * i] = rgb[3 * i + 1] = rgb[3 * i + 2] = gray[i];
}

void yt_image_paste_into(const struct yt_image *src, struct yt_image *dst, int x, int y) {
    YT_ASSERT(x >= 0 && y >= 0 && src->w <= dst->w - x && src->h <= dst->h - y);
    YT_ASSERT(src->c == dst->c || src->c == 1);
    for (int i = 0; i < src->h; i++) {
        const uint8_t *from = src->data + (size_t)i * src->w * src->c;
        uint8_t *to = dst->data + ((size_t)(y + i) * dst->w + x) * dst->c;
        if (src->c == dst->c)
            memcpy(to, from, (size_t)src->w * src->c);
        else
            replicate(from, to, (size_t)src->w);
    }
}

struct yt_image *yt_image_to_rgb(const struct yt_image *image) {
    if (image->c == 3) return yt_image_clone(image);
    struct yt_image *out = yt_image_new(image->w, image->h, 3);
    replicate(image->data, out->data, (size_t)image->w * image->h);
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
