/* Where a bound cut detections off, over many images, for one warning at the end.
 *
 *     struct yt_cap cap = {0};
 *     for every image: yt_cap_add(&cap, name, prediction.capped);
 *     yt_cap_warn(&cap, options.max_det);
 */
#ifndef YT_INFER_CAP_H
#define YT_INFER_CAP_H

#include "base/base.h"

struct yt_cap {
    size_t total, images; /* times that it was hit; images where it was */
    size_t most;
    const char *worst; /* the image with most of them; lent */
};

/* The image's name must live as long as the cap. count 0 is fine. */
void yt_cap_add(struct yt_cap *cap, const char *image, size_t count);
/* What was counted are tiles that gave max_det detections. Says nothing if there are none. */
void yt_cap_warn(const struct yt_cap *cap, int max_det);

#endif
