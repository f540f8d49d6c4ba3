#include "base/polygon.h"

static void add(struct yt_polygon *polygon, float x, float y) {
    YT_ASSERT(polygon->count < YT_POLYGON_MAX);
    polygon->x[polygon->count] = x;
    polygon->y[polygon->count++] = y;
}

/* Keeps the side where sign * (coordinate - limit) >= 0; the coordinate is x, or y if `vertical`.
 */
static struct yt_polygon cut(const struct yt_polygon *in, bool vertical, float limit, float sign) {
    struct yt_polygon out = {0};
    for (int i = 0; i < in->count; i++) {
        int k = i ? i - 1 : in->count - 1; /* the corner before */
        float from = sign * ((vertical ? in->y[k] : in->x[k]) - limit);
        float to = sign * ((vertical ? in->y[i] : in->x[i]) - limit);
        if ((from >= 0) != (to >= 0)) {
            float t = from / (from - to);
            add(&out, in->x[k] + t * (in->x[i] - in->x[k]), in->y[k] + t * (in->y[i] - in->y[k]));
        }
        if (to >= 0) add(&out, in->x[i], in->y[i]);
    }
    return out;
}

struct yt_polygon yt_polygon_clip(const struct yt_polygon *polygon, struct yt_box box) {
    YT_ASSERT(polygon->count <= 4);
    struct yt_polygon left = cut(polygon, false, box.x1, 1);
    struct yt_polygon right = cut(&left, false, box.x2, -1);
    struct yt_polygon top = cut(&right, true, box.y1, 1);
    return cut(&top, true, box.y2, -1);
}

struct yt_box yt_polygon_bounds(const struct yt_polygon *polygon) {
    YT_ASSERT(polygon->count > 0);
    struct yt_box box = {polygon->x[0], polygon->y[0], polygon->x[0], polygon->y[0]};
    for (int i = 1; i < polygon->count; i++) {
        box.x1 = YT_MIN(box.x1, polygon->x[i]), box.x2 = YT_MAX(box.x2, polygon->x[i]);
        box.y1 = YT_MIN(box.y1, polygon->y[i]), box.y2 = YT_MAX(box.y2, polygon->y[i]);
    }
    return box;
}
