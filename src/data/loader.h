/* Batches, prepared ahead of whoever uses them by threads of its own.
 *
 *     struct yt_loader *loader = yt_loader_new(&tiles, pages, list, count, &options);
 *     for (;;) {
 *         const struct yt_batch *batch;
 *         if (yt_loader_next(loader, &batch)) return -1; // a page is gone or damaged
 *         if (!batch) break;                             // after options.epochs epochs
 *         ... batch is yours until the next call ...
 *     }
 *     yt_loader_free(loader);
 *
 * Batches come epoch after epoch in one stream, prepared across the border between two epochs. An
 * epoch has every tile of the list once; its last batch may be smaller. What is in a batch is a
 * function of (list, options, epoch, index of the batch): it depends neither on the number of
 * threads nor on where the stream began, so a run goes on exactly from (epoch, batch).
 *
 * Training mode: order by lot for each epoch, augmentation (augment/augment.h), square batches of
 * side imgsz. Validation mode: no augmentation; tiles sorted by height/width, batches of one shape
 * each as in YOLOv10's validation (image/letterbox.h: 672x672 for square tiles at 640).
 *
 * Nothing is allocated after yt_loader_new, except for pages that are decoded (data/pages.h). The
 * tiles and pages must outlive the loader; the list is copied.
 */
#ifndef YT_DATA_LOADER_H
#define YT_DATA_LOADER_H

#include "augment/augment.h"
#include "data/pages.h"
#include "data/tiles.h"
#include "image/letterbox.h"

struct yt_loader_options {
    bool is_training;
    bool is_shuffled;          /* training only: false keeps the order of the list */
    int batch, imgsz, stride;  /* stride: of the model, 32 */
    int workers;               /* threads, at least 1 */
    struct yt_augment augment; /* training only */
    uint64_t seed;
    int epoch, first_batch; /* where the stream begins */
    int epochs;             /* it ends before this epoch; 0: never */
};

struct yt_batch_item {
    uint32_t tile;           /* index into tiles.items */
    struct yt_letterbox fit; /* validation: from the tile to the input and back */
    int target_begin, target_count;
    int region_begin, region_count;
};
struct yt_batch {
    int n, h, w;                 /* images */
    uint8_t *images;             /* (n, h, w, 3): R, G, B */
    struct yt_batch_item *items; /* n */
    struct yt_target *targets;   /* of item 0, of item 1, ... */
    int target_count;
    struct yt_target *regions; /* ignore regions (data/tiles.h), in the same order of items */
    int region_count;
    int epoch, index;            /* index of the batch in its epoch */
    bool is_last;                /* of its epoch */
    double waited_s;             /* how long yt_loader_next had to wait for it */
    struct yt_augment_lost lost; /* labels that augmentation dropped */
};

struct yt_loader;

/* NULL + yt_fail when the list is empty, or the batches do not fit into memory. */
struct yt_loader *yt_loader_new(const struct yt_tiles *tiles, struct yt_pages *pages,
                                const uint32_t *list, size_t count,
                                const struct yt_loader_options *options);
/* Stops the threads, wherever they are. */
void yt_loader_free(struct yt_loader *loader);
int yt_loader_batches(const struct yt_loader *loader); /* in an epoch */

/* Lends the next batch, NULL at the end of the stream; takes back the one before. -1 + yt_fail if
 * an image of it could not be read: the message names the file. */
int yt_loader_next(struct yt_loader *loader, const struct yt_batch **batch);

/* What evaluation compares with: the labels of item i in pixels of its tile, back through the
 * targets and the letterbox as the detections go. Validation mode only. Writes target_count labels.
 */
void yt_batch_truth(const struct yt_batch *batch, int i, struct yt_label *labels);
/* The same of its ignore regions. */
void yt_batch_regions(const struct yt_batch *batch, int i, struct yt_label *regions);

#endif
