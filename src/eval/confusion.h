/* Which class is taken for which: the confusion matrix of detections, as YOLO trainers plot it.
 *
 * Detections at or below the confidence are ignored. A detection and a label may be a pair if their
 * IoU is above 0.45, whatever their classes; a detection keeps its best label, then a label its
 * best detection. Pairs count at (predicted, true), labels without a pair at (background, true),
 * detections without one at (predicted, background) - the latter, following the convention, only
 * if the image has a pair or has no labels.
 */
#ifndef YT_EVAL_CONFUSION_H
#define YT_EVAL_CONFUSION_H

#include "base/box.h"

struct yt_confusion {
    int nc;
    float confidence, iou;
    size_t *counts; /* [(nc+1) x (nc+1)]: row = predicted, column = true, the last = background */
};

/* confidence: 0.25 unless the user chose one. */
void yt_confusion_init(struct yt_confusion *confusion, int nc, float confidence);
void yt_confusion_release(struct yt_confusion *confusion);
/* Adds an image. Detections that are not valid (detections.h) are ignored. */
void yt_confusion_add(struct yt_confusion *confusion, const struct yt_detection *detections,
                      size_t ndetections, const struct yt_label *labels, size_t nlabels);
/* predicted, truth: 0 .. nc-1, or nc for the background. */
size_t yt_confusion_at(const struct yt_confusion *confusion, int predicted, int truth);

#endif
