/* results.csv: a row an epoch, in the columns and the padding that YOLOv10's trainer writes, so
 * that scripts made for it go on working. */
#ifndef YT_TRAIN_RESULTS_H
#define YT_TRAIN_RESULTS_H

#include "base/str.h"
#include "train/schedule.h"
#include "train/step.h"

struct yt_epoch_result {
    int epoch; /* from 1 */
    double items[YT_ITEMS], val_items[YT_ITEMS];
    double metrics[4]; /* precision, recall, mAP50, mAP50-95 */
    double lr[YT_PARAM_GROUPS];
};

/* To five decimals, as the reference rounds what it writes, compares and stops early by. */
double yt_round5(double x);

/* Appends the row; the file keeps what it has of earlier epochs only, so that a resumed run leaves
 * one continuous table. Replaced whole. */
int yt_results_append(const char *path, const struct yt_epoch_result *result);

/* Of a table whose rows begin with their epoch: appends the rows of the file at `path` that are of
 * epochs before `epoch`, without its header; none if there is no such file. -1 + yt_fail. */
int yt_results_keep_earlier(const char *path, int epoch, struct yt_str *out);

#endif
