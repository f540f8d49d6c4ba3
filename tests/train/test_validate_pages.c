/* Validation on pages against its parts: prediction page by page, scored by hand. */
#include "base/file.h"
#include "base/rng.h"
#include "base/str.h"
#include "support/folder.h"
#include "support/test.h"
#include "train/page_options.h"
#include "train/validate_pages.h"
#include "yolov10/weights.h"

enum { NC = 3, PAGES = 3 };

static struct yt_model *model;
static struct yt_detector *detector;

/* Three pages that are larger than a tile; the second is empty paper. */
static void write_pages(void) {
    struct yt_rng rng = yt_rng_make(5, "test_validate_pages", 0, 0);
    yt_path_mkdirs("set/images");
    yt_path_mkdirs("set/labels");
    for (int i = 0; i < PAGES; i++) {
        struct yt_image *image = yt_image_new(120 + 10 * i, 150, 1);
        yt_image_fill(image, 255);
        for (int k = 0; i != 1 && k < image->w * image->h; k++)
            if (yt_rng_below(&rng, 4) == 0) image->data[k] = 0;
        char *png = yt_format("set/images/%d.png", i), *txt = yt_format("set/labels/%d.txt", i);
        assert_int_equal(yt_image_write_png(image, png), 0);
        test_folder_put(txt, "0 0.3 0.3 0.2 0.2\n1 0.6 0.5 0.02 0.4\n0 0.7 0.2 0.1 0.1\n");
        yt_image_free(image);
        free(png);
        free(txt);
    }
    test_folder_put("set/data.yaml", "train: images\nval: images\nnames: [a, b, c]\n");
}

static int setup(void **state) {
    if (test_folder_enter(state)) return -1;
    write_pages();
    model = yt_model_new(yt_scale_find("n"), NC);
    yt_model_init(model, 1);
    detector = yt_detector_new(model, model->params->value, YT_HEAD_ONE2ONE);
    return 0;
}

static int teardown(void **state) {
    yt_detector_free(detector);
    yt_model_free(model);
    return test_folder_leave(state);
}

static void open_source(struct yt_settings *settings, struct yt_source *source, const char *split) {
    static const char *const words[] = {"data=set/data.yaml", "imgsz=64",       "slice_size=64",
                                        "sliced=true",        "max_det=20",     "batch=4",
                                        "val_fraction=0.4",   "test_fraction=0"};
    yt_settings_init(settings);
    for (size_t i = 0; i < YT_COUNT(words); i++)
        assert_int_equal(yt_settings_set(settings, words[i]), 0);
    assert_int_equal(yt_settings_set(settings, split), 0);
    if (yt_source_open(source, settings)) fail_msg("%s", yt_error());
}

struct seen {
    size_t pages, detections;
    int stop_after;
};

static void see(void *user, const struct yt_validated_page *page) {
    struct seen *seen = user;
    assert_int_equal(page->image->h, 150);
    for (size_t i = 0; i < page->detection_count; i++) {
        const struct yt_detection *d = &page->detections[i];
        assert_true(d->box.x1 >= 0 && d->box.x2 <= (float)page->image->w && d->cls == 0);
    }
    seen->pages++;
    seen->detections += page->detection_count;
}

static bool go_on(void *user, int done, int pages) {
    const struct seen *seen = user;
    assert_int_equal(pages, PAGES);
    return done != seen->stop_after;
}

/* As the function does it, but by hand: every class is taken for class 0. */
static struct yt_page_scores expect(const struct yt_source *source,
                                    const struct yt_predict_options *options, size_t *count) {
    struct yt_predictor *predictor = yt_predictor_new(detector, options);
    struct yt_page_metrics *metrics = yt_page_metrics_new(NC, 2);
    *count = 0;
    for (size_t i = 0; i < source->dataset.page_count; i++) {
        const struct yt_page *page = &source->dataset.pages[i];
        if (page->part != YT_VAL) continue;
        struct yt_image *image = yt_image_read(page->path, 0);
        struct yt_prediction found;
        assert_int_equal(yt_predict(predictor, image, &found), 0);
        struct yt_detection *all = yt_malloc((found.count + 1) * sizeof *all);
        struct yt_label labels[8];
        for (size_t k = 0; k < found.count; k++) {
            all[k] = found.detections[k];
            all[k].cls = 0;
        }
        for (uint32_t k = 0; k < page->label_count; k++) {
            const struct yt_page_label *l = &source->dataset.labels[page->label_begin + k];
            labels[k] =
                (struct yt_label){{(float)l->x1, (float)l->y1, (float)l->x2, (float)l->y2}, l->cls};
        }
        yt_page_metrics_add(metrics, all, found.count, labels, page->label_count);
        *count += found.count;
        free(all);
        yt_image_free(image);
    }
    struct yt_page_scores scores;
    yt_page_metrics_compute(metrics, &scores);
    yt_page_metrics_free(metrics);
    yt_predictor_free(predictor);
    return scores;
}

static void equals_its_parts(void **state) {
    (void)state;
    struct yt_settings settings;
    struct yt_source source;
    struct yt_page_options pages;
    open_source(&settings, &source, "split=official");
    assert_int_equal(
        yt_page_options_init(&pages, &settings, (const char *const *)model->names, NC, 0, 20), 0);
    struct seen seen = {0};
    struct yt_validate_pages_options options = {.part = YT_VAL,
                                                .predict = &pages.predict,
                                                .single_cls = true,
                                                .page = see,
                                                .progress = go_on,
                                                .user = &seen};
    struct yt_page_validation result;
    if (yt_validate_pages(detector, &source, &options, &result)) fail_msg("%s", yt_error());
    size_t count;
    struct yt_page_scores expected = expect(&source, &pages.predict, &count);
    assert_int_equal(result.pages, PAGES);
    assert_int_equal(seen.pages, PAGES);
    assert_int_equal(seen.detections, count);
    assert_true(count > 20);
    assert_true(result.blank > 0 && result.capped > 0);
    assert_int_equal(result.scores.reference.instances, 3 * PAGES);
    assert_true(result.scores.reference.map50 == expected.reference.map50);
    assert_true(result.scores.coco.ap[YT_COCO_ALL] == expected.coco.ap[YT_COCO_ALL]);
    assert_int_equal(result.scores.coco_cap, 100);
    assert_int_equal(result.scores.pixels.nclasses, 1);
    yt_page_scores_release(&expected);
    yt_page_validation_release(&result);

    seen.stop_after = 2;
    assert_int_equal(yt_validate_pages(detector, &source, &options, &result), 1);
    yt_page_options_release(&pages);
    yt_source_close(&source);
    yt_settings_release(&settings);
}

static void pages_in_two_lists_are_refused(void **state) {
    (void)state;
    struct yt_settings settings;
    struct yt_source source;
    struct yt_page_options pages;
    struct yt_page_validation result;
    open_source(&settings, &source, "split=tile");
    assert_int_equal(
        yt_page_options_init(&pages, &settings, (const char *const *)model->names, NC, 0, 20), 0);
    struct yt_validate_pages_options options = {.part = YT_VAL, .predict = &pages.predict};
    assert_int_equal(yt_validate_pages(detector, &source, &options, &result), -1);
    assert_error_has("its tiles are in the val and in the train list");
    yt_page_options_release(&pages);
    yt_source_close(&source);
    yt_settings_release(&settings);
}

static void max_det_follows_from_the_data(void **state) {
    (void)state;
    struct yt_settings settings;
    struct yt_source source;
    open_source(&settings, &source, "split=official");
    assert_int_equal(yt_source_max_det(&source, &settings), 20);
    assert_int_equal(yt_settings_set(&settings, "max_det=auto"), 0);
    assert_int_equal(yt_source_max_det(&source, &settings), 300);
    source.tiles.items[0].label_count = 150;
    assert_int_equal(yt_source_max_det(&source, &settings), 450);
    yt_source_close(&source);
    yt_settings_release(&settings);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equals_its_parts),
        cmocka_unit_test(pages_in_two_lists_are_refused),
        cmocka_unit_test(max_det_follows_from_the_data),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
