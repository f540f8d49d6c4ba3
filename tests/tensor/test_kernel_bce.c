/* Cross entropy against background: accuracy over the whole range, in whole and in part vectors. */
#include "support/test.h"
#include "tensor/kernels.h"

#include <math.h>

/* More channels than two of the widest vectors, and a rest. */
enum { CHANNELS = 37, LD = 41, PIXELS = 120 };

static void check(const char *isa) {
    static float x[PIXELS * LD], dx[PIXELS * LD];
    double expected = 0;
    for (int i = 0; i < PIXELS; i++)
        for (int c = 0; c < LD; c++)
            x[i * LD + c] = c < CHANNELS ? (float)((i * CHANNELS + c - 2200) * 0.037) : NAN;
    for (int i = 0; i < PIXELS * LD; i++) dx[i] = 77;
    double loss = yt_bce_background(x, PIXELS, CHANNELS, LD, 0.25f, dx);
    for (int i = 0; i < PIXELS; i++) {
        double row = 0;
        for (int c = 0; c < LD; c++) {
            double at = x[i * LD + c], sigmoid = 1 / (1 + exp(-at));
            if (c >= CHANNELS) {
                assert_true(dx[i * LD + c] == 77);
                continue;
            }
            row += fmax(at, 0) + log1p(exp(-fabs(at)));
            if (!(fabs(dx[i * LD + c] - 0.25 * sigmoid) <= 5e-7 * sigmoid + 1e-38))
                fail_msg("%s: slope at %g is %g", isa, at, dx[i * LD + c]);
        }
        expected += row;
        /* alone too: small losses would vanish in the sum of all */
        double alone = yt_bce_background(x + i * LD, 1, CHANNELS, LD, 1, NULL);
        if (!(fabs(alone - row) <= 1e-6 * row)) fail_msg("%s: %g, not %g", isa, alone, row);
    }
    assert_true(fabs(loss - expected) <= 1e-6 * expected);
}

static void check_extremes(void) {
    const float extremes[] = {-INFINITY, -1e30f, -200, 200, 1e30f};
    for (size_t i = 0; i < YT_COUNT(extremes); i++) {
        float slope;
        double loss = yt_bce_background(&extremes[i], 1, 1, 1, 1, &slope);
        assert_true(fabs(loss - fmaxf(extremes[i], 0)) < 1e-37);
        assert_true(fabsf(slope - (extremes[i] > 0)) < 1e-37f);
    }
    float nan = NAN, slope;
    assert_true(isnan(yt_bce_background(&nan, 1, 1, 1, 1, &slope)));
    assert_true(isnan(slope));
}

static void test_all_instruction_sets(void **state) {
    (void)state;
    static const char *const sets[] = {"base", "avx2", "avx512"};
    const char *before = yt_isa();
    for (size_t i = 0; i < YT_COUNT(sets); i++) {
        if (yt_isa_set(sets[i])) continue;
        check(sets[i]);
        check_extremes();
    }
    yt_isa_set(before);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_all_instruction_sets)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
