/* Anchors: the cells of a head's levels, numbered level by level and row-major inside a level.
 *
 * The centre of cell (y, x) lies at ((x + 0.5)*stride, (y + 0.5)*stride) input pixels. Strides are
 * powers of two, so that going from cells to pixels and back is exact in float.
 */
#ifndef YT_YOLOV10_ANCHORS_H
#define YT_YOLOV10_ANCHORS_H

#include "base/box.h"
#include "yolov10/head_maps.h"

struct yt_anchor {
    int level, cell; /* cell = y*w + x */
    float x, y;      /* centre, input pixels */
    float stride;
};

int yt_anchors_count(const struct yt_head_maps *maps);            /* of one image */
int yt_anchors_start(const struct yt_head_maps *maps, int level); /* number of its first anchor */
struct yt_anchor yt_anchor_at(const struct yt_head_maps *maps, int index);
struct yt_anchor yt_anchor_on(const struct yt_head_maps *maps, int level, int x, int y);
/* The size of the input that the maps belong to, pixels. */
float yt_anchors_input_width(const struct yt_head_maps *maps);
float yt_anchors_input_height(const struct yt_head_maps *maps);
struct yt_box yt_anchors_target_box(const struct yt_head_maps *maps,
                                    const struct yt_target *target); /* input pixels */

/* Whether the anchor's centre lies strictly inside the box, in input pixels. */
bool yt_anchor_is_inside(struct yt_anchor anchor, const struct yt_box *box);
/* The cells of a level whose centres may lie inside the box: x from x1, before x2, and so on. One
 * too many on each side, for yt_anchor_is_inside to decide. */
struct yt_cells {
    int x1, y1, x2, y2;
};
struct yt_cells yt_anchors_about(const struct yt_head_level *level, const struct yt_box *box);

/* The first logit of an anchor in image `image`; the gradients lie at the same offsets. */
size_t yt_anchor_box_offset(const struct yt_head_maps *maps, int image, struct yt_anchor anchor);
size_t yt_anchor_cls_offset(const struct yt_head_maps *maps, int image, struct yt_anchor anchor);
const float *yt_anchor_box(const struct yt_head_maps *maps, int image, struct yt_anchor anchor);
const float *yt_anchor_cls(const struct yt_head_maps *maps, int image, struct yt_anchor anchor);

/* The box whose sides lie d = (left, top, right, bottom) cells away from the anchor's centre, in
 * units of cells. */
struct yt_box yt_anchor_box_cells(struct yt_anchor anchor, const float d[4]);
struct yt_box yt_box_scaled(struct yt_box box, float factor);

#endif
