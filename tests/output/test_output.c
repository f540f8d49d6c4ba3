/* Exported detections, read again. */
#include "support/test.h"
#include "support/folder.h"
#include "base/file.h"
#include "base/json.h"
#include "output/output.h"

#include <string.h>

static const char *const names[] = {"stem", "caf\xc3\xa9 \"quoted\", really"};
static const int ids[] = {42, 7};
static const struct yt_categories categories = {names, ids, 2};
static const struct yt_output_options options = {.categories = &categories};
static const struct yt_detection detections[] = {
    {{1.5f, 2, 11.75f, 4}, 0.1f, 1},
    {{0.1f, 0.2f, 64, 48}, 1, 0},
};

static struct yt_image *paper(void) {
    struct yt_image *page = yt_image_new(64, 48, 1);
    yt_image_fill(page, 255);
    return page;
}

/* Three images, the second without a detection, in the given formats. */
static void write_three(const char *formats) {
    struct yt_output out;
    struct yt_image *image = paper();
    assert_int_equal(yt_output_open(&out, ".", formats, &options), 0);
    const struct yt_output_page pages[] = {
        {"x/a.png", "a", 11, image, detections, 2, NULL},
        {"x/empty.png", "empty", 12, image, NULL, 0, NULL},
        {"x/b\"\n.png", "b", 13, image, detections, 1, NULL},
    };
    for (size_t i = 0; i < 3; i++)
        if (yt_output_add(&out, pages[i])) fail_msg("%s", yt_error());
    assert_int_equal(out.detections, 3);
    if (yt_output_close(&out)) fail_msg("%s", yt_error());
    yt_image_free(image);
}

static struct yt_json *load(const char *path) {
    struct yt_json *json = yt_json_load(path);
    if (!json) fail_msg("%s", yt_error());
    return json;
}

static void assert_numbers(const struct yt_json *list, const double *expected, size_t count) {
    assert_int_equal(yt_json_count(list), count);
    for (size_t i = 0; i < count; i++)
        assert_true((float)yt_json_number(yt_json_at(list, i)) == (float)expected[i]);
}

static double number(const struct yt_json *map, const char *key) {
    return yt_json_number(yt_json_get(map, key));
}

static void json(void **state) {
    (void)state;
    write_three("json");
    struct yt_json *json = load("predictions.json");
    assert_int_equal(yt_json_count(json), 3);
    const struct yt_json *first = yt_json_at(json, 0), *last = yt_json_at(json, 2);
    assert_string_equal(yt_json_string(yt_json_get(first, "file_name")), "a.png");
    assert_string_equal(yt_json_string(yt_json_get(last, "file_name")), "b\"\n.png");
    assert_string_equal(yt_json_string(yt_json_get(first, "category")), names[1]);
    assert_true(number(first, "category_id") == 7 && number(last, "image_id") == 13);
    assert_numbers(yt_json_get(first, "bbox"), (const double[]){1.5, 2, 10.25, 2}, 4);
    assert_true((float)number(first, "score") == 0.1f);
    assert_true(number(first, "order") == 1 && number(yt_json_at(json, 1), "order") == 2);
    assert_null(yt_json_get(first, "staff")); /* there is none */
    yt_json_free(json);
}

static void coco(void **state) {
    (void)state;
    write_three("coco");
    struct yt_json *json = load("coco.json");
    const struct yt_json *annotations = yt_json_get(json, "annotations");
    const struct yt_json *images = yt_json_get(json, "images");
    assert_int_equal(yt_json_count(yt_json_get(json, "categories")), 2);
    assert_int_equal(yt_json_count(images), 3);
    assert_true(number(yt_json_at(images, 2), "id") == 13);
    assert_true(number(yt_json_at(images, 0), "width") == 64);
    assert_int_equal(yt_json_count(annotations), 3);
    const struct yt_json *last = yt_json_at(annotations, 2);
    assert_true(number(last, "id") == 3 && number(last, "image_id") == 13);
    assert_true(number(last, "category_id") == 7 && number(last, "area") == 20.5);
    yt_json_free(json);
}

static void obbanns(void **state) {
    (void)state;
    write_three("obbanns");
    struct yt_json *json = load("proposals.json");
    assert_string_equal(yt_json_string(yt_json_get(json, "annotation_set")), "deepscores");
    const struct yt_json *list = yt_json_get(json, "proposals"), *second = yt_json_at(list, 1);
    assert_int_equal(yt_json_count(list), 3);
    assert_numbers(yt_json_get(second, "bbox"), (const double[]){0.1, 0.2, 64, 48}, 4);
    assert_true(number(second, "cat_id") == 42 && number(second, "img_id") == 11);
    yt_json_free(json);
}

static void assert_file(const char *path, const char *expected) {
    char *text = yt_file_read(path, 0, NULL);
    if (!text) fail_msg("%s", yt_error());
    assert_string_equal(text, expected);
    free(text);
}

static void yolo_and_csv(void **state) {
    (void)state;
    write_three("yolo,csv");
    assert_file("labels/b.txt", "1 0.103516 0.0625 0.160156 0.0416667\n");
    assert_file("labels/empty.txt", "");
    assert_file(
        "symbols.csv",
        "file,order,system,staff,position,interline,class,category_id,score,x,y,w,h\n"
        "a.png,1,,,,,\"caf\xc3\xa9 \"\"quoted\"\", really\",7,0.1,1.5,2,10.25,2\n"
        "a.png,2,,,,,stem,42,1,0.1,0.2,63.9,47.8\n"
        "\"b\"\"\n.png\",1,,,,,\"caf\xc3\xa9 \"\"quoted\"\", really\",7,0.1,1.5,2,10.25,2\n");
}

static void picture(void **state) {
    (void)state;
    write_three("png");
    struct yt_image *drawn = yt_image_read("a.png", 3);
    if (!drawn) fail_msg("%s", yt_error());
    assert_true(drawn->w == 64 && drawn->h == 48);
    size_t coloured = 0;
    for (size_t i = 0; i < 3 * 64 * 48; i++) coloured += drawn->data[i] != 255;
    assert_true(coloured > 100); /* the frame alone has two hundred pixels */
    yt_image_free(drawn);
}

static void larger_picture(void **state) {
    (void)state;
    struct yt_output out;
    struct yt_output_options larger = {.categories = &categories, .picture_scale = 2.5};
    struct yt_image *image = paper();
    assert_int_equal(yt_output_open(&out, ".", "png", &larger), 0);
    const struct yt_output_page page = {"p.png", "larger", 1, image, detections, 2, NULL};
    assert_int_equal(yt_output_add(&out, page), 0);
    assert_int_equal(yt_output_close(&out), 0);
    struct yt_image *drawn = yt_image_read("larger.png", 3);
    assert_true(drawn && drawn->w == 160 && drawn->h == 120);
    const uint8_t *corner = drawn->data + (119 * 160 + 159) * 3; /* of the box over all */
    assert_true(corner[0] != corner[1] || corner[1] != corner[2]);
    yt_image_free(drawn);
    yt_image_free(image);
}

static void assert_has(const char *path, const char *const *expected, size_t count) {
    char *text = yt_file_read(path, 0, NULL);
    if (!text) fail_msg("%s", yt_error());
    for (size_t i = 0; i < count; i++)
        if (!strstr(text, expected[i])) fail_msg("%s: no \"%s\" in it", path, expected[i]);
    free(text);
}

static void mung_and_html(void **state) {
    (void)state;
    write_three("mung html");
    static const char *const xml[] = {
        "<Nodes dataset=\"yt\" document=\"a\">\n<Node>\n\t<Id>0</Id>\n\t<ClassName>caf\xc3\xa9 "
        "&quot;quoted&quot;, really</ClassName>\n\t<Top>2</Top>\n\t<Left>1</Left>\n"
        "\t<Width>11</Width>\n\t<Height>2</Height>\n",
        "<DataItem key=\"score\" type=\"float\">0.1000</DataItem>", "</Nodes>\n"};
    assert_has("mung/a.xml", xml, YT_COUNT(xml));
    static const char *const html[] = {"<title>a.png</title>", "href=\"data:image/png;base64,iVBOR",
                                       "[1, 0.100, 1.5, 2.0, 10.2, 2.0, 1]", "</html>"};
    assert_has("a.html", html, YT_COUNT(html));
    static const char *const empty[] = {"\"symbols\": []"};
    assert_has("empty.html", empty, 1);
}

static void no_images_is_an_empty_list(void **state) {
    (void)state;
    struct yt_output out;
    assert_int_equal(yt_output_open(&out, ".", "json coco,json", &options), 0);
    assert_int_equal(out.writer_count, 2); /* what is named twice is written once */
    assert_int_equal(yt_output_close(&out), 0);
    struct yt_json *json = load("predictions.json");
    assert_int_equal(yt_json_type(json), YT_JSON_ARRAY);
    assert_int_equal(yt_json_count(json), 0);
    yt_json_free(json);
    json = load("coco.json");
    assert_int_equal(yt_json_count(yt_json_get(json, "images")), 0);
    yt_json_free(json);
}

static void abandoned_leaves_nothing(void **state) {
    (void)state;
    struct yt_output out;
    assert_int_equal(yt_path_mkdirs("abandoned"), 0);
    assert_int_equal(yt_output_open(&out, "abandoned", "json,csv", &options), 0);
    const struct yt_output_page page = {.path = "a.png", .detections = detections, .count = 2};
    assert_false(yt_path_exists("abandoned/predictions.json")); /* not before it is complete */
    yt_output_abandon(&out);
    assert_false(yt_path_exists("abandoned/predictions.json"));
    assert_int_equal(yt_output_open(&out, "no/such", "json", &options), -1);
    assert_error_has("no/such/predictions.json");
    assert_int_equal(yt_output_open(&out, "abandoned", "json", &options), 0);
    assert_int_equal(yt_output_add(&out, page), 0); /* without an image: no places */
    assert_int_equal(yt_output_close(&out), 0);
    struct yt_json *json = load("abandoned/predictions.json");
    assert_null(yt_json_get(yt_json_at(json, 0), "order"));
    yt_json_free(json);
}

static void unknown_formats_are_named(void **state) {
    (void)state;
    assert_int_equal(yt_output_check("json, png"), 0);
    assert_int_equal(yt_output_check("json,csw"), -1);
    assert_error_has("format: csw: no such format (did you mean csv?)");
    assert_int_equal(yt_output_check("musicxml"), -1);
    assert_error_has("must be some of json, coco");
}

static void full_disk(void **state) {
    (void)state;
    struct yt_output out;
    assert_int_equal(yt_path_mkdirs("full"), 0);
    assert_int_equal(yt_output_open(&out, "full", "json", &options), 0);
    FILE *real = out.writers[0].file->stream, *full = fopen("/dev/full", "w");
    if (!full) skip();
    out.writers[0].file->stream = full;
    fclose(real);
    const struct yt_output_page page = {.path = "a.png", .detections = detections, .count = 2};
    yt_output_add(&out, page);
    assert_int_equal(yt_output_close(&out), -1);
    assert_error_has("predictions.json");
    assert_false(yt_path_exists("full/predictions.json"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(json),
        cmocka_unit_test(coco),
        cmocka_unit_test(obbanns),
        cmocka_unit_test(yolo_and_csv),
        cmocka_unit_test(picture),
        cmocka_unit_test(larger_picture),
        cmocka_unit_test(mung_and_html),
        cmocka_unit_test(no_images_is_an_empty_list),
        cmocka_unit_test(abandoned_leaves_nothing),
        cmocka_unit_test(unknown_formats_are_named),
        cmocka_unit_test(full_disk),
    };
    return cmocka_run_group_tests(tests, test_folder_enter, test_folder_leave);
}
