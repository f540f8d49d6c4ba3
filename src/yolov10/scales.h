/* The six sizes of YOLOv10: one row each (the paper's model scaling; channel and repeat rules as in
 * YOLOv8). */
#ifndef YT_YOLOV10_SCALES_H
#define YT_YOLOV10_SCALES_H

#include "base/base.h"

struct yt_scale {
    const char *name;    /* "n" ... "x" */
    double depth, width; /* factors for repeats and channels */
    int max_channels;
    uint32_t cib; /* bit i: layer i is a C2fCIB instead of a C2f */
    bool lk;      /* its middle convolutions are 7x7 */
};

/* By letter, or by a model's name that ends in it ("yolov10n", "yolov10n.pt"); NULL + yt_fail. */
const struct yt_scale *yt_scale_find(const char *name);
const struct yt_scale *yt_scale_at(int i); /* n s m b l x; NULL after the last */

/* Channels of a layer that has c in the unscaled network: c*width rounded up to a multiple of 8.
 * The reference leaves c as it is when c == nc (64, 128, 256, 512, 1024 classes), and so do we. */
int yt_scale_channels(const struct yt_scale *scale, int c, int nc);
int yt_scale_repeats(const struct yt_scale *scale, int n);

#endif
