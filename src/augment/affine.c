/* M = T R C in float32: the centre goes to the origin, is rotated by the angle a and scaled by s,
 *     R = | s cos a  s sin a |
 *         |-s sin a  s cos a |
 * and goes to the middle of the output, shifted. */
#include "augment/augment.h"

#include <math.h>

/* One draw says whether and how far: what falls outside of -degrees .. degrees stays upright. */
static double draw_degrees(const struct yt_augment *augment, struct yt_rng *rng) {
    double rotated = 1 - augment->upright;
    double reach = rotated > 0 ? augment->degrees / rotated : 0;
    double degrees = yt_rng_uniform(rng, -reach, reach);
    return fabs(degrees) <= augment->degrees ? degrees : 0;
}

struct yt_affine yt_affine_draw(const struct yt_augment *augment, struct yt_rng *rng, int side) {
    double t = augment->translate;
    double angle = draw_degrees(augment, rng) * M_PI / 180;
    double scale = yt_rng_uniform(rng, 1 - augment->scale, 1 + augment->scale);
    float to_x = (float)(yt_rng_uniform(rng, 0.5 - t, 0.5 + t) * side);
    float to_y = (float)(yt_rng_uniform(rng, 0.5 - t, 0.5 + t) * side);
    float c = (float)(scale * cos(angle)), s = (float)(scale * sin(angle));
    float centre = (float)(side / 2.0);
    return (struct yt_affine){
        .m = {c, s, to_x - c * centre - s * centre, -s, c, to_y + s * centre - c * centre},
        .scale = (float)scale,
    };
}

bool yt_affine_is_identity(const struct yt_affine *affine) {
    const float *m = affine->m;
    return m[0] == 1 && m[1] == 0 && m[2] == 0 && m[3] == 0 && m[4] == 1 && m[5] == 0;
}

static struct yt_box clipped(struct yt_box box, int side) {
    float end = (float)side;
    box.x1 = fminf(fmaxf(box.x1, 0), end), box.x2 = fminf(fmaxf(box.x2, 0), end);
    box.y1 = fminf(fmaxf(box.y1, 0), end), box.y2 = fminf(fmaxf(box.y2, 0), end);
    return box;
}

struct yt_box yt_affine_box(const struct yt_affine *affine, struct yt_box box, int side) {
    const float *m = affine->m;
    const float corners[4][2] = {
        {box.x1, box.y1}, {box.x2, box.y2}, {box.x1, box.y2}, {box.x2, box.y1}};
    struct yt_box out = {INFINITY, INFINITY, -INFINITY, -INFINITY};
    for (int i = 0; i < 4; i++) {
        float x = m[0] * corners[i][0] + m[1] * corners[i][1] + m[2];
        float y = m[3] * corners[i][0] + m[4] * corners[i][1] + m[5];
        out.x1 = fminf(out.x1, x), out.x2 = fmaxf(out.x2, x);
        out.y1 = fminf(out.y1, y), out.y2 = fmaxf(out.y2, y);
    }
    return clipped(out, side);
}

struct yt_box yt_affine_shape(const struct yt_affine *affine, const struct yt_polygon *shape,
                              int side) {
    const float *m = affine->m;
    struct yt_polygon out = {.count = shape->count};
    for (int i = 0; i < shape->count; i++) {
        out.x[i] = m[0] * shape->x[i] + m[1] * shape->y[i] + m[2];
        out.y[i] = m[3] * shape->x[i] + m[4] * shape->y[i] + m[5];
    }
    return clipped(yt_polygon_bounds(&out), side);
}

bool yt_affine_keeps(const struct yt_affine *affine, struct yt_box before, struct yt_box after,
                     double min_side, struct yt_augment_lost *lost) {
    const float min_area_left = 0.10f, max_aspect = 100, eps = 1e-16f;
    float w = after.x2 - after.x1, h = after.y2 - after.y1;
    float area_before =
        (before.x2 - before.x1) * affine->scale * (before.y2 - before.y1) * affine->scale;
    if (w <= 0 || h <= 0)
        lost->outside++;
    else if (!((double)w > min_side && (double)h > min_side))
        lost->small++;
    else if (!(w * h / (area_before + eps) > min_area_left))
        lost->cut++;
    else if (!(fmaxf(w / (h + eps), h / (w + eps)) < max_aspect))
        lost->thin++;
    else
        return true;
    return false;
}
