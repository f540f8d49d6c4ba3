/* A tile with its mistakes: what was missed in red, what was seen without being there in orange,
 * both with names; what was right is framed thinly in green. */
#ifndef YT_REPORT_TILE_PICTURE_H
#define YT_REPORT_TILE_PICTURE_H

#include "base/box.h"
#include "image/image.h"

struct yt_marked {
    struct yt_detection detection; /* of a label the score is NAN */
    bool right;
};

/* `marked`: the detections, then the labels, in pixels of the image. Enlarged to at least twice a
 * side so that names can be read. As a PNG, whole or absent; -1 + yt_fail. */
int yt_tile_picture(const char *path, const struct yt_image *image, const struct yt_marked *marked,
                    size_t detection_count, size_t label_count, const char *const *names);

#endif
