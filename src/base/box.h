/* Boxes, labels and detections: the nouns that data, model and evaluation share. */
#ifndef YT_BASE_BOX_H
#define YT_BASE_BOX_H

#include "base/base.h"

struct yt_box {
    float x1, y1, x2, y2; /* pixels, x1 <= x2, y1 <= y2, right and bottom exclusive */
};
/* What an image is labelled with. */
struct yt_label {
    struct yt_box box;
    int cls; /* 0 .. nc-1 */
};
/* What a model says. */
struct yt_detection {
    struct yt_box box;
    float score;
    int cls;
};
/* What the loss reads: a label of image `image` of a batch, normalised to 0..1 of the input. */
struct yt_target {
    int image, cls;
    float cx, cy, w, h;
};

#endif
