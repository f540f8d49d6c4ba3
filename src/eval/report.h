/* Scores for people and for programs: the table on the screen, metrics.json, per_class.csv.
 * names[cls] are the class names. */
#ifndef YT_EVAL_REPORT_H
#define YT_EVAL_REPORT_H

#include "eval/metrics.h"
#include <stdio.h>

/* The table that users of YOLO know: Class, Images, Instances, P, R, mAP50, mAP50-95, one line for
 * all and, with per_class, one for each class that has labels. Says so if detections were dropped.
 */
void yt_report_print(FILE *out, const struct yt_scores *scores, const char *const *names,
                     bool per_class);

/* metrics.json: {"mAP50": ., "mAP50-95": ., "precision": ., "recall": ., "fitness": .,
 * "confidence": ., "images": ., "instances": ., "detections": ., "dropped": ., "per_class":
 * [{"class": name, "images": ., "instances": ., "P": ., "R": ., "AP50": ., "AP": .}, ...]}.
 * Whole or absent; -1 + yt_fail. */
int yt_report_write_json(const char *path, const struct yt_scores *scores,
                         const char *const *names);

/* per_class.csv: class,images,instances,P,R,AP50,AP. Whole or absent; -1 + yt_fail. */
int yt_report_write_csv(const char *path, const struct yt_scores *scores, const char *const *names);

#endif
