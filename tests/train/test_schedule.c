/* The schedule's numbers, worked out by hand from the reference's rules, its oddities included. */
#include "support/test.h"

#include "train/schedule.h"

#include <math.h>

static struct yt_schedule defaults(void) {
    return (struct yt_schedule){.epochs = 4,
                                .batches = 50,
                                .batch = 16,
                                .nbs = 64,
                                .lr0 = 0.01,
                                .lrf = 0.01,
                                .momentum = 0.9,
                                .final_momentum = 0.937,
                                .warmup_epochs = 0,
                                .warmup_momentum = 0.8,
                                .warmup_bias_lr = 0.1};
}

static void assert_near(double got, double want) {
    if (!(fabs(got - want) <= 1e-12 + 1e-9 * fabs(want))) fail_msg("%.12g, not %.12g", got, want);
}

static void test_factor(void **state) {
    (void)state;
    struct yt_schedule s = defaults();
    static const double line[] = {1, 0.7525, 0.505, 0.2575, 0.01, 0.01};
    for (int epoch = 0; epoch < 6; epoch++) assert_near(yt_schedule_factor(&s, epoch), line[epoch]);
    s.cos_lr = true;
    static const double wave[] = {1, 0.855017856687341, 0.505, 0.154982143312659, 0.01};
    for (int epoch = 0; epoch < 5; epoch++) assert_near(yt_schedule_factor(&s, epoch), wave[epoch]);
}

/* The reference steps its scheduler an epoch late. */
static void test_epochs_lag(void **state) {
    (void)state;
    struct yt_schedule s = defaults();
    static const double lr[] = {0.01, 0.01, 0.007525, 0.00505};
    for (int epoch = 0; epoch < 4; epoch++)
        for (int batch = 0; batch < 50; batch += 49) {
            struct yt_rates r = yt_schedule_at(&s, epoch, epoch * 50 + batch);
            for (int group = 0; group < YT_PARAM_GROUPS; group++)
                assert_near(r.lr[group], lr[epoch]);
            assert_int_equal(r.accumulate, 4);
            assert_near(r.momentum, 0.9); /* without warm-up the optimiser's own stays */
        }
    s.replanned = true; /* but not with time= */
    assert_near(yt_schedule_at(&s, 2, 100).lr[0], 0.00505);
}

static void test_warmup(void **state) {
    (void)state;
    struct yt_schedule s = defaults();
    s.warmup_epochs = 3;
    assert_int_equal(yt_schedule_warmup_steps(&s), 150);
    struct yt_rates first = yt_schedule_at(&s, 0, 0);
    assert_near(first.lr[YT_PARAM_BIAS], 0.1);
    assert_near(first.lr[YT_PARAM_WEIGHT], 0);
    assert_near(first.lr[YT_PARAM_NORM], 0);
    assert_near(first.momentum, 0.8);
    assert_int_equal(first.accumulate, 1);
    /* a third of the way, in the second epoch, towards lr0 * lf(1) */
    struct yt_rates third = yt_schedule_at(&s, 1, 50);
    assert_near(third.lr[YT_PARAM_BIAS], 0.1 + (0.007525 - 0.1) / 3);
    assert_near(third.lr[YT_PARAM_WEIGHT], 0.007525 / 3);
    assert_near(third.momentum, 0.8 + 0.137 / 3);
    assert_int_equal(third.accumulate, 2);
    /* The last step of warm-up is the first of epoch 3, and that epoch keeps its rate. */
    assert_near(yt_schedule_at(&s, 3, 150).lr[1], 0.01 * 0.2575);
    assert_near(yt_schedule_at(&s, 3, 151).lr[1], 0.01 * 0.2575);
    assert_near(yt_schedule_at(&s, 3, 199).lr[0], 0.01 * 0.2575);
    assert_near(yt_schedule_at(&s, 3, 151).momentum, 0.937);
    assert_int_equal(yt_schedule_at(&s, 3, 151).accumulate, 4);
    s.epochs = 10;
    assert_near(yt_schedule_at(&s, 4, 200).lr[1], 0.01 * yt_schedule_factor(&s, 3));
}

static void test_warmup_is_at_least_100_steps(void **state) {
    (void)state;
    struct yt_schedule s = defaults();
    s.batches = 7;
    s.warmup_epochs = 3;
    assert_int_equal(yt_schedule_warmup_steps(&s), 100);
    s.warmup_epochs = 0.01;
    assert_int_equal(yt_schedule_warmup_steps(&s), 100);
    s.batches = 1001;
    s.warmup_epochs = 0.5; /* 500.5 rounds to even */
    assert_int_equal(yt_schedule_warmup_steps(&s), 500);
    s.warmup_epochs = 0;
    assert_int_equal(yt_schedule_warmup_steps(&s), -1);
}

/* round half to even of 1 + 15 step/100, at batch 4: 2.5 at step 10, 3.25, ..., 16. */
static void test_accumulation_ramp(void **state) {
    (void)state;
    struct yt_schedule s = defaults();
    s.batch = 4;
    s.batches = 1000;
    s.warmup_epochs = 0.1;
    static const int steps[] = {0, 3, 4, 10, 11, 50, 99, 100, 101};
    static const int want[] = {1, 1, 2, 2, 3, 8, 16, 16, 16};
    for (size_t i = 0; i < YT_COUNT(steps); i++)
        assert_int_equal(yt_schedule_at(&s, 0, steps[i]).accumulate, want[i]);
    s.batch = 100; /* larger than nbs */
    assert_int_equal(yt_schedule_at(&s, 0, 0).accumulate, 1);
    assert_int_equal(yt_schedule_at(&s, 0, 200).accumulate, 1);
    s.batch = 24; /* 64/24 is not rounded before it is interpolated: 1 + 1.6667 * 0.9 = 2.5 */
    assert_int_equal(yt_schedule_at(&s, 0, 89).accumulate, 2);
    assert_int_equal(yt_schedule_at(&s, 0, 91).accumulate, 3);
}

static void test_auto(void **state) {
    (void)state;
    static const int classes[] = {80, 136, 3};
    static const double lr[] = {0.000119, 7.1e-5, 0.001429};
    for (size_t i = 0; i < 3; i++) {
        struct yt_optimizer_choice choice = yt_optimizer_auto(classes[i], 1000, 16, 100);
        assert_int_equal(choice.kind, YT_ADAMW);
        assert_near(choice.lr0, lr[i]);
        assert_near(choice.momentum, 0.9);
        assert_near(choice.warmup_bias_lr, 0);
        assert_int_equal(choice.iterations, 1600);
    }
    /* The seed's run: 29000 tiles, batch 4, 20 epochs; and where it flips. */
    assert_int_equal(yt_optimizer_auto(136, 29000, 4, 20).iterations, 9080);
    assert_int_equal(yt_optimizer_auto(136, 29000, 4, 20).kind, YT_ADAMW);
    assert_int_equal(yt_optimizer_auto(136, 29000, 4, 50).kind, YT_SGD);
    assert_near(yt_optimizer_auto(136, 29000, 4, 50).lr0, 0.01);
    assert_int_equal(yt_optimizer_auto(1, 640000, 64, 1).kind, YT_ADAMW); /* 10000 exactly */
    assert_int_equal(yt_optimizer_auto(1, 640001, 64, 1).kind, YT_SGD);
    assert_int_equal(yt_optimizer_auto(1, 1280, 128, 1).iterations, 10); /* larger batches count */
}

static void test_weight_decay(void **state) {
    (void)state;
    assert_near(yt_scaled_weight_decay(5e-4, 4, 64), 5e-4);
    assert_near(yt_scaled_weight_decay(5e-4, 16, 64), 5e-4);
    assert_near(yt_scaled_weight_decay(5e-4, 24, 64), 5e-4 * 24 * 3 / 64);
    assert_near(yt_scaled_weight_decay(5e-4, 128, 64), 1e-3);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_factor),
        cmocka_unit_test(test_epochs_lag),
        cmocka_unit_test(test_warmup),
        cmocka_unit_test(test_warmup_is_at_least_100_steps),
        cmocka_unit_test(test_accumulation_ramp),
        cmocka_unit_test(test_auto),
        cmocka_unit_test(test_weight_decay),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
