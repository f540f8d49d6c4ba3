/* Precision, recall and average precision over a validation set, with the arithmetic that YOLO
 * trainers report, so that figures can be compared with published ones.
 *
 *     struct yt_metrics *metrics = yt_metrics_new(nc);
 *     for every image: yt_metrics_add(metrics, detections, ndetections, labels, nlabels);
 *     struct yt_scores scores;
 *     yt_metrics_compute(metrics, &scores);
 *     ... scores.map50, scores.classes[0].ap ...
 *     yt_scores_release(&scores);
 *     yt_metrics_free(metrics);
 *
 * For each class with labels, its detections of all images go by descending score. With TP and FP
 * counted so far, recall = TP / labels and precision = TP / (TP + FP).
 *  - AP: the precision curve is made non-increasing from the right, closed with (0, 1) and (1, 0),
 *    sampled by linear interpolation at recalls 0, 0.01, ... 1 and integrated by trapezoids. As the
 *    last sample is 0, a perfect detector has 0.995.
 *  - P and R at IoU 0.5 are read at one confidence for all classes: that of 1000 between 0 and 1
 *    where the class mean of F1, smoothed by a box filter of 101, is largest.
 * A class with labels but no detections counts as 0 in every mean; one without labels is left out.
 * With no true positive at all, everything is 0.
 */
#ifndef YT_EVAL_METRICS_H
#define YT_EVAL_METRICS_H

#include "eval/match.h"

struct yt_metrics;

struct yt_metrics *yt_metrics_new(int nc);
void yt_metrics_free(struct yt_metrics *metrics);
/* Adds an image. Detections in any order, any number; those that are not valid (detections.h) are
 * left out and counted. All classes are in 0 .. nc-1. */
void yt_metrics_add(struct yt_metrics *metrics, const struct yt_detection *detections,
                    size_t ndetections, const struct yt_label *labels, size_t nlabels);

struct yt_class_scores {
    int cls;
    size_t images, instances; /* images with labels of the class, its labels */
    double precision, recall;
    double ap_at[YT_IOU_COUNT]; /* [0]: AP50 */
    double ap;                  /* mean over the thresholds */
};
enum { YT_CURVE_POINTS = 1000 };
/* Of a class at IoU 0.5; point i is at i / 999. */
struct yt_class_curves {
    double precision[YT_CURVE_POINTS], recall[YT_CURVE_POINTS]; /* at a confidence */
    double precision_at_recall[YT_CURVE_POINTS]; /* the curve that AP50 is the area under */
};
struct yt_scores {
    size_t images, instances;
    size_t detections, dropped;           /* counted, and left out because not valid */
    double precision, recall, map50, map; /* means over the classes that have labels */
    double fitness;                       /* 0.1 map50 + 0.9 map: what chooses best weights */
    double confidence;                    /* where precision and recall were read */
    struct yt_class_scores *classes;      /* those that have labels, ascending */
    struct yt_class_curves *curves;       /* of the same classes */
    size_t nclasses;
};
void yt_metrics_compute(const struct yt_metrics *metrics, struct yt_scores *scores);
void yt_scores_release(struct yt_scores *scores);

/* The area under the curve through recall[i], precision[i], i = 1 .. count, as above. Both arrays
 * have count + 2 places; the first and the last are for closing the curve, and precision is made
 * monotone. */
double yt_average_precision(double *recall, double *precision, size_t count);

#endif
