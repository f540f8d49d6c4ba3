/* Windows ("slices", tiles) on an image: as SAHI's get_slice_bboxes lays them
 * (github.com/obss/sahi, version 0.12.6, MIT), or as many of them at even distances.
 *
 *     struct yt_slices slices = {0};
 *     if (yt_slices_grid(&slices, 2772, 1960, 640, 640, 0.2, 0.2)) return -1;
 *     for (size_t i = 0; i < slices.count; i++) use(slices.items[i]);   // 24 windows
 *     yt_slices_release(&slices);
 */
#ifndef YT_IMAGE_SLICES_H
#define YT_IMAGE_SLICES_H

#include "base/base.h"

struct yt_slice {
    int x1, y1, x2, y2; /* pixels, right and bottom exclusive */
};
struct yt_slices {
    struct yt_slice *items; /* row-major: left to right, then down */
    size_t count, cap;
};

/* Cuts height x width into windows of slice_h x slice_w whose neighbours share
 * (int)(overlap * slice) pixels. The last row and column are moved inward to keep their full size;
 * a window is smaller only where the image is. `slices` is filled anew (zero-initialise it the
 * first time; release it in the end). -1 + yt_fail on a size below 1 or an overlap outside
 * [0, 1). */
int yt_slices_grid(struct yt_slices *slices, int height, int width, int slice_h, int slice_w,
                   double overlap_h, double overlap_w);
/* As many windows, in as many rows and columns, but at even distances: where SAHI's last window is
 * pulled back over the one before, all neighbours share a little more instead. Each shares at least
 * what was asked for. */
int yt_slices_balanced(struct yt_slices *slices, int height, int width, int slice_h, int slice_w,
                       double overlap_h, double overlap_w);
void yt_slices_release(struct yt_slices *slices);

#endif
