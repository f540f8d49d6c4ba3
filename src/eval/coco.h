/* COCO's twelve numbers, equal to pycocotools 2.0 (cocodataset/cocoapi, simplified BSD).
 *
 *     static const int caps[] = {1, 10, 100};
 *     struct yt_coco *coco = yt_coco_new(nc, caps);
 *     for every image, by ascending id: yt_coco_add(coco, detections, nd, labels, nl);
 *     struct yt_coco_scores scores;
 *     yt_coco_compute(coco, &scores);
 *     ... yt_coco_scores_release(&scores);
 *     yt_coco_free(coco);
 *
 * How it differs from metrics.h: a detection takes the best label that is still free, so a second
 * best counts; precision is read at the first detection that reaches a recall, without
 * interpolation; each image is cut to the best `cap` detections of a class; labels may be ignored;
 * all in double.
 */
#ifndef YT_EVAL_COCO_H
#define YT_EVAL_COCO_H

#include "base/box.h"

/* Boxes as the files have them: the upper left corner, width, height, in pixels. */
struct yt_coco_label {
    double x, y, w, h;
    double area; /* decides small, medium, large; of the mask where there is one */
    int cls;
    bool crowd; /* an ignored region: detections that overlap it are neither true nor false */
};
struct yt_coco_detection {
    double x, y, w, h, score;
    int cls;
};

/* COCO's ranges of area, and, in the same arithmetic, ranges of the box's shorter side: labels and
 * unmatched detections outside of a range are ignored. */
enum yt_coco_range {
    YT_COCO_ALL,
    YT_COCO_SMALL,  /* up to 32 x 32 */
    YT_COCO_MEDIUM, /* 32 x 32 to 96 x 96 */
    YT_COCO_LARGE,  /* from 96 x 96 */
    YT_COCO_HAIR,   /* up to 4 px */
    YT_COCO_THIN,   /* 4 to 8 px */
    YT_COCO_SLIM,   /* 8 to 16 px */
    YT_COCO_BROAD,  /* from 16 px */
    YT_COCO_RANGES,
};
enum { YT_COCO_CAPS = 3 };

struct yt_coco;

/* caps: the most detections of a class that count in an image, ascending. COCO has 1, 10, 100; a
 * page of music has a thousand noteheads. The last cap holds wherever no other is named. */
struct yt_coco *yt_coco_new(int nc, const int caps[YT_COCO_CAPS]);
void yt_coco_free(struct yt_coco *coco);
/* Adds an image. Detections in any order; equal scores keep theirs. All numbers are finite, all
 * classes in 0 .. nc-1. Returns how many detections were beyond the last cap. */
size_t yt_coco_add(struct yt_coco *coco, const struct yt_coco_detection *detections,
                   size_t ndetections, const struct yt_coco_label *labels, size_t nlabels);

/* Means over the classes that have labels (of that area); -1 where none has. */
struct yt_coco_class_scores {
    int cls;
    size_t instances; /* labels that are not ignored */
    double ap, ap50;
};
struct yt_coco_scores {
    double ap[YT_COCO_RANGES]; /* over IoU 0.50 .. 0.95 */
    double ap50, ap75;
    double recall[YT_COCO_CAPS];            /* mean over IoU of the recall reached, by cap */
    double recall_by_range[YT_COCO_RANGES]; /* at the last cap; [YT_COCO_ALL] is its recall */
    double weighted_ap, weighted_ap50;      /* each class as often as it has labels */
    struct yt_coco_class_scores *classes;   /* those with labels, ascending */
    size_t nclasses;
    size_t capped; /* detections beyond the last cap, which did not count: if any, raise it */
};
void yt_coco_compute(const struct yt_coco *coco, struct yt_coco_scores *scores);
void yt_coco_scores_release(struct yt_coco_scores *scores);

#endif
