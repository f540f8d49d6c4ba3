/* Plans of how an image is fitted, and boxes there and back. */
#include "image/letterbox.h"
#include "base/rng.h"
#include "support/test.h"

#include <math.h>

static void prediction_fits_as_specified(void **state) {
    (void)state;
    static const struct {
        int source_w, source_h, w, h, stride;
        bool enlarge;
        int out_w, out_h, fit_w, fit_h, left, top;
        float gain, back_x, back_y;
    } cases[] = {
        /* as it is: only what a multiple of 32 needs */
        {640, 480, 640, 640, 32, true, 640, 480, 640, 480, 0, 0, 1, 0, 0},
        {640, 480, 640, 640, 0, true, 640, 640, 640, 480, 0, 80, 1, 0, 80},
        /* 810x1080: r = 640/1080, 480x640 */
        {810, 1080, 640, 640, 32, true, 480, 640, 480, 640, 0, 0, 640.0f / 1080, 0, 0},
        /* a page: 1960 r = 452.53 -> 453 of 480, halves 13.5; back: (480 - 452.53) / 2 = 13.7 */
        {1960, 2772, 640, 640, 32, true, 480, 640, 453, 640, 13, 0, 640.0f / 2772, 14, 0},
        {320, 200, 640, 640, 0, false, 640, 640, 320, 200, 160, 220, 2, 0, 120},
        {53, 37, 64, 64, 0, true, 64, 64, 64, 45, 0, 9, 64.0f / 53, 0, 10},
    };
    for (size_t i = 0; i < YT_COUNT(cases); i++) {
        struct yt_letterbox fit = yt_letterbox_fit(cases[i].source_w, cases[i].source_h, cases[i].w,
                                                   cases[i].h, cases[i].enlarge, cases[i].stride);
        assert_int_equal(fit.out_w, cases[i].out_w);
        assert_int_equal(fit.out_h, cases[i].out_h);
        assert_int_equal(fit.w, cases[i].fit_w);
        assert_int_equal(fit.h, cases[i].fit_h);
        assert_int_equal(fit.left, cases[i].left);
        assert_int_equal(fit.top, cases[i].top);
        assert_true(fabsf(fit.gain - cases[i].gain) < 1e-6f);
        assert_true(fit.back_x == cases[i].back_x && fit.back_y == cases[i].back_y);
    }
}

static void validation_loads_as_specified(void **state) {
    (void)state;
    int w, h;
    yt_letterbox_group(1, 1, 640, 32, &w, &h); /* half a stride more on every side */
    assert_true(w == 672 && h == 672);
    yt_letterbox_group(0.7, 1.4, 640, 32, &w, &h);
    assert_true(w == 672 && h == 672);
    yt_letterbox_group(0.5, 0.75, 640, 32, &w, &h); /* ceil(0.75 * 20 + 0.5) = 16 */
    assert_true(w == 672 && h == 512);
    yt_letterbox_group(1.25, 1.5, 640, 32, &w, &h); /* ceil(20 / 1.25 + 0.5) = 17 */
    assert_true(w == 544 && h == 672);

    struct yt_letterbox fit = yt_letterbox_load(640, 640, 640, 672, 672);
    assert_true(fit.w == 640 && fit.h == 640 && fit.left == 16 && fit.top == 16);
    assert_true(fit.shift_x == 16 && fit.gain == 1 && fit.back_y == 16);
    fit = yt_letterbox_load(1960, 2772, 640, 640, 640); /* 452.53 is rounded up */
    assert_true(fit.w == 453 && fit.h == 640 && fit.left == 93 && fit.shift_x == 93.5f);
    assert_true(fit.scale_x == (float)(453.0 / 1960) && fit.scale_y == (float)(640.0 / 2772));
    fit = yt_letterbox_load(320, 201, 640, 640, 640); /* small images are enlarged */
    assert_true(fit.w == 640 && fit.h == 402 && fit.top == 119);
}

/* Groups always hold the images they are made of. */
static void groups_hold_their_images(void **state) {
    (void)state;
    struct yt_rng rng = yt_rng_make(1, "group", 0, 0);
    for (int i = 0; i < 2000; i++) {
        int size[2][2];
        double ratio[2];
        for (int k = 0; k < 2; k++) {
            size[k][0] = 20 + (int)yt_rng_below(&rng, 3000);
            size[k][1] = 20 + (int)yt_rng_below(&rng, 3000);
            ratio[k] = (double)size[k][1] / size[k][0];
        }
        int w, h;
        yt_letterbox_group(fmin(ratio[0], ratio[1]), fmax(ratio[0], ratio[1]), 640, 32, &w, &h);
        for (int k = 0; k < 2; k++) yt_letterbox_load(size[k][0], size[k][1], 640, w, h);
    }
}

/* There and back within the half pixel that halves cost, and never outside the source. In
 * validation the width goes back by the height's gain, which rounding up made another one. */
static void boxes_come_back(void **state) {
    (void)state;
    struct yt_rng rng = yt_rng_make(2, "box", 0, 0);
    for (int i = 0; i < 500; i++) {
        int w = 30 + (int)yt_rng_below(&rng, 3000), h = 30 + (int)yt_rng_below(&rng, 3000);
        struct yt_letterbox fits[] = {yt_letterbox_fit(w, h, 640, 640, true, i % 2 ? 32 : 0),
                                      yt_letterbox_load(w, h, 640, 672, 672)};
        struct yt_box box = {(float)yt_rng_uniform(&rng, 0, w), (float)yt_rng_uniform(&rng, 0, h),
                             (float)w, (float)h};
        for (int k = 0; k < 2; k++) {
            float gain = fits[k].gain, slack = 1.1f / gain;
            float slack_x = slack + fabsf(fits[k].scale_x / gain - 1) * (float)w;
            struct yt_box back =
                yt_letterbox_to_source(&fits[k], yt_letterbox_to_input(&fits[k], box));
            assert_true(fabsf(back.x1 - box.x1) < slack_x && fabsf(back.y1 - box.y1) < slack);
            assert_true(fabsf(back.x2 - box.x2) < slack_x && fabsf(back.y2 - box.y2) < slack);
            struct yt_box all =
                yt_letterbox_to_source(&fits[k], (struct yt_box){-9, -9, 9e4f, 9e4f});
            assert_true(all.x1 == 0 && all.y1 == 0 && all.x2 == w && all.y2 == h);
        }
    }
}

static void a_thin_image_keeps_a_pixel(void **state) {
    (void)state;
    struct yt_letterbox fit = yt_letterbox_fit(5000, 1, 640, 640, true, 32);
    struct yt_image *in = yt_image_new(5000, 1, 1), *out = yt_image_new(fit.out_w, fit.out_h, 1);
    assert_true(fit.h == 1 && fit.out_h == 32);
    yt_letterbox_apply(&fit, in, out, YT_LETTERBOX_BORDER);
    assert_int_equal(out->data[(size_t)fit.top * 640], 0);
    assert_int_equal(out->data[0], YT_LETTERBOX_BORDER);
    yt_image_free(in);
    yt_image_free(out);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(prediction_fits_as_specified),
        cmocka_unit_test(validation_loads_as_specified),
        cmocka_unit_test(groups_hold_their_images),
        cmocka_unit_test(boxes_come_back),
        cmocka_unit_test(a_thin_image_keeps_a_pixel),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
