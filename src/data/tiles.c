#include "data/tiles.h"
#include "base/rng.h"
#include "image/slices.h"
#include <stdio.h>
#include <stdlib.h>

/* What is left of a number that is written with five decimals. */
static double five_decimals(double value) {
    char text[32];
    snprintf(text, sizeof text, "%.5f", value);
    return strtod(text, NULL);
}

/* One axis of a label as the seed's scripts round it, on a page of that size. The order of
 * operations is theirs: another one may round to another digit. */
static void round_as_seed(double *from, double *to, int size) {
    double low = *from / size, high = *to / size;
    double centre = five_decimals((low + high) / 2), length = five_decimals(high - low);
    *from = (int)((centre - length / 2) * size);
    *to = (int)((centre + length / 2) * size);
}

/* What a tile has of a label of its page. */
enum sight { UNSEEN, REMNANT, SEEN };

/* If anything is seen, `cut` is the part inside the tile, in its pixels. */
static enum sight cut_label(const struct yt_page_label *label, const struct yt_slice *window,
                            double min_area_ratio, struct yt_label *cut) {
    if (label->x1 >= window->x2 || label->y1 >= window->y2 || label->x2 <= window->x1 ||
        label->y2 <= window->y1)
        return UNSEEN;
    double x1 = YT_MAX(label->x1, window->x1), y1 = YT_MAX(label->y1, window->y1);
    double x2 = YT_MIN(label->x2, window->x2), y2 = YT_MIN(label->y2, window->y2);
    double inside = (x2 - x1) * (y2 - y1);
    double full = (label->x2 - label->x1) * (label->y2 - label->y1);
    if (full >= 1) {
        inside = (double)(int64_t)inside;
        full = (double)(int64_t)full;
    }
    cut->box = (struct yt_box){(float)(x1 - window->x1), (float)(y1 - window->y1),
                               (float)(x2 - window->x1), (float)(y2 - window->y1)};
    cut->cls = label->cls;
    return inside / full < min_area_ratio ? REMNANT : SEEN;
}

static void add_slant(struct yt_tiles *tiles, const struct yt_polygon *slant,
                      const struct yt_slice *window, uint32_t label) {
    tiles->slants =
        yt_grow(tiles->slants, &tiles->slant_cap, tiles->slant_count + 1, sizeof *tiles->slants);
    struct yt_slant *added = &tiles->slants[tiles->slant_count++];
    *added = (struct yt_slant){label, *slant};
    for (int i = 0; i < slant->count; i++) {
        added->shape.x[i] -= (float)window->x1;
        added->shape.y[i] -= (float)window->y1;
    }
}

/* Appends what the window has in that sight of the page's labels, and returns how many. */
static uint32_t add_labels(struct yt_tiles *tiles, const struct yt_dataset *dataset,
                           const struct yt_page *page, const struct yt_slice *window,
                           const struct yt_tiles_options *options, enum sight sight) {
    uint32_t count = 0;
    for (uint32_t i = 0; i < page->label_count; i++) {
        struct yt_page_label label = dataset->labels[page->label_begin + i];
        struct yt_label cut;
        if (options->is_seed) {
            round_as_seed(&label.x1, &label.x2, page->w);
            round_as_seed(&label.y1, &label.y2, page->h);
            if (label.x1 >= label.x2 || label.y1 >= label.y2) continue;
        }
        if (cut_label(&label, window, options->min_area_ratio, &cut) != sight) continue;
        if (sight == SEEN && label.slant)
            add_slant(tiles, &dataset->slants[label.slant - 1], window, count);
        tiles->labels =
            yt_grow(tiles->labels, &tiles->label_cap, tiles->label_count + 1, sizeof cut);
        tiles->labels[tiles->label_count++] = cut;
        count++;
    }
    return count;
}

/* Whether a tile without labels is one of those that are trained on. */
static bool is_drawn(const struct yt_tile *tile, const struct yt_tiles_options *options) {
    uint64_t place = (uint64_t)tile->y << 32 | (uint64_t)tile->x;
    struct yt_rng rng = yt_rng_make(options->seed, "empty", tile->page, place);
    return yt_rng_uniform(&rng, 0, 1) < options->empty;
}

/* A page has some 24 windows and 660 labels, and this runs once: no index is worth its lines. */
static void add_tile(struct yt_tiles *tiles, const struct yt_dataset *dataset, uint32_t index,
                     const struct yt_slice *window, const struct yt_tiles_options *options) {
    const struct yt_page *page = &dataset->pages[index];
    struct yt_tile tile = {.page = index,
                           .x = window->x1,
                           .y = window->y1,
                           .w = window->x2 - window->x1,
                           .h = window->y2 - window->y1,
                           .label_begin = tiles->label_count,
                           .slant_begin = tiles->slant_count};
    tile.label_count = add_labels(tiles, dataset, page, window, options, SEEN);
    tile.slant_count = (uint32_t)(tiles->slant_count - tile.slant_begin);
    if (options->ignore)
        tile.region_count = add_labels(tiles, dataset, page, window, options, REMNANT);
    tile.is_surplus = tile.label_count == 0 && !is_drawn(&tile, options);
    tiles->items = yt_grow(tiles->items, &tiles->cap, tiles->count + 1, sizeof tile);
    tiles->items[tiles->count++] = tile;
}

int yt_tiles_init(struct yt_tiles *tiles, const struct yt_dataset *dataset,
                  const struct yt_tiles_options *options) {
    struct yt_slices grid = {0};
    *tiles = (struct yt_tiles){0};
    for (uint32_t i = 0; i < dataset->page_count; i++) {
        const struct yt_page *page = &dataset->pages[i];
        int slice_h = options->slice_h ? options->slice_h : page->h;
        int slice_w = options->slice_w ? options->slice_w : page->w;
        if (yt_slices_grid(&grid, page->h, page->w, slice_h, slice_w, options->overlap_h,
                           options->overlap_w)) {
            yt_slices_release(&grid);
            yt_tiles_release(tiles);
            return -1;
        }
        for (size_t t = 0; t < grid.count; t++)
            add_tile(tiles, dataset, i, &grid.items[t], options);
    }
    yt_slices_release(&grid);
    return 0;
}

void yt_tiles_release(struct yt_tiles *tiles) {
    free(tiles->items);
    free(tiles->labels);
    free(tiles->slants);
    *tiles = (struct yt_tiles){0};
}
