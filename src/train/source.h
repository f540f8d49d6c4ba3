/* What a run reads: the data set that `data=` names, its tiles, who trains on what, and the cache
 * of decoded pages, all as the settings say. Shared by training and validation.
 *
 *     struct yt_source source;
 *     if (yt_source_open(&source, settings) != 0) return -1;
 *     struct yt_loader *loader = yt_source_val_loader(&source, settings, YT_VAL, 16, 1);
 *     ...
 *     yt_source_close(&source);
 */
#ifndef YT_TRAIN_SOURCE_H
#define YT_TRAIN_SOURCE_H

#include "config/settings.h"
#include "data/batch_plan.h"
#include "data/loader.h"
#include "data/split.h"

struct yt_source {
    struct yt_dataset dataset;
    struct yt_tiles tiles;
    struct yt_tiles_options tiling; /* how they were cut */
    struct yt_split split;
    struct yt_pages *pages;
};

/* Prints what was dropped. On -1 there is nothing to close. */
int yt_source_open(struct yt_source *source, const struct yt_settings *settings);
void yt_source_close(struct yt_source *source);

/* Appends lines: what the data set holds, what was dropped, who trains on what, and what leaks.
 * `data`: its name. */
void yt_source_describe(const struct yt_source *source, const char *data, struct yt_str *out);
/* The same to the log. */
void yt_source_print(const struct yt_source *source, const char *data);
/* Changes when the pages, their labels, the tiles or the split do; pixels are not read. */
uint64_t yt_source_hash(const struct yt_source *source);

/* The most labels that one tile has. */
uint32_t yt_source_most_labels(const struct yt_source *source);
/* yt_max_det (page_options.h) with what the tiles have. */
int yt_source_max_det(const struct yt_source *source, const struct yt_settings *settings);

/* Threads that prepare batches: settings->workers, or what the cores allow. */
int yt_source_workers(const struct yt_settings *settings);
/* Validation batches of one part at the settings' imgsz; one epoch a call of yt_loader_next's
 * stream, `epochs` 0: endless. */
struct yt_loader *yt_source_val_loader(const struct yt_source *source,
                                       const struct yt_settings *settings, enum yt_part part,
                                       int batch, int epochs);
/* The batch of those with most pixels. The part must have tiles. */
struct yt_batch_shape yt_source_val_largest(const struct yt_source *source,
                                            const struct yt_settings *settings, enum yt_part part,
                                            int batch);
/* Training batches from (epoch, batch) on. */
struct yt_loader *yt_source_train_loader(const struct yt_source *source,
                                         const struct yt_settings *settings, int epoch, int batch);

#endif
