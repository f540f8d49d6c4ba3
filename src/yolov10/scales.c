#include "yolov10/scales.h"

#include <math.h>
#include <string.h>

#define LAYER(i) (1u << (i))

static const struct yt_scale scales[] = {
    {"n", 0.33, 0.25, 1024, LAYER(22), true},
    {"s", 0.33, 0.50, 1024, LAYER(8) | LAYER(22), true},
    {"m", 0.67, 0.75, 768, LAYER(8) | LAYER(19) | LAYER(22), false},
    {"b", 0.67, 1.00, 512, LAYER(8) | LAYER(13) | LAYER(19) | LAYER(22), false},
    {"l", 1.00, 1.00, 512, LAYER(8) | LAYER(13) | LAYER(19) | LAYER(22), false},
    {"x", 1.00, 1.25, 512, LAYER(6) | LAYER(8) | LAYER(13) | LAYER(19) | LAYER(22), false},
};

const struct yt_scale *yt_scale_find(const char *name) {
    const char *letter = strncmp(name, "yolov10", 7) == 0 ? name + 7 : name;
    size_t len = strcspn(letter, ".");
    for (size_t i = 0; i < YT_COUNT(scales); i++)
        if (len == 1 && letter[0] == scales[i].name[0]) return &scales[i];
    return yt_fail_null("model: %s: is no YOLOv10 scale; use one of n s m b l x", name);
}

const struct yt_scale *yt_scale_at(int i) {
    return i >= 0 && (size_t)i < YT_COUNT(scales) ? &scales[i] : NULL;
}

int yt_scale_channels(const struct yt_scale *scale, int c, int nc) {
    if (c == nc) return c;
    return 8 * (int)ceil(YT_MIN(c, scale->max_channels) * scale->width / 8);
}

int yt_scale_repeats(const struct yt_scale *scale, int n) {
    return YT_MAX((int)nearbyint(n * scale->depth), 1); /* half to even */
}
