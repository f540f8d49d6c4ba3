/* Pages that are the same file under two names: a page that is both trained on and validated with
 * makes figures that mean nothing, whatever its name and the split say. */
#ifndef YT_DATA_TWINS_H
#define YT_DATA_TWINS_H

#include "data/dataset.h"

struct yt_twin {
    uint32_t first, second; /* pages with the same bytes; first < second */
};

/* Reads every page's file. NULL with *count = 0: there are none. To free. -1 in *count + yt_fail: a
 * file cannot be read. */
struct yt_twin *yt_twins_find(const struct yt_dataset *dataset, long *count);

#endif
