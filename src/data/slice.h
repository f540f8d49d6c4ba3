/* Tiles as files, for those who want them: what `yt slice` writes.
 *
 *     <folder>/images/<page file>_<x1>_<y1>_<x2>_<y2>.png     every tile
 *     <folder>/labels/<page file>_<x1>_<y1>_<x2>_<y2>.txt     only where it has labels
 *     <folder>/train.txt, val.txt, test.txt, data.yaml        a data set for yt and YOLO trainers
 *
 * A label line is "cls cx cy w h", normalised to the tile, with six decimals.
 *
 * compat=seed writes the labels that the musicScanner project's scripts write, to the byte. They go
 * through one more rounding: the page's labels are written with five decimals first and read back,
 * corners are cut to whole pixels (a box of no area then is dropped), the share that is seen is
 * taken of those boxes, and the tile's labels, normalised to the slice size, have five decimals.
 */
#ifndef YT_DATA_SLICE_H
#define YT_DATA_SLICE_H

#include "data/split.h"
#include "data/tiles.h"

struct yt_str;

struct yt_slice_options {
    struct yt_tiles_options tiles; /* that the tiles were made with */
    bool is_seed;                  /* compat=seed */
};
struct yt_slice_counts {
    size_t images, labelled, labels;
};

/* Appends the label lines of a tile; returns how many. */
uint32_t yt_slice_labels(const struct yt_dataset *dataset, const struct yt_tiles *tiles,
                         uint32_t tile, const struct yt_slice_options *options, struct yt_str *out);
/* Writes everything into `folder`, which it makes. Pages are shared among the threads of
 * base/threads.h. -1 + yt_fail when a page cannot be read or a file not be written, and when two
 * pages have the same file name. */
int yt_slice_write(const char *folder, const struct yt_dataset *dataset,
                   const struct yt_tiles *tiles, const struct yt_split *split,
                   const struct yt_slice_options *options, struct yt_slice_counts *counts);

#endif
