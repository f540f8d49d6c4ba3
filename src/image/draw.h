/* Detections and labels drawn on their image. */
#ifndef YT_IMAGE_DRAW_H
#define YT_IMAGE_DRAW_H

#include "base/box.h"
#include "image/canvas.h"

/* A copy of `image` in colour with a thin frame for each box, and labels where they fit, so that a
 * page with 700 boxes can still be read: a label covers no other label, no frame and no small
 * symbol, else it is left out; earlier detections go first. A larger image has room for more.
 * Classes of a group (yt_class_groups) share a colour. Boxes are in pixels of the image.
 * names[cls], for cls < class_count, is what the label says, with the score in percent unless that
 * is NaN (as for ground truth). NULL + yt_fail as yt_canvas_new(). */
struct yt_image *yt_draw_detections(const struct yt_image *image,
                                    const struct yt_detection *detections, size_t count,
                                    const char *const *names, size_t class_count);

/* A number for each class, for yt_palette: classes whose names begin with the same word,
 * noteheadBlackOnLine and noteheadHalfInSpace, have the same; counted from 0 in their order. To
 * free. */
int *yt_class_groups(const char *const *names, size_t count);

#endif
