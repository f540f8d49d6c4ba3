#include "train/source.h"

#include "base/file.h"
#include "base/rng.h"
#include "base/threads.h"
#include "data/audit.h"
#include "train/page_options.h"

#include <string.h>

#define MODEL_STRIDE 32

static int open_dataset(struct yt_source *source, const struct yt_settings *settings) {
    if (!settings->data)
        return yt_fail("data: is not set; name a DeepScoresV2 folder or a data set YAML, data=...");
    struct yt_dataset_options options = {
        .annotation_set = settings->annotation_set,
        .classes = settings->classes.items,
        .class_count = (int)settings->classes.count,
        .single_cls = settings->single_cls,
        .o_bbox = settings->o_bbox,
    };
    if (yt_dataset_open(&source->dataset, settings->data, &options) != 0) return -1;
    yt_tally_print(&source->dataset.tally, settings->data);
    return 0;
}

static int cut_tiles(struct yt_source *source, const struct yt_settings *settings) {
    /* Pages are cut; images that were made for the model are one tile each, unless asked. */
    bool is_cut = source->dataset.is_deepscores || strcmp(settings->sliced, "true") == 0;
    int slice = is_cut ? settings->slice_size : 0;
    source->tiling = (struct yt_tiles_options){
        .slice_h = slice,
        .slice_w = slice,
        .overlap_h = settings->overlap_height,
        .overlap_w = settings->overlap_width,
        .min_area_ratio = settings->min_area_ratio,
        .empty = is_cut ? settings->empty : 1,
        .seed = (uint64_t)settings->seed,
        .ignore = settings->ignore_regions,
        .is_seed = strcmp(settings->compat, "seed") == 0,
    };
    return yt_tiles_init(&source->tiles, &source->dataset, &source->tiling);
}

static int split(struct yt_source *source, const struct yt_settings *settings) {
    struct yt_split_options options = {
        .val_fraction = settings->val_fraction,
        .test_fraction = settings->test_fraction,
        .fraction = settings->fraction,
        .seed = (uint64_t)settings->seed,
    };
    if (yt_split_method_parse(settings->split, &source->dataset, &options.method) != 0) return -1;
    return yt_split_init(&source->split, &source->dataset, &source->tiles, &options);
}

int yt_source_open(struct yt_source *source, const struct yt_settings *settings) {
    memset(source, 0, sizeof(*source));
    if (open_dataset(source, settings) != 0) return -1;
    if (cut_tiles(source, settings) != 0 || split(source, settings) != 0) {
        yt_source_close(source);
        return -1;
    }
    size_t cache = settings->cache < 0 ? 0 : (size_t)settings->cache << 20;
    source->pages = yt_pages_new(&source->dataset, cache);
    return 0;
}

void yt_source_close(struct yt_source *source) {
    yt_pages_free(source->pages);
    yt_split_release(&source->split);
    yt_tiles_release(&source->tiles);
    yt_dataset_release(&source->dataset);
}

void yt_source_describe(const struct yt_source *source, const char *data, struct yt_str *out) {
    const struct yt_dataset *dataset = &source->dataset;
    const size_t *count = source->split.count;
    yt_str_add(out, "data: %s: %zu pages, %d classes, %zu labels\n", data, dataset->page_count,
               dataset->nc, dataset->label_count);
    for (size_t i = 0; i < dataset->tally.count; i++) {
        const struct yt_tally_row *row = &dataset->tally.rows[i];
        yt_str_add(out, "%llu %s (first: %s)\n", (unsigned long long)row->count, row->reason,
                   row->first);
    }
    yt_str_add(out, "tiles: %zu to train on, %zu to validate on, %zu to test on; cut %d px wide\n",
               count[YT_TRAIN], count[YT_VAL], count[YT_TEST], source->tiling.slice_w);
    for (int part = YT_VAL; part <= YT_TEST; part++) {
        struct yt_audit leaks;
        if (count[part] == 0) continue;
        yt_audit_run(&leaks, dataset, &source->tiles, &source->split, (enum yt_part)part);
        yt_audit_describe(&leaks, (enum yt_part)part, out);
    }
}

void yt_source_print(const struct yt_source *source, const char *data) {
    struct yt_str text = {0};
    yt_source_describe(source, data, &text);
    text.s[text.len - 1] = 0; /* yt_info ends the last line */
    yt_info("%s", text.s);
    yt_str_release(&text);
}

static uint64_t mix_in(uint64_t hash, const void *bytes, size_t len) {
    return yt_mix(hash ^ yt_hash(bytes, len));
}

uint64_t yt_source_hash(const struct yt_source *source) {
    uint64_t hash = 0;
    for (size_t i = 0; i < source->dataset.page_count; i++) {
        const char *name = yt_path_name(source->dataset.pages[i].path);
        hash = mix_in(hash, name, strlen(name));
    }
    for (size_t i = 0; i < source->tiles.count; i++) {
        const struct yt_tile *tile = &source->tiles.items[i];
        const int window[] = {(int)tile->page, tile->x, tile->y, tile->w, tile->h};
        hash = mix_in(hash, window, sizeof window);
        hash = mix_in(hash, source->tiles.labels + tile->label_begin,
                      tile->label_count * sizeof(struct yt_label));
    }
    for (int part = 0; part < YT_PARTS; part++)
        hash = mix_in(hash, source->split.tiles[part],
                      source->split.count[part] * sizeof *source->split.tiles[part]);
    return hash;
}

uint32_t yt_source_most_labels(const struct yt_source *source) {
    uint32_t most = 0;
    for (size_t i = 0; i < source->tiles.count; i++)
        most = YT_MAX(most, source->tiles.items[i].label_count);
    return most;
}

int yt_source_max_det(const struct yt_source *source, const struct yt_settings *settings) {
    return yt_max_det(settings, (int)yt_source_most_labels(source));
}

int yt_source_workers(const struct yt_settings *settings) {
    if (settings->workers > 0) return settings->workers;
    return YT_MIN(YT_MAX(yt_threads() / 8, 1), 8); /* a worker feeds about eight computing cores */
}

static struct yt_loader_options val_options(const struct yt_settings *settings, int batch,
                                            int epochs) {
    return (struct yt_loader_options){
        .batch = batch,
        .imgsz = settings->imgsz,
        .stride = MODEL_STRIDE,
        .workers = yt_source_workers(settings),
        .epochs = epochs,
    };
}

struct yt_batch_shape yt_source_val_largest(const struct yt_source *source,
                                            const struct yt_settings *settings, enum yt_part part,
                                            int batch) {
    struct yt_loader_options options = val_options(settings, batch, 1);
    struct yt_batch_plan plan;
    yt_batch_plan_init(&plan, &source->tiles, source->split.tiles[part], source->split.count[part],
                       &options);
    struct yt_batch_shape largest = yt_batch_plan_largest(&plan);
    yt_batch_plan_release(&plan);
    return largest;
}

struct yt_loader *yt_source_val_loader(const struct yt_source *source,
                                       const struct yt_settings *settings, enum yt_part part,
                                       int batch, int epochs) {
    struct yt_loader_options options = val_options(settings, batch, epochs);
    return yt_loader_new(&source->tiles, source->pages, source->split.tiles[part],
                         source->split.count[part], &options);
}

struct yt_loader *yt_source_train_loader(const struct yt_source *source,
                                         const struct yt_settings *settings, int epoch, int batch) {
    struct yt_loader_options options = {
        .is_training = true,
        .is_shuffled = settings->shuffle,
        .batch = settings->batch,
        .imgsz = settings->imgsz,
        .stride = MODEL_STRIDE,
        .workers = yt_source_workers(settings),
        .augment = {.hsv_h = settings->hsv_h,
                    .hsv_s = settings->hsv_s,
                    .hsv_v = settings->hsv_v,
                    .degrees = settings->degrees,
                    .upright = 1 - settings->rotate_p,
                    .translate = settings->translate,
                    .scale = settings->scale,
                    .min_side = settings->label_min_side,
                    .ignore_dropped = settings->ignore_regions,
                    .border = settings->border},
        .seed = (uint64_t)settings->seed,
        .epoch = epoch,
        .first_batch = batch,
    };
    return yt_loader_new(&source->tiles, source->pages, source->split.tiles[YT_TRAIN],
                         source->split.count[YT_TRAIN], &options);
}
