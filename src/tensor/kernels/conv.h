/* Shared by the dense convolution's directions: bands of a map, copied once with their zero border,
 * so that every tap of every pixel is there and a tap is an offset. */
#ifndef YT_TENSOR_KERNELS_CONV_H
#define YT_TENSOR_KERNELS_CONV_H

#include "tensor/kernels/kernel.h"

/* Floats of a band that leave room in a second-level cache of 512 KiB for the weights. */
enum { YT_BAND_FLOATS = 32 * 1024 };

/* A convolution that reads its input where it lies: no border, and pixels follow each other, so
 * that the whole batch is one row of pixels. */
static inline bool yt_conv_is_product(const struct yt_conv *conv) {
    return conv->k == 1 && conv->stride == 1 && conv->pad == 0;
}

/* band (rows, width, c), dense = rows row.. and columns column.. of image n of the map; zeros where
 * these lie outside of it. */
#define yt_band_copy YT_KERNEL(band_copy)
void yt_band_copy(float *band, const struct yt_map *map, int n, int row, int rows, int column,
                  int width);

/* Asks the memory for part of the pixels that a product reads next: `ahead` pixels from `next` on,
 * of these the share from done to done + now of total. A product reads each pixel too few times to
 * hide the wait for it, so every block of registers asks for a few. */
static inline void yt_prefetch(const float *next, int ahead, const struct yt_map *map, size_t done,
                               size_t now, size_t total) {
    const float *pixel = next + ahead * done / total * map->ld;
    const float *end = next + ahead * (done + now) / total * map->ld;
    for (; pixel < end; pixel += map->ld) {
        for (int c = 0; c < map->c; c += 16) __builtin_prefetch(pixel + c, 0, 2);
    }
}

#endif
