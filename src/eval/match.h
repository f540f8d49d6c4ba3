/* Which detections of an image are right, at each of ten IoU thresholds.
 *
 * Every detection looks for the label of its own class that it overlaps most. Where that IoU
 * reaches a threshold the detection claims the label at this threshold; of several claims the most
 * confident one wins and is a true positive, the others are false: a detection whose label is
 * taken does not turn to its second best. (YOLOv10's validation; COCO's rule differs, see coco.h.)
 */
#ifndef YT_EVAL_MATCH_H
#define YT_EVAL_MATCH_H

#include "base/box.h"

#define YT_IOU_COUNT 10
/* 0.50, 0.55, ... 0.95 */
float yt_iou_threshold(int i);

/* tp[i]: bit t is set if detection i is a true positive at yt_iou_threshold(t). Detections are
 * valid (detections.h) and sorted by descending score. Equal IoUs go to the lower label index. */
void yt_match(const struct yt_detection *detections, size_t ndetections,
              const struct yt_label *labels, size_t nlabels, uint16_t *tp);

#endif
