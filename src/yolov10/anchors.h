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
/* The size of the input that the maps belong to, pixels. */
float yt_anchors_input_width(const struct yt_head_maps *maps);
float yt_anchors_input_height(const struct yt_head_maps *maps);

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
