/* Tiles as files, for those who want them: what `yt slice` writes.
 *
 *     <folder>/images/<page file>_<x1>_<y1>_<x2>_<y2>.png     every tile of the three lists
 *     <folder>/labels/<page file>_<x1>_<y1>_<x2>_<y2>.txt     only where it has labels
 *     <folder>/train.txt, val.txt, test.txt, data.yaml        a data set for yt and YOLO trainers
 *
 * A label line is "cls cx cy w h", normalised to the tile, with six decimals. With compat=seed it
 * is what the musicScanner project's scripts write, to the byte: the tiles' labels are rounded as
 * theirs (data/tiles.h), normalised to the slice size, with five decimals.
 */
#ifndef YT_DATA_SLICE_H
#define YT_DATA_SLICE_H

#include "data/split.h"
#include "data/tiles.h"

struct yt_slice_counts {
    size_t images, labelled, labels;
};

/* Writes everything into `folder`, which it makes; `options` are those that the tiles were made
 * with. Pages are shared among the threads of base/threads.h. -1 + yt_fail when a page cannot be
 * read or a file not be written, and when two pages have the same file name. */
int yt_slice_write(const char *folder, const struct yt_dataset *dataset,
                   const struct yt_tiles *tiles, const struct yt_split *split,
                   const struct yt_tiles_options *options, struct yt_slice_counts *counts);

#endif
