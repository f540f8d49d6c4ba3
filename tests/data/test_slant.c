/* o_bbox: which are of use, and that upright labels stay as they are. */
#include "base/file.h"
#include "data/dataset.h"
#include "data/slant.h"
#include "support/test.h"

#include <math.h>
#include <string.h>

static double area(struct yt_box box) {
    return (double)(box.x2 - box.x1) * (double)(box.y2 - box.y1);
}

/* A bar of 100 x 6 px, up by a quarter, and the rectangle of its pixels' centres. */
static const struct yt_box bar_box = {10, 10, 108.47f, 40.07f};
static const double bar[8] = {10.6, 34.2, 11.9, 39.1, 107.9, 15.9, 106.6, 11.0};

static void test_bar(void **state) {
    (void)state;
    struct yt_polygon slant;
    assert_true(yt_slant_fit(bar_box, bar, &slant));
    assert_int_equal(slant.count, 4);
    struct yt_polygon shared = yt_polygon_clip(&slant, bar_box);
    assert_true(area(yt_polygon_bounds(&shared)) > 0.989 * area(bar_box));
    double w = hypot(slant.x[1] - slant.x[0], slant.y[1] - slant.y[0]);
    double h = hypot(slant.x[3] - slant.x[0], slant.y[3] - slant.y[0]);
    assert_true(fmin(w, h) > 5 && fmin(w, h) < 10 && fmax(w, h) > 99 && fmax(w, h) < 104);
}

static void test_of_no_use(void **state) {
    (void)state;
    static const double none[][8] = {
        {10, 10, 10, 10, 10, 10, 10, 10},    /* a point */
        {10, 10, 108, 10, 108, 40, 10, 40},  /* upright: the box itself */
        {10, 40, 60, 10, 108, 40, 60, 70},   /* a diamond larger than the box */
        {10, 34, 11, 39, 40, 80, 5, 9},      /* no rectangle */
        {NAN, 34, 11, 39, 107, 15, 106, 11}, /* no number */
        {500, 500, 510, 510, 505, 515, 495,
         505}, /* elsewhere: all it could be grown by is no use */
    };
    struct yt_polygon slant;
    for (size_t i = 0; i < YT_COUNT(none); i++)
        if (yt_slant_fit(bar_box, none[i], &slant)) fail_msg("%zu is taken", i);
    struct yt_box nothing = {10, 10, 10, 10};
    assert_false(yt_slant_fit(nothing, bar, &slant));
}

/* A page of DeepScoresV2 with its original annotations: slanted are beams, slurs, flags, and hardly
 * any notehead. */
static void test_real_page(void **state) {
    (void)state;
    const char *json = YT_TEST_DIR "/../../shared/ds2-sample/deepscores_v2_sample.json";
    if (!yt_path_exists(json)) {
        print_message("skipped: the DeepScoresV2 sample page is not here\n");
        skip();
    }
    struct yt_dataset with, without;
    assert_int_equal(yt_dataset_open(&without, json, NULL), 0);
    assert_int_equal(yt_dataset_open(&with, json, &(struct yt_dataset_options){.o_bbox = true}), 0);
    assert_int_equal(without.slant_count, 0);
    assert_int_equal(with.label_count, without.label_count);
    int beams = 0, heads = 0;
    for (size_t i = 0; i < with.label_count; i++) {
        const struct yt_page_label *a = &with.labels[i], *b = &without.labels[i];
        assert_true(a->x1 == b->x1 && a->y2 == b->y2 && a->cls == b->cls && !b->slant);
        if (!a->slant) continue;
        struct yt_box box = {(float)a->x1, (float)a->y1, (float)a->x2, (float)a->y2};
        struct yt_polygon shared = yt_polygon_clip(&with.slants[a->slant - 1], box);
        assert_true(area(yt_polygon_bounds(&shared)) > 0.98 * area(box));
        beams += strcmp(with.classes[a->cls].name, "beam") == 0;
        heads += strncmp(with.classes[a->cls].name, "notehead", 8) == 0;
    }
    assert_true(beams >= 5);
    assert_int_equal(heads, 0);
    yt_dataset_release(&with);
    yt_dataset_release(&without);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_bar), cmocka_unit_test(test_of_no_use),
                                       cmocka_unit_test(test_real_page)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
