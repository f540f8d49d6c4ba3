/* AP within k pixels, for classes of thin symbols.
 *
 * A stem is 2 px wide: a box that is 1 px off to the side has an IoU of 1/3 with it and counts as
 * wrong at every threshold, although nobody would call it misplaced. Here a detection fits a label
 * of its class within k pixels if
 *  - across the label (along its shorter side) both its edges are at most k px from the label's,
 *  - along the label the two intervals have an IoU of at least 0.5.
 * By descending score a detection takes, of the labels that it fits and that are free, the one with
 * the smallest distance of edges; AP as in ranking.h, at k = 1, 2 and 4 px by itself.
 *
 * A class is thin if at least half of its labels are at most 6 px one way and three times as much
 * the other: stems, ledger lines, tenuto, ...
 *
 *     struct yt_pixels *pixels = yt_pixels_new(nc);
 *     for every image: yt_pixels_add(pixels, detections, ndetections, labels, nlabels);
 *     struct yt_pixel_scores scores;
 *     yt_pixels_compute(pixels, &scores);
 *     ... yt_pixel_scores_release(&scores);
 *     yt_pixels_free(pixels);
 */
#ifndef YT_EVAL_PIXELS_H
#define YT_EVAL_PIXELS_H

#include "base/box.h"

enum { YT_PIXELS_COUNT = 3 };
extern const int yt_pixels_k[YT_PIXELS_COUNT]; /* 1, 2, 4 */

struct yt_pixels;

struct yt_pixels *yt_pixels_new(int nc);
void yt_pixels_free(struct yt_pixels *pixels);
/* Adds an image. Detections in any order; those that are not valid (detections.h) are left out. */
void yt_pixels_add(struct yt_pixels *pixels, const struct yt_detection *detections,
                   size_t ndetections, const struct yt_label *labels, size_t nlabels);

struct yt_pixel_class {
    int cls;
    size_t instances;
    double ap[YT_PIXELS_COUNT];
};
struct yt_pixel_scores {
    double ap[YT_PIXELS_COUNT], weighted[YT_PIXELS_COUNT]; /* over the thin classes */
    struct yt_pixel_class *classes;                        /* the thin classes, ascending */
    size_t nclasses;
};
void yt_pixels_compute(struct yt_pixels *pixels, struct yt_pixel_scores *scores);
void yt_pixel_scores_release(struct yt_pixel_scores *scores);

#endif
