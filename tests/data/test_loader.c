/* The stream of batches: complete, the same for any number of threads and any beginning; what is in
 * a batch against the augmentation and letterbox called directly; damaged pages. */
#include "data/batch_plan.h"
#include "base/file.h"
#include "base/rng.h"
#include "ref_pages.h"
#include "support/folder.h"
#include "support/test.h"

enum { SIDE = 64 };

static struct yt_dataset dataset;
static struct yt_tiles tiles;
static uint32_t *list; /* every tile */

static struct yt_loader_options training(int workers) {
    return (struct yt_loader_options){.is_training = true,
                                      .is_shuffled = true,
                                      .batch = 5,
                                      .imgsz = SIDE,
                                      .stride = 32,
                                      .workers = workers,
                                      .augment = {.hsv_v = 0.4,
                                                  .degrees = 5,
                                                  .translate = 0.1,
                                                  .scale = 0.3,
                                                  .min_side = 2,
                                                  .ignore_dropped = true,
                                                  .border = 114},
                                      .seed = 11,
                                      .epochs = 2};
}

static struct yt_loader_options validation(int batch) {
    struct yt_loader_options options = training(2);
    options.is_training = false;
    options.batch = batch;
    options.epochs = 1;
    return options;
}

static uint64_t hash_batch(const struct yt_batch *batch) {
    uint64_t h = yt_hash(batch->images, (size_t)(batch->n * batch->h * batch->w * 3));
    h ^= yt_hash(batch->targets, (size_t)batch->target_count * sizeof *batch->targets);
    h += yt_hash(batch->regions, (size_t)batch->region_count * sizeof *batch->regions);
    return yt_mix(h + (uint64_t)batch->n);
}

/* The hashes of all batches of a stream; returns how many. */
static size_t run_stream(const struct yt_loader_options *options, size_t max_bytes,
                         uint64_t *hashes) {
    struct yt_pages *pages = yt_pages_new(&dataset, max_bytes);
    struct yt_loader *loader = yt_loader_new(&tiles, pages, list, tiles.count, options);
    assert_non_null(loader);
    size_t count = 0;
    for (const struct yt_batch *batch;; count++) {
        assert_int_equal(yt_loader_next(loader, &batch), 0);
        if (!batch) break;
        hashes[count] = hash_batch(batch);
    }
    yt_loader_free(loader);
    assert_true(yt_pages_stats(pages).bytes <= YT_MAX(max_bytes, (size_t)1 << 30));
    yt_pages_free(pages);
    return count;
}

static void test_same_stream_for_any_workers(void **state) {
    (void)state;
    struct yt_loader_options options = training(1);
    size_t per_epoch = (tiles.count + 4) / 5;
    uint64_t *one = calloc(2 * per_epoch, sizeof *one), *other = calloc(2 * per_epoch, sizeof *one);
    assert_int_equal(run_stream(&options, 1 << 30, one), 2 * per_epoch);
    assert_true(one[0] != one[per_epoch]); /* epochs differ */
    for (int workers = 2; workers <= 4; workers += 2) {
        options.workers = workers;
        /* a cache of one page makes no difference either */
        assert_int_equal(run_stream(&options, 1, other), 2 * per_epoch);
        assert_memory_equal(one, other, 2 * per_epoch * sizeof *one);
    }
    options.epoch = 1; /* go on in the middle of the second epoch */
    options.first_batch = 3;
    assert_int_equal(run_stream(&options, 1 << 30, other), per_epoch - 3);
    assert_memory_equal(one + per_epoch + 3, other, (per_epoch - 3) * sizeof *one);
    options.seed = 12;
    run_stream(&options, 1 << 30, other);
    assert_true(one[per_epoch + 3] != other[0]);
    free(other);
    free(one);
}

static void test_epoch_has_every_tile_once(void **state) {
    (void)state;
    struct yt_loader_options options = training(2);
    struct yt_pages *pages = yt_pages_new(&dataset, 0);
    struct yt_loader *loader = yt_loader_new(&tiles, pages, list, tiles.count, &options);
    int per_epoch = yt_loader_batches(loader);
    uint8_t *seen = calloc(tiles.count, 1);
    const struct yt_batch *batch;
    for (int b = 0; b < 2 * per_epoch; b++) {
        assert_int_equal(yt_loader_next(loader, &batch), 0);
        assert_int_equal(batch->epoch, b / per_epoch);
        assert_int_equal(batch->index, b % per_epoch);
        assert_int_equal(batch->is_last, b % per_epoch == per_epoch - 1);
        assert_int_equal(batch->n, batch->is_last ? (tiles.count - 1) % 5 + 1 : 5);
        for (int i = 0; i < batch->n; i++)
            assert_int_equal(seen[batch->items[i].tile]++, b / per_epoch);
    }
    for (size_t i = 0; i < tiles.count; i++) assert_int_equal(seen[i], 2);
    assert_int_equal(yt_loader_next(loader, &batch), 0);
    assert_null(batch);
    assert_int_equal(yt_loader_next(loader, &batch), 0);
    assert_null(batch);
    free(seen);
    yt_loader_free(loader);
    yt_pages_free(pages);
}

static void test_training_sample(void **state) {
    (void)state;
    struct yt_loader_options options = training(3);
    struct yt_pages *pages = yt_pages_new(&dataset, 0);
    struct yt_loader *loader = yt_loader_new(&tiles, pages, list, tiles.count, &options);
    struct yt_image *spare = yt_image_new(SIDE, SIDE, 3), *out = yt_image_new(SIDE, SIDE, 3);
    struct yt_label labels[100];
    const struct yt_batch *batch;
    assert_int_equal(yt_loader_next(loader, &batch), 0);
    size_t targets = 0, regions = 0, lost = 0;
    for (int i = 0; i < batch->n; i++) {
        const struct yt_batch_item *item = &batch->items[i];
        const struct yt_tile *tile = &tiles.items[item->tile];
        const struct yt_image *page = yt_pages_lend(pages, tile->page);
        struct yt_image *cut = yt_image_crop(page, tile->x, tile->y, tile->w, tile->h);
        yt_pages_return(pages, tile->page);
        struct yt_rng rng = yt_rng_make(options.seed, "augment", 0, item->tile);
        const struct yt_marks marks = {.labels = tiles.labels + tile->label_begin,
                                       .label_count = tile->label_count,
                                       .region_count = tile->region_count};
        size_t dropped, kept = yt_augment_apply(&options.augment, &rng, cut, &marks, spare, out,
                                                labels, &dropped, NULL);
        assert_int_equal(item->target_count, kept);
        assert_int_equal(item->target_begin, targets);
        for (size_t k = 0; k < kept; k++) {
            const struct yt_target *t = &batch->targets[targets + k];
            assert_int_equal(t->image, i);
            assert_int_equal(t->cls, labels[k].cls);
            assert_float_equal((t->cx - t->w / 2) * SIDE, labels[k].box.x1, 1e-4);
            assert_float_equal((t->cy + t->h / 2) * SIDE, labels[k].box.y2, 1e-4);
        }
        assert_int_equal(item->region_count, dropped);
        assert_int_equal(item->region_begin, regions);
        for (size_t k = 0; k < dropped; k++) {
            const struct yt_target *t = &batch->regions[regions + k];
            assert_int_equal(t->image, i);
            assert_int_equal(t->cls, labels[kept + k].cls);
            assert_float_equal((t->cx - t->w / 2) * SIDE, labels[kept + k].box.x1, 1e-4);
        }
        regions += dropped;
        targets += kept;
        lost += tile->label_count - kept;
        const uint8_t *pixels = batch->images + (size_t)i * SIDE * SIDE * 3;
        for (int p = 0; p < SIDE * SIDE; p++)
            for (int c = 0; c < 3; c++) assert_int_equal(pixels[3 * p + c], out->data[p]);
        yt_image_free(cut);
    }
    assert_int_equal(batch->target_count, targets);
    const struct yt_augment_lost *l = &batch->lost;
    assert_int_equal(l->outside + l->small + l->cut + l->thin, lost);
    assert_int_equal(batch->region_count, regions);
    assert_true(targets > 0 && lost > 0 && regions > 0);
    yt_image_free(out);
    yt_image_free(spare);
    yt_loader_free(loader);
    yt_pages_free(pages);
}

static void test_order_of_the_list(void **state) {
    (void)state;
    struct yt_loader_options options = training(2);
    options.is_shuffled = false;
    struct yt_pages *pages = yt_pages_new(&dataset, 0);
    const uint32_t some[] = {4, 2, 9, 2};
    struct yt_loader *loader = yt_loader_new(&tiles, pages, some, YT_COUNT(some), &options);
    const struct yt_batch *batch;
    assert_int_equal(yt_loader_next(loader, &batch), 0);
    assert_int_equal(batch->n, 4);
    for (int i = 0; i < 4; i++) assert_int_equal(batch->items[i].tile, some[i]);
    yt_loader_free(loader); /* with batches made that nobody took */
    assert_null(yt_loader_new(&tiles, pages, some, 0, &options));
    assert_error_has("the list has no tiles");
    yt_pages_free(pages);
}

/* Whole pages of three shapes: sorted by height/width, one input shape a batch, labels back to
 * within a rounding of where they were. */
static void test_validation_batches(void **state) {
    (void)state;
    struct yt_tiles whole;
    struct yt_dataset d;
    struct yt_tiles_options no_slices = {.min_area_ratio = 0.1, .empty = 1};
    test_folder_put("val/labels/a.txt", "0 0.5 0.5 0.25 0.5\n0 0.9 0.9 0.1 0.1\n");
    test_folder_put("val/labels/b.txt", "0 0.5 0.5 1 1\n");
    ref_write_page("val/images/a.png", 100, 80);
    ref_write_page("val/images/b.png", 33, 64);
    ref_write_page("val/images/c.png", 128, 30);
    ref_write_page("val/images/d.png", 64, 64);
    test_folder_put("val.yaml", "path: val\ntrain: images\nnames: [a]\n");
    assert_int_equal(yt_dataset_open(&d, "val.yaml", NULL), 0);
    assert_int_equal(yt_tiles_init(&whole, &d, &no_slices), 0);
    struct yt_pages *pages = yt_pages_new(&d, 0);
    struct yt_loader_options options = validation(1);
    struct yt_loader *loader = yt_loader_new(&whole, pages, list, 4, &options);
    const uint32_t order[] = {2, 0, 3, 1};
    const int shapes[4][2] = {{32, 96}, {96, 96}, {96, 96}, {96, 64}}; /* h, w */
    const struct yt_batch *batch;
    for (int b = 0; b < 4; b++) {
        assert_int_equal(yt_loader_next(loader, &batch), 0);
        const struct yt_batch_item *item = &batch->items[0];
        assert_int_equal(item->tile, order[b]);
        assert_int_equal(batch->h, shapes[b][0]);
        assert_int_equal(batch->w, shapes[b][1]);
        assert_int_equal(batch->images[0], YT_LETTERBOX_BORDER);
        struct yt_label truth[4];
        yt_batch_truth(batch, 0, truth);
        const struct yt_page *page = &d.pages[order[b]];
        assert_int_equal(item->target_count, page->label_count);
        for (uint32_t k = 0; k < page->label_count; k++) {
            const struct yt_page_label *l = &d.labels[page->label_begin + k];
            /* half paddings, and the height's gain for both axes: pixels of the source, as in the
             * reference */
            assert_float_equal(truth[k].box.x1, l->x1, 2);
            assert_float_equal(truth[k].box.y2, l->y2, 1);
        }
    }
    yt_loader_free(loader);

    struct yt_batch_plan plan; /* knows the largest before: of those of most pixels the first */
    options = validation(1);
    yt_batch_plan_init(&plan, &whole, list, 4, &options);
    struct yt_batch_shape largest = yt_batch_plan_largest(&plan);
    assert_true(largest.n == 1 && largest.h == 96 && largest.w == 96);
    yt_batch_plan_release(&plan);
    options = validation(3); /* three images of 96x96, then one of 96x64 */
    yt_batch_plan_init(&plan, &whole, list, 4, &options);
    largest = yt_batch_plan_largest(&plan);
    assert_true(largest.n == 3 && largest.h == 96 && largest.w == 96 && plan.per_epoch == 2);
    yt_batch_plan_release(&plan);

    options = validation(4); /* all shapes in one batch: square */
    loader = yt_loader_new(&whole, pages, list, 4, &options);
    assert_int_equal(yt_loader_next(loader, &batch), 0);
    assert_int_equal(batch->n, 4);
    assert_int_equal(batch->h, 96);
    assert_int_equal(batch->w, 96);
    yt_loader_free(loader);
    yt_pages_free(pages);
    yt_tiles_release(&whole);
    yt_dataset_release(&d);
}

static void test_page_gone_in_the_middle(void **state) {
    (void)state;
    struct yt_loader_options options = training(2);
    options.is_shuffled = false;
    const char *victim = dataset.pages[2].path;
    size_t len;
    char *bytes = yt_file_read(victim, 0, &len);
    for (int kind = 0; kind < 2; kind++) { /* deleted, then cut in the middle */
        if (kind == 0)
            assert_int_equal(remove(victim), 0);
        else
            assert_int_equal(yt_file_write(victim, bytes, len / 2), 0);
        struct yt_pages *pages = yt_pages_new(&dataset, 0);
        struct yt_loader *loader = yt_loader_new(&tiles, pages, list, tiles.count, &options);
        const struct yt_batch *batch;
        int good = 0;
        while (yt_loader_next(loader, &batch) == 0) good++;
        uint32_t first = 0;
        while (tiles.items[first].page != 2) first++;
        assert_int_equal(good, first / 5); /* all batches before the first that needs the page */
        assert_error_has(victim);
        assert_int_equal(yt_loader_next(loader, &batch), -1); /* and it stays so */
        yt_loader_free(loader);
        yt_pages_free(pages);
    }
    assert_int_equal(yt_file_write(victim, bytes, len), 0);
    free(bytes);

    struct yt_pages *pages = yt_pages_new(&dataset, 0);
    dataset.pages[2].h--;
    assert_null(yt_pages_lend(pages, 2));
    assert_error_has("when the data set was opened");
    dataset.pages[2].h++;
    yt_pages_free(pages);
}

static void test_cache(void **state) {
    (void)state;
    size_t page_bytes = (size_t)dataset.pages[0].w * (size_t)dataset.pages[0].h;
    struct yt_pages *pages = yt_pages_new(&dataset, 2 * page_bytes);
    const uint32_t order[] = {0, 1, 0, 2, 0, 1, 2};
    const bool is_found[] = {0, 0, 1, 0, 1, 0, 0}; /* 2 drives out 1; then 1 drives out 2 */
    uint64_t found = 0;
    for (size_t i = 0; i < YT_COUNT(order); i++) {
        assert_non_null(yt_pages_lend(pages, order[i]));
        found += is_found[i];
        assert_int_equal(yt_pages_stats(pages).found, found);
        yt_pages_return(pages, order[i]);
        assert_true(yt_pages_stats(pages).bytes <= 2 * page_bytes);
    }
    const struct yt_image *lent[3];
    for (uint32_t i = 0; i < 3; i++) lent[i] = yt_pages_lend(pages, i);
    for (uint32_t i = 0; i < 3; i++) assert_int_equal(lent[i]->w, dataset.pages[i].w);
    for (uint32_t i = 0; i < 3; i++) yt_pages_return(pages, i);
    assert_int_equal(yt_pages_stats(pages).bytes, 2 * page_bytes);
    yt_pages_free(pages);
    yt_pages_free(NULL);
    yt_loader_free(NULL);
}

static int enter(void **state) {
    const struct yt_tiles_options options = {.slice_h = SIDE,
                                             .slice_w = SIDE,
                                             .overlap_h = 0.2,
                                             .overlap_w = 0.2,
                                             .min_area_ratio = 0.1,
                                             .empty = 1,
                                             .ignore = true};
    if (test_folder_enter(state)) return -1;
    ref_write_ds2("ds2", 2, 150, 200, 60);
    if (yt_path_mkdirs("val/images") || yt_path_mkdirs("val/labels")) return -1;
    if (yt_dataset_open(&dataset, "ds2", NULL) || yt_tiles_init(&tiles, &dataset, &options))
        return -1;
    list = malloc(tiles.count * sizeof *list);
    for (uint32_t i = 0; i < tiles.count; i++) list[i] = i;
    return 0;
}

static int leave(void **state) {
    free(list);
    yt_tiles_release(&tiles);
    yt_dataset_release(&dataset);
    return test_folder_leave(state);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_same_stream_for_any_workers),
        cmocka_unit_test(test_epoch_has_every_tile_once),
        cmocka_unit_test(test_training_sample),
        cmocka_unit_test(test_order_of_the_list),
        cmocka_unit_test(test_validation_batches),
        cmocka_unit_test(test_page_gone_in_the_middle),
        cmocka_unit_test(test_cache),
    };
    return cmocka_run_group_tests(tests, enter, leave);
}
