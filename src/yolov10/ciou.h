/* Complete IoU of two boxes and its gradient (Zheng et al., "Distance-IoU Loss", AAAI 2020).
 *
 *     CIoU = IoU - (rho^2/c^2 + alpha*v)
 *     v = (4/pi^2) (atan(w_b/h_b) - atan(w_a/h_a))^2,  alpha = v / (v - IoU + 1 + eps)
 *
 * rho: distance of the centres; c: diagonal of the enclosing box; eps = 1e-7, added to heights,
 * union, c^2 and the denominator of alpha. Because of eps the unit of the boxes (cells or pixels)
 * matters in the last digits; both boxes must be in the same one. Float arithmetic, as the
 * reference's.
 */
#ifndef YT_YOLOV10_CIOU_H
#define YT_YOLOV10_CIOU_H

#include "base/box.h"

/* A box with what CIoU needs of it alone, so that comparing one box with many costs one arctangent
 * a box. */
struct yt_shape {
    struct yt_box box;
    float w, h;  /* h includes eps */
    float angle; /* atan(w/h) */
};

struct yt_shape yt_shape_of(struct yt_box box);
float yt_ciou(const struct yt_shape *a, const struct yt_shape *b);

/* Returns CIoU and its gradient with respect to the corners of `a` (x1, y1, x2, y2).
 *
 * Conventions where CIoU has a corner: alpha is a constant; a minimum or maximum passes its
 * gradient to the operand that was selected, half to each on a tie; the clamp of the intersection's
 * sides to >= 0 passes the gradient where the side is >= 0. */
float yt_ciou_gradient(const struct yt_shape *a, const struct yt_shape *b, float gradient[4]);

#endif
