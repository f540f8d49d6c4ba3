/* Average precision and the confusion matrix against figures recorded from the reference
 * (golden_metrics.json), and properties. */
#include "support/test.h"
#include "eval/confusion.h"
#include "eval/metrics.h"
#include "eval/ref_boxes.h"
#include <math.h>

enum { MANY = 64 };

struct image {
    struct yt_detection detections[MANY];
    struct yt_label labels[MANY];
    size_t ndetections, nlabels;
};

static struct image golden_image(const struct yt_json *json) {
    struct image image = {0};
    const struct yt_json *detections = yt_json_get(json, "det"), *labels = yt_json_get(json, "gt");
    image.ndetections = yt_json_count(detections);
    image.nlabels = yt_json_count(labels);
    assert_true(image.ndetections <= MANY && image.nlabels <= MANY);
    for (size_t i = 0; i < image.ndetections; i++)
        image.detections[i] = ref_detection(yt_json_at(detections, i));
    for (size_t i = 0; i < image.nlabels; i++) image.labels[i] = ref_label(yt_json_at(labels, i));
    return image;
}

static void close_to(double value, double expected) {
    if (!(fabs(value - expected) <= 1e-12)) fail_msg("%.17g is not %.17g", value, expected);
}

static void golden_matches(void **state) {
    (void)state;
    struct yt_json *golden = ref_golden("golden_metrics.json");
    const struct yt_json *images = yt_json_get(golden, "images");
    for (size_t k = 0; k < yt_json_count(images); k++) {
        struct image image = golden_image(yt_json_at(images, k));
        uint16_t tp[MANY];
        yt_match(image.detections, image.ndetections, image.labels, image.nlabels, tp);
        const struct yt_json *expected =
            yt_json_get(yt_json_at(images, k), "tp_count_per_threshold");
        for (int t = 0; t < YT_IOU_COUNT; t++) {
            int count = 0;
            for (size_t i = 0; i < image.ndetections; i++) count += tp[i] >> t & 1;
            assert_int_equal(count, (int)ref_number(expected, (size_t)t));
        }
    }
    yt_json_free(golden);
}

static struct yt_metrics *golden_metrics(const struct yt_json *golden) {
    struct yt_metrics *metrics = yt_metrics_new(3);
    const struct yt_json *images = yt_json_get(golden, "images");
    for (size_t k = 0; k < yt_json_count(images); k++) {
        struct image image = golden_image(yt_json_at(images, k));
        yt_metrics_add(metrics, image.detections, image.ndetections, image.labels, image.nlabels);
    }
    return metrics;
}

static void golden_scores(void **state) {
    (void)state;
    struct yt_json *golden = ref_golden("golden_metrics.json");
    struct yt_metrics *metrics = golden_metrics(golden);
    struct yt_scores scores;
    yt_metrics_compute(metrics, &scores);
    const struct yt_json *results = yt_json_get(golden, "results");
    close_to(scores.precision, yt_json_number(yt_json_get(results, "metrics/precision(B)")));
    close_to(scores.recall, yt_json_number(yt_json_get(results, "metrics/recall(B)")));
    close_to(scores.map50, yt_json_number(yt_json_get(results, "metrics/mAP50(B)")));
    close_to(scores.map, yt_json_number(yt_json_get(results, "metrics/mAP50-95(B)")));
    close_to(scores.fitness, yt_json_number(yt_json_get(results, "fitness")));
    const struct yt_json *classes = yt_json_get(golden, "per_class");
    const struct yt_json *matrix = yt_json_get(golden, "ap_matrix");
    assert_int_equal(scores.nclasses, yt_json_count(classes));
    for (size_t c = 0; c < scores.nclasses; c++) {
        const struct yt_json *row = yt_json_at(classes, c), *aps = yt_json_at(matrix, c);
        const struct yt_class_scores *cls = &scores.classes[c];
        assert_int_equal(cls->cls, (int)ref_number(row, 0));
        close_to(cls->precision, ref_number(row, 1));
        close_to(cls->recall, ref_number(row, 2));
        close_to(cls->ap_at[0], ref_number(row, 3));
        close_to(cls->ap, ref_number(row, 4));
        for (size_t t = 0; t < YT_IOU_COUNT; t++) close_to(cls->ap_at[t], ref_number(aps, t));
    }
    assert_int_equal(scores.images, 8);
    assert_int_equal(scores.detections, 96);
    yt_scores_release(&scores);
    yt_metrics_free(metrics);
    yt_json_free(golden);
}

static void golden_confusion(void **state) {
    (void)state;
    struct yt_json *golden = ref_golden("golden_metrics.json");
    struct yt_confusion confusion;
    yt_confusion_init(&confusion, 3, 0.25f);
    const struct yt_json *images = yt_json_get(golden, "images");
    for (size_t k = 0; k < yt_json_count(images); k++) {
        struct image image = golden_image(yt_json_at(images, k));
        yt_confusion_add(&confusion, image.detections, image.ndetections, image.labels,
                         image.nlabels);
    }
    const struct yt_json *rows = yt_json_get(golden, "confusion_matrix_rows_pred_cols_true");
    for (int i = 0; i < 4; i++)
        for (int j = 0; j < 4; j++)
            assert_int_equal(yt_confusion_at(&confusion, i, j),
                             (size_t)ref_number(yt_json_at(rows, (size_t)i), (size_t)j));
    yt_confusion_release(&confusion);
    yt_json_free(golden);
}

static void confusion_with_the_background(void **state) {
    (void)state;
    struct yt_confusion confusion;
    yt_confusion_init(&confusion, 1, 0.25f);
    const struct yt_label label = {{0, 0, 10, 10}, 0};
    const struct yt_detection astray = {{50, 50, 60, 60}, 0.9f, 0}, faint = {label.box, 0.25f, 0};
    yt_confusion_add(&confusion, &astray, 1, NULL, 0);
    assert_int_equal(yt_confusion_at(&confusion, 0, 1), 1);
    yt_confusion_add(&confusion, &astray, 1, &label, 1); /* no pair: the detection is passed over */
    assert_int_equal(yt_confusion_at(&confusion, 0, 1), 1);
    assert_int_equal(yt_confusion_at(&confusion, 1, 0), 1);
    yt_confusion_add(&confusion, &faint, 1, &label, 1);
    assert_int_equal(yt_confusion_at(&confusion, 1, 0), 2);
    assert_int_equal(yt_confusion_at(&confusion, 0, 0), 0);
    yt_confusion_release(&confusion);
}

/* Labels found exactly, each class also in a second image, where one is missed if `missing`. */
static struct yt_scores detect_all(int nc, bool missing) {
    struct yt_metrics *metrics = yt_metrics_new(nc);
    struct yt_label labels[MANY];
    struct yt_detection detections[MANY];
    for (int i = 0; i < MANY; i++) {
        float at = (float)(20 * i);
        labels[i] = (struct yt_label){{at, at, at + 10, at + 10}, i % nc};
        detections[i] = (struct yt_detection){labels[i].box, 0.9f, i % nc};
    }
    yt_metrics_add(metrics, detections, MANY, labels, MANY);
    yt_metrics_add(metrics, detections, missing ? MANY / 2 : MANY, labels, MANY);
    struct yt_scores scores;
    yt_metrics_compute(metrics, &scores);
    yt_metrics_free(metrics);
    return scores;
}

static void perfect_detector(void **state) {
    (void)state;
    struct yt_scores scores = detect_all(4, false);
    close_to(scores.map50, 0.995);
    close_to(scores.map, 0.995);
    close_to(scores.precision, 1);
    close_to(scores.recall, 1);
    assert_int_equal(scores.nclasses, 4);
    assert_int_equal(scores.classes[3].images, 2);
    assert_int_equal(scores.classes[3].instances, 2 * MANY / 4);
    assert_int_equal(scores.instances, 2 * MANY);
    yt_scores_release(&scores);
    scores = detect_all(4, true);
    close_to(scores.recall, 0.75);
    /* Precision falls on a line from (0.75, 1) to (1, 0). */
    assert_true(scores.map50 > 0.75 && scores.map50 < 0.9);
    yt_scores_release(&scores);
}

/* The best confidence is class 0's, above all scores of class 1: that counts as precise and blind.
 */
static void class_below_the_confidence(void **state) {
    (void)state;
    struct yt_metrics *metrics = yt_metrics_new(2);
    struct yt_label labels[11] = {{{0, 0, 10, 10}, 0}};
    struct yt_detection detections[11] = {{{0, 0, 10, 10}, 0.9f, 0}, {{0, 0, 10, 10}, 0.2f, 1}};
    for (int i = 1; i < 11; i++) labels[i] = (struct yt_label){{0, 0, 10, 10}, 1};
    for (int i = 2; i < 11; i++) detections[i] = (struct yt_detection){{50, 50, 60, 60}, 0.3f, 0};
    yt_metrics_add(metrics, detections, 11, labels, 11);
    struct yt_scores scores;
    yt_metrics_compute(metrics, &scores);
    assert_true(scores.confidence > 0.5 && scores.confidence < 0.9);
    close_to(scores.classes[0].recall, 1);
    close_to(scores.classes[1].precision, 1);
    close_to(scores.classes[1].recall, 0);
    yt_scores_release(&scores);
    yt_metrics_free(metrics);
}

static void empty_sets(void **state) {
    (void)state;
    struct yt_metrics *metrics = yt_metrics_new(2);
    struct yt_scores scores;
    yt_metrics_compute(metrics, &scores);
    assert_int_equal(scores.nclasses, 0);
    close_to(scores.map, 0);
    yt_scores_release(&scores);

    const struct yt_label label = {{0, 0, 10, 10}, 1};
    const struct yt_detection detection = {{0, 0, 10, 10}, 0.5f, 0};
    yt_metrics_add(metrics, NULL, 0, &label, 1);     /* labels without detections */
    yt_metrics_add(metrics, &detection, 1, NULL, 0); /* detections without labels */
    yt_metrics_add(metrics, NULL, 0, NULL, 0);       /* neither */
    yt_metrics_compute(metrics, &scores);
    assert_int_equal(scores.images, 3);
    assert_int_equal(scores.nclasses, 1); /* class 0 has no labels and no say */
    assert_int_equal(scores.classes[0].cls, 1);
    close_to(scores.map, 0);
    close_to(scores.precision, 0);
    close_to(scores.recall, 0);
    yt_scores_release(&scores);
    yt_metrics_free(metrics);
}

static void invalid_detections_are_dropped(void **state) {
    (void)state;
    struct yt_metrics *metrics = yt_metrics_new(1);
    const struct yt_label label = {{0, 0, 10, 10}, 0};
    const struct yt_detection detections[] = {
        {{0, 0, 10, 10}, NAN, 0},  {{NAN, 0, 10, 10}, 0.9f, 0}, {{0, 0, INFINITY, 10}, 0.9f, 0},
        {{10, 10, 0, 0}, 0.9f, 0}, {{0, 0, 10, 10}, 0.1f, 0},
    };
    yt_metrics_add(metrics, detections, YT_COUNT(detections), &label, 1);
    struct yt_scores scores;
    yt_metrics_compute(metrics, &scores);
    assert_int_equal(scores.dropped, 4);
    assert_int_equal(scores.detections, 1);
    close_to(scores.map50, 0.995);
    yt_scores_release(&scores);
    yt_metrics_free(metrics);
}

/* The order in which an image's detections are given does not matter: they are ranked. */
static void order_of_detections(void **state) {
    (void)state;
    struct yt_json *golden = ref_golden("golden_metrics.json");
    struct yt_metrics *metrics = golden_metrics(golden), *reversed = yt_metrics_new(3);
    const struct yt_json *images = yt_json_get(golden, "images");
    for (size_t k = 0; k < yt_json_count(images); k++) {
        struct image image = golden_image(yt_json_at(images, k)), backward = image;
        for (size_t i = 0; i < image.ndetections; i++)
            backward.detections[i] = image.detections[image.ndetections - 1 - i];
        yt_metrics_add(reversed, backward.detections, backward.ndetections, backward.labels,
                       backward.nlabels);
    }
    struct yt_scores scores, scores_reversed;
    yt_metrics_compute(metrics, &scores);
    yt_metrics_compute(reversed, &scores_reversed);
    close_to(scores_reversed.fitness, scores.fitness);
    close_to(scores_reversed.precision, scores.precision);
    yt_scores_release(&scores);
    yt_scores_release(&scores_reversed);
    yt_metrics_free(metrics);
    yt_metrics_free(reversed);
    yt_json_free(golden);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(golden_matches),      cmocka_unit_test(golden_scores),
        cmocka_unit_test(golden_confusion),    cmocka_unit_test(confusion_with_the_background),
        cmocka_unit_test(perfect_detector),    cmocka_unit_test(class_below_the_confidence),
        cmocka_unit_test(empty_sets),          cmocka_unit_test(invalid_detections_are_dropped),
        cmocka_unit_test(order_of_detections),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
