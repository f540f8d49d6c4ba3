/* Exported detections, read again. */
#include "support/test.h"
#include "support/folder.h"
#include "base/file.h"
#include "base/json.h"
#include "infer/annotate.h"
#include "infer/predictions.h"

static const char *const names[] = {"stem", "caf\xc3\xa9 \"quoted\""};
static const int ids[] = {42, 7};
static const struct yt_categories categories = {names, ids, 2};
static const struct yt_detection detections[] = {
    {{1.5f, 2, 11.75f, 4}, 0.1f, 1},
    {{0.1f, 0.2f, 1960, 2772}, 1, 0},
};

static void coco_results(void **state) {
    (void)state;
    struct yt_predictions out;
    assert_int_equal(yt_predictions_open(&out, "predictions.json", &categories), 0);
    yt_predictions_add(&out, "a.png", detections, 2);
    yt_predictions_add(&out, "empty.png", NULL, 0);
    yt_predictions_add(&out, "b\"\n.png", detections, 1);
    assert_false(yt_path_exists("predictions.json")); /* not before it is complete */
    assert_int_equal(yt_predictions_close(&out), 0);

    struct yt_json *json = yt_json_load("predictions.json");
    if (!json) fail_msg("%s", yt_error());
    assert_int_equal(yt_json_count(json), 3);
    const struct yt_json *first = yt_json_at(json, 0), *last = yt_json_at(json, 2);
    assert_string_equal(yt_json_string(yt_json_get(first, "file_name")), "a.png");
    assert_string_equal(yt_json_string(yt_json_get(last, "file_name")), "b\"\n.png");
    assert_string_equal(yt_json_string(yt_json_get(first, "category")), names[1]);
    assert_int_equal((int)yt_json_number(yt_json_get(first, "category_id")), 7);
    const double bbox[] = {1.5, 2, 10.25, 2};
    for (size_t i = 0; i < 4; i++)
        assert_true(yt_json_number(yt_json_at(yt_json_get(first, "bbox"), i)) == bbox[i]);
    assert_true((float)yt_json_number(yt_json_get(first, "score")) == 0.1f);
    yt_json_free(json);
}

static void no_detections_is_an_empty_list(void **state) {
    (void)state;
    struct yt_predictions out;
    assert_int_equal(yt_predictions_open(&out, "empty.json", &categories), 0);
    assert_int_equal(yt_predictions_close(&out), 0);
    struct yt_json *json = yt_json_load("empty.json");
    assert_non_null(json);
    assert_int_equal(yt_json_type(json), YT_JSON_ARRAY);
    assert_int_equal(yt_json_count(json), 0);
    yt_json_free(json);
}

static void abandoned_leaves_nothing(void **state) {
    (void)state;
    struct yt_predictions out;
    assert_int_equal(yt_predictions_open(&out, "abandoned.json", &categories), 0);
    yt_predictions_add(&out, "a.png", detections, 2);
    yt_predictions_abandon(&out);
    assert_false(yt_path_exists("abandoned.json"));
    assert_int_equal(yt_predictions_open(&out, "no/such/folder.json", &categories), -1);
    assert_error_has("no/such/folder.json");
}

static void full_disk(void **state) {
    (void)state;
    struct yt_predictions out;
    assert_int_equal(yt_predictions_open(&out, "full.json", &categories), 0);
    FILE *real = out.file.stream, *full = fopen("/dev/full", "w");
    if (!full) skip();
    out.file.stream = full;
    fclose(real);
    yt_predictions_add(&out, "a.png", detections, 2);
    assert_int_equal(yt_predictions_close(&out), -1);
    assert_error_has("full.json");
    assert_false(yt_path_exists("full.json"));
}

static void yolo_txt(void **state) {
    (void)state;
    const struct yt_detection box = {{10, 20, 30, 60}, 0.25f, 3};
    assert_int_equal(yt_predictions_write_txt("a.txt", &box, 1, 100, 200, true), 0);
    char *text = yt_file_read("a.txt", 0, NULL);
    assert_string_equal(text, "3 0.2 0.2 0.2 0.2 0.25\n");
    free(text);
    assert_int_equal(yt_predictions_write_txt("b.txt", NULL, 0, 100, 200, false), 0);
    text = yt_file_read("b.txt", 0, NULL);
    assert_string_equal(text, "");
    free(text);
}

static void annotated_picture(void **state) {
    (void)state;
    struct yt_image *page = yt_image_new(64, 48, 1);
    yt_image_fill(page, 255);
    const struct yt_detection box = {{10, 20, 40, 40}, 0.5f, 0};
    assert_int_equal(yt_annotate("page.png", page, &box, 1, &categories), 0);
    struct yt_image *drawn = yt_image_read("page.png", 3);
    if (!drawn) fail_msg("%s", yt_error());
    assert_int_equal(drawn->w, 64);
    assert_int_equal(drawn->h, 48);
    size_t coloured = 0;
    for (size_t i = 0; i < 3 * 64 * 48; i++) coloured += drawn->data[i] != 255;
    assert_true(coloured > 100); /* the frame alone has a hundred pixels */
    yt_image_free(drawn);
    yt_image_free(page);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(coco_results),
        cmocka_unit_test(no_detections_is_an_empty_list),
        cmocka_unit_test(abandoned_leaves_nothing),
        cmocka_unit_test(full_disk),
        cmocka_unit_test(yolo_txt),
        cmocka_unit_test(annotated_picture),
    };
    return cmocka_run_group_tests(tests, test_folder_enter, test_folder_leave);
}
