/* The numbers of DeepScoresV2's own toolkit, obb_anns (github.com/yvan674/obb_anns, BSD-3-Clause;
 * Tuggener et al., "The DeepScoresV2 Dataset and Benchmark for Music Object Detection", ICPR 2020),
 * for aligned boxes.
 *
 *     struct yt_obbanns *obbanns = yt_obbanns_new(nc, false);
 *     for every image: yt_obbanns_add(obbanns, detections, ndetections, labels, nlabels);
 *     struct yt_obbanns_scores scores;
 *     yt_obbanns_compute(obbanns, &scores);
 *     ... yt_obbanns_scores_release(&scores);
 *     yt_obbanns_free(obbanns);
 *
 * As the toolkit computes it:
 *  - the overlap of two boxes is their intersection by the area of the box around both, which is
 *    less than their IoU unless one side is common;
 *  - an image's detections choose by ASCENDING score: each takes, for good, the label of its class
 *    that it overlaps most of those left, if by more than 0.2. A weak detection can so take the
 *    label of a strong one;
 *  - AP is the area under the curve (ranking.h), over the labels of all images;
 *  - the mean is over the classes that were detected at all: a class that is never detected is left
 *    out, one that has no labels counts as 0.
 * Corrected: the overlap is IoU; detections choose by descending score, and take a label from an
 * IoU of 0.5 on; the mean is over the classes that have labels.
 */
#ifndef YT_EVAL_OBBANNS_H
#define YT_EVAL_OBBANNS_H

#include "eval/match.h"

struct yt_obbanns;

struct yt_obbanns *yt_obbanns_new(int nc, bool is_corrected);
void yt_obbanns_free(struct yt_obbanns *obbanns);
/* Adds an image. Detections in any order; those that are not valid (detections.h) are left out. */
void yt_obbanns_add(struct yt_obbanns *obbanns, const struct yt_detection *detections,
                    size_t ndetections, const struct yt_label *labels, size_t nlabels);

struct yt_obbanns_class {
    int cls;
    size_t instances, detections;
    double ap_at[YT_IOU_COUNT]; /* at 0.50, 0.55, ... 0.95 of the overlap */
    double ap;                  /* their mean */
};
struct yt_obbanns_scores {
    double ap, ap50;                   /* means over classes */
    double weighted_ap, weighted_ap50; /* each class as often as it has labels */
    struct yt_obbanns_class *classes;  /* those that the mean is over, ascending */
    size_t nclasses;
};
void yt_obbanns_compute(struct yt_obbanns *obbanns, struct yt_obbanns_scores *scores);
void yt_obbanns_scores_release(struct yt_obbanns_scores *scores);

#endif
