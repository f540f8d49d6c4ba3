#include "data/slice.h"
#include "base/file.h"
#include "base/str.h"
#include "base/threads.h"
#include "base/yaml.h"
#include "image/image.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The label lines of a tile. Corners are whole numbers in the seed's mode, so that only the
 * divisions round. */
static void add_labels(const struct yt_tiles *tiles, const struct yt_tile *tile,
                       const struct yt_tiles_options *options, struct yt_str *out) {
    bool is_seed = options->is_seed && options->slice_w && options->slice_h;
    int tile_w = is_seed ? options->slice_w : tile->w;
    int tile_h = is_seed ? options->slice_h : tile->h;
    int decimals = options->is_seed ? 5 : 6;
    for (uint32_t i = 0; i < tile->label_count; i++) {
        const struct yt_label *label = &tiles->labels[tile->label_begin + i];
        double x = label->box.x1, w = label->box.x2 - x, y = label->box.y1, h = label->box.y2 - y;
        yt_str_add(out, "%d %.*f %.*f %.*f %.*f\n", label->cls, decimals, (x + w / 2) / tile_w,
                   decimals, (y + h / 2) / tile_h, decimals, w / tile_w, decimals, h / tile_h);
    }
}

/* <page file>_<x1>_<y1>_<x2>_<y2>, to free. */
static char *tile_name(const struct yt_dataset *dataset, const struct yt_tile *tile) {
    return yt_format("%s_%d_%d_%d_%d", yt_path_name(dataset->pages[tile->page].path), tile->x,
                     tile->y, tile->x + tile->w, tile->y + tile->h);
}

static int write_tile(const char *folder, const struct yt_dataset *dataset,
                      const struct yt_tiles *tiles, uint32_t index, const struct yt_image *page,
                      const struct yt_tiles_options *options, struct yt_slice_counts *counts) {
    const struct yt_tile *tile = &tiles->items[index];
    struct yt_str labels = {0};
    add_labels(tiles, tile, options, &labels);
    char *name = tile_name(dataset, tile);
    char *image_path = yt_format("%s/images/%s.png", folder, name);
    char *label_path = yt_format("%s/labels/%s.txt", folder, name);
    struct yt_image *image = yt_image_crop(page, tile->x, tile->y, tile->w, tile->h);
    int failed = yt_image_write_png(image, image_path);
    if (!failed && labels.len) failed = yt_file_write(label_path, labels.s, labels.len);
    counts->images++;
    counts->labelled += tile->label_count > 0;
    counts->labels += tile->label_count;
    yt_image_free(image);
    free(label_path);
    free(image_path);
    free(name);
    yt_str_release(&labels);
    return failed;
}

/* The tiles of a page are [first, end). */
static int write_page(const char *folder, const struct yt_dataset *dataset,
                      const struct yt_tiles *tiles, const bool *listed, size_t first, size_t end,
                      const struct yt_tiles_options *options, struct yt_slice_counts *counts) {
    const char *path = dataset->pages[tiles->items[first].page].path;
    struct yt_image *page = yt_image_read(path, 0);
    int failed = page ? 0 : -1;
    for (size_t i = first; i < end && !failed; i++)
        if (listed[i])
            failed = write_tile(folder, dataset, tiles, (uint32_t)i, page, options, counts);
    yt_image_free(page);
    return failed;
}

/* begin[p] .. begin[p + 1] are the tiles of page p, to free. */
static size_t *tiles_by_page(const struct yt_dataset *dataset, const struct yt_tiles *tiles) {
    size_t *begin = yt_calloc(dataset->page_count + 2, sizeof *begin);
    for (size_t i = 0; i < tiles->count; i++) begin[tiles->items[i].page + 1]++;
    for (size_t p = 0; p < dataset->page_count; p++) begin[p + 1] += begin[p];
    return begin;
}

static int write_pages(const char *folder, const struct yt_dataset *dataset,
                       const struct yt_tiles *tiles, const bool *listed,
                       const struct yt_tiles_options *options, struct yt_slice_counts *counts) {
    size_t *begin = tiles_by_page(dataset, tiles), images = 0, labelled = 0, labels = 0;
    char *error = NULL;
#pragma omp parallel for schedule(dynamic) num_threads(yt_threads())                               \
    reduction(+ : images, labelled, labels)
    for (size_t p = 0; p < dataset->page_count; p++) {
        struct yt_slice_counts own = {0};
        bool is_stopped;
#pragma omp critical(yt_slice_error)
        is_stopped = error != NULL;
        if (is_stopped || begin[p] == begin[p + 1]) continue;
        if (write_page(folder, dataset, tiles, listed, begin[p], begin[p + 1], options, &own)) {
#pragma omp critical(yt_slice_error)
            if (!error) error = yt_error_take();
        }
        images += own.images;
        labelled += own.labelled;
        labels += own.labels;
    }
    *counts = (struct yt_slice_counts){images, labelled, labels};
    free(begin);
    if (!error) return 0;
    yt_fail("%s", error);
    free(error);
    return -1;
}

static int write_list(const char *folder, const struct yt_dataset *dataset,
                      const struct yt_tiles *tiles, const struct yt_split *split,
                      enum yt_part part) {
    struct yt_str list = {0};
    for (size_t i = 0; i < split->count[part]; i++) {
        char *name = tile_name(dataset, &tiles->items[split->tiles[part][i]]);
        yt_str_add(&list, "./images/%s.png\n", name);
        free(name);
    }
    char *path = yt_format("%s/%s.txt", folder, yt_part_names[part]);
    int failed = yt_file_write(path, list.s ? list.s : "", list.len);
    free(path);
    yt_str_release(&list);
    return failed;
}

/* Without path:, lists are relative to the YAML, for yt and for the YOLO trainers. */
static int write_yaml(const char *folder, const struct yt_dataset *dataset,
                      const struct yt_split *split) {
    struct yt_str yaml = {0};
    for (int part = 0; part < YT_PARTS; part++)
        if (split->count[part])
            yt_str_add(&yaml, "%s: %s.txt\n", yt_part_names[part], yt_part_names[part]);
    yt_str_add(&yaml, "nc: %d\nnames:\n", dataset->nc);
    for (int i = 0; i < dataset->nc; i++) {
        yt_str_add(&yaml, "  %d: ", i);
        yt_yaml_scalar(&yaml, dataset->classes[i].name);
        yt_str_add(&yaml, "\n");
    }
    char *path = yt_path_join(folder, "data.yaml");
    int failed = yt_file_write(path, yaml.s, yaml.len);
    free(path);
    yt_str_release(&yaml);
    return failed;
}

/* A flag a tile, to free. */
static bool *listed_tiles(const struct yt_tiles *tiles, const struct yt_split *split) {
    bool *listed = yt_calloc(tiles->count + 1, sizeof *listed);
    for (int part = 0; part < YT_PARTS; part++)
        for (size_t i = 0; i < split->count[part]; i++) listed[split->tiles[part][i]] = true;
    return listed;
}

static int by_text(const void *a, const void *b) {
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int refuse_equal_names(const struct yt_dataset *dataset) {
    const char **names = yt_malloc((dataset->page_count + 1) * sizeof *names);
    int failed = 0;
    for (size_t i = 0; i < dataset->page_count; i++)
        names[i] = yt_path_name(dataset->pages[i].path);
    qsort(names, dataset->page_count, sizeof *names, by_text);
    for (size_t i = 1; i < dataset->page_count && !failed; i++)
        if (strcmp(names[i], names[i - 1]) == 0)
            failed = yt_fail("two pages are called %s, and so would their tiles; slice the folders "
                             "one by one",
                             names[i]);
    free(names);
    return failed;
}

static int make_folders(const char *folder) {
    char *images = yt_path_join(folder, "images"), *labels = yt_path_join(folder, "labels");
    int failed = yt_path_mkdirs(images) || yt_path_mkdirs(labels);
    free(labels);
    free(images);
    return failed ? -1 : 0;
}

int yt_slice_write(const char *folder, const struct yt_dataset *dataset,
                   const struct yt_tiles *tiles, const struct yt_split *split,
                   const struct yt_tiles_options *options, struct yt_slice_counts *counts) {
    bool *listed = listed_tiles(tiles, split);
    int failed = refuse_equal_names(dataset) || make_folders(folder) ||
                 write_pages(folder, dataset, tiles, listed, options, counts);
    free(listed);
    if (failed) return -1;
    for (int part = 0; part < YT_PARTS; part++)
        if (split->count[part] && write_list(folder, dataset, tiles, split, (enum yt_part)part))
            return -1;
    return write_yaml(folder, dataset, split);
}
