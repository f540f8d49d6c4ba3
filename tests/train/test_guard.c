/* Which gradient norms are believed. */
#include "support/test.h"
#include "train/guard.h"

#include <math.h>

static void assert_verdict(struct yt_guard *guard, double norm, enum yt_verdict expected) {
    assert_int_equal(yt_guard_judge(guard, norm, 50), expected);
}

/* Norms 1, 2, ... 101 in a mixed order: the median is 51. */
static void fill(struct yt_guard *guard) {
    for (int i = 0; i < YT_GUARD_NORMS; i++)
        assert_verdict(guard, 1 + i * 37 % YT_GUARD_NORMS, YT_GRADIENT_GOOD);
}

static void outliers_are_above_the_median(void **state) {
    (void)state;
    struct yt_guard guard = {0};
    assert_verdict(&guard, 1e30, YT_GRADIENT_GOOD); /* nothing to compare with yet */
    guard = (struct yt_guard){0};
    fill(&guard);
    assert_true(yt_guard_median(&guard) == 51);
    assert_verdict(&guard, 51 * 50, YT_GRADIENT_GOOD);
    guard = (struct yt_guard){0};
    fill(&guard);
    assert_verdict(&guard, 51 * 50 + 1, YT_GRADIENT_OUTLIER);
    assert_int_equal(guard.outliers, 1);
    assert_true(yt_guard_median(&guard) == 51); /* an outlier does not count as a norm */
    assert_int_equal(yt_guard_judge(&guard, 1e30, 0), YT_GRADIENT_GOOD); /* switched off */
}

/* The ring forgets: after 101 norms of 1000, those of before are gone. */
static void the_median_moves(void **state) {
    (void)state;
    struct yt_guard guard = {0};
    fill(&guard);
    for (int i = 0; i < YT_GUARD_NORMS; i++) assert_verdict(&guard, 1000, YT_GRADIENT_GOOD);
    assert_true(yt_guard_median(&guard) == 1000);
}

static void rows_are_counted(void **state) {
    (void)state;
    struct yt_guard guard = {0};
    assert_verdict(&guard, NAN, YT_GRADIENT_NOT_FINITE);
    assert_verdict(&guard, INFINITY, YT_GRADIENT_NOT_FINITE);
    assert_int_equal(guard.in_a_row, 2);
    assert_verdict(&guard, 1, YT_GRADIENT_GOOD);
    assert_int_equal(guard.in_a_row, 0);
    assert_int_equal(guard.not_finite, 2);
    assert_int_equal(guard.believed, 1);
    assert_true(yt_guard_rate(&guard) == 1);
    guard.rollbacks = 2;
    assert_true(yt_guard_rate(&guard) == 0.25);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(outliers_are_above_the_median),
        cmocka_unit_test(the_median_moves),
        cmocka_unit_test(rows_are_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
