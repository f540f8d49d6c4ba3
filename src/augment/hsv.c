/* i -> i g mod 180 for the hue, min(i g, 255) for saturation and value, cut to whole numbers, as
 * tables of 256. */
#include "augment/augment.h"

#include <math.h>

struct yt_hsv_gains yt_hsv_draw(const struct yt_augment *augment, struct yt_rng *rng) {
    struct yt_hsv_gains gains;
    gains.h = 1 + yt_rng_uniform(rng, -1, 1) * augment->hsv_h;
    gains.s = 1 + yt_rng_uniform(rng, -1, 1) * augment->hsv_s;
    gains.v = 1 + yt_rng_uniform(rng, -1, 1) * augment->hsv_v;
    return gains;
}

static void make_table(uint8_t table[256], double gain) {
    for (int i = 0; i < 256; i++) table[i] = (uint8_t)fmin(fmax(i * gain, 0), 255);
}

static void make_hue_table(uint8_t table[256], double gain) {
    for (int i = 0; i < 256; i++) table[i] = (uint8_t)fmod(i * gain, 180);
}

void yt_hsv_apply(const struct yt_hsv_gains *gains, struct yt_image *image) {
    size_t n = (size_t)image->w * image->h;
    uint8_t *p = image->data;
    uint8_t hue[256], saturation[256], value[256];
    make_table(value, gains->v);
    if (image->c == 1) {
        for (size_t i = 0; i < n; i++) p[i] = value[p[i]];
        return;
    }
    make_hue_table(hue, gains->h);
    make_table(saturation, gains->s);
    yt_rgb_to_hsv(p, p, n);
    for (size_t i = 0; i < n; i++) {
        p[3 * i] = hue[p[3 * i]];
        p[3 * i + 1] = saturation[p[3 * i + 1]];
        p[3 * i + 2] = value[p[3 * i + 2]];
    }
    yt_hsv_to_rgb(p, p, n);
}
