#include "data/slant.h"

#include <math.h>

/* A rectangle: its centre, half its sides, and their directions. */
struct rectangle {
    double x, y, half[2], along[2][2];
};

/* False if the four corners are none. */
static bool read_rectangle(const double corners[8], struct rectangle *r) {
    const double tolerance = 0.05; /* of a right angle's cosine: corners may be whole pixels */
    *r = (struct rectangle){0};
    for (int i = 0; i < 4; i++) {
        if (!isfinite(corners[2 * i]) || !isfinite(corners[2 * i + 1])) return false;
        r->x += corners[2 * i] / 4;
        r->y += corners[2 * i + 1] / 4;
    }
    for (int side = 0; side < 2; side++) {
        int to = side ? 6 : 2; /* the corners beside the first */
        double dx = corners[to] - corners[0], dy = corners[to + 1] - corners[1];
        double length = hypot(dx, dy);
        if (!(length > 0)) return false;
        r->half[side] = length / 2;
        r->along[side][0] = dx / length;
        r->along[side][1] = dy / length;
    }
    double cosine = r->along[0][0] * r->along[1][0] + r->along[0][1] * r->along[1][1];
    return fabs(cosine) < tolerance;
}

static struct yt_polygon grown(const struct rectangle *r, double by) {
    static const int signs[4][2] = {{-1, -1}, {1, -1}, {1, 1}, {-1, 1}};
    struct yt_polygon polygon = {.count = 4};
    for (int i = 0; i < 4; i++) {
        double a = signs[i][0] * (r->half[0] + by), b = signs[i][1] * (r->half[1] + by);
        polygon.x[i] = (float)(r->x + a * r->along[0][0] + b * r->along[1][0]);
        polygon.y[i] = (float)(r->y + a * r->along[0][1] + b * r->along[1][1]);
    }
    return polygon;
}

static double area_of(struct yt_box box) {
    return (double)(box.x2 - box.x1) * (double)(box.y2 - box.y1);
}

bool yt_slant_fit(struct yt_box a_bbox, const double corners[8], struct yt_polygon *slant) {
    const double largest_share = 0.8, least_reach = 0.99, step_px = 0.5;
    double area = area_of(a_bbox);
    struct rectangle r;
    if (!read_rectangle(corners, &r)) return false;
    for (double by = step_px;; by += step_px) {
        double own = 4 * (r.half[0] + by) * (r.half[1] + by);
        if (!(own <= largest_share * area)) return false;
        *slant = grown(&r, by);
        struct yt_polygon shared = yt_polygon_clip(slant, a_bbox);
        if (shared.count && area_of(yt_polygon_bounds(&shared)) >= least_reach * area) return true;
    }
}
