/* Which detections ignore regions keep out of a score. */
#include "eval/ignore.h"
#include "support/test.h"

static void test_rules(void **state) {
    (void)state;
    const struct yt_label labels[] = {{{0, 0, 20, 20}, 1}};
    const struct yt_label regions[] = {{{0, 0, 10, 40}, 1}, {{50, 50, 90, 60}, 2}};
    struct yt_detection detections[] = {
        {{0, 21, 10, 40}, 0.9f, 1},    /* inside: out */
        {{0, 21, 10, 40}, 0.8f, 2},    /* of another class */
        {{0, 0, 18, 20}, 0.7f, 1},     /* half inside, but it finds the label */
        {{5, 30, 15, 40}, 0.6f, 1},    /* half inside: out */
        {{5.1f, 30, 15, 40}, 0.5f, 1}, /* less than half */
        {{50, 50, 90, 60}, 0.4f, 2},   /* the region itself: out */
        {{40, 40, 100, 70}, 0.3f, 2},  /* around it */
        {{0, 30, 10, 30}, 0.2f, 1},    /* without an area */
    };
    size_t left = yt_ignore_detections(detections, YT_COUNT(detections), labels, 1, regions, 2);
    static const float expected[] = {0.8f, 0.7f, 0.5f, 0.3f, 0.2f};
    assert_int_equal(left, YT_COUNT(expected));
    for (size_t i = 0; i < left; i++) assert_true(detections[i].score == expected[i]);
    assert_int_equal(yt_ignore_detections(detections, left, labels, 1, NULL, 0), left);
    assert_int_equal(yt_ignore_detections(detections, 0, NULL, 0, regions, 2), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_rules)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
