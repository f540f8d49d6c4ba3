/* Tiles against a plain restatement of SAHI's rule; splits; the leak audit against all pairs. */
#include "base/file.h"
#include "base/rng.h"
#include "base/str.h"
#include "data/audit.h"
#include "data/split.h"
#include "data/tiles.h"
#include "ref_pages.h"
#include "support/folder.h"
#include "support/test.h"
#include <math.h>

static const struct yt_tiles_options defaults = {.slice_h = 64,
                                                 .slice_w = 64,
                                                 .overlap_h = 0.2,
                                                 .overlap_w = 0.2,
                                                 .min_area_ratio = 0.1,
                                                 .empty = 1};

static struct yt_dataset dataset; /* 8 training scores and a test score, two pages each */

/* --- tiles --------------------------------------------------------------------------------- */

/* How much of a label's area, in whole pixels, lies in a window; -1: they do not overlap. */
static double seen_share(const struct yt_page_label *l, double x, double y, double w, double h) {
    double iw = fmin(l->x2, x + w) - fmax(l->x1, x), ih = fmin(l->y2, y + h) - fmax(l->y1, y);
    if (iw <= 0 || ih <= 0) return -1;
    double full = (l->x2 - l->x1) * (l->y2 - l->y1);
    return full < 1 ? iw * ih / full : floor(iw * ih) / floor(full);
}

static void test_labels_of_tiles(void **state) {
    (void)state;
    struct yt_tiles tiles;
    size_t left_out = 0, cut = 0, tiny = 0;
    assert_int_equal(yt_tiles_init(&tiles, &dataset, &defaults), 0);
    for (size_t t = 0; t < tiles.count; t++) {
        const struct yt_tile *tile = &tiles.items[t];
        const struct yt_page *page = &dataset.pages[tile->page];
        const struct yt_label *got = tiles.labels + tile->label_begin;
        uint32_t count = 0;
        assert_int_equal(tile->w, 64);
        for (uint32_t i = 0; i < page->label_count; i++) {
            const struct yt_page_label *l = &dataset.labels[page->label_begin + i];
            double share = seen_share(l, tile->x, tile->y, tile->w, tile->h);
            left_out += share >= 0 && share < 0.1;
            if (share < 0.1) continue;
            assert_int_equal(got[count].cls, l->cls);
            assert_float_equal(got[count].box.x1, fmax(l->x1 - tile->x, 0), 1e-5);
            assert_float_equal(got[count].box.y1, fmax(l->y1 - tile->y, 0), 1e-5);
            assert_float_equal(got[count].box.x2, fmin(l->x2 - tile->x, 64), 1e-5);
            assert_float_equal(got[count].box.y2, fmin(l->y2 - tile->y, 64), 1e-5);
            cut += share < 1;
            tiny += (l->x2 - l->x1) * (l->y2 - l->y1) < 1;
            count++;
        }
        assert_int_equal(tile->label_count, count);
    }
    assert_true(left_out > 0 && cut > 0 && tiny > 0); /* every case has been seen */
    yt_tiles_release(&tiles);
}

/* Surplus tiles are trained on by nobody, and validated like all others. */
static void check_lists(const struct yt_tiles *some) {
    const struct yt_split_options options = {.method = YT_SPLIT_TILE,
                                             .val_fraction = 0.4,
                                             .test_fraction = 0.1,
                                             .fraction = 1,
                                             .seed = 3};
    struct yt_split split;
    size_t surplus = 0, listed = 0;
    assert_int_equal(yt_split_init(&split, &dataset, some, &options), 0);
    for (int part = 0; part < YT_PARTS; part++)
        for (size_t i = 0; i < split.count[part]; i++) {
            bool is_surplus = some->items[split.tiles[part][i]].is_surplus;
            assert_false(part == YT_TRAIN && is_surplus);
            listed += is_surplus;
        }
    for (size_t t = 0; t < some->count; t++) surplus += some->items[t].is_surplus;
    assert_in_range(listed, surplus * 35 / 100, surplus * 65 / 100);
    yt_split_release(&split);
}

static void assert_same_tile(const struct yt_tile *a, const struct yt_tile *b) {
    assert_int_equal(a->page, b->page);
    assert_true(a->x == b->x && a->y == b->y && a->w == b->w && a->h == b->h);
    assert_int_equal(a->label_count, b->label_count);
    assert_int_equal(a->label_begin, b->label_begin);
    assert_int_equal(a->region_count, b->region_count);
    assert_int_equal(a->slant_count, b->slant_count);
    assert_int_equal(a->slant_begin, b->slant_begin);
    assert_int_equal(a->is_surplus, b->is_surplus);
}

static void test_whole_pages_and_empty_tiles(void **state) {
    (void)state;
    struct yt_tiles all, some, again;
    struct yt_tiles_options options = defaults;
    options.slice_h = options.slice_w = 0;
    assert_int_equal(yt_tiles_init(&all, &dataset, &options), 0);
    assert_int_equal(all.count, dataset.page_count);
    assert_int_equal(all.items[3].w, dataset.pages[3].w);
    assert_int_equal(all.items[3].label_count, dataset.pages[3].label_count);
    yt_tiles_release(&all);

    options.slice_h = options.slice_w = 1000; /* larger than a page */
    assert_int_equal(yt_tiles_init(&all, &dataset, &options), 0);
    assert_int_equal(all.count, dataset.page_count);
    assert_int_equal(all.items[0].h, dataset.pages[0].h);
    yt_tiles_release(&all);

    options = defaults;
    options.slice_h = options.slice_w = 20;
    size_t empty[3] = {0}, every[3] = {0};
    const double ratios[3] = {0, 0.5, 1};
    for (int r = 0; r < 3; r++) {
        options.empty = ratios[r];
        assert_int_equal(yt_tiles_init(&some, &dataset, &options), 0);
        assert_int_equal(yt_tiles_init(&again, &dataset, &options), 0);
        assert_int_equal(some.count, again.count);
        for (size_t t = 0; t < some.count; t++) assert_same_tile(&some.items[t], &again.items[t]);
        for (size_t t = 0; t < some.count; t++) {
            const struct yt_tile *tile = &some.items[t];
            every[r] += tile->label_count == 0;
            empty[r] += tile->label_count == 0 && !tile->is_surplus;
            assert_false(tile->label_count > 0 && tile->is_surplus);
        }
        check_lists(&some);
        yt_tiles_release(&some);
        yt_tiles_release(&again);
    }
    assert_true(every[0] == every[1] && every[1] == every[2]);
    assert_int_equal(empty[0], 0);
    assert_int_equal(empty[2], every[2]);
    assert_in_range(empty[1], empty[2] * 2 / 5, empty[2] * 3 / 5);

    options.overlap_w = 1;
    assert_int_equal(yt_tiles_init(&some, &dataset, &options), -1);
}

/* --- splits -------------------------------------------------------------------------------- */

static struct yt_split_options split_by(enum yt_split_method method) {
    return (struct yt_split_options){
        .method = method, .val_fraction = NAN, .test_fraction = NAN, .fraction = 1, .seed = 3};
}

/* Every tile is in one list at most; in one if none are thinned out. */
static void check_disjoint(const struct yt_split *split, size_t tiles, bool is_whole) {
    uint8_t *seen = calloc(tiles, 1);
    size_t total = 0;
    for (int part = 0; part < YT_PARTS; part++)
        for (size_t i = 0; i < split->count[part]; i++) {
            assert_int_equal(seen[split->tiles[part][i]]++, 0);
            assert_true(i == 0 || split->tiles[part][i - 1] < split->tiles[part][i]);
            total++;
        }
    if (is_whole) assert_int_equal(total, tiles);
    free(seen);
}

static const struct yt_page *page_of(const struct yt_tiles *tiles, const struct yt_split *split,
                                     enum yt_part part, size_t i) {
    return &dataset.pages[tiles->items[split->tiles[part][i]].page];
}

static void test_splits(void **state) {
    (void)state;
    struct yt_tiles tiles;
    assert_int_equal(yt_tiles_init(&tiles, &dataset, &defaults), 0);
    size_t per_page = tiles.count / dataset.page_count;
    for (int m = YT_SPLIT_OFFICIAL; m <= YT_SPLIT_TILE; m++) {
        struct yt_split split, again;
        struct yt_split_options options = split_by((enum yt_split_method)m);
        assert_int_equal(yt_split_init(&split, &dataset, &tiles, &options), 0);
        assert_int_equal(yt_split_init(&again, &dataset, &tiles, &options), 0);
        check_disjoint(&split, tiles.count, true);
        for (int part = 0; part < YT_PARTS; part++) {
            assert_int_equal(split.count[part], again.count[part]);
            assert_memory_equal(split.tiles[part], again.tiles[part],
                                split.count[part] * sizeof(uint32_t));
        }
        yt_split_release(&again);
        options.seed = 4;
        assert_int_equal(yt_split_init(&again, &dataset, &tiles, &options), 0);
        bool is_same = split.count[YT_VAL] == again.count[YT_VAL] &&
                       memcmp(split.tiles[YT_VAL], again.tiles[YT_VAL],
                              split.count[YT_VAL] * sizeof(uint32_t)) == 0;
        assert_int_equal(is_same, m == YT_SPLIT_OFFICIAL || m == YT_SPLIT_FILE);
        yt_split_release(&again);
        bool trains_on_test = false;
        for (size_t i = 0; i < split.count[YT_TRAIN]; i++)
            trains_on_test |= page_of(&tiles, &split, YT_TRAIN, i)->part == YT_TEST;
        assert_int_equal(trains_on_test, m == YT_SPLIT_TILE);
        switch (m) {
        case YT_SPLIT_OFFICIAL:
            assert_int_equal(split.count[YT_VAL], 2 * per_page);
            assert_int_equal(split.count[YT_TEST], 0);
            break;
        case YT_SPLIT_SCORE: /* 6 and 2 of 8 scores: 6.8 rounded down */
            assert_int_equal(split.count[YT_TRAIN], 12 * per_page);
            assert_int_equal(split.count[YT_TEST], 2 * per_page);
            break;
        case YT_SPLIT_FILE: /* 12 of 16 pages: 12.8 rounded down */
            assert_int_equal(split.count[YT_TRAIN], 12 * per_page);
            assert_ptr_equal(page_of(&tiles, &split, YT_VAL, 0), &dataset.pages[12]);
            break;
        case YT_SPLIT_TILE:
            assert_int_equal(split.count[YT_TRAIN], tiles.count * 7 / 10);
            assert_int_equal(split.count[YT_VAL] + split.count[YT_TRAIN], tiles.count * 9 / 10);
            break;
        }
        yt_split_release(&split);
    }
    yt_tiles_release(&tiles);
}

static void test_split_options(void **state) {
    (void)state;
    struct yt_tiles tiles;
    struct yt_split split;
    enum yt_split_method method;
    assert_int_equal(yt_tiles_init(&tiles, &dataset, &defaults), 0);
    struct yt_split_options options = split_by(YT_SPLIT_PAGE);
    options.fraction = 0.25;
    assert_int_equal(yt_split_init(&split, &dataset, &tiles, &options), 0);
    check_disjoint(&split, tiles.count, false);
    assert_int_equal(split.count[YT_TRAIN], 13 * (tiles.count / dataset.page_count) / 4);
    yt_split_release(&split);

    options.val_fraction = 1;
    assert_int_equal(yt_split_init(&split, &dataset, &tiles, &options), -1);
    assert_error_has("leave nothing to train on");
    options.val_fraction = 0;
    assert_int_equal(yt_split_init(&split, &dataset, &tiles, &options), 0);
    assert_int_equal(split.count[YT_VAL], 0);
    yt_split_release(&split);

    assert_int_equal(yt_split_method_parse("auto", &dataset, &method), 0);
    assert_int_equal(method, YT_SPLIT_SCORE);
    assert_int_equal(yt_split_method_parse("tile", &dataset, &method), 0);
    assert_int_equal(method, YT_SPLIT_TILE);
    assert_int_equal(yt_split_method_parse("scores", &dataset, &method), -1);
    assert_error_has("did you mean score?");
    yt_tiles_release(&tiles);
}

static void test_split_of_one_score(void **state) {
    (void)state;
    struct yt_dataset one;
    struct yt_tiles tiles;
    struct yt_split split;
    ref_write_ds2("one", 1, 150, 200, 10);
    assert_int_equal(yt_dataset_open(&one, "one", NULL), 0);
    assert_int_equal(yt_tiles_init(&tiles, &one, &defaults), 0);
    struct yt_split_options options = split_by(YT_SPLIT_SCORE);
    assert_int_equal(yt_split_init(&split, &one, &tiles, &options), 0);
    assert_int_equal(yt_split_check_training(&split), -1);
    assert_error_has("split=score leaves no validation tile");
    yt_split_release(&split);
    options.method = YT_SPLIT_PAGE;
    assert_int_equal(yt_split_init(&split, &one, &tiles, &options), 0);
    assert_int_equal(yt_split_check_training(&split), 0);
    yt_split_release(&split);
    yt_tiles_release(&tiles);
    yt_dataset_release(&one);
}

/* A folder with test pages alone can be measured on, not trained on. */
static void test_split_of_test_pages(void **state) {
    (void)state;
    struct yt_dataset only;
    struct yt_tiles tiles;
    struct yt_split split;
    ref_write_ds2("only", 2, 150, 200, 10);
    assert_int_equal(remove("only/deepscores_train.json"), 0);
    assert_int_equal(yt_dataset_open(&only, "only", NULL), 0);
    assert_true(only.page_count > 0);
    assert_int_equal(yt_tiles_init(&tiles, &only, &defaults), 0);
    struct yt_split_options options = split_by(YT_SPLIT_OFFICIAL);
    assert_int_equal(yt_split_init(&split, &only, &tiles, &options), 0);
    assert_int_equal(split.count[YT_VAL], tiles.count);
    assert_int_equal(yt_split_check_training(&split), -1);
    assert_error_has("split=official leaves no training tile");
    yt_split_release(&split);
    yt_tiles_release(&tiles);
    yt_dataset_release(&only);
}

/* --- audit --------------------------------------------------------------------------------- */

static struct yt_audit audit_all_pairs(const struct yt_tiles *tiles, const struct yt_split *split) {
    struct yt_audit audit = {.tiles = split->count[YT_VAL]};
    for (size_t v = 0; v < split->count[YT_VAL]; v++) {
        const struct yt_tile *a = &tiles->items[split->tiles[YT_VAL][v]];
        bool overlaps = false, page = false, score = false;
        for (size_t t = 0; t < split->count[YT_TRAIN]; t++) {
            const struct yt_tile *b = &tiles->items[split->tiles[YT_TRAIN][t]];
            score |= dataset.pages[a->page].score == dataset.pages[b->page].score;
            page |= a->page == b->page;
            overlaps |= a->page == b->page && a->x < b->x + b->w && b->x < a->x + a->w &&
                        a->y < b->y + b->h && b->y < a->y + a->h;
        }
        audit.overlapping += overlaps;
        audit.same_page += page;
        audit.same_score += score;
    }
    return audit;
}

static void test_audit(void **state) {
    (void)state;
    struct yt_tiles tiles;
    assert_int_equal(yt_tiles_init(&tiles, &dataset, &defaults), 0);
    for (int m = YT_SPLIT_OFFICIAL; m <= YT_SPLIT_TILE; m++) {
        struct yt_split split;
        struct yt_split_options options = split_by((enum yt_split_method)m);
        if (m == YT_SPLIT_TILE) options.fraction = 0.2; /* so that some tiles do not leak */
        assert_int_equal(yt_split_init(&split, &dataset, &tiles, &options), 0);
        struct yt_audit audit, expected = audit_all_pairs(&tiles, &split);
        yt_audit_run(&audit, &dataset, &tiles, &split, YT_VAL);
        assert_memory_equal(&audit, &expected, sizeof audit);
        if (m == YT_SPLIT_SCORE || m == YT_SPLIT_OFFICIAL) assert_int_equal(audit.same_score, 0);
        if (m == YT_SPLIT_PAGE) assert_int_equal(audit.same_page, 0);
        if (m == YT_SPLIT_TILE) assert_in_range(audit.overlapping, 1, audit.same_page - 1);
        yt_split_release(&split);
    }
    yt_tiles_release(&tiles);
}

/* Tiles that lie as files in two folders are found to overlap by their names. */
static void test_audit_of_tile_files(void **state) {
    (void)state;
    const char *files[] = {"t/train/lg-1-a.png_0_0_64_64.png", "t/train/lg-2-a.png_0_0_64_64.png",
                           "t/val/lg-1-a.png_51_0_115_64.png", "t/val/lg-1-a.png_64_0_128_64.png",
                           "t/val/lg-2-b.png_0_0_64_64.png",   "t/val/lg-3-a.png_0_0_64_64.png"};
    struct yt_dataset d;
    struct yt_tiles tiles;
    struct yt_split split;
    struct yt_audit audit;
    assert_int_equal(yt_path_mkdirs("t/train"), 0);
    assert_int_equal(yt_path_mkdirs("t/val"), 0);
    for (size_t i = 0; i < YT_COUNT(files); i++) ref_write_page(files[i], 64, 64);
    test_folder_put("t/data.yaml", "train: train\nval: val\nnames: [a]\n");
    assert_int_equal(yt_dataset_open(&d, "t/data.yaml", NULL), 0);
    assert_int_equal(yt_tiles_init(&tiles, &d, &defaults), 0);
    struct yt_split_options options = split_by(YT_SPLIT_OFFICIAL);
    assert_int_equal(yt_split_init(&split, &d, &tiles, &options), 0);
    yt_audit_run(&audit, &d, &tiles, &split, YT_VAL);
    struct yt_audit expected = {.tiles = 4, .overlapping = 1, .same_page = 2, .same_score = 3};
    assert_memory_equal(&audit, &expected, sizeof audit);
    yt_split_release(&split);
    yt_tiles_release(&tiles);
    yt_dataset_release(&d);
}

static int enter(void **state) {
    if (test_folder_enter(state)) return -1;
    ref_write_ds2("ds2", 8, 150, 200, 60);
    return yt_dataset_open(&dataset, "ds2", NULL);
}

static int leave(void **state) {
    yt_dataset_release(&dataset);
    return test_folder_leave(state);
}

/* Labels and remnants are what overlaps a window, and no label changes for it. */
static void test_remnants_become_regions(void **state) {
    (void)state;
    struct yt_tiles plain, ignoring;
    struct yt_tiles_options options = defaults;
    options.min_area_ratio = 0.4;
    assert_int_equal(yt_tiles_init(&plain, &dataset, &options), 0);
    options.ignore = true;
    assert_int_equal(yt_tiles_init(&ignoring, &dataset, &options), 0);
    options.min_area_ratio = 0;
    struct yt_tiles all;
    assert_int_equal(yt_tiles_init(&all, &dataset, &options), 0);
    assert_int_equal(plain.count, ignoring.count);
    size_t regions = 0;
    for (size_t t = 0; t < plain.count; t++) {
        const struct yt_tile *a = &plain.items[t], *b = &ignoring.items[t], *c = &all.items[t];
        const struct yt_label *labels = ignoring.labels + b->label_begin;
        assert_int_equal(a->region_count, 0);
        assert_int_equal(a->label_count, b->label_count);
        assert_int_equal(b->label_count + b->region_count, c->label_count);
        assert_memory_equal(plain.labels + a->label_begin, labels, a->label_count * sizeof *labels);
        regions += b->region_count;
        for (uint32_t i = b->label_count; i < b->label_count + b->region_count; i++) {
            assert_true(labels[i].box.x1 >= 0 && labels[i].box.x2 <= (float)b->w);
            assert_true(labels[i].box.x1 < labels[i].box.x2 && labels[i].box.y1 < labels[i].box.y2);
        }
    }
    assert_true(regions > 10);
    yt_tiles_release(&all);
    yt_tiles_release(&ignoring);
    yt_tiles_release(&plain);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_labels_of_tiles),
        cmocka_unit_test(test_whole_pages_and_empty_tiles),
        cmocka_unit_test(test_remnants_become_regions),
        cmocka_unit_test(test_splits),
        cmocka_unit_test(test_split_options),
        cmocka_unit_test(test_split_of_one_score),
        cmocka_unit_test(test_split_of_test_pages),
        cmocka_unit_test(test_audit),
        cmocka_unit_test(test_audit_of_tile_files),
    };
    return cmocka_run_group_tests(tests, enter, leave);
}
