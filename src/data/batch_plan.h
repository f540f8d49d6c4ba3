/* Which tiles of a list make which batch of an epoch, and how large its images are. No pixels are
 * needed to know it, so memory can be planned before there is a loader.
 *
 *     struct yt_batch_plan plan;
 *     yt_batch_plan_init(&plan, &tiles, list, count, &options);
 *     for (int i = 0; i < plan.per_epoch; i++) {
 *         struct yt_batch_shape shape = plan.shapes[i];
 *         const uint32_t *members = yt_batch_plan_tiles(&plan, epoch, i); // shape.n of them
 *         ...
 *     }
 *     yt_batch_plan_release(&plan);
 *
 * Training: all batches are imgsz x imgsz, the list in an order by lot for each epoch. Validation:
 * tiles sorted by height/width, batches of one shape each as in YOLOv10's validation.
 */
#ifndef YT_DATA_BATCH_PLAN_H
#define YT_DATA_BATCH_PLAN_H

#include "data/loader.h"

struct yt_batch_shape {
    int n, h, w; /* images, pixels */
};

struct yt_batch_plan {
    const struct yt_tiles *tiles; /* lent */
    struct yt_loader_options options;
    uint32_t *list, *order; /* tiles: a copy of the list, sorted for validation; of order_epoch */
    size_t count;
    int order_epoch;
    int per_epoch;
    struct yt_batch_shape *shapes; /* per_epoch */
    int max_h, max_w;              /* of all batches */
    int max_marks;                 /* labels and ignore regions of one tile */
};

/* count must not be 0; tiles must outlive the plan. */
void yt_batch_plan_init(struct yt_batch_plan *plan, const struct yt_tiles *tiles,
                        const uint32_t *list, size_t count,
                        const struct yt_loader_options *options);
void yt_batch_plan_release(struct yt_batch_plan *plan);

/* The tiles of a batch, until the next call. */
const uint32_t *yt_batch_plan_tiles(struct yt_batch_plan *plan, int epoch, int index);
/* The batch with most pixels. */
struct yt_batch_shape yt_batch_plan_largest(const struct yt_batch_plan *plan);

#endif
