/* Reading DeepScoresV2 and YOLO data sets, with every fault that files come with. */
#include "data/dataset.h"
#include "base/file.h"
#include "base/str.h"
#include "ref_pages.h"
#include "support/folder.h"
#include "support/test.h"

/* --- DeepScoresV2 -------------------------------------------------------------------------- */

#define CATEGORIES                                                                                 \
    "\"categories\": {\"137\": {\"name\": \"brace\", \"annotation_set\": \"muscima++\"}, "         \
    "\"3\": {\"name\": \"stem\", \"annotation_set\": \"deepscores\"}, "                            \
    "\"1\": {\"name\": \"brace\", \"annotation_set\": \"deepscores\", \"color\": 1}}"
#define IMAGES                                                                                     \
    "\"images\": [{\"id\": 7, \"filename\": \"lg-12-aug-x--page-1.png\", \"width\": 100, "         \
    "\"height\": 80, \"ann_ids\": [\"5\", \"6\"]}]"

static void put_ds2(const char *sections) {
    char *text = yt_format("{\"info\": {\"version\": \"2.0\"}, %s}", sections);
    test_folder_put("ds2/deepscores_train.json", text);
    free(text);
}

static void put_annotations(const char *annotations) {
    char *text = yt_format(CATEGORIES ", " IMAGES ", \"annotations\": {%s}", annotations);
    put_ds2(text);
    free(text);
}

#define BOX(id, box, cats, image)                                                                  \
    "\"" id "\": {\"a_bbox\": [" box "], \"o_bbox\": [1, 2, 3, 4, 5, 6, 7, 8], \"cat_id\": [" cats \
    "], \"area\": 3, \"img_id\": \"" image "\", \"comments\": \"\"}"

static void test_ds2_reads(void **state) {
    (void)state;
    struct yt_dataset d;
    /* annotations before the images and categories that they refer to */
    put_ds2("\"annotations\": {" BOX("5", "1.25, 2.5, 30.75, 40.125", "\"3\", \"137\"",
                                     "7") ", " BOX("6", "0, 0, 100, 80", "\"1\", null",
                                                   "7") "}, " IMAGES ", " CATEGORIES);
    assert_int_equal(yt_dataset_open(&d, "ds2", NULL), 0);
    assert_true(d.is_deepscores);
    assert_int_equal(d.nc, 2);
    assert_string_equal(d.classes[0].name, "brace");
    assert_int_equal(d.classes[1].id, 3);
    assert_int_equal(d.page_count, 1);
    assert_int_equal(d.pages[0].w, 100);
    assert_int_equal(d.pages[0].label_count, 2);
    assert_int_equal(d.labels[0].cls, 1);
    assert_float_equal(d.labels[0].x1, 1.25, 0);
    assert_float_equal(d.labels[0].y2, 40.125, 0);
    assert_int_equal(d.tally.count, 0);
    yt_dataset_release(&d);

    struct yt_dataset_options muscima = {.annotation_set = "muscima++"};
    assert_int_equal(yt_dataset_open(&d, "ds2", &muscima), 0);
    assert_int_equal(d.nc, 1);
    assert_int_equal(d.classes[0].id, 137);
    assert_int_equal(d.label_count, 1);
    assert_int_equal(
        yt_tally_count(&d.tally, "boxes without a class in this annotation set were left out"), 1);
    yt_dataset_release(&d);

    struct yt_dataset_options one = {.single_cls = true, .classes = (int[]){1}, .class_count = 1};
    assert_int_equal(yt_dataset_open(&d, "ds2", &one), 0);
    assert_int_equal(d.nc, 1);
    assert_int_equal(d.label_count, 1);
    assert_int_equal(d.labels[0].cls, 0);
    assert_float_equal(d.labels[0].x1, 1.25, 0);
    yt_dataset_release(&d);

    struct yt_dataset_options wrong = {.classes = (int[]){2}, .class_count = 1};
    assert_int_equal(yt_dataset_open(&d, "ds2", &wrong), -1);
    assert_error_has("classes: 2 is no class");
}

static void test_ds2_spellings(void **state) {
    (void)state;
    struct yt_dataset d;
    put_ds2("\"categories\": {\"2\": {\"name\": \"legerLine\", \"annotation_set\": "
            "\"deepscores\"}}, " IMAGES
            ", \"annotations\": {" BOX("5", "1, 2, 30, 40", "\"2\", null", "7") "}");
    assert_int_equal(yt_dataset_open(&d, "ds2", NULL), 0);
    assert_string_equal(d.classes[0].name, "ledgerLine");
    yt_dataset_release(&d);
}

static void test_ds2_faulty_boxes(void **state) {
    (void)state;
    struct yt_dataset d;
    put_annotations(BOX("1", "-20, 10, 50, 90", "\"1\"", "7") ", " /* clipped */
                    BOX("2", "100, 0, 130, 10", "\"1\"", "7") ", " /* outside */
                    BOX("3", "10, 10, 10, 20", "\"1\"", "7") ", "  /* no area */
                    BOX("4", "10, 30, 20, 20", "\"1\"", "7") ", "  /* upside down */
                    BOX("5", "1e999, 0, 10, 10", "\"1\"",
                        "7") ", " BOX("6", "null, 0, 10, 10", "\"1\"",
                                      "7") ", " BOX("7", "0, 0, 10", "\"1\"",
                                                    "7") ", " BOX("8", "0, 0, 10, 10", "\"999\"",
                                                                  "7") ", " BOX("9", "0, 0, 10, 10",
                                                                                "\"1\"", "8"));
    assert_int_equal(yt_dataset_open(&d, "ds2", NULL), 0);
    assert_int_equal(d.label_count, 1);
    assert_float_equal(d.labels[0].x1, 0, 0);
    assert_float_equal(d.labels[0].y2, 80, 0);
    const struct yt_tally *t = &d.tally;
    assert_int_equal(yt_tally_count(t, "boxes were clipped to their image"), 1);
    assert_int_equal(yt_tally_count(t, "boxes outside their image were dropped"), 1);
    assert_int_equal(yt_tally_count(t, "boxes without an area were dropped"), 2);
    assert_int_equal(yt_tally_count(t, "boxes that are no numbers were dropped"), 2);
    assert_int_equal(yt_tally_count(t, "boxes without four coordinates were dropped"), 1);
    assert_int_equal(yt_tally_count(t, "boxes of unknown categories were dropped"), 1);
    assert_int_equal(yt_tally_count(t, "boxes of unknown images were dropped"), 1);
    assert_string_equal(t->rows[0].first, "ds2/deepscores_train.json:annotation 9");
    yt_dataset_release(&d);
}

static void test_ds2_faulty_files(void **state) {
    (void)state;
    struct yt_dataset d;
    test_folder_put("ds2/deepscores_train.json", "{\"images\": [{\"id\": 1, \"filename\": \"a");
    assert_int_equal(yt_dataset_open(&d, "ds2", NULL), -1);
    assert_error_has("ds2/deepscores_train.json:1:");
    assert_error_has("ends in the middle");

    put_ds2(CATEGORIES ", \"annotations\": {}");
    assert_int_equal(yt_dataset_open(&d, "ds2", NULL), -1);
    assert_error("ds2/deepscores_train.json: has no \"images\"; is it a JSON of DeepScoresV2?");

    put_ds2(CATEGORIES ", \"annotations\": {}, \"images\": null");
    assert_int_equal(yt_dataset_open(&d, "ds2", NULL), -1);
    assert_error_has("list of images is empty");

    put_annotations("");
    struct yt_dataset_options wrong = {.annotation_set = "muscima"};
    assert_int_equal(yt_dataset_open(&d, "ds2", &wrong), -1);
    assert_error_has("no categories of the annotation set \"muscima\"");

    /* records that are no records, and a field that is a container */
    put_ds2(CATEGORIES ", " IMAGES ", \"annotations\": {\"1\": 5, \"2\": null, \"3\": [], "
                       "\"4\": {\"a_bbox\": {\"x\": [1]}, \"img_id\": \"7\", \"cat_id\": 1}}");
    assert_int_equal(yt_dataset_open(&d, "ds2", NULL), 0);
    assert_int_equal(d.label_count, 0);
    yt_dataset_release(&d);

    assert_int_equal(yt_dataset_open(&d, "nowhere", NULL), -1);
    assert_error_has("nowhere: no such file or folder");
    assert_int_equal(yt_dataset_open(&d, ".", NULL), -1);
    assert_error_has("neither deepscores_train.json nor deepscores_test.json in this folder");
}

/* Cut anywhere, a JSON is refused and nothing leaks. */
static void test_ds2_cut_anywhere(void **state) {
    (void)state;
    struct yt_dataset d;
    size_t len;
    put_annotations(
        BOX("1", "0, 10, 50, 60", "\"1\"", "7") ", " BOX("2", "0, 0, 9, 9", "null", "7"));
    char *whole = yt_file_read("ds2/deepscores_train.json", 0, &len);
    for (size_t cut = 0; cut < len; cut++) {
        assert_int_equal(yt_file_write("cut.json", whole, cut), 0);
        assert_int_equal(yt_dataset_open(&d, "cut.json", NULL), -1);
        assert_error_has("cut.json:");
    }
    free(whole);
}

static void test_ds2_faulty_images(void **state) {
    (void)state;
    struct yt_dataset d;
    test_folder_put("ds2/images/text.png", "not an image");
    const char *images = "\"images\": ["
                         "{\"id\": 1, \"filename\": \"lg-12-aug-x--page-1.png\", \"width\": 100, "
                         "\"height\": 81}, {\"id\": 2, \"filename\": \"gone.png\"}, "
                         "{\"id\": 3, \"filename\": \"text.png\"}, {\"id\": 4}%s]";
    char *list = yt_format(images, "");
    char *text = yt_format("%s, " CATEGORIES ", \"annotations\": {}", list);
    put_ds2(text);
    assert_int_equal(yt_dataset_open(&d, "ds2", NULL), -1);
    assert_error_has("none of its 4 images could be used");
    free(list);
    free(text);

    list = yt_format(images, ", {\"id\": 5, \"filename\": \"lg-12-aug-x--page-1.png\"}");
    text = yt_format("%s, " CATEGORIES ", \"annotations\": {}", list);
    put_ds2(text);
    assert_int_equal(yt_dataset_open(&d, "ds2", NULL), 0);
    assert_int_equal(d.page_count, 1);
    const struct yt_tally *t = &d.tally;
    assert_int_equal(t->count, 4);
    assert_string_equal(t->rows[0].first, "ds2/images/lg-12-aug-x--page-1.png: 100x80, labelled as "
                                          "100x81");
    assert_string_equal(t->rows[1].first, "ds2/images/gone.png");
    assert_int_equal(yt_tally_count(t, "images that cannot be read were left out"), 1);
    yt_dataset_release(&d);
    free(list);
    free(text);
}

static void test_ds2_two_files(void **state) {
    (void)state;
    struct yt_dataset d;
    ref_write_ds2("two", 3, 60, 40, 5);
    assert_int_equal(yt_dataset_open(&d, "two", NULL), 0);
    assert_int_equal(d.page_count, 8);
    assert_int_equal(d.label_count, 40);
    assert_int_equal(d.score_count, 4);
    assert_int_equal(d.sheet_count, 8);
    assert_int_equal(d.pages[0].score, d.pages[1].score);
    assert_int_not_equal(d.pages[1].score, d.pages[2].score);
    assert_int_equal(d.pages[5].part, YT_TRAIN);
    assert_int_equal(d.pages[6].part, YT_TEST);
    yt_dataset_release(&d);

    test_folder_put("data.yaml", "path: two\nnames: {0: ignored}\n");
    assert_int_equal(yt_dataset_open(&d, "data.yaml", NULL), 0);
    assert_int_equal(d.page_count, 8);
    yt_dataset_release(&d);

    assert_int_equal(yt_dataset_open(&d, "two/deepscores_test.json", NULL), 0);
    assert_int_equal(d.page_count, 2);
    yt_dataset_release(&d);

    test_folder_put("two/deepscores_test.json",
                    "{\"categories\": {\"1\": {\"name\": \"stem\", \"annotation_set\": "
                    "\"deepscores\"}}, \"images\": [{}], \"annotations\": {}}");
    assert_int_equal(yt_dataset_open(&d, "two", NULL), -1);
    assert_error_has("its category 1 (stem) is not in the first file");
}

/* --- YOLO txt ------------------------------------------------------------------------------ */

static void put_yolo(const char *labels) {
    assert_int_equal(yt_path_mkdirs("yolo/images/train"), 0);
    assert_int_equal(yt_path_mkdirs("yolo/labels/train"), 0);
    ref_write_page("yolo/images/train/a.png", 200, 100);
    test_folder_put("yolo/labels/train/a.txt", labels);
    test_folder_put("yolo.yaml", "path: yolo\ntrain: images/train\nval: images/train\n"
                                 "names:\n  1: stem\n  0: brace\n");
}

static void test_yolo_reads(void **state) {
    (void)state;
    struct yt_dataset d;
    put_yolo("1 0.5 0.5 0.25 0.5\n\n0 0.1 0.1 0.1 0.1\r\n1 0.5 0.5 0.25 0.5\n");
    ref_write_page("yolo/images/train/background.png", 50, 50);
    assert_int_equal(yt_dataset_open(&d, "yolo.yaml", NULL), 0);
    assert_false(d.is_deepscores);
    assert_int_equal(d.nc, 2);
    assert_string_equal(d.classes[1].name, "stem");
    assert_int_equal(d.page_count, 4);
    assert_int_equal(d.pages[2].part, YT_VAL);
    assert_int_equal(d.pages[0].label_count, 2);
    assert_int_equal(d.pages[1].label_count, 0);
    assert_float_equal(d.labels[0].x1, 75, 1e-12);
    assert_float_equal(d.labels[0].y2, 75, 1e-12);
    assert_int_equal(d.labels[1].cls, 0);
    assert_int_equal(yt_tally_count(&d.tally, "duplicate labels were removed"), 2);
    assert_int_equal(d.sheet_count, 2); /* the same files in both lists */
    yt_dataset_release(&d);
    assert_int_equal(remove("yolo/images/train/background.png"), 0);
}

static void test_yolo_polygons(void **state) {
    (void)state;
    struct yt_dataset d;
    put_yolo("1 0.1 0.2 0.3 0.2 0.2 0.6\n0 0.5 0.5 0.75 1\n");
    assert_int_equal(yt_dataset_open(&d, "yolo.yaml", NULL), 0);
    assert_int_equal(d.pages[0].label_count, 2);
    assert_float_equal(d.labels[0].x1, 20, 1e-9);
    assert_float_equal(d.labels[0].y2, 60, 1e-9);
    assert_float_equal(d.labels[1].x1, 100, 1e-9); /* two points, not centre and size */
    assert_float_equal(d.labels[1].y2, 100, 1e-9);
    yt_dataset_release(&d);
}

static void test_yolo_faulty_labels(void **state) {
    (void)state;
    struct yt_dataset d;
    put_yolo("0 0.5 0.5\n"          /* too few */
             "x 0.5 0.5 0.1 0.1\n"  /* no class */
             "2 0.5 0.5 0.1 0.1\n"  /* class nc */
             "-1 0.5 0.5 0.1 0.1\n" /* below 0 */
             "0.5 0.5 0.5 0.1 0.1\n"
             "0 nan 0.5 0.1 0.1\n"
             "0 0.5 0.5 0 0.1\n" /* no width */
             "0 1.5 0.5 0.1 0.1\n"
             "0 1 0.5 0.5 0.5\n" /* half of it outside */
             "0 0.5 0.5 0.1 0.1x\n");
    assert_int_equal(yt_dataset_open(&d, "yolo.yaml", NULL), 0);
    assert_int_equal(d.pages[0].label_count, 1);
    assert_float_equal(d.labels[0].x1, 150, 0);
    assert_float_equal(d.labels[0].x2, 200, 0);
    const struct yt_tally *t = &d.tally; /* each twice: the list is in train and in val */
    assert_int_equal(yt_tally_count(t, "label lines that are not \"cls cx cy w h\" were dropped"),
                     6);
    assert_int_equal(yt_tally_count(t, "labels of unknown classes were dropped"), 6);
    assert_int_equal(yt_tally_count(t, "boxes that are no numbers were dropped"), 2);
    assert_int_equal(yt_tally_count(t, "boxes without an area were dropped"), 2);
    assert_int_equal(yt_tally_count(t, "boxes outside their image were dropped"), 2);
    assert_int_equal(yt_tally_count(t, "boxes were clipped to their image"), 2);
    assert_string_equal(t->rows[0].first, "./yolo/labels/train/a.txt:1");
    yt_dataset_release(&d);
}

static void test_yolo_lists(void **state) {
    (void)state;
    struct yt_dataset d;
    put_yolo("");
    ref_write_page("yolo/images/train/lg-7-x.png_512_0_1152_640.png", 64, 64);
    ref_write_page("yolo/images/train/lg-7-x.png_0_0_640_640.png", 64, 64);
    test_folder_put("yolo/train.txt", "./images/train/lg-7-x.png_512_0_1152_640.png\n"
                                      "./images/train/gone.png\n");
    test_folder_put("lists.yaml", "path: yolo\ntrain: [train.txt, images/train/a.png]\n"
                                  "val: images/train/lg*_0_0_640_640.png\nnc: 3\n");
    assert_int_equal(yt_dataset_open(&d, "lists.yaml", NULL), 0);
    assert_int_equal(d.page_count, 3);
    assert_int_equal(d.nc, 3);
    assert_int_equal(yt_tally_count(&d.tally, "images that are missing were left out"), 1);
    /* two tiles of one sheet, where they were cut */
    assert_int_equal(d.pages[1].sheet, d.pages[2].sheet);
    assert_int_equal(d.pages[1].sheet_x, 512);
    assert_int_equal(d.pages[1].score, d.pages[2].score);
    assert_int_not_equal(d.pages[0].sheet, d.pages[1].sheet);
    yt_dataset_release(&d);
}

static void refuse_yaml(const char *yaml, const char *message) {
    struct yt_dataset d;
    test_folder_put("bad.yaml", yaml);
    assert_int_equal(yt_dataset_open(&d, "bad.yaml", NULL), -1);
    assert_error_has(message);
}

static void test_yolo_faulty_yaml(void **state) {
    (void)state;
    put_yolo("");
    refuse_yaml("- a\n", "bad.yaml: not a data set");
    refuse_yaml("names: [a]\n", "names neither train: nor val:");
    refuse_yaml("train: yolo\n", "bad.yaml: names: missing");
    refuse_yaml("train: yolo\nnames: [a]\nnc: 2\n", "bad.yaml:3: nc: 2, but names: has 1");
    refuse_yaml("train: yolo\nnames: {0: a, 2: b}\n", "bad.yaml:2: names: class 1 has no name");
    refuse_yaml("train: yolo\nnc: many\n", "bad.yaml:2: nc: expected the number of classes");
    refuse_yaml("train: nowhere\nnames: [a]\n", "bad.yaml:1: ./nowhere: no such file");
    refuse_yaml("train: {a: b}\nnames: [a]\n", "bad.yaml:1: expected a folder");
    refuse_yaml("train: yolo/labels/train/gone.txt\nnames: [a]\n", "no such file");
    test_folder_put("yolo/none.txt", "gone.png\n");
    refuse_yaml("train: yolo/none.txt\nnames: [a]\n", "none of the 1 images could be used");
}

static int enter(void **state) {
    if (test_folder_enter(state) || yt_path_mkdirs("ds2/images")) return -1;
    ref_write_page("ds2/images/lg-12-aug-x--page-1.png", 100, 80);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ds2_reads),         cmocka_unit_test(test_ds2_spellings),
        cmocka_unit_test(test_ds2_faulty_boxes),  cmocka_unit_test(test_ds2_faulty_files),
        cmocka_unit_test(test_ds2_faulty_images), cmocka_unit_test(test_ds2_cut_anywhere),
        cmocka_unit_test(test_ds2_two_files),     cmocka_unit_test(test_yolo_reads),
        cmocka_unit_test(test_yolo_polygons),     cmocka_unit_test(test_yolo_faulty_labels),
        cmocka_unit_test(test_yolo_lists),        cmocka_unit_test(test_yolo_faulty_yaml),
    };
    return cmocka_run_group_tests(tests, enter, test_folder_leave);
}
