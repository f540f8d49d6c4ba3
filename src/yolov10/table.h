/* The table of a model's layers, as a run prints it at the start. */
#ifndef YT_YOLOV10_TABLE_H
#define YT_YOLOV10_TABLE_H

#include "base/str.h"
#include "yolov10/model.h"

/* Appends a line a layer, with its parameters and what it puts out for an input of imgsz x imgsz,
 * and a line of sums. */
void yt_model_table(const struct yt_model *model, int imgsz, struct yt_str *out);

#endif
