#include "base/rng.h"
#include "support/test.h"

#include <math.h>

/* The first outputs of splitmix64 from state 1234567, as its authors' C code prints them. */
static void test_known_values(void **state) {
    (void)state;
    static const uint64_t expected[] = {6457827717110365317u, 3203168211198807973u,
                                        9817491932198370423u, 4593380528125082431u,
                                        16408922859458223821u};
    struct yt_rng rng = {1234567};
    for (size_t i = 0; i < YT_COUNT(expected); i++) assert_true(yt_rng_next(&rng) == expected[i]);
    assert_true(yt_hash("", 0) == 0xcbf29ce484222325u); /* FNV-1a's published test vectors */
    assert_true(yt_hash("foobar", 6) == 0x85944171f73967e8u);
}

static void test_streams_differ(void **state) {
    (void)state;
    struct yt_rng streams[] = {
        yt_rng_make(0, "augment", 0, 0), yt_rng_make(1, "augment", 0, 0),
        yt_rng_make(0, "shuffle", 0, 0), yt_rng_make(0, "augment", 1, 0),
        yt_rng_make(0, "augment", 0, 1), yt_rng_make(0, "augment", 1, 1),
        yt_rng_make(0, "augment", 2, 1), yt_rng_make(0, "augment", 1, 2),
    };
    for (size_t i = 0; i < YT_COUNT(streams); i++)
        for (size_t j = 0; j < i; j++) assert_true(streams[i].state != streams[j].state);
    assert_true(yt_rng_make(0, "augment", 0, 0).state == streams[0].state);
}

/* Mean and variance of n draws against the distribution's, within five standard errors. */
static void check_moments(double sum, double squares, int n, double mean, double variance,
                          double fourth) {
    double m = sum / n, v = squares / n - m * m;
    assert_true(fabs(m - mean) < 5 * sqrt(variance / n));
    assert_true(fabs(v - variance) < 5 * sqrt((fourth - variance * variance) / n));
}

static void test_distributions(void **state) {
    (void)state;
    enum { N = 200000 };
    struct yt_rng rng = yt_rng_make(0, "test", 0, 0);
    double sum = 0, squares = 0;
    for (int i = 0; i < N; i++) {
        double x = yt_rng_uniform(&rng, -1, 3);
        assert_true(x >= -1 && x < 3);
        sum += x, squares += x * x;
    }
    check_moments(sum, squares, N, 1, 16 / 12., 256 / 80.);
    sum = squares = 0;
    for (int i = 0; i < N; i++) {
        double x = yt_rng_normal(&rng);
        sum += x, squares += x * x;
    }
    check_moments(sum, squares, N, 0, 1, 3);
    assert_true(yt_rng_uniform(&rng, 2, 2) == 2);
    double next = nextafter(1, 2);
    for (int i = 0; i < 100; i++) assert_true(yt_rng_uniform(&rng, 1, next) == 1);
}

static void test_below(void **state) {
    (void)state;
    enum { N = 70000 };
    struct yt_rng rng = yt_rng_make(0, "test", 0, 1);
    int counts[7] = {0};
    for (int i = 0; i < N; i++) counts[yt_rng_below(&rng, 7)]++;
    for (int i = 0; i < 7; i++) assert_in_range(counts[i], N / 7 - 500, N / 7 + 500);
    assert_int_equal(yt_rng_below(&rng, 1), 0);
    /* a bound at which a plain remainder would give the lower half twice as often */
    int low = 0;
    for (int i = 0; i < 3000; i++) low += yt_rng_below(&rng, 3ull << 62) < 3ull << 61;
    assert_in_range(low, 1350, 1650);
}

static void test_shuffle(void **state) {
    (void)state;
    enum { N = 5, RUNS = 12000 };
    int at[N][N] = {{0}};
    for (int run = 0; run < RUNS; run++) {
        uint32_t items[N] = {0, 1, 2, 3, 4};
        bool seen[N] = {false};
        struct yt_rng rng = yt_rng_make(0, "test", 2, (uint64_t)run);
        yt_rng_shuffle(&rng, items, N);
        for (int i = 0; i < N; i++) {
            assert_false(seen[items[i]]);
            seen[items[i]] = true;
            at[i][items[i]]++;
        }
    }
    for (int i = 0; i < N; i++)
        for (int j = 0; j < N; j++) assert_in_range(at[i][j], RUNS / N - 250, RUNS / N + 250);
    struct yt_rng rng = {0};
    yt_rng_shuffle(&rng, NULL, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_known_values),  cmocka_unit_test(test_streams_differ),
        cmocka_unit_test(test_distributions), cmocka_unit_test(test_below),
        cmocka_unit_test(test_shuffle),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
