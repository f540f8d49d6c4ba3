/* Convex polygons of a few corners: shapes that stand at a slant in their boxes. */
#ifndef YT_BASE_POLYGON_H
#define YT_BASE_POLYGON_H

#include "base/box.h"

#define YT_POLYGON_MAX 8 /* a quadrilateral cut by the four sides of a box */

struct yt_polygon {
    int count;
    float x[YT_POLYGON_MAX], y[YT_POLYGON_MAX]; /* in order around it */
};

/* The shape of a label that stands at a slant; it may reach beyond the label's box. */
struct yt_slant {
    uint32_t label; /* in the list of labels that it goes with */
    struct yt_polygon shape;
};

/* What of a convex polygon of at most four corners lies inside the box (Sutherland and Hodgman,
 * 1974); count 0: nothing. */
struct yt_polygon yt_polygon_clip(const struct yt_polygon *polygon, struct yt_box box);
/* The upright box around it; it must have a corner. */
struct yt_box yt_polygon_bounds(const struct yt_polygon *polygon);

#endif
