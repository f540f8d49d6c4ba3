/* labels.png: what the training tiles are labelled with: how many of each class, where the boxes
 * lie in the tile, how wide and high they are, how many a tile has. */
#ifndef YT_REPORT_LABELS_H
#define YT_REPORT_LABELS_H

#include "data/tiles.h"

/* Of the tiles in list. Whole or absent; -1 + yt_fail. */
int yt_labels_draw(const char *path, const struct yt_dataset *dataset, const struct yt_tiles *tiles,
                   const uint32_t *list, size_t count);

#endif
