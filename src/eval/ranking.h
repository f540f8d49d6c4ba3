/* Detections of all images in one ranking a class, and the average precision of it: what the
 * metrics that match by rules of their own (obbanns.h, pixels.h) have in common.
 *
 * AP is the area under the precision over recall as the PASCAL VOC has it since 2010: with the
 * detections of a class by descending score, and precision made non-increasing from the right,
 *     AP = sum over the right detections of precision / number of labels.
 */
#ifndef YT_EVAL_RANKING_H
#define YT_EVAL_RANKING_H

#include "base/box.h"

struct yt_ranking;

struct yt_ranking *yt_ranking_new(int nc);
void yt_ranking_free(struct yt_ranking *ranking);

void yt_ranking_add_label(struct yt_ranking *ranking, int cls);
/* right: bit t is set if the detection is right at threshold t. Equal scores keep their order. */
void yt_ranking_add_detection(struct yt_ranking *ranking, int cls, float score, uint16_t right);

size_t yt_ranking_labels(const struct yt_ranking *ranking, int cls);
size_t yt_ranking_detections(const struct yt_ranking *ranking, int cls);
/* ap[t] for t in 0 .. thresholds-1; 0 without labels. Sorts the class's detections. */
void yt_ranking_ap(struct yt_ranking *ranking, int cls, int thresholds, double *ap);

#endif
