#include "data/batch_plan.h"
#include "base/rng.h"
#include <stdlib.h>
#include <string.h>

/* --- validation: batches of one shape each ------------------------------------------------------
 */

static double ratio_of(const struct yt_batch_plan *plan, uint32_t tile) {
    return (double)plan->tiles->items[tile].h / plan->tiles->items[tile].w;
}

struct ranked {
    double ratio;
    size_t place; /* in the list: equal ratios keep their order */
    uint32_t tile;
};

static int by_ratio(const void *a, const void *b) {
    const struct ranked *x = a, *y = b;
    if (x->ratio != y->ratio) return x->ratio < y->ratio ? -1 : 1;
    return (x->place > y->place) - (x->place < y->place);
}

static void sort_by_ratio(struct yt_batch_plan *plan) {
    struct ranked *ranked = yt_malloc(plan->count * sizeof *ranked);
    for (size_t i = 0; i < plan->count; i++)
        ranked[i] = (struct ranked){ratio_of(plan, plan->list[i]), i, plan->list[i]};
    qsort(ranked, plan->count, sizeof *ranked, by_ratio);
    for (size_t i = 0; i < plan->count; i++) plan->list[i] = ranked[i].tile;
    free(ranked);
}

/* --- shapes -------------------------------------------------------------------------------------
 */

static struct yt_batch_shape shape_of(const struct yt_batch_plan *plan, int index) {
    const struct yt_loader_options *options = &plan->options;
    size_t first = (size_t)index * (size_t)options->batch;
    size_t n = YT_MIN(plan->count - first, (size_t)options->batch);
    struct yt_batch_shape shape = {(int)n, options->imgsz, options->imgsz};
    if (!options->is_training)
        yt_letterbox_group(ratio_of(plan, plan->list[first]),
                           ratio_of(plan, plan->list[first + n - 1]), options->imgsz,
                           options->stride, &shape.w, &shape.h);
    return shape;
}

void yt_batch_plan_init(struct yt_batch_plan *plan, const struct yt_tiles *tiles,
                        const uint32_t *list, size_t count,
                        const struct yt_loader_options *options) {
    YT_ASSERT(count > 0 && options->batch > 0 && options->imgsz > 0 && options->stride > 0);
    *plan = (struct yt_batch_plan){
        .tiles = tiles, .options = *options, .count = count, .order_epoch = -1};
    plan->list = yt_malloc(count * sizeof *list);
    plan->order = yt_malloc(count * sizeof *list);
    memcpy(plan->list, list, count * sizeof *list);
    if (!options->is_training) sort_by_ratio(plan);
    size_t batch = (size_t)options->batch;
    plan->per_epoch = (int)((count + batch - 1) / batch);
    plan->shapes = yt_malloc((size_t)plan->per_epoch * sizeof *plan->shapes);
    for (int i = 0; i < plan->per_epoch; i++) {
        plan->shapes[i] = shape_of(plan, i);
        plan->max_h = YT_MAX(plan->max_h, plan->shapes[i].h);
        plan->max_w = YT_MAX(plan->max_w, plan->shapes[i].w);
    }
    for (size_t i = 0; i < count; i++) {
        const struct yt_tile *tile = &tiles->items[list[i]];
        plan->max_marks = YT_MAX(plan->max_marks, (int)(tile->label_count + tile->region_count));
    }
}

void yt_batch_plan_release(struct yt_batch_plan *plan) {
    free(plan->list);
    free(plan->order);
    free(plan->shapes);
    *plan = (struct yt_batch_plan){0};
}

struct yt_batch_shape yt_batch_plan_largest(const struct yt_batch_plan *plan) {
    int largest = 0;
    for (int i = 1; i < plan->per_epoch; i++) {
        const struct yt_batch_shape *a = &plan->shapes[i], *b = &plan->shapes[largest];
        if ((int64_t)a->n * a->h * a->w > (int64_t)b->n * b->h * b->w) largest = i;
    }
    return plan->shapes[largest];
}

/* --- training: an order for each epoch ----------------------------------------------------------
 */

static void order_epoch(struct yt_batch_plan *plan, int epoch) {
    if (plan->order_epoch == epoch) return;
    memcpy(plan->order, plan->list, plan->count * sizeof *plan->order);
    plan->order_epoch = epoch;
    if (!plan->options.is_training || !plan->options.is_shuffled) return;
    struct yt_rng rng = yt_rng_make(plan->options.seed, "shuffle", (uint64_t)epoch, 0);
    yt_rng_shuffle(&rng, plan->order, plan->count);
}

const uint32_t *yt_batch_plan_tiles(struct yt_batch_plan *plan, int epoch, int index) {
    order_epoch(plan, epoch);
    return plan->order + (size_t)index * (size_t)plan->options.batch;
}
