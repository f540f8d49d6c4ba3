/* Pictures of detections: marks are where they should be, and nothing else is touched. */
#include "image/canvas.h"
#include "image/draw.h"
#include "support/folder.h"
#include "support/test.h"

#include <math.h>

static const uint8_t *pixel(const struct yt_image *image, int x, int y) {
    return image->data + ((size_t)y * image->w + x) * 3;
}

static bool is_colored(const uint8_t *p) {
    return p[0] != p[1] || p[1] != p[2];
}

static void frames_lie_on_their_boxes(void **state) {
    (void)state;
    struct yt_image *page = yt_image_new(300, 200, 1);
    yt_image_fill(page, 200);
    static const char *const names[] = {"stem", "notehead"};
    const struct yt_detection detections[] = {{{100, 80, 160, 120}, 0.87f, 1},
                                              {{10, 2, 30, 10}, NAN, 7}};
    struct yt_image *out = yt_draw_detections(page, detections, 2, names, 2);
    assert_true(out->w == 300 && out->h == 200 && out->c == 3);
    for (int x = 101; x < 159; x++) {
        assert_true(is_colored(pixel(out, x, 119)) && !is_colored(pixel(out, x, 120)));
        assert_true(!is_colored(pixel(out, x, 118))); /* one pixel thin */
    }
    assert_true(is_colored(pixel(out, 100, 100)) && is_colored(pixel(out, 159, 100)));
    size_t label = 0, second = 0;
    for (int y = 0; y < 200; y++)
        for (int x = 0; x < 300; x++) {
            const uint8_t *p = pixel(out, x, y);
            bool above = y >= 68 && y < 80 && x >= 100 && x < 180;
            bool on_second = y < 22 && x >= 10 && x < 40;
            if (above)
                label += is_colored(p);
            else if (on_second)
                second += is_colored(p);
            else if (x < 100 || x >= 160 || y < 80 || y >= 120)
                assert_int_equal(p[0] + p[1] + p[2], 600);
        }
    assert_true(label > 30 && second > 40);
    yt_image_free(page);
    yt_image_free(out);
}

static size_t colored_in(const struct yt_image *image, int x1, int y1, int x2, int y2) {
    size_t count = 0;
    for (int y = y1; y < y2; y++)
        for (int x = x1; x < x2; x++) count += is_colored(pixel(image, x, y));
    return count;
}

/* Symbols on all sides: a label finds no place; with them gone, it does. */
static void labels_cover_no_symbol(void **state) {
    (void)state;
    struct yt_image *page = yt_image_new(200, 200, 1);
    yt_image_fill(page, 200);
    static const char *const names[] = {"stem"};
    const struct yt_detection detections[] = {
        {{90, 90, 110, 110}, 0.5f, 0},  {{90, 62, 110, 88}, 0.5f, 0},
        {{90, 112, 110, 138}, 0.5f, 0}, {{112, 90, 132, 110}, 0.5f, 0},
        {{68, 90, 88, 110}, 0.5f, 0},
    };
    struct yt_image *alone = yt_draw_detections(page, detections, 1, names, 1);
    struct yt_image *all = yt_draw_detections(page, detections, 5, names, 1);
    assert_true(colored_in(alone, 92, 75, 108, 88) > 20);
    assert_int_equal(colored_in(all, 92, 64, 108, 86), 0);
    assert_int_equal(colored_in(all, 114, 92, 130, 108), 0);
    yt_image_free(alone);
    yt_image_free(all);
    yt_image_free(page);
}

static void groups_go_by_the_first_word(void **state) {
    (void)state;
    static const char *const names[] = {"clefG", "rest8th", "clefF", "restWhole", "stem", "8", "9"};
    int *groups = yt_class_groups(names, 7);
    const int expected[] = {0, 1, 0, 1, 2, 3, 4};
    assert_memory_equal(groups, expected, sizeof expected);
    free(groups);
}

static void odd_boxes_are_survived(void **state) {
    (void)state;
    struct yt_image *page = yt_image_new(40, 30, 3);
    const struct yt_detection odd[] = {
        {{-5, -5, 90, 90}, 0.5f, 3}, {{7, 7, 7, 7}, 0.5f, -1}, {{39, 29, 40, 30}, 1, 1 << 30}};
    struct yt_image *out = yt_draw_detections(page, odd, 3, NULL, 0);
    assert_non_null(out);
    yt_image_free(page);
    yt_image_free(out);
}

static void a_canvas_is_saved_as_drawn(void **state) {
    (void)state;
    struct yt_canvas *canvas = yt_canvas_new(60, 40, NULL);
    yt_canvas_fill(canvas, 10, 5, 20, 10, yt_color(0x204060));
    const double curve[] = {35, 20, 55, 20, NAN, NAN, 35, 30, 55, 30};
    yt_canvas_curve(canvas, curve, 5, 2, yt_color(0xff0000));
    yt_canvas_line(canvas, 2, 0, 2, 40, 2, yt_color(0x0000ff));
    struct yt_image *drawn = yt_canvas_image(canvas);
    assert_int_equal(yt_canvas_save(canvas, "canvas.png"), 0);
    struct yt_image *saved = yt_image_read("canvas.png", 3);
    assert_non_null(saved);
    assert_memory_equal(drawn->data, saved->data, 60 * 40 * 3);
    assert_memory_equal(pixel(drawn, 10, 5), ((uint8_t[]){0x20, 0x40, 0x60}), 3);
    assert_memory_equal(pixel(drawn, 30, 5), ((uint8_t[]){255, 255, 255}), 3);
    assert_memory_equal(pixel(drawn, 45, 20), ((uint8_t[]){255, 0, 0}), 3);
    assert_memory_equal(pixel(drawn, 45, 25), ((uint8_t[]){255, 255, 255}), 3); /* the gap */
    assert_memory_equal(pixel(drawn, 45, 29), ((uint8_t[]){255, 0, 0}), 3);
    assert_memory_equal(pixel(drawn, 1, 39), ((uint8_t[]){0, 0, 255}), 3);
    assert_true(yt_canvas_text_width(canvas, 20, "wide") > yt_canvas_text_width(canvas, 10, "w"));
    yt_image_free(drawn);
    yt_image_free(saved);
    yt_canvas_free(canvas);
    assert_null(yt_canvas_new(40000, 1, NULL));
    assert_error_has("40000x1");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(frames_lie_on_their_boxes),   cmocka_unit_test(labels_cover_no_symbol),
        cmocka_unit_test(groups_go_by_the_first_word), cmocka_unit_test(odd_boxes_are_survived),
        cmocka_unit_test(a_canvas_is_saved_as_drawn),
    };
    return cmocka_run_group_tests(tests, test_folder_enter, test_folder_leave);
}
