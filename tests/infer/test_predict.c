/* Prediction on whole images, against the reference's detections on photographs, and on tiles,
 * against the same steps done by hand. */
#include "infer/ref_detector.h"
#include "support/test.h"

#include "base/json.h"
#include "base/threads.h"
#include "image/slices.h"
#include "infer/predict.h"
#include "yolov10/weights.h"

#include <math.h>

enum { NC = 4, SIDE = 64, MAX_DET = 20, FOUND_MAX = 4000 };

static struct yt_model *model;
static struct yt_detector *detector;

static int setup(void **state) {
    (void)state;
    model = ref_random_model(NC);
    detector = yt_detector_new(model, model->params->value, YT_HEAD_ONE2ONE);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    yt_detector_free(detector);
    yt_model_free(model);
    return 0;
}

static const struct yt_predict_options defaults = {
    .imgsz = SIDE,
    .batch = 4,
    .max_det = MAX_DET,
    .slice_size = SIDE,
    .overlap_h = 0.2,
    .overlap_w = 0.2,
    .merge = {YT_MERGE_NMS, YT_OVERLAP_IOU, 0.5, false},
};

/* Predicts with a predictor of its own and copies what is found. */
static struct yt_prediction predict(const struct yt_predict_options *options,
                                    const struct yt_image *image, struct yt_detection *found) {
    struct yt_predictor *predictor = yt_predictor_new(detector, options);
    struct yt_prediction out;
    if (yt_predict(predictor, image, &out)) fail_msg("%s", yt_error());
    assert_true(out.count <= FOUND_MAX);
    if (out.count) memcpy(found, out.detections, out.count * sizeof *found);
    yt_predictor_free(predictor);
    return out;
}

/* --- on tiles --------------------------------------------------------------------------------- */

static double area(struct yt_box b) {
    return (double)(b.x2 - b.x1) * (double)(b.y2 - b.y1);
}

static double iou(struct yt_box a, struct yt_box b) {
    double w = fmin(a.x2, b.x2) - fmax(a.x1, b.x1), h = fmin(a.y2, b.y2) - fmax(a.y1, b.y1);
    double common = w > 0 && h > 0 ? w * h : 0;
    return common / (area(a) + area(b) - common);
}

static int by_score(const void *a, const void *b) {
    const struct yt_detection *x = a, *y = b;
    if (x->score != y->score) return x->score < y->score ? 1 : -1;
    if (x->cls != y->cls) return x->cls - y->cls; /* the merge's order of equal scores */
    if (x->box.x1 != y->box.x1) return x->box.x1 < y->box.x1 ? -1 : 1;
    return (x->box.y1 > y->box.y1) - (x->box.y1 < y->box.y1);
}

/* NMS by class, of all pairs. */
static size_t nms(struct yt_detection *d, size_t count, double threshold) {
    size_t kept = 0;
    qsort(d, count, sizeof *d, by_score);
    for (size_t i = 0; i < count; i++) {
        bool best = true;
        for (size_t k = 0; k < kept && best; k++)
            best = d[k].cls != d[i].cls || iou(d[k].box, d[i].box) < threshold;
        if (best) d[kept++] = d[i];
    }
    return kept;
}

/* What one window gives, in pixels of the page: it is an image like any other. */
static size_t add_window(const struct yt_image *page, struct yt_slice s, struct yt_detection *found,
                         size_t count) {
    struct yt_predict_options whole = defaults;
    whole.sliced = YT_SLICED_NEVER;
    struct yt_image *tile = yt_image_crop(page, s.x1, s.y1, s.x2 - s.x1, s.y2 - s.y1);
    size_t n = predict(&whole, tile, found + count).count;
    for (size_t k = count; k < count + n; k++) {
        struct yt_box *box = &found[k].box;
        assert_true(box->x1 >= 0 && box->y1 >= 0 && box->x2 <= SIDE && box->y2 <= SIDE);
        box->x1 += (float)s.x1, box->x2 += (float)s.x1;
        box->y1 += (float)s.y1, box->y2 += (float)s.y1;
    }
    yt_image_free(tile);
    return count + n;
}

static void tiles_equal_composition_by_hand(void **state) {
    (void)state;
    static struct yt_detection expected[FOUND_MAX], found[FOUND_MAX];
    struct yt_image *page = ref_page(150, 170, 170);
    struct yt_slices grid = {0};
    assert_int_equal(yt_slices_grid(&grid, 170, 150, SIDE, SIDE, 0.2, 0.2), 0);
    assert_int_equal(grid.count, 4 * 3);
    size_t count = 0;
    for (size_t i = 0; i < grid.count; i++)
        count = add_window(page, grid.items[i], expected, count);
    size_t merged = nms(expected, count, defaults.merge.threshold);
    assert_true(merged > 20 && merged < count); /* the merge had work to do */

    struct yt_predict_options options = defaults;
    for (options.batch = 1; options.batch <= 16; options.batch += 5) { /* whole and partial */
        struct yt_prediction out = predict(&options, page, found);
        assert_int_equal(out.windows, 12);
        assert_int_equal(out.blank, 0);
        assert_int_equal(out.count, merged);
        assert_memory_equal(found, expected, merged * sizeof *found);
    }
    yt_slices_release(&grid);
    yt_image_free(page);
}

/* The merge for pages is told through which window each detection was seen, blank ones left out. */
static void pages_equal_composition_by_hand(void **state) {
    (void)state;
    static struct yt_detection expected[FOUND_MAX], found[FOUND_MAX];
    static uint32_t window_of[FOUND_MAX];
    struct yt_box windows[12];
    struct yt_image *page = ref_page(150, 170, 60); /* the lower windows are blank */
    struct yt_slices grid = {0};
    assert_int_equal(yt_slices_balanced(&grid, 170, 150, SIDE, SIDE, 0.2, 0.2), 0);
    size_t count = 0;
    for (uint32_t i = 0; i < grid.count; i++) {
        const struct yt_slice *s = &grid.items[i];
        windows[i] = (struct yt_box){(float)s->x1, (float)s->y1, (float)s->x2, (float)s->y2};
        if (s->y1 >= 60) continue;
        size_t before = count;
        count = add_window(page, *s, expected, count);
        for (size_t k = before; k < count; k++) window_of[k] = i;
    }
    struct yt_stitch_rule rules[NC] = {{true, YT_HORIZONTAL, 1}, {true, YT_VERTICAL, 0}};
    struct yt_merge_page how = {150, 170, 0.5, false, rules};
    size_t merged = yt_merge_page(&how, expected, window_of, count, windows);
    assert_true(merged > 5 && merged < count);

    struct yt_predict_options options = defaults;
    options.merge_page = true;
    options.is_balanced = true;
    options.stitch = rules;
    struct yt_prediction out = predict(&options, page, found);
    assert_true(out.blank > 0);
    assert_int_equal(out.count, merged);
    assert_memory_equal(found, expected, merged * sizeof *found);
    yt_slices_release(&grid);
    yt_image_free(page);
}

static void pages_smaller_than_a_tile(void **state) {
    (void)state;
    static struct yt_detection found[FOUND_MAX];
    struct yt_predict_options options = defaults;
    options.sliced = YT_SLICED_ALWAYS;
    options.merge_page = true;
    static const int sizes[][2] = {{1, 1}, {5, 40}, {SIDE, 3}, {SIDE - 1, SIDE}};
    for (size_t i = 0; i < YT_COUNT(sizes); i++) {
        struct yt_image *page = ref_page(sizes[i][0], sizes[i][1], sizes[i][1]);
        struct yt_prediction out = predict(&options, page, found);
        assert_int_equal(out.windows, 1);
        for (size_t k = 0; k < out.count; k++) {
            assert_true(found[k].box.x1 >= 0 && found[k].box.x2 <= (float)sizes[i][0]);
            assert_true(found[k].box.y1 >= 0 && found[k].box.y2 <= (float)sizes[i][1]);
        }
        yt_image_free(page);
    }
}

static void blank_tiles_are_skipped(void **state) {
    (void)state;
    static struct yt_detection found[FOUND_MAX];
    struct yt_image *page = ref_page(SIDE, 4 * SIDE, SIDE);
    struct yt_predict_options options = defaults;
    options.overlap_h = 0;
    struct yt_prediction out = predict(&options, page, found);
    assert_int_equal(out.windows, 4);
    assert_int_equal(out.blank, 3);
    assert_true(out.count > 0);
    for (size_t i = 0; i < out.count; i++) assert_true(found[i].box.y2 <= SIDE);
    page->data[(size_t)4 * SIDE * SIDE - 1] = 254; /* one pixel is enough */
    assert_int_equal(predict(&options, page, found).blank, 2);
    yt_image_fill(page, 255);
    out = predict(&options, page, found);
    assert_int_equal(out.blank, 4);
    assert_int_equal(out.count, 0);
    yt_image_free(page);
}

/* The whole page, as one window more, adds what it alone gives; NMS merges the two lists. */
static void whole_pass_is_one_window_more(void **state) {
    (void)state;
    static struct yt_detection expected[FOUND_MAX], found[FOUND_MAX];
    struct yt_image *page = ref_page(150, 170, 170);
    struct yt_predict_options options = defaults;
    options.merge.threshold = 1; /* only copies are merged: all that was found is there */
    size_t tiles = predict(&options, page, expected).count;
    options.sliced = YT_SLICED_NEVER;
    size_t whole = predict(&options, page, expected + tiles).count;
    qsort(expected, tiles + whole, sizeof *expected, by_score);
    options.sliced = YT_SLICED_AUTO;
    options.whole_pass = true;
    struct yt_prediction out = predict(&options, page, found);
    assert_int_equal(out.count, tiles + whole);
    assert_true(whole > 0);
    assert_memory_equal(found, expected, out.count * sizeof *found);
    yt_image_free(page);
}

static void cap_that_was_hit_is_counted(void **state) {
    (void)state;
    static struct yt_detection found[FOUND_MAX];
    struct yt_image *page = ref_page(150, 170, 170);
    struct yt_predict_options options = defaults;
    assert_int_equal(predict(&options, page, found).capped, 12); /* no threshold: all are full */
    options.conf = 0.9999f;
    assert_int_equal(predict(&options, page, found).capped, 0);
    yt_image_free(page);
}

static void auto_tiles_what_is_larger(void **state) {
    (void)state;
    static struct yt_detection found[FOUND_MAX];
    struct yt_image *small = ref_page(SIDE, SIDE, SIDE), *wide = ref_page(SIDE + 1, 40, 40);
    struct yt_predict_options options = defaults;
    assert_int_equal(predict(&options, small, found).windows, 1);
    assert_int_equal(predict(&options, wide, found).windows, 2);
    options.slice_size = 0; /* pages stay whole */
    assert_int_equal(predict(&options, wide, found).windows, 1);
    options = defaults;
    options.sliced = YT_SLICED_NEVER;
    assert_int_equal(predict(&options, wide, found).windows, 1);
    options.sliced = YT_SLICED_ALWAYS;
    options.slice_size = SIDE / 2; /* enlarged to the input */
    assert_int_equal(predict(&options, small, found).windows, 9);
    yt_image_free(small);
    yt_image_free(wide);
}

static void threshold_is_strict_and_classes_filter(void **state) {
    (void)state;
    static struct yt_detection all[FOUND_MAX], some[FOUND_MAX];
    struct yt_image *page = ref_page(SIDE, SIDE, SIDE);
    struct yt_predict_options options = defaults;
    assert_int_equal(predict(&options, page, all).count, MAX_DET);
    options.conf = all[7].score;
    assert_true(all[6].score > all[7].score);
    assert_int_equal(predict(&options, page, some).count, 7);
    assert_memory_equal(all, some, 7 * sizeof *all);

    options.conf = 0;
    options.classes = (const bool[NC]){false, true, false, true};
    size_t count = predict(&options, page, some).count, expected = 0;
    for (size_t i = 0; i < MAX_DET; i++)
        if (all[i].cls % 2) assert_memory_equal(&all[i], &some[expected++], sizeof *all);
    assert_int_equal(count, expected);
    assert_true(count > 0 && count < MAX_DET);
    yt_image_free(page);
}

static void gray_equals_colour_and_threads_do_not_matter(void **state) {
    (void)state;
    static struct yt_detection gray[FOUND_MAX], colour[FOUND_MAX];
    struct yt_image *page = ref_page(130, 110, 100), *rgb = yt_image_to_rgb(page);
    yt_threads_set(1);
    size_t count = predict(&defaults, page, gray).count;
    yt_threads_set(2);
    assert_int_equal(predict(&defaults, rgb, colour).count, count);
    assert_memory_equal(gray, colour, count * sizeof *gray);
    assert_true(count > 20);
    yt_image_free(page);
    yt_image_free(rgb);
}

static void one_predictor_for_all_sizes(void **state) {
    (void)state;
    static struct yt_detection found[FOUND_MAX];
    static const int sizes[][2] = {{150, 90}, {40, 30}, {90, 150}, {1, 200}, {150, 90}};
    struct yt_predictor *predictor = yt_predictor_new(detector, &defaults);
    for (size_t i = 0; i < YT_COUNT(sizes); i++) {
        struct yt_image *page = ref_page(sizes[i][0], sizes[i][1], sizes[i][1]);
        struct yt_prediction out;
        assert_int_equal(yt_predict(predictor, page, &out), 0);
        assert_int_equal(predict(&defaults, page, found).count, out.count);
        assert_memory_equal(found, out.detections, out.count * sizeof *found);
        yt_image_free(page);
    }
    yt_predictor_free(predictor);
}

/* --- on photographs --------------------------------------------------------------------------- */

/* expected: {input_shape, detections: [[x1, y1, x2, y2, score, class], ...]}. The reference reads
 * JPEG with another decoder, whose pixels differ by a few levels. */
static void check_photograph(struct yt_predictor *predictor, const char *name,
                             const struct yt_json *expected) {
    char *in_folder = yt_format("images/coco/%s", name), *path = ref_shared(in_folder);
    struct yt_image *image = path ? yt_image_read(path, 0) : NULL;
    struct yt_prediction out;
    if (!image || yt_predict(predictor, image, &out)) fail_msg("%s: %s", name, yt_error());
    const struct yt_json *rows = yt_json_get(expected, "detections");
    assert_int_equal(out.count, yt_json_count(rows));
    for (size_t i = 0; i < out.count; i++) {
        const struct yt_detection *found = &out.detections[i];
        const float numbers[] = {found->box.x1, found->box.y1, found->box.x2, found->box.y2};
        for (size_t k = 0; k < 4; k++) {
            double theirs = yt_json_number(yt_json_at(yt_json_at(rows, i), k));
            if (!(fabs((double)numbers[k] - theirs) <= 1))
                fail_msg("%s: box %zu: %g instead of %g", name, i, (double)numbers[k], theirs);
        }
        double score = yt_json_number(yt_json_at(yt_json_at(rows, i), 4));
        assert_true(fabs((double)found->score - score) <= 0.01);
        assert_int_equal(found->cls, (int)yt_json_number(yt_json_at(yt_json_at(rows, i), 5)));
    }
    yt_image_free(image);
    free(path);
    free(in_folder);
}

static void photographs_as_the_reference(void **state) {
    (void)state;
    char *weights = ref_shared("weights/yolov10n-coco-fused.safetensors");
    char *expected = ref_shared("images/coco/expected_yolov10n.json");
    if (!weights || !expected) skip();
    struct yt_model *coco = yt_model_open(weights);
    struct yt_json *json = yt_json_load(expected);
    if (!coco || !json) fail_msg("%s", yt_error());
    struct yt_detector *d = yt_detector_new(coco, coco->params->value, YT_HEAD_ONE2ONE);
    struct yt_predict_options options = {
        .imgsz = 640, .batch = 1, .max_det = 300, .conf = 0.25f, .sliced = YT_SLICED_NEVER};
    struct yt_predictor *predictor = yt_predictor_new(d, &options);
    assert_int_equal(yt_json_count(json), 5);
    for (size_t i = 0; i < yt_json_count(json); i++)
        check_photograph(predictor, yt_json_key(json, i), yt_json_at(json, i));
    yt_predictor_free(predictor);
    yt_detector_free(d);
    yt_json_free(json);
    yt_model_free(coco);
    free(expected);
    free(weights);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tiles_equal_composition_by_hand),
        cmocka_unit_test(pages_equal_composition_by_hand),
        cmocka_unit_test(pages_smaller_than_a_tile),
        cmocka_unit_test(blank_tiles_are_skipped),
        cmocka_unit_test(whole_pass_is_one_window_more),
        cmocka_unit_test(cap_that_was_hit_is_counted),
        cmocka_unit_test(auto_tiles_what_is_larger),
        cmocka_unit_test(threshold_is_strict_and_classes_filter),
        cmocka_unit_test(gray_equals_colour_and_threads_do_not_matter),
        cmocka_unit_test(one_predictor_for_all_sizes),
        cmocka_unit_test(photographs_as_the_reference),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
