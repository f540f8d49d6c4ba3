/* Tiles as files. The expected seed labels were recorded by running the scripts' steps in Python
 * with SAHI 0.12.6 and shapely 2.2 doing the geometry. */
#include "data/slice.h"
#include "base/file.h"
#include "base/rng.h"
#include "base/str.h"
#include "image/image.h"
#include "ref_pages.h"
#include "support/folder.h"
#include "support/test.h"
#include <math.h>

#define BOX(id, box, cat)                                                                          \
    "\"" id "\": {\"a_bbox\": [" box "], \"cat_id\": [\"" cat "\"], \"img_id\": \"0\"}"

static const char page_json[] =
    "{\"categories\": {\"1\": {\"name\": \"a\", \"annotation_set\": \"deepscores\"}, "
    "\"2\": {\"name\": \"b\", \"annotation_set\": \"deepscores\"}, "
    "\"3\": {\"name\": \"null\", \"annotation_set\": \"deepscores\"}},\n"
    "\"images\": [{\"id\": 0, \"filename\": \"page.png\", \"width\": 700, \"height\": 640}],\n"
    "\"annotations\": {" BOX("0", "10.25, 20.5, 33.75, 41.125", "1") ",\n" /* fractions */
    BOX("1", "100.2, 100.1, 100.9, 180.7", "2") ",\n" /* no area in whole pixels */
    BOX("2", "630, 50, 650, 60", "3") ",\n" BOX("3", "637.9, 70, 700, 80",
                                                "1") ",\n" /* under a tenth in the first tile */
    BOX("4", "634, 90, 694, 100", "2") ",\n"               /* exactly a tenth */
    BOX("5", "0, 0, 700, 640", "3") ",\n" BOX("6", "61, 300, 64, 309",
                                              "1") ",\n" /* ties in the fifth decimal */
    BOX("7", "333.333333, 222.222222, 335.555555, 224.444444", "2") "}}";

static const char *const seed_labels[2] = {"0 0.03359 0.04766 0.03594 0.03281\n"
                                           "2 0.99219 0.08594 0.01562 0.01562\n"
                                           "1 0.99531 0.14844 0.00937 0.01562\n"
                                           "2 0.50000 0.50000 1.00000 1.00000\n"
                                           "0 0.09766 0.47500 0.00469 0.01250\n"
                                           "1 0.52187 0.34844 0.00313 0.00313\n",
                                           "2 0.90625 0.08594 0.03125 0.01562\n"
                                           "0 0.95000 0.11719 0.09688 0.01562\n"
                                           "1 0.94297 0.14844 0.09219 0.01562\n"
                                           "2 0.50000 0.50000 1.00000 1.00000\n"
                                           "0 0.00391 0.47500 0.00469 0.01250\n"
                                           "1 0.42812 0.34844 0.00313 0.00313\n"};

static struct yt_tiles_options slice_at(int size, bool is_seed) {
    return (struct yt_tiles_options){.slice_h = size,
                                     .slice_w = size,
                                     .overlap_h = 0.2,
                                     .overlap_w = 0.2,
                                     .min_area_ratio = 0.1,
                                     .empty = 1,
                                     .is_seed = is_seed};
}

/* Cuts the data set into the folder with the tile split. */
static int slice_into(const char *folder, const char *data, const struct yt_tiles_options *options,
                      struct yt_slice_counts *counts) {
    struct yt_dataset dataset;
    struct yt_tiles tiles;
    struct yt_split split;
    const struct yt_split_options by_tile = {
        .method = YT_SPLIT_TILE, .val_fraction = 0.3, .test_fraction = 0, .fraction = 1};
    if (yt_dataset_open(&dataset, data, NULL)) return -1;
    assert_int_equal(yt_tiles_init(&tiles, &dataset, options), 0);
    assert_int_equal(yt_split_init(&split, &dataset, &tiles, &by_tile), 0);
    int failed = yt_slice_write(folder, &dataset, &tiles, &split, options, counts);
    yt_split_release(&split);
    yt_tiles_release(&tiles);
    yt_dataset_release(&dataset);
    return failed;
}

static void check_file(const char *path, const char *text) {
    size_t len;
    char *bytes = yt_file_read(path, 0, &len);
    assert_non_null(bytes);
    assert_string_equal(bytes, text);
    free(bytes);
}

static void test_seed_labels(void **state) {
    (void)state;
    struct yt_tiles_options options = slice_at(640, true);
    struct yt_slice_counts counts;
    test_folder_put("one/page.json", page_json);
    assert_int_equal(slice_into("seed", "one/page.json", &options, &counts), 0);
    assert_int_equal(counts.images, 2);
    assert_int_equal(counts.labels, 12);
    check_file("seed/labels/page.png_0_0_640_640.txt", seed_labels[0]);
    check_file("seed/labels/page.png_60_0_700_640.txt", seed_labels[1]);
}

/* The original annotations of a DeepScoresV2 page: FNV-1a of the names and contents of all label
 * files in alphabetic order, against the recorded one. */
static void test_seed_labels_of_a_real_page(void **state) {
    (void)state;
    const char *json = YT_TEST_DIR "/../../shared/ds2-sample/deepscores_v2_sample.json";
    if (!yt_path_exists(json)) {
        print_message("skipped: the DeepScoresV2 sample page is not here\n");
        skip();
    }
    struct yt_tiles_options options = slice_at(640, true);
    struct yt_slice_counts counts;
    struct yt_paths paths = {0};
    struct yt_str all = {0};
    assert_int_equal(slice_into("sample", json, &options, &counts), 0);
    assert_int_equal(counts.labels, 1212);
    assert_int_equal(yt_paths_find(&paths, "sample/labels", (const char *[]){".txt", NULL}, false),
                     0);
    assert_int_equal(paths.count, 48);
    for (size_t i = 0; i < paths.count; i++) {
        size_t len;
        char *text = yt_file_read(paths.items[i], 0, &len);
        yt_str_add(&all, "%s\n%s", yt_path_name(paths.items[i]), text);
        free(text);
    }
    assert_int_equal(all.len, 45475);
    assert_true(yt_hash(all.s, all.len) == 0x97718afcb5419060);
    yt_str_release(&all);
    yt_paths_release(&paths);
}

/* Written with exact labels and opened again, the tiles are the same. */
static void test_round_trip(void **state) {
    (void)state;
    struct yt_dataset pages, files;
    struct yt_tiles tiles;
    struct yt_tiles_options options = slice_at(64, false);
    struct yt_slice_counts counts;
    ref_write_ds2("ds2", 2, 150, 100, 20);
    assert_int_equal(slice_into("exact", "ds2", &options, &counts), 0);
    assert_int_equal(yt_dataset_open(&pages, "ds2", NULL), 0);
    assert_int_equal(yt_tiles_init(&tiles, &pages, &options), 0);
    assert_int_equal(yt_dataset_open(&files, "exact/data.yaml", NULL), 0);
    assert_int_equal(counts.images, tiles.count);
    assert_int_equal(files.page_count, tiles.count);
    assert_int_equal(counts.labels, tiles.label_count);
    assert_int_equal(files.sheet_count, pages.page_count);
    assert_int_equal(files.score_count, pages.score_count);
    assert_string_equal(files.classes[1].name, "stem");
    for (size_t t = 0; t < tiles.count; t++) {
        const struct yt_tile *tile = &tiles.items[t];
        char *name = yt_format("%s_%d_%d_%d_%d.png", yt_path_name(pages.pages[tile->page].path),
                               tile->x, tile->y, tile->x + tile->w, tile->y + tile->h);
        const struct yt_page *file = NULL;
        for (size_t p = 0; p < files.page_count; p++)
            if (!strcmp(yt_path_name(files.pages[p].path), name)) file = &files.pages[p];
        assert_non_null(file);
        assert_int_equal(file->label_count, tile->label_count);
        for (uint32_t i = 0; i < tile->label_count; i++) {
            const struct yt_page_label *got = &files.labels[file->label_begin + i];
            const struct yt_label *label = &tiles.labels[tile->label_begin + i];
            assert_int_equal(got->cls, label->cls);
            assert_float_equal(got->x1, label->box.x1, 1e-4);
            assert_float_equal(got->y2, label->box.y2, 1e-4);
        }
        struct yt_image *image = yt_image_read(file->path, 0);
        struct yt_image *page = yt_image_read(pages.pages[tile->page].path, 0);
        struct yt_image *cut = yt_image_crop(page, tile->x, tile->y, tile->w, tile->h);
        assert_int_equal(image->c, 1);
        assert_memory_equal(image->data, cut->data, (size_t)(tile->w * tile->h));
        yt_image_free(cut);
        yt_image_free(page);
        yt_image_free(image);
        free(name);
    }
    yt_dataset_release(&files);
    yt_tiles_release(&tiles);
    yt_dataset_release(&pages);
}

static void test_failures(void **state) {
    (void)state;
    struct yt_tiles_options options = slice_at(64, false);
    struct yt_slice_counts counts;
    ref_write_ds2("bad", 2, 150, 100, 20);
    test_folder_put("a-file", "");
    assert_int_equal(slice_into("a-file", "bad", &options, &counts), -1);
    assert_error_has("a-file");

    const char *victim = "bad/images/lg-1-aug-emmentaler--page-1.png";
    size_t len;
    char *bytes = yt_file_read(victim, 0, &len);
    assert_int_equal(yt_file_write(victim, bytes, len / 2), 0);
    free(bytes);
    assert_int_equal(slice_into("out", "bad", &options, &counts), -1);
    assert_error_has(victim);

    assert_int_equal(yt_path_mkdirs("twice/a"), 0);
    assert_int_equal(yt_path_mkdirs("twice/b"), 0);
    ref_write_page("twice/a/p.png", 100, 100);
    ref_write_page("twice/b/p.png", 100, 100);
    test_folder_put("twice/data.yaml", "train: a\nval: b\nnames: [x]\n");
    assert_int_equal(slice_into("out", "twice/data.yaml", &options, &counts), -1);
    assert_error_has("two pages are called p.png");
}

static int enter(void **state) {
    if (test_folder_enter(state) || yt_path_mkdirs("one/images")) return -1;
    ref_write_page("one/images/page.png", 700, 640);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_seed_labels),
        cmocka_unit_test(test_seed_labels_of_a_real_page),
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_failures),
    };
    return cmocka_run_group_tests(tests, enter, test_folder_leave);
}
