/* Detections and labels drawn on their image. */
#ifndef YT_IMAGE_DRAW_H
#define YT_IMAGE_DRAW_H

#include "base/box.h"
#include "image/image.h"

/* A copy of `image` in colour with a thin frame and a small label for each box, coloured by class,
 * so that a page with 700 boxes can still be read: a label without room beside its box is left out,
 * earlier detections go first. Boxes are in pixels of the image. names[cls], for
 * cls < class_count, is what the label says, with the score in percent unless that is NaN (as for
 * ground truth). NULL + yt_fail as yt_canvas_new(). */
struct yt_image *yt_draw_detections(const struct yt_image *image,
                                    const struct yt_detection *detections, size_t count,
                                    const char *const *names, size_t class_count);

#endif
