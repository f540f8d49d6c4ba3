/* Detections that a score neither rewards nor punishes: those of what is there but not labelled
 * (ignore regions, data/tiles.h). As COCO's "crowd" regions, but decided once for all thresholds.
 */
#ifndef YT_EVAL_IGNORE_H
#define YT_EVAL_IGNORE_H

#include "base/box.h"

/* Drops, in place, every detection of which a region of its class covers at least half of the area,
 * and which overlaps no label of its class with an IoU of 0.5 or more. Keeps the order; returns how
 * many are left. */
size_t yt_ignore_detections(struct yt_detection *detections, size_t count,
                            const struct yt_label *labels, size_t label_count,
                            const struct yt_label *regions, size_t region_count);

#endif
