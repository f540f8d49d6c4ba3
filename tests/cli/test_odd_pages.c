/* yt predict with random weights on pages that are out of the ordinary: what comes out is whole and
 * empty, or sane. */
#include "cli/ref_run.h"
#include "support/folder.h"
#include "support/test.h"
#include "base/file.h"
#include "base/json.h"
#include "image/image.h"
#include "yolov10/weights.h"

#include <string.h>

#define PREDICT "predict weights=w.safetensors imgsz=64 slice_size=64 overlap_width=0.1 "
#define ALL_FORMATS "format=json,coco,obbanns,yolo,csv,mung,png,html "

static void write_weights(const char *path, int most_labels) {
    struct yt_model *model = yt_model_new(yt_scale_find("n"), 3);
    yt_model_init(model, 5);
    model->imgsz = 64;
    model->most_labels = most_labels;
    if (yt_weights_save(model, model->params->value, 0, NULL, path)) fail_msg("%s", yt_error());
    yt_model_free(model);
}

static void write_page(const char *path, int w, int h, uint8_t shade, int step) {
    struct yt_image *page = yt_image_new(w, h, 1);
    for (int i = 0; i < w * h; i++) page->data[i] = (uint8_t)(shade + i * step);
    if (yt_image_write_png(page, path)) fail_msg("%s", yt_error());
    yt_image_free(page);
}

static char *read(const char *path) {
    char *text = yt_file_read(path, 0, NULL);
    if (!text) fail_msg("%s", yt_error());
    return text;
}

static size_t count_members(const char *path, const char *key) {
    struct yt_json *json = yt_json_load(path);
    if (!json) fail_msg("%s", yt_error());
    const struct yt_json *list = key ? yt_json_get(json, key) : json;
    size_t count = yt_json_count(list);
    yt_json_free(json);
    return count;
}

static void assert_same_pixels(const char *path, int w, int h, uint8_t shade) {
    struct yt_image *image = yt_image_read(path, 3);
    if (!image) fail_msg("%s", yt_error());
    assert_true(image->w == w && image->h == h);
    for (int i = 0; i < 3 * w * h; i++) assert_int_equal(image->data[i], shade);
    yt_image_free(image);
}

/* One colour, all over: every file is there, and holds nothing but the page. */
static void expect_nothing(const char *name, uint8_t shade) {
    char *source = yt_format("%s.png", name);
    write_page(source, 200, 150, shade, 0);
    char *words = yt_format(PREDICT ALL_FORMATS "source=%s name=%s", source, name);
    ref_expect(words, 0, "1 images, 0 detections");
    char *at = yt_format("runs/detect/%s", name);
    const struct {
        const char *file, *key;
        size_t count;
    } lists[] = {{"predictions.json", NULL, 0},
                 {"proposals.json", "proposals", 0},
                 {"coco.json", "annotations", 0},
                 {"coco.json", "images", 1},
                 {"coco.json", "categories", 3}};
    for (size_t i = 0; i < YT_COUNT(lists); i++) {
        char *path = yt_path_join(at, lists[i].file);
        assert_int_equal(count_members(path, lists[i].key), lists[i].count);
        free(path);
    }
    char *labels = yt_format("%s/labels/%s.txt", at, name), *csv = yt_format("%s/symbols.csv", at);
    char *mung = yt_format("%s/mung/%s.xml", at, name), *html = yt_format("%s/%s.html", at, name);
    char *picture = yt_format("%s/%s.png", at, name);
    char *texts[] = {read(labels), read(csv), read(mung), read(html)};
    assert_string_equal(texts[0], "");
    assert_null(strchr(strchr(texts[1], '\n') + 1, '\n')); /* the header alone */
    assert_non_null(strstr(texts[2], "</Nodes>"));
    assert_null(strstr(texts[2], "<Node>"));
    assert_non_null(strstr(texts[3], "</html>"));
    assert_same_pixels(picture, 200, 150, shade);
    for (size_t i = 0; i < YT_COUNT(texts); i++) free(texts[i]);
    char *paths[] = {source, words, at, labels, csv, mung, html, picture};
    for (size_t i = 0; i < YT_COUNT(paths); i++) free(paths[i]);
}

static void pages_of_one_colour_are_empty(void **state) {
    (void)state;
    expect_nothing("blank", 255);
    expect_nothing("black", 0);
    ref_expect(PREDICT "source=blank.png name=said", 0, "tiles (12 blank), 0 detections");
}

/* Smaller than a tile, and smaller than anything the network's stride knows: boxes lie on them. */
static void small_pages_are_seen_whole(void **state) {
    (void)state;
    const int sides[][2] = {{40, 30}, {5, 9}, {1, 1}};
    for (size_t i = 0; i < YT_COUNT(sides); i++) {
        write_page("small.png", sides[i][0], sides[i][1], 7, 83);
        ref_expect(PREDICT ALL_FORMATS "source=small.png conf=0 name=small exist_ok=true", 0, NULL);
        struct yt_json *found = yt_json_load("runs/detect/small/predictions.json");
        assert_non_null(found);
        for (size_t k = 0; k < yt_json_count(found); k++) {
            const struct yt_json *box = yt_json_get(yt_json_at(found, k), "bbox");
            for (int axis = 0; axis < 2; axis++) {
                double from = yt_json_number(yt_json_at(box, (size_t)axis));
                double size = yt_json_number(yt_json_at(box, (size_t)axis + 2));
                assert_true(from >= 0 && size > 0 && from + size <= sides[i][axis] * (1 + 1e-6));
            }
        }
        yt_json_free(found);
    }
}

/* Where the bound comes from is said; where it was hit, once for all pages. */
static void max_det_is_said(void **state) {
    (void)state;
    write_page("a.png", 200, 150, 0, 83);
    write_page("b.png", 100, 150, 0, 61);
    test_folder_put("both.txt", "a.png\nb.png\n");
    ref_expect(PREDICT "source=a.png", 0, "max_det: 300 (auto: the weights do not say");
    write_weights("w500.safetensors", 500);
    ref_expect(PREDICT "weights=w500.safetensors source=a.png", 0,
               "max_det: 1500 (auto: a tile of the training data has up to 500 labels)");
    struct ref_ran ran = ref_run(PREDICT "source=both.txt max_det=5 conf=0 merge=nms");
    assert_int_equal(ran.status, 0);
    assert_null(strstr(ran.out, "max_det: "));
    assert_non_null(strstr(ran.err, "18 tiles on 2 images gave as many detections as max_det=5 "
                                    "allows (most: a.png, 12)"));
    assert_null(strstr(strstr(ran.err, "warning: ") + 1, "warning: ")); /* one, not one a page */
    ref_ran_release(&ran);
}

static int enter(void **state) {
    if (test_folder_enter(state)) return -1;
    write_weights("w.safetensors", 0);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pages_of_one_colour_are_empty),
        cmocka_unit_test(small_pages_are_seen_whole),
        cmocka_unit_test(max_det_is_said),
    };
    return cmocka_run_group_tests(tests, enter, test_folder_leave);
}
