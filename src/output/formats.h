/* The formats, for the table of output.c alone. */
#ifndef YT_OUTPUT_FORMATS_H
#define YT_OUTPUT_FORMATS_H

#include "output/output.h"

extern const struct yt_format yt_format_json, yt_format_coco, yt_format_obbanns, yt_format_yolo,
    yt_format_csv, yt_format_mung, yt_format_png, yt_format_html;

#endif
