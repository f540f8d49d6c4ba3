/* Virtual tiles: windows on pages with the labels seen through them. Nothing is written to disk;
 * the pixels are cut from the decoded page when a batch is made (data/loader.h).
 *
 *     struct yt_tiles tiles;
 *     if (yt_tiles_init(&tiles, &dataset, &options)) return -1;
 *     for (uint32_t i = 0; i < tiles.count; i++) {
 *         const struct yt_tile *tile = &tiles.items[i];
 *         const struct yt_label *labels = tiles.labels + tile->label_begin;
 *
 * The windows are SAHI's grid (image/slices.h). A label is in a tile if they overlap strictly and
 * enough of it is seen: with areas cut to whole pixels as SAHI does,
 *     (int)area(box inside the tile) / (int)area(box) >= min_area_ratio,
 * or, for a box of less than one square pixel, where SAHI divides by zero, the same with the exact
 * areas. The label is then the part inside, in pixels of the tile. What is seen of other labels are
 * remnants, which `ignore` makes ignore regions: whether something of that class is found there is
 * neither right nor wrong (yolov10/loss.h, eval/ignore.h). Without it they are background.
 *
 * compat=seed rounds a page's labels first, as the musicScanner project's scripts do: normalised,
 * with five decimals, corners cut to whole pixels; a box that has no area then is left out.
 */
#ifndef YT_DATA_TILES_H
#define YT_DATA_TILES_H

#include "base/box.h"
#include "data/dataset.h"

struct yt_tile {
    uint32_t page;  /* in the data set */
    int x, y, w, h; /* the window, in pixels of the page; smaller than the slice on small pages */
    uint32_t label_count, region_count;
    size_t label_begin; /* in yt_tiles.labels: the labels, and behind them the ignore regions */
    uint32_t slant_count;
    size_t slant_begin; /* in yt_tiles.slants: shapes of some of the labels, in their order */
    bool is_surplus;    /* without labels, and not of the share that is trained on */
};

struct yt_tiles {
    struct yt_tile *items; /* page by page, row-major within a page */
    size_t count, cap;
    struct yt_label *labels;
    size_t label_count, label_cap;
    struct yt_slant *slants;
    size_t slant_count, slant_cap;
};

struct yt_tiles_options {
    int slice_h, slice_w; /* 0: a page is one tile, whatever its size */
    double overlap_h, overlap_w;
    double min_area_ratio;
    double empty;  /* the share of tiles without labels that is trained on: 0 none, 1 all */
    uint64_t seed; /* which ones: a function of (seed, page, tile), not of the rest */
    bool is_seed;  /* compat=seed */
    bool ignore;   /* remnants become ignore regions */
};

/* -1 + yt_fail on a grid that cannot be. */
int yt_tiles_init(struct yt_tiles *tiles, const struct yt_dataset *dataset,
                  const struct yt_tiles_options *options);
void yt_tiles_release(struct yt_tiles *tiles);

#endif
