/* The picture of a prediction: the image with its detections drawn on it, as a PNG. */
#ifndef YT_INFER_ANNOTATE_H
#define YT_INFER_ANNOTATE_H

#include "image/image.h"
#include "infer/predictions.h"

/* Whole or absent; -1 + yt_fail. Boxes in pixels of the image. */
int yt_annotate(const char *path, const struct yt_image *image,
                const struct yt_detection *detections, size_t count,
                const struct yt_categories *categories);

#endif
