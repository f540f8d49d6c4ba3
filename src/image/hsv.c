/* 8-bit HSV as OpenCV has it: hue in 0..179 (two degrees a step).
 *     V = max, d = V - min, S = d 255 / V, H = 60 / 2 (g - b, b - r + 2d, or r - g + 4d) / d
 * by tables of reciprocals in 12 bits; and back in float32 with fused multiply-add, as OpenCV runs
 * on CPUs that have it, truncated. Grays come back exactly. */
#include "image/image.h"

#include <math.h>

static void make_reciprocals(int saturation[256], int hue[256]) {
    saturation[0] = hue[0] = 0;
    for (int i = 1; i < 256; i++) {
        saturation[i] = (int)lrint((255 << 12) / (double)i);
        hue[i] = (int)lrint((180 << 12) / (6.0 * i));
    }
}

void yt_rgb_to_hsv(const uint8_t *rgb, uint8_t *hsv, size_t n) {
    int saturation[256], hue[256];
    make_reciprocals(saturation, hue);
    for (size_t i = 0; i < n; i++) {
        int r = rgb[3 * i], g = rgb[3 * i + 1], b = rgb[3 * i + 2];
        int v = YT_MAX(r, YT_MAX(g, b)), d = v - YT_MIN(r, YT_MIN(g, b));
        int h = v == r ? g - b : v == g ? b - r + 2 * d : r - g + 4 * d;
        h = (h * hue[d] + 2048) >> 12;
        hsv[3 * i] = (uint8_t)(h < 0 ? h + 180 : h);
        hsv[3 * i + 1] = (uint8_t)((d * saturation[v] + 2048) >> 12);
        hsv[3 * i + 2] = (uint8_t)v;
    }
}

void yt_hsv_to_rgb(const uint8_t *hsv, uint8_t *rgb, size_t n) {
    for (size_t i = 0; i < n; i++) {
        float h = hsv[3 * i] * (6.0f / 180.0f);
        float s = hsv[3 * i + 1] * (1.0f / 255.0f);
        float v = hsv[3 * i + 2] * (1.0f / 255.0f);
        int sector = (int)h;
        h -= (float)sector;
        sector %= 6; /* hues up to 255 can be asked for */
        float p = v * (1 - s), q = v * fmaf(-s, h, 1), t = v * fmaf(-s, 1 - h, 1);
        float r = sector == 0 || sector == 5 ? v : sector == 1 ? q : sector == 4 ? t : p;
        float g = sector == 1 || sector == 2 ? v : sector == 0 ? t : sector == 3 ? q : p;
        float b = sector == 3 || sector == 4 ? v : sector == 2 ? t : sector == 5 ? q : p;
        rgb[3 * i] = (uint8_t)(r * 255.0f);
        rgb[3 * i + 1] = (uint8_t)(g * 255.0f);
        rgb[3 * i + 2] = (uint8_t)(b * 255.0f);
    }
}
