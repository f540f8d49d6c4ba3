/* What evaluation and merging ask of a list of detections before they work on it. */
#ifndef YT_EVAL_DETECTIONS_H
#define YT_EVAL_DETECTIONS_H

#include "base/box.h"

/* Whether the score and the corners are finite and the corners ordered. */
bool yt_detection_valid(const struct yt_detection *detection);

/* Moves the valid detections to the front, in their order; returns how many there are. */
size_t yt_detections_keep_valid(struct yt_detection *detections, size_t count);

/* By descending score; equal scores keep their order. Scores are no NaN. */
void yt_detections_sort(struct yt_detection *detections, size_t count);

/* A copy of the valid ones, sorted, and how many these are; to be freed. */
struct yt_detection *yt_detections_ranked(const struct yt_detection *detections, size_t count,
                                          size_t *valid);

#endif
