/* AP within k pixels on cases that can be reckoned by hand. */
#include "support/test.h"
#include "eval/pixels.h"
#include <math.h>

enum { STEM, HEAD, LEDGER, NC };

static const struct yt_label labels[] = {
    {{10, 0, 12, 60}, STEM},     {{40, 0, 42, 60}, STEM},      {{0, 80, 20, 98}, HEAD},
    {{0, 120, 32, 123}, LEDGER}, {{50, 120, 82, 123}, LEDGER},
};

static struct yt_pixel_scores score(const struct yt_detection *found, size_t count) {
    struct yt_pixels *pixels = yt_pixels_new(NC);
    yt_pixels_add(pixels, found, count, labels, YT_COUNT(labels));
    struct yt_pixel_scores scores;
    yt_pixels_compute(pixels, &scores);
    yt_pixels_free(pixels);
    return scores;
}

static void thin_classes_alone(void **state) {
    (void)state;
    struct yt_pixel_scores scores = score(NULL, 0);
    assert_int_equal(scores.nclasses, 2);
    assert_int_equal(scores.classes[0].cls, STEM);
    assert_int_equal(scores.classes[1].cls, LEDGER);
    assert_int_equal(scores.classes[1].instances, 2);
    assert_true(scores.ap[0] == 0 && scores.weighted[2] == 0);
    yt_pixel_scores_release(&scores);
}

/* Off by 1 px, by 3 px, and by nothing but too short. */
static void distance_decides(void **state) {
    (void)state;
    const struct yt_detection found[] = {
        {{11, 0, 13, 60}, 0.9f, STEM},     {{43, 5, 45, 55}, 0.8f, STEM},
        {{0, 120, 32, 123}, 0.9f, LEDGER}, {{50, 120, 65, 123}, 0.8f, LEDGER},
        {{NAN, 0, 1, 1}, 0.99f, STEM},
    };
    struct yt_pixel_scores scores = score(found, YT_COUNT(found));
    const double *stem = scores.classes[0].ap, *ledger = scores.classes[1].ap;
    assert_true(stem[0] == 0.5 && stem[1] == 0.5 && stem[2] == 1);
    assert_true(ledger[0] == 0.5 && ledger[1] == 0.5 && ledger[2] == 0.5);
    assert_true(scores.ap[0] == 0.5 && scores.ap[2] == 0.75);
    yt_pixel_scores_release(&scores);
}

/* A label is found once, by the best detection; the second is wrong though it fits. */
static void once_each(void **state) {
    (void)state;
    const struct yt_detection found[] = {
        {{10, 0, 12, 60}, 0.7f, STEM},
        {{11, 0, 13, 60}, 0.8f, STEM},
        {{40, 0, 42, 60}, 0.6f, STEM},
    };
    struct yt_pixel_scores scores = score(found, YT_COUNT(found));
    assert_true(fabs(scores.classes[0].ap[0] - (1 + 2.0 / 3) / 2) < 1e-12);
    yt_pixel_scores_release(&scores);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(thin_classes_alone),
        cmocka_unit_test(distance_decides),
        cmocka_unit_test(once_each),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
