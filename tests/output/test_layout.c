/* Staffs, positions and reading order: on drawn staffs, and on the sample's pages, whose noteheads
 * say whether they are on a line or in a space. */
#include "support/test.h"
#include "base/json.h"
#include "image/canvas.h"
#include "output/layout.h"

#include <math.h>
#include <string.h>

enum { STAFF, NOTE, BRACE };
static const char *const names[] = {"staff", "notehead", "brace"};
static const struct yt_categories categories = {names, NULL, 3};

/* Five lines from x1 to x2 whose middle one goes from y to y + rise. */
static void draw_staff(struct yt_canvas *canvas, double x1, double x2, double y, double rise,
                       double interline) {
    for (int k = -2; k <= 2; k++)
        yt_canvas_line(canvas, x1, y + k * interline, x2, y + rise + k * interline, 2,
                       yt_color(0x000000));
}

static struct yt_detection note(float x, float y) {
    return (struct yt_detection){{x - 8, y - 7, x + 8, y + 7}, 0.9f, NOTE};
}

/* A box of a staff that is some pixels off, in two pieces, on a page with a slope: positions come
 * from the lines. */
static void lines_are_measured(void **state) {
    (void)state;
    struct yt_canvas *canvas = yt_canvas_new(1000, 300, NULL);
    const double interline = 14.2, rise = 12;
    draw_staff(canvas, 50, 950, 150, rise, interline);
    struct yt_image *image = yt_canvas_image(canvas);
    struct yt_detection detections[13] = {
        {{500, 131, 946, 192}, 0.8f, STAFF},
        {{52, 118, 510, 180}, 0.9f, STAFF},
    };
    for (int k = 0; k < 11; k++) { /* positions -5 .. 5 along the staff */
        double x = 100 + 80 * k, middle = 150 + rise * (x - 50) / 900;
        detections[2 + k] = note((float)x, (float)(middle - (k - 5) * interline / 2));
    }
    struct yt_layout layout;
    yt_layout_init(&layout, image, detections, 13, &categories);
    assert_int_equal(layout.staff_count, 1);
    assert_true(layout.staffs[0].is_measured);
    assert_true(fabs(layout.interline - interline) < 0.1);
    for (int k = 0; k < 11; k++)
        if (fabs(layout.places[2 + k].position - (k - 5)) > 0.15)
            fail_msg("%g instead of %d", layout.places[2 + k].position, k - 5);
    yt_layout_release(&layout);
    yt_image_free(image);
    yt_canvas_free(canvas);
}

/* Where the image shows no lines, the box must do. */
static void boxes_do_without_lines(void **state) {
    (void)state;
    struct yt_image *image = yt_image_new(400, 200, 3);
    yt_image_fill(image, 255);
    const struct yt_detection detections[] = {{{10, 60, 390, 140}, 0.9f, STAFF}, note(100, 60)};
    struct yt_layout layout;
    yt_layout_init(&layout, image, detections, 2, &categories);
    assert_false(layout.staffs[0].is_measured);
    assert_true(layout.interline == 20 && layout.places[1].position == 4);
    assert_true(yt_staff_middle(&layout.staffs[0], -50) == 100);
    yt_layout_release(&layout);
    yt_image_free(image);
}

/* Two systems: staffs 1 and 2 joined by a line at their left, 3 and 4 by a brace; two notes of a
 * chord and one below them on the other staff are a column. */
static void systems_and_order(void **state) {
    (void)state;
    struct yt_canvas *canvas = yt_canvas_new(600, 800, NULL);
    const double middles[] = {100, 250, 450, 600};
    for (int i = 0; i < 4; i++) draw_staff(canvas, 40, 560, middles[i], 0, 12);
    yt_canvas_line(canvas, 40, 100, 40, 250, 3, yt_color(0x000000));
    struct yt_image *image = yt_canvas_image(canvas);
    const struct yt_detection detections[] = {
        note(300, 600),                     /* 0: second system, lower staff */
        {{40, 575, 560, 625}, 0.9f, STAFF}, /* 1 */
        note(203, 88),                      /* 2 */
        {{40, 225, 560, 275}, 0.9f, STAFF}, /* 3 */
        note(200, 256),                     /* 4 */
        {{40, 75, 560, 125}, 0.9f, STAFF},  /* 5 */
        note(201, 112),                     /* 6 */
        {{40, 425, 560, 475}, 0.9f, STAFF}, /* 7 */
        {{10, 420, 30, 630}, 0.9f, BRACE},  /* 8 */
        note(150, 250),                     /* 9 */
        note(300, 440),                     /* 10 */
    };
    static const size_t expected[] = {5, 3, 9, 2, 6, 4, 8, 7, 1, 10, 0};
    struct yt_layout layout;
    yt_layout_init(&layout, image, detections, YT_COUNT(detections), &categories);
    assert_int_equal(layout.staff_count, 4);
    assert_int_equal(layout.system_count, 2);
    assert_int_equal(layout.places[4].staff, 1);
    assert_int_equal(layout.places[0].system, 1);
    size_t *order = yt_layout_order(&layout, YT_COUNT(detections));
    for (size_t i = 0; i < YT_COUNT(expected); i++) assert_int_equal(order[i], expected[i]);
    free(order);
    yt_layout_release(&layout);
    yt_image_free(image);
    yt_canvas_free(canvas);
}

static void odd_boxes_are_survived(void **state) {
    (void)state;
    struct yt_image *image = yt_image_new(20, 10, 1);
    const struct yt_detection odd[] = {{{5, 5, 5, 5}, 0.5f, STAFF},
                                       {{-100, -3, 400, 2}, 0.5f, STAFF},
                                       {{0, 0, 20, 10}, 0.5f, STAFF},
                                       {{-8, 50, 3000, 900}, 0.5f, STAFF},
                                       {{15, 5, 15, 9}, 0.5f, NOTE}};
    struct yt_layout layout;
    yt_layout_init(&layout, image, odd, YT_COUNT(odd), &categories);
    assert_true(layout.staff_count > 0 && layout.places[4].staff >= 0);
    yt_layout_release(&layout);
    yt_layout_init(&layout, image, odd, 0, &categories);
    assert_true(layout.staff_count == 0 && isnan(layout.interline));
    yt_layout_release(&layout);
    yt_image_free(image);
}

/* --- the sample
 * ----------------------------------------------------------------------------------- */

#define SAMPLE YT_TEST_DIR "/../samples/engraved/"

struct sample {
    struct yt_detection *detections;
    const char **names; /* one a detection; each is its own class */
    size_t count;
};

static void load_page(const struct yt_json *json, const struct yt_json *image,
                      struct sample *sample) {
    const struct yt_json *categories_json = yt_json_get(json, "categories");
    const struct yt_json *annotations = yt_json_get(json, "annotations");
    const struct yt_json *ids = yt_json_get(image, "ann_ids");
    size_t count = yt_json_count(ids);
    sample->count = count;
    sample->detections = yt_calloc(count, sizeof *sample->detections);
    sample->names = yt_calloc(count, sizeof *sample->names);
    for (size_t i = 0; i < count; i++) {
        const struct yt_json *a = yt_json_get(annotations, yt_json_string(yt_json_at(ids, i)));
        const struct yt_json *box = yt_json_get(a, "a_bbox"), *cats = yt_json_get(a, "cat_id");
        const char *id = yt_json_string(yt_json_at(cats, 0));
        float corners[4];
        for (size_t k = 0; k < 4; k++) corners[k] = (float)yt_json_number(yt_json_at(box, k));
        const char *name = yt_json_string(yt_json_get(yt_json_get(categories_json, id), "name"));
        int cls = !strcmp(name, "staff") ? STAFF : !strcmp(name, "brace") ? BRACE : NOTE;
        sample->names[i] = name;
        sample->detections[i] =
            (struct yt_detection){{corners[0], corners[1], corners[2], corners[3]}, 0.9f, cls};
    }
}

static void noteheads_are_where_their_names_say(void **state) {
    (void)state;
    struct yt_json *json = yt_json_load(SAMPLE "deepscores_test.json");
    if (!json) fail_msg("%s", yt_error());
    const struct yt_json *images = yt_json_get(json, "images");
    size_t heads = 0, right = 0;
    for (size_t i = 0; i < yt_json_count(images); i++) {
        const struct yt_json *entry = yt_json_at(images, i);
        char *path = yt_format(SAMPLE "images/%s", yt_json_string(yt_json_get(entry, "filename")));
        struct yt_image *image = yt_image_read(path, 0);
        if (!image) fail_msg("%s", yt_error());
        struct sample sample;
        struct yt_layout layout;
        load_page(json, entry, &sample);
        yt_layout_init(&layout, image, sample.detections, sample.count, &categories);
        for (size_t k = 0; k < sample.count; k++) {
            if (strncmp(sample.names[k], "notehead", 8)) continue;
            bool even = lrint(layout.places[k].position) % 2 == 0;
            heads++;
            right += even == (strstr(sample.names[k], "OnLine") != NULL);
        }
        yt_layout_release(&layout);
        free(sample.detections);
        free(sample.names);
        yt_image_free(image);
        free(path);
    }
    yt_json_free(json);
    assert_true(heads > 500);
    if (right < 0.99 * heads) fail_msg("%zu of %zu heads", right, heads);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_are_measured),
        cmocka_unit_test(boxes_do_without_lines),
        cmocka_unit_test(systems_and_order),
        cmocka_unit_test(odd_boxes_are_survived),
        cmocka_unit_test(noteheads_are_where_their_names_say),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
