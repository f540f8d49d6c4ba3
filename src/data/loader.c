/* The stream of batches has absolute numbers: batch q is batch q % per_epoch of epoch q /
 * per_epoch. A ring of slots holds batches consumed .. opened - 1; a thread takes one sample at a
 * time, of the batch opened last, and opens the next when all its samples are taken and a slot is
 * free. Sample i writes its targets and its regions at i * max_marks; yt_loader_next closes the
 * gaps. */
#include "data/batch_plan.h"
#include "base/rng.h"
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { DEPTH = 3 }; /* one lent, one ready, one in the making */

struct slot {
    struct yt_batch batch;
    int taken, done; /* samples */
    char *error;     /* of the first sample that failed */
    int error_sample;
};

/* A thread's buffers. */
struct worker {
    struct yt_loader *loader;
    pthread_t thread;
    struct yt_image *tile, *spare, *out;
    struct yt_label *labels;
};

struct yt_loader {
    struct yt_pages *pages;
    struct yt_batch_plan plan;

    uint8_t *memory; /* the images of all slots */
    size_t memory_bytes;
    struct slot slots[DEPTH];
    long consumed, opened, end; /* numbers of batches */
    bool is_lent, is_stopping;
    pthread_mutex_t lock;
    pthread_cond_t work, ready;
    struct worker *workers;
    int worker_count; /* threads that run */
};

/* Makes the next slot of the ring the batch `opened`, with no sample taken yet. */
static void open_batch(struct yt_loader *loader) {
    struct slot *slot = &loader->slots[loader->opened % DEPTH];
    struct yt_batch_plan *plan = &loader->plan;
    struct yt_batch *batch = &slot->batch;
    batch->epoch = (int)(loader->opened / plan->per_epoch);
    batch->index = (int)(loader->opened % plan->per_epoch);
    batch->n = plan->shapes[batch->index].n;
    batch->h = plan->shapes[batch->index].h;
    batch->w = plan->shapes[batch->index].w;
    batch->target_count = batch->region_count = 0;
    batch->is_last = batch->index == plan->per_epoch - 1;
    batch->lost = (struct yt_augment_lost){0};
    const uint32_t *tiles = yt_batch_plan_tiles(plan, batch->epoch, batch->index);
    for (int i = 0; i < batch->n; i++) batch->items[i] = (struct yt_batch_item){.tile = tiles[i]};
    slot->taken = slot->done = 0;
    loader->opened++;
}

/* --- one sample ---------------------------------------------------------------------------- */

/* The pixels of a tile: the page itself, or a copy of the window into the worker's buffer. */
static const struct yt_image *cut_tile(const struct yt_tile *tile, const struct yt_image *page,
                                       struct yt_image *buffer) {
    if (tile->w == page->w && tile->h == page->h) return page;
    buffer->w = tile->w;
    buffer->h = tile->h;
    buffer->c = page->c;
    size_t row = (size_t)tile->w * (size_t)page->c, page_row = (size_t)page->w * (size_t)page->c;
    const uint8_t *from = page->data + (size_t)tile->y * page_row + (size_t)(tile->x * page->c);
    for (int y = 0; y < tile->h; y++)
        memcpy(buffer->data + (size_t)y * row, from + (size_t)y * page_row, row);
    return buffer;
}

/* Multiplied by the reciprocal, as YOLO trainers do: its rounding decides which of the anchors
 * whose centre lies on an edge learn the label (docs/parity.md). */
static struct yt_target target_of(const struct yt_label *label, int image, int w, int h) {
    const struct yt_box *box = &label->box;
    float by_w = 1 / (float)w, by_h = 1 / (float)h;
    return (struct yt_target){.image = image,
                              .cls = label->cls,
                              .cx = (box->x1 + box->x2) / 2 * by_w,
                              .cy = (box->y1 + box->y2) / 2 * by_h,
                              .w = (box->x2 - box->x1) * by_w,
                              .h = (box->y2 - box->y1) * by_h};
}

/* Fills worker->out and worker->labels from the tile: the labels kept, whose number is returned,
 * and behind them *regions ignore regions. */
static size_t make_sample(struct worker *worker, struct yt_batch *batch, int i,
                          const struct yt_image *tile, const struct yt_marks *marks,
                          size_t *regions, struct yt_augment_lost *lost) {
    const struct yt_loader_options *options = &worker->loader->plan.options;
    struct yt_batch_item *item = &batch->items[i];
    worker->out->w = batch->w;
    worker->out->h = batch->h;
    if (options->is_training) {
        struct yt_rng rng =
            yt_rng_make(options->seed, "augment", (uint64_t)batch->epoch, item->tile);
        return yt_augment_apply(&options->augment, &rng, tile, marks, worker->spare, worker->out,
                                worker->labels, regions, lost);
    }
    worker->out->c = tile->c;
    item->fit = yt_letterbox_load(tile->w, tile->h, options->imgsz, batch->w, batch->h);
    yt_letterbox_apply(&item->fit, tile, worker->out, YT_LETTERBOX_BORDER);
    for (size_t k = 0; k < marks->label_count + marks->region_count; k++) {
        const struct yt_label *mark = &marks->labels[k];
        struct yt_box box = yt_letterbox_to_input(&item->fit, mark->box);
        worker->labels[k] = (struct yt_label){box, mark->cls};
    }
    *regions = marks->region_count;
    return marks->label_count;
}

/* Sample i of the batch, in its place. -1 + yt_fail when the page cannot be read. */
static int prepare(struct worker *worker, struct yt_batch *batch, int i,
                   struct yt_augment_lost *lost) {
    struct yt_loader *loader = worker->loader;
    struct yt_batch_item *item = &batch->items[i];
    const struct yt_tiles *tiles = loader->plan.tiles;
    const struct yt_tile *tile = &tiles->items[item->tile];
    const struct yt_image *page = yt_pages_lend(loader->pages, tile->page);
    if (!page) return -1;
    const struct yt_marks marks = {.labels = tiles->labels + tile->label_begin,
                                   .label_count = tile->label_count,
                                   .region_count = tile->region_count,
                                   .slants = tiles->slants + tile->slant_begin,
                                   .slant_count = tile->slant_count};
    size_t regions, kept = make_sample(worker, batch, i, cut_tile(tile, page, worker->tile), &marks,
                                       &regions, lost);
    yt_pages_return(loader->pages, tile->page);

    size_t image_bytes = (size_t)batch->h * (size_t)batch->w * 3;
    struct yt_image place = {batch->w, batch->h, 3, batch->images + (size_t)i * image_bytes};
    yt_image_paste_into(worker->out, &place, 0, 0);
    item->target_begin = item->region_begin = i * loader->plan.max_marks;
    item->target_count = (int)kept;
    item->region_count = (int)regions;
    for (size_t k = 0; k < kept; k++)
        batch->targets[(size_t)item->target_begin + k] =
            target_of(&worker->labels[k], i, batch->w, batch->h);
    for (size_t k = 0; k < regions; k++)
        batch->regions[(size_t)item->region_begin + k] =
            target_of(&worker->labels[kept + k], i, batch->w, batch->h);
    return 0;
}

/* --- the threads --------------------------------------------------------------------------- */

/* The slot that has a sample to take, opening a batch if need be; NULL when there is none now. */
static struct slot *slot_with_work(struct yt_loader *loader) {
    if (loader->opened > loader->consumed) {
        struct slot *slot = &loader->slots[(loader->opened - 1) % DEPTH];
        if (slot->taken < slot->batch.n) return slot;
    }
    if (loader->opened - loader->consumed >= DEPTH || loader->opened >= loader->end) return NULL;
    open_batch(loader);
    return &loader->slots[(loader->opened - 1) % DEPTH];
}

static void finish_sample(struct yt_loader *loader, struct slot *slot, int i, bool failed,
                          const struct yt_augment_lost *lost) {
    if (failed && (!slot->error || i < slot->error_sample)) {
        free(slot->error);
        slot->error = yt_error_take();
        slot->error_sample = i;
    }
    slot->batch.lost.outside += lost->outside;
    slot->batch.lost.small += lost->small;
    slot->batch.lost.cut += lost->cut;
    slot->batch.lost.thin += lost->thin;
    if (++slot->done == slot->batch.n) pthread_cond_signal(&loader->ready);
}

static void *run_worker(void *user) {
    struct worker *worker = user;
    struct yt_loader *loader = worker->loader;
    pthread_mutex_lock(&loader->lock);
    while (!loader->is_stopping) {
        struct slot *slot = slot_with_work(loader);
        if (!slot) {
            pthread_cond_wait(&loader->work, &loader->lock);
            continue;
        }
        int i = slot->taken++;
        struct yt_augment_lost lost = {0};
        pthread_mutex_unlock(&loader->lock);
        bool failed = prepare(worker, &slot->batch, i, &lost) != 0;
        pthread_mutex_lock(&loader->lock);
        finish_sample(loader, slot, i, failed, &lost);
    }
    pthread_mutex_unlock(&loader->lock);
    return NULL;
}

/* --- lending ------------------------------------------------------------------------------- */

/* Moves `count` of the list from *begin to its end so far. */
static void append(struct yt_target *list, int *end, int *begin, int count) {
    memmove(list + *end, list + *begin, (size_t)count * sizeof *list);
    *begin = *end;
    *end += count;
}

static void close_gaps(struct yt_batch *batch) {
    batch->target_count = batch->region_count = 0;
    for (int i = 0; i < batch->n; i++) {
        struct yt_batch_item *item = &batch->items[i];
        append(batch->targets, &batch->target_count, &item->target_begin, item->target_count);
        append(batch->regions, &batch->region_count, &item->region_begin, item->region_count);
    }
}

int yt_loader_next(struct yt_loader *loader, const struct yt_batch **batch) {
    double start = yt_now();
    *batch = NULL;
    pthread_mutex_lock(&loader->lock);
    if (loader->is_lent) {
        loader->is_lent = false;
        loader->consumed++;
        pthread_cond_broadcast(&loader->work);
    }
    if (loader->consumed >= loader->end) {
        pthread_mutex_unlock(&loader->lock);
        return 0;
    }
    struct slot *slot = &loader->slots[loader->consumed % DEPTH];
    while (loader->opened <= loader->consumed || slot->done < slot->batch.n)
        pthread_cond_wait(&loader->ready, &loader->lock);
    if (!slot->error) loader->is_lent = true;
    pthread_mutex_unlock(&loader->lock);
    if (slot->error) return yt_fail("%s", slot->error);
    close_gaps(&slot->batch);
    slot->batch.waited_s = yt_now() - start;
    *batch = &slot->batch;
    return 0;
}

/* Back to the pixels of the item's tile. */
static void to_tile(const struct yt_batch *batch, const struct yt_batch_item *item,
                    const struct yt_target *targets, int count, struct yt_label *labels) {
    float w = (float)batch->w, h = (float)batch->h;
    for (int k = 0; k < count; k++) {
        const struct yt_target *t = &targets[k];
        struct yt_box box = {(t->cx - t->w / 2) * w, (t->cy - t->h / 2) * h, (t->cx + t->w / 2) * w,
                             (t->cy + t->h / 2) * h};
        labels[k] = (struct yt_label){yt_letterbox_to_source(&item->fit, box), t->cls};
    }
}

void yt_batch_truth(const struct yt_batch *batch, int i, struct yt_label *labels) {
    const struct yt_batch_item *item = &batch->items[i];
    to_tile(batch, item, batch->targets + item->target_begin, item->target_count, labels);
}

void yt_batch_regions(const struct yt_batch *batch, int i, struct yt_label *regions) {
    const struct yt_batch_item *item = &batch->items[i];
    to_tile(batch, item, batch->regions + item->region_begin, item->region_count, regions);
}

int yt_loader_batches(const struct yt_loader *loader) {
    return loader->plan.per_epoch;
}

/* --- making and freeing -------------------------------------------------------------------- */

static int init_slots(struct yt_loader *loader) {
    const struct yt_batch_plan *plan = &loader->plan;
    size_t batch = (size_t)plan->shapes[0].n; /* the first is full, or the only one */
    size_t bytes = batch * (size_t)plan->max_h * (size_t)plan->max_w * 3;
    loader->memory_bytes = bytes * DEPTH;
    loader->memory = yt_arena_map(loader->memory_bytes, "batches of images");
    if (!loader->memory) return -1;
    for (int s = 0; s < DEPTH; s++) {
        struct yt_batch *slot = &loader->slots[s].batch;
        slot->images = loader->memory + (size_t)s * bytes;
        slot->items = yt_calloc(batch, sizeof *slot->items);
        size_t marks = batch * (size_t)plan->max_marks + 1;
        slot->targets = yt_calloc(marks, sizeof *slot->targets);
        slot->regions = yt_calloc(marks, sizeof *slot->regions);
    }
    return 0;
}

static void init_worker(struct worker *worker, struct yt_loader *loader) {
    const struct yt_batch_plan *plan = &loader->plan;
    int tile_w = 1, tile_h = 1, imgsz = plan->options.imgsz;
    for (size_t i = 0; i < plan->count; i++) {
        const struct yt_tile *tile = &plan->tiles->items[plan->list[i]];
        tile_w = YT_MAX(tile_w, tile->w);
        tile_h = YT_MAX(tile_h, tile->h);
    }
    worker->loader = loader;
    worker->tile = yt_image_new(tile_w, tile_h, 3);
    worker->spare = yt_image_new(imgsz, imgsz, 3);
    worker->out = yt_image_new(plan->max_w, plan->max_h, 3);
    worker->labels = yt_malloc(((size_t)plan->max_marks + 1) * sizeof *worker->labels);
}

struct yt_loader *yt_loader_new(const struct yt_tiles *tiles, struct yt_pages *pages,
                                const uint32_t *list, size_t count,
                                const struct yt_loader_options *options) {
    if (count == 0) return yt_fail_null("the list has no tiles; choose another split= or list");
    struct yt_loader *loader = yt_calloc(1, sizeof *loader);
    loader->pages = pages;
    yt_batch_plan_init(&loader->plan, tiles, list, count, options);
    int per_epoch = loader->plan.per_epoch;
    loader->opened = loader->consumed = (long)options->epoch * per_epoch + options->first_batch;
    loader->end = options->epochs ? (long)options->epochs * per_epoch : INT64_MAX;
    pthread_mutex_init(&loader->lock, NULL);
    pthread_cond_init(&loader->work, NULL);
    pthread_cond_init(&loader->ready, NULL);
    int workers = YT_MAX(options->workers, 1);
    loader->workers = yt_calloc((size_t)workers, sizeof *loader->workers);
    bool failed = init_slots(loader) != 0;
    for (int i = 0; i < workers && !failed; i++) {
        struct worker *worker = &loader->workers[i];
        init_worker(worker, loader);
        loader->worker_count = i + 1;
        if (pthread_create(&worker->thread, NULL, run_worker, worker)) {
            worker->thread = pthread_self(); /* none to join */
            failed = true;
            yt_fail("cannot start loader thread %d of %d; lower workers=", i + 1, workers);
        }
    }
    if (!failed) return loader;
    yt_loader_free(loader);
    return NULL;
}

static void stop_workers(struct yt_loader *loader) {
    pthread_mutex_lock(&loader->lock);
    loader->is_stopping = true;
    pthread_cond_broadcast(&loader->work);
    pthread_mutex_unlock(&loader->lock);
    for (int i = 0; i < loader->worker_count; i++) {
        struct worker *worker = &loader->workers[i];
        if (!pthread_equal(worker->thread, pthread_self())) pthread_join(worker->thread, NULL);
        yt_image_free(worker->tile);
        yt_image_free(worker->spare);
        yt_image_free(worker->out);
        free(worker->labels);
    }
}

void yt_loader_free(struct yt_loader *loader) {
    if (!loader) return;
    stop_workers(loader);
    for (int s = 0; s < DEPTH; s++) {
        free(loader->slots[s].error);
        free(loader->slots[s].batch.items);
        free(loader->slots[s].batch.targets);
        free(loader->slots[s].batch.regions);
    }
    if (loader->memory) yt_arena_unmap(loader->memory, loader->memory_bytes);
    pthread_cond_destroy(&loader->ready);
    pthread_cond_destroy(&loader->work);
    pthread_mutex_destroy(&loader->lock);
    free(loader->workers);
    yt_batch_plan_release(&loader->plan);
    free(loader);
}
