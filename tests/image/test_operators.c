/* The 8-bit operators against recorded hashes of OpenCV's, and their properties. */
#include "image/image.h"
#include "image/letterbox.h"
#include "base/json.h"
#include "base/rng.h"
#include "support/golden.h"
#include "support/test.h"

#include <math.h>

static struct yt_json *golden;

static int load(void **state) {
    (void)state;
    golden = yt_json_load(YT_TEST_DIR "/golden/golden_image_ops.json");
    return golden ? 0 : -1;
}

static int unload(void **state) {
    (void)state;
    yt_json_free(golden);
    return 0;
}

/* Blue, green, red: every operator but HSV treats channels alike. */
static struct yt_image *golden_input(int h, int w) {
    char key[64];
    snprintf(key, sizeof key, "img:%dx%dx3", h, w);
    struct yt_image *image = yt_image_new(w, h, 3);
    for (size_t i = 0; i < (size_t)w * h * 3; i++)
        image->data[i] = (uint8_t)(256 * yt_golden_u(key, i));
    return image;
}

static void check(const char *name, const struct yt_image *image) {
    const struct yt_json *want = yt_json_get(golden, name);
    assert_non_null(want);
    const struct yt_json *shape = yt_json_get(want, "shape"), *first = yt_json_get(want, "first12");
    assert_int_equal(yt_json_number(yt_json_at(shape, 0)), image->h);
    assert_int_equal(yt_json_number(yt_json_at(shape, 1)), image->w);
    for (size_t i = 0; i < 12; i++)
        assert_int_equal(yt_json_number(yt_json_at(first, i)), image->data[i]);
    char hash[17];
    size_t bytes = (size_t)image->w * image->h * 3;
    snprintf(hash, sizeof hash, "%016llx", (unsigned long long)yt_hash(image->data, bytes));
    assert_string_equal(yt_json_string(yt_json_get(want, "fnv1a64")), hash);
}

static void check_resize(const char *name, const struct yt_image *src, int h, int w) {
    struct yt_image *out = yt_image_new(w, h, 3);
    yt_image_resize_into(src, out, 0, 0, w, h);
    check(name, out);
    yt_image_free(out);
}

static void check_letterbox(const char *name, const struct yt_image *src, int side, bool enlarge,
                            int stride) {
    struct yt_letterbox fit = yt_letterbox_fit(src->w, src->h, side, side, enlarge, stride);
    struct yt_image *out = yt_image_new(fit.out_w, fit.out_h, 3);
    yt_letterbox_apply(&fit, src, out, YT_LETTERBOX_BORDER);
    check(name, out);
    yt_image_free(out);
}

static void resize_and_letterbox_equal_golden(void **state) {
    (void)state;
    struct yt_image *a = golden_input(37, 53), *b = golden_input(48, 64);
    check("input_37x53_bgr", a);
    check_resize("resize_to_29x41(h,w)", a, 29, 41);
    check_resize("resize_to_64x92(h,w)", a, 64, 92);
    check_letterbox("letterbox_37x53_to_64_square_scaleup", a, 64, true, 0);
    check_letterbox("letterbox_37x53_to_128_auto32", a, 128, true, 32);
    check("input_48x64_bgr", b);
    check_resize("resize_half_24x32", b, 24, 32);
    check_letterbox("letterbox_48x64_to_96_noscaleup", b, 96, false, 0);
    yt_image_free(a);
    yt_image_free(b);
}

static void warp_equals_golden(void **state) {
    (void)state;
    struct yt_image *in = golden_input(64, 64), *out = yt_image_new(64, 64, 3);
    const struct yt_json *rows = yt_json_get(yt_json_get(golden, "warpAffine_64"), "M");
    double m[6];
    for (size_t i = 0; i < 6; i++)
        m[i] = yt_json_number(yt_json_at(yt_json_at(rows, i / 3), i % 3));
    yt_image_warp_into(in, out, m, 114);
    check("warpAffine_64", out);
    yt_image_free(in);
    yt_image_free(out);
}

static void swap_red_and_blue(struct yt_image *image) {
    for (size_t i = 0; i < (size_t)image->w * image->h; i++) {
        uint8_t t = image->data[3 * i];
        image->data[3 * i] = image->data[3 * i + 2];
        image->data[3 * i + 2] = t;
    }
}

static void hsv_equals_golden(void **state) {
    (void)state;
    struct yt_image *image = golden_input(64, 64);
    check("input_64x64_bgr", image);
    swap_red_and_blue(image);
    yt_rgb_to_hsv(image->data, image->data, 64 * 64);
    check("bgr2hsv_64", image);
    yt_hsv_to_rgb(image->data, image->data, 64 * 64);
    swap_red_and_blue(image);
    check("hsv2bgr_of_that", image);
    yt_image_free(image);
}

static struct yt_image *random_image(int w, int h, int c, uint64_t seed) {
    struct yt_rng rng = yt_rng_make(seed, "image", 0, 0);
    struct yt_image *image = yt_image_new(w, h, c);
    for (size_t i = 0; i < (size_t)w * h * c; i++) image->data[i] = (uint8_t)yt_rng_next(&rng);
    return image;
}

static void assert_same(const struct yt_image *a, const struct yt_image *b) {
    assert_true(a->w == b->w && a->h == b->h && a->c == b->c);
    assert_memory_equal(a->data, b->data, (size_t)a->w * a->h * a->c);
}

/* Gray through an operator and replicated is the replicated gray through it. Sizes beyond one
 * strip of either operator. */
static void gray_equals_colour(void **state) {
    (void)state;
    static const int sizes[][4] = {{700, 40, 611, 23}, {50, 50, 640, 60}, {80, 60, 40, 30}};
    const double m[6] = {1.05, 0.07, -20, -0.07, 1.05, 3};
    for (size_t i = 0; i < YT_COUNT(sizes); i++) {
        struct yt_image *gray = random_image(sizes[i][0], sizes[i][1], 1, i);
        struct yt_image *rgb = yt_image_to_rgb(gray);
        struct yt_image *gray_out = yt_image_new(sizes[i][2], sizes[i][3], 1);
        struct yt_image *rgb_out = yt_image_new(sizes[i][2], sizes[i][3], 3);
        for (int op = 0; op < 2; op++) {
            if (op == 0) {
                yt_image_resize_into(gray, gray_out, 0, 0, gray_out->w, gray_out->h);
                yt_image_resize_into(rgb, rgb_out, 0, 0, gray_out->w, gray_out->h);
            } else {
                yt_image_warp_into(gray, gray_out, m, 114);
                yt_image_warp_into(rgb, rgb_out, m, 114);
            }
            struct yt_image *both = yt_image_to_rgb(gray_out);
            assert_same(both, rgb_out);
            yt_image_free(both);
        }
        yt_image_free(gray);
        yt_image_free(rgb);
        yt_image_free(gray_out);
        yt_image_free(rgb_out);
    }
}

/* Fixed point stays within one and a half gray levels of the formula in double. */
static void resize_follows_the_formula(void **state) {
    (void)state;
    struct yt_image *in = random_image(300, 41, 1, 9), *out = yt_image_new(517, 97, 1);
    yt_image_resize_into(in, out, 0, 0, 517, 97);
    for (int y = 0; y < 97; y++)
        for (int x = 0; x < 517; x++) {
            double sx = fmin(fmax((x + 0.5) * 300 / 517 - 0.5, 0), 299);
            double sy = fmin(fmax((y + 0.5) * 41 / 97 - 0.5, 0), 40);
            int ix = YT_MIN((int)sx, 298), iy = YT_MIN((int)sy, 39);
            const uint8_t *p = in->data + iy * 300 + ix;
            double fx = sx - ix, fy = sy - iy;
            double want =
                (p[0] * (1 - fx) + p[1] * fx) * (1 - fy) + (p[300] * (1 - fx) + p[301] * fx) * fy;
            assert_true(fabs(want - out->data[y * 517 + x]) < 1.5);
        }
    yt_image_free(in);
    yt_image_free(out);
}

static void identity_warp_copies(void **state) {
    (void)state;
    struct yt_image *in = random_image(600, 33, 3, 1), *out = yt_image_new(600, 33, 3);
    yt_image_warp_into(in, out, (double[]){1, 0, 0, 0, 1, 0}, 0);
    assert_same(in, out);
    yt_image_free(in);
    yt_image_free(out);
}

/* A whole-pixel shift moves pixels and shows the border; maps that leave the image or collapse
 * it touch nothing they should not. */
static void warp_shows_the_border(void **state) {
    (void)state;
    struct yt_image *in = random_image(40, 30, 1, 2), *out = yt_image_new(50, 35, 1);
    yt_image_warp_into(in, out, (double[]){1, 0, 7, 0, 1, -4}, 99);
    for (int y = 0; y < 35; y++)
        for (int x = 0; x < 50; x++) {
            bool inside = x >= 7 && x < 47 && y + 4 < 30;
            assert_int_equal(out->data[y * 50 + x], inside ? in->data[(y + 4) * 40 + x - 7] : 99);
        }
    yt_image_warp_into(in, out, (double[]){1e-9, 0, 1e9, 0, 1e-9, -1e9}, 99);
    for (int i = 0; i < 50 * 35; i++) assert_int_equal(out->data[i], 99);
    yt_image_warp_into(in, out, (double[]){0, 0, 0, 0, 0, 0}, 99);
    yt_image_free(in);
    yt_image_free(out);
}

/* Hue in steps of 2 degrees costs up to a few levels; grays cost nothing. */
static void hsv_comes_back(void **state) {
    (void)state;
    struct yt_image *in = random_image(97, 41, 3, 3), *out = yt_image_clone(in);
    size_t n = (size_t)in->w * in->h;
    yt_rgb_to_hsv(in->data, out->data, n);
    for (size_t i = 0; i < n; i++) assert_true(out->data[3 * i] < 180);
    yt_hsv_to_rgb(out->data, out->data, n);
    for (size_t i = 0; i < 3 * n; i++) assert_true(abs(in->data[i] - out->data[i]) <= 6);
    yt_image_free(in);
    yt_image_free(out);
    for (int v = 0; v < 256; v++) {
        uint8_t gray[3] = {(uint8_t)v, (uint8_t)v, (uint8_t)v}, back[3];
        yt_rgb_to_hsv(gray, back, 1);
        yt_hsv_to_rgb(back, back, 1);
        assert_memory_equal(gray, back, 3);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(resize_and_letterbox_equal_golden),
        cmocka_unit_test(warp_equals_golden),
        cmocka_unit_test(hsv_equals_golden),
        cmocka_unit_test(gray_equals_colour),
        cmocka_unit_test(resize_follows_the_formula),
        cmocka_unit_test(identity_warp_copies),
        cmocka_unit_test(warp_shows_the_border),
        cmocka_unit_test(hsv_comes_back),
    };
    return cmocka_run_group_tests(tests, load, unload);
}
