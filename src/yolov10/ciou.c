/* Letters: i intersection, u union, c enclosing box; x and y the two axes. */
#include "yolov10/ciou.h"

#include <math.h>

#define EPS 1e-7f
#define V_SCALE 0.405284735f /* 4/pi^2 */

struct yt_shape yt_shape_of(struct yt_box box) {
    float w = box.x2 - box.x1, h = box.y2 - box.y1 + EPS;
    return (struct yt_shape){box, w, h, atanf(w / h)};
}

struct terms {
    float ix, iy; /* sides of the intersection before the clamp */
    float inter, uni, iou;
    float cx, cy, c2;
    float dx, dy, rho2; /* twice the way from a's centre to b's; a quarter of its square */
    float v, alpha, ciou;
};

static struct terms ciou_terms(const struct yt_shape *a, const struct yt_shape *b) {
    struct terms t;
    t.ix = YT_MIN(a->box.x2, b->box.x2) - YT_MAX(a->box.x1, b->box.x1);
    t.iy = YT_MIN(a->box.y2, b->box.y2) - YT_MAX(a->box.y1, b->box.y1);
    t.inter = YT_MAX(t.ix, 0) * YT_MAX(t.iy, 0);
    t.uni = a->w * a->h + b->w * b->h - t.inter + EPS;
    t.iou = t.inter / t.uni;
    t.cx = YT_MAX(a->box.x2, b->box.x2) - YT_MIN(a->box.x1, b->box.x1);
    t.cy = YT_MAX(a->box.y2, b->box.y2) - YT_MIN(a->box.y1, b->box.y1);
    t.c2 = t.cx * t.cx + t.cy * t.cy + EPS;
    t.dx = b->box.x1 + b->box.x2 - a->box.x1 - a->box.x2;
    t.dy = b->box.y1 + b->box.y2 - a->box.y1 - a->box.y2;
    t.rho2 = (t.dx * t.dx + t.dy * t.dy) / 4;
    t.v = V_SCALE * (b->angle - a->angle) * (b->angle - a->angle);
    t.alpha = t.v / (t.v - t.iou + (1 + EPS));
    t.ciou = t.iou - (t.rho2 / t.c2 + t.v * t.alpha);
    return t;
}

float yt_ciou(const struct yt_shape *a, const struct yt_shape *b) {
    return ciou_terms(a, b).ciou;
}

/* The part of the gradient of max(p, q) that goes to p; of min(p, q) with the operands exchanged.
 */
static float to_larger(float p, float q) {
    return p > q ? 1 : p == q ? 0.5f : 0;
}

/* One axis: [a1, a2] and [b1, b2]. side_gradient: d CIoU / d intersection side, zero if clamped;
 * enclosing_gradient: d CIoU / d enclosing side; size_gradient: d CIoU / d (a2 - a1) of what reads
 * the size alone; centre_gradient: the part of rho, equal for both ends. */
static void axis_gradient(float a1, float a2, float b1, float b2, float side_gradient,
                          float enclosing_gradient, float size_gradient, float centre_gradient,
                          float *d1, float *d2) {
    *d1 = centre_gradient - size_gradient - side_gradient * to_larger(a1, b1) -
          enclosing_gradient * to_larger(b1, a1);
    *d2 = centre_gradient + size_gradient + side_gradient * to_larger(b2, a2) +
          enclosing_gradient * to_larger(a2, b2);
}

float yt_ciou_gradient(const struct yt_shape *a, const struct yt_shape *b, float gradient[4]) {
    struct terms t = ciou_terms(a, b);
    /* IoU = i/u with u = w_a h_a + w_b h_b - i + eps */
    float iou_by_inter = (1 + t.iou) / t.uni;
    float iou_by_area = -t.iou / t.uni;
    float by_ix = t.ix >= 0 ? iou_by_inter * YT_MAX(t.iy, 0) : 0;
    float by_iy = t.iy >= 0 ? iou_by_inter * YT_MAX(t.ix, 0) : 0;
    /* -rho^2/c^2 */
    float by_c2 = t.rho2 / (t.c2 * t.c2);
    float by_cx = 2 * t.cx * by_c2, by_cy = 2 * t.cy * by_c2;
    float by_centre_x = t.dx / (2 * t.c2), by_centre_y = t.dy / (2 * t.c2);
    /* -alpha v, through the angle of a */
    float by_angle = t.alpha * 2 * V_SCALE * (b->angle - a->angle);
    float square = a->w * a->w + a->h * a->h;
    float by_w = iou_by_area * a->h + by_angle * a->h / square;
    float by_h = iou_by_area * a->w - by_angle * a->w / square;
    axis_gradient(a->box.x1, a->box.x2, b->box.x1, b->box.x2, by_ix, by_cx, by_w, by_centre_x,
                  &gradient[0], &gradient[2]);
    axis_gradient(a->box.y1, a->box.y2, b->box.y1, b->box.y2, by_iy, by_cy, by_h, by_centre_y,
                  &gradient[1], &gradient[3]);
    return t.ciou;
}
