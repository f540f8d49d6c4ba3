/* A training batch as the network sees it, augmentation and labels included. */
#ifndef YT_REPORT_BATCH_PICTURE_H
#define YT_REPORT_BATCH_PICTURE_H

#include "data/loader.h"

/* Its first sixteen images. As a PNG, whole or absent; -1 + yt_fail. */
int yt_batch_picture(const char *path, const struct yt_batch *batch, const struct yt_tiles *tiles,
                     const struct yt_dataset *dataset);

#endif
