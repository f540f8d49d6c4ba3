/* Training's view of a sample: pixels and labels must stay together. */
#include "augment/augment.h"
#include "image/letterbox.h"
#include "base/json.h"
#include "support/golden.h"
#include "support/test.h"

#include <math.h>
#include <stdlib.h>

enum { SIDE = 160, BORDER = 114 };

static const struct yt_augment usual = {.hsv_h = 0.015,
                                        .hsv_s = 0.7,
                                        .hsv_v = 0.4,
                                        .degrees = 5,
                                        .translate = 0.1,
                                        .scale = 0.3,
                                        .min_side = 2,
                                        .border = BORDER};
static const struct yt_augment off = {.border = BORDER};

static struct yt_rng rng_of(uint64_t i) {
    return yt_rng_make(7, "test", i, 0);
}

/* Two images as the pipeline wants them. */
struct buffers {
    struct yt_image *spare, *out;
};

static struct buffers make_buffers(void) {
    return (struct buffers){yt_image_new(SIDE, SIDE, 3), yt_image_new(SIDE, SIDE, 3)};
}

static void free_buffers(struct buffers *b) {
    yt_image_free(b->spare);
    yt_image_free(b->out);
}

static struct yt_image *noise(int w, int h, int c) {
    struct yt_image *image = yt_image_new(w, h, c);
    struct yt_rng rng = yt_rng_make(1, "noise", 0, 0);
    for (size_t i = 0; i < (size_t)w * h * c; i++) image->data[i] = (uint8_t)yt_rng_next(&rng);
    return image;
}

/* Labels alone, without slants and regions. */
static size_t augment(const struct yt_augment *how, struct yt_rng *rng, const struct yt_image *in,
                      const struct yt_label *labels, size_t count, struct buffers *b,
                      struct yt_label *out_labels, struct yt_augment_lost *lost) {
    const struct yt_marks marks = {.labels = labels, .label_count = count};
    size_t regions,
        kept = yt_augment_apply(how, rng, in, &marks, b->spare, b->out, out_labels, &regions, lost);
    assert_int_equal(regions, 0);
    return kept;
}

/* --- hsv ----------------------------------------------------------------------------------- */

static void swap_red_and_blue(struct yt_image *image) {
    for (size_t i = 0; i < (size_t)image->w * image->h; i++) {
        uint8_t t = image->data[3 * i];
        image->data[3 * i] = image->data[3 * i + 2];
        image->data[3 * i + 2] = t;
    }
}

static void hsv_gains_equal_golden(void **state) {
    (void)state;
    struct yt_json *golden = yt_json_load(YT_TEST_DIR "/golden/golden_image_ops.json");
    assert_non_null(golden);
    const struct yt_json *want = yt_json_get(golden, "hsv_aug_gains_1.01_0.6_1.3");
    struct yt_image *image = yt_image_new(64, 64, 3);
    for (int i = 0; i < 64 * 64 * 3; i++)
        image->data[i] = (uint8_t)(256 * yt_golden_u("img:64x64x3", i));
    swap_red_and_blue(image);
    yt_hsv_apply(&(struct yt_hsv_gains){1.01, 0.6, 1.3}, image);
    swap_red_and_blue(image);
    char hash[17];
    snprintf(hash, sizeof hash, "%016llx", (unsigned long long)yt_hash(image->data, 64 * 64 * 3));
    assert_string_equal(yt_json_string(yt_json_get(want, "fnv1a64")), hash);
    yt_image_free(image);
    yt_json_free(golden);
}

static void gray_equals_colour(void **state) {
    (void)state;
    struct yt_image *gray = noise(211, 97, 1), *rgb = yt_image_to_rgb(gray);
    struct buffers a = make_buffers(), b = make_buffers();
    for (uint64_t i = 0; i < 20; i++) {
        struct yt_rng rng = rng_of(i), same = rng;
        augment(&usual, &rng, gray, NULL, 0, &a, NULL, NULL);
        augment(&usual, &same, rgb, NULL, 0, &b, NULL, NULL);
        assert_true(a.out->c == 1 && b.out->c == 3);
        for (int k = 0; k < SIDE * SIDE * 3; k++)
            assert_int_equal(a.out->data[k / 3], b.out->data[k]);
    }
    yt_image_free(gray);
    yt_image_free(rgb);
    free_buffers(&a);
    free_buffers(&b);
}

/* --- affine -------------------------------------------------------------------------------- */

static void draws_are_within_their_ranges(void **state) {
    (void)state;
    double widest = 0, largest = 0, farthest = 0;
    for (uint64_t i = 0; i < 2000; i++) {
        struct yt_rng rng = rng_of(i);
        struct yt_affine affine = yt_affine_draw(&usual, &rng, SIDE);
        const float *m = affine.m;
        double scale = sqrt((double)m[0] * m[4] - (double)m[1] * m[3]);
        double degrees = atan2(m[1], m[0]) * 180 / M_PI;
        double x = (m[0] + m[1]) * SIDE / 2.0 + m[2] - SIDE / 2.0;
        double y = (m[3] + m[4]) * SIDE / 2.0 + m[5] - SIDE / 2.0;
        assert_true(fabs(scale - affine.scale) < 1e-6);
        assert_true(m[0] == m[4] && m[1] == -m[3]); /* no shear */
        assert_true(fabs(degrees) < 5.001 && fabs(scale - 1) < 0.3001);
        assert_true(fabs(x) < 0.1 * SIDE + 1e-3 && fabs(y) < 0.1 * SIDE + 1e-3);
        widest = fmax(widest, fabs(degrees));
        largest = fmax(largest, fabs(scale - 1));
        farthest = fmax(farthest, fmin(fabs(x), fabs(y)));
    }
    assert_true(widest > 4.9 && largest > 0.29 && farthest > 0.09 * SIDE);
    struct yt_rng rng = rng_of(0);
    struct yt_affine still = yt_affine_draw(&off, &rng, SIDE);
    assert_true(yt_affine_is_identity(&still) && still.scale == 1);
}

/* A share stays upright, the others turn by any angle alike; nothing else changes. */
static void some_stay_upright(void **state) {
    (void)state;
    struct yt_augment seldom = usual;
    seldom.upright = 0.7;
    int turned = 0, far = 0;
    const int count = 4000;
    for (uint64_t i = 0; i < (uint64_t)count; i++) {
        struct yt_rng rng = rng_of(i), same = rng;
        struct yt_affine some = yt_affine_draw(&seldom, &rng, SIDE);
        struct yt_affine all = yt_affine_draw(&usual, &same, SIDE);
        double degrees = fabs(atan2(some.m[1], some.m[0])) * 180 / M_PI;
        assert_true(degrees < 5.001);
        turned += degrees > 0;
        far += degrees > 2.5;
        assert_true(some.scale == all.scale && rng.state == same.state);
    }
    assert_true(abs(turned - count * 3 / 10) < 120 && abs(far - count * 3 / 20) < 90);
    seldom.upright = 1;
    struct yt_rng rng = rng_of(0);
    assert_true(yt_affine_draw(&seldom, &rng, SIDE).m[1] == 0);
}

/* Against the corners in double precision. */
static void boxes_follow_their_corners(void **state) {
    (void)state;
    for (uint64_t i = 0; i < 500; i++) {
        struct yt_rng rng = rng_of(i);
        struct yt_affine affine = yt_affine_draw(&usual, &rng, SIDE);
        struct yt_box box = {0};
        box.x1 = (float)yt_rng_uniform(&rng, 0, SIDE - 1);
        box.y1 = (float)yt_rng_uniform(&rng, 0, SIDE - 1);
        box.x2 = (float)yt_rng_uniform(&rng, box.x1, SIDE);
        box.y2 = (float)yt_rng_uniform(&rng, box.y1, SIDE);
        double x[2] = {INFINITY, -INFINITY}, y[2] = {INFINITY, -INFINITY};
        for (int k = 0; k < 4; k++) {
            double cx = k & 1 ? box.x2 : box.x1, cy = k & 2 ? box.y2 : box.y1;
            double px = (double)affine.m[0] * cx + (double)affine.m[1] * cy + affine.m[2];
            double py = (double)affine.m[3] * cx + (double)affine.m[4] * cy + affine.m[5];
            x[0] = fmin(x[0], px), x[1] = fmax(x[1], px);
            y[0] = fmin(y[0], py), y[1] = fmax(y[1], py);
        }
        struct yt_box got = yt_affine_box(&affine, box, SIDE);
        assert_true(fabs(got.x1 - fmin(fmax(x[0], 0), SIDE)) < 1e-4);
        assert_true(fabs(got.x2 - fmin(fmax(x[1], 0), SIDE)) < 1e-4);
        assert_true(fabs(got.y1 - fmin(fmax(y[0], 0), SIDE)) < 1e-4);
        assert_true(fabs(got.y2 - fmin(fmax(y[1], 0), SIDE)) < 1e-4);
    }
}

static void the_filter_names_its_reasons(void **state) {
    (void)state;
    static const struct {
        struct yt_box before, after;
        float scale;
        bool kept;
        struct yt_augment_lost lost;
    } cases[] = {
        {{0, 0, 10, 10}, {0, 0, 10, 10}, 1, true, {0}},
        {{0, 0, 10, 10}, {0, 0, 2.01f, 5}, 1, true, {0}},
        {{0, 0, 10, 10}, {160, 0, 160, 10}, 1, false, {.outside = 1}},
        {{0, 0, 10, 10}, {0, 0, 2, 10}, 1, false, {.small = 1}},
        {{0, 0, 10, 10}, {0, 0, 10, 1.9f}, 1, false, {.small = 1}},
        {{0, 0, 10, 10}, {0, 0, 2.5f, 4}, 1, false, {.cut = 1}}, /* a tenth */
        {{0, 0, 10, 10}, {0, 0, 2.5f, 4}, 0.9f, true, {0}},      /* 0.123 of the scaled box */
        {{0, 0, 10, 10}, {0, 0, 2.5f, 4.1f}, 1.1f, false, {.cut = 1}},
        {{0, 0, 250, 2.5f}, {0, 0, 250, 2.5f}, 1, false, {.thin = 1}},
        {{0, 0, 2.5f, 250}, {0, 0, 2.5f, 250}, 1, false, {.thin = 1}},
        {{0, 0, 249, 2.5f}, {0, 0, 249, 2.5f}, 1, true, {0}},
    };
    for (size_t i = 0; i < YT_COUNT(cases); i++) {
        struct yt_affine affine = {.scale = cases[i].scale};
        struct yt_augment_lost lost = {0};
        bool kept = yt_affine_keeps(&affine, cases[i].before, cases[i].after, 2, &lost);
        assert_int_equal(cases[i].kept, kept);
        assert_memory_equal(&cases[i].lost, &lost, sizeof lost);
    }
}

/* --- the pipeline -------------------------------------------------------------------------- */

static void nothing_on_changes_nothing(void **state) {
    (void)state;
    struct yt_image *in = noise(SIDE, SIDE, 3);
    struct buffers b = make_buffers();
    struct yt_label label = {{10.25f, 20.5f, 31.125f, 47}, 5}, got;
    struct yt_rng rng = rng_of(3);
    assert_int_equal(augment(&off, &rng, in, &label, 1, &b, &got, NULL), 1);
    assert_memory_equal(in->data, b.out->data, SIDE * SIDE * 3);
    assert_memory_equal(&label, &got, sizeof got);
    yt_image_free(in);
    free_buffers(&b);
}

/* A black rectangle on white paper: its label must lie around the dark pixels, close when nothing
 * is rotated. Samples smaller and larger than the input, and odd paddings. */
static void labels_stay_on_their_pixels(void **state) {
    (void)state;
    static const int sizes[][2] = {{SIDE, SIDE}, {SIDE, 120}, {77, 140}, {301, 202}};
    struct yt_augment moving = usual, straight = usual;
    moving.hsv_h = moving.hsv_s = moving.hsv_v = 0;
    straight = moving;
    straight.degrees = 0;
    struct buffers b = make_buffers();
    for (uint64_t i = 0; i < 80; i++) {
        int w = sizes[i % 4][0], h = sizes[i % 4][1];
        struct yt_image *in = yt_image_new(w, h, 1);
        yt_image_fill(in, 255);
        struct yt_label label = {{(float)(w / 3), (float)(h / 4), (float)(w / 2), (float)(h / 2)},
                                 1};
        for (int y = h / 4; y < h / 2; y++) memset(in->data + y * w + w / 3, 0, w / 2 - w / 3);
        struct yt_rng rng = rng_of(i);
        const struct yt_augment *how = i % 8 < 4 ? &straight : &moving;
        struct yt_label got;
        assert_int_equal(augment(how, &rng, in, &label, 1, &b, &got, NULL), 1);
        struct yt_box dark = {SIDE, SIDE, 0, 0};
        for (int y = 0; y < SIDE; y++)
            for (int x = 0; x < SIDE; x++) {
                if (b.out->data[y * SIDE + x] >= 70) continue; /* darker than the border */
                dark.x1 = fminf(dark.x1, x), dark.x2 = fmaxf(dark.x2, x + 1);
                dark.y1 = fminf(dark.y1, y), dark.y2 = fmaxf(dark.y2, y + 1);
            }
        float slack = how == &straight ? 1.6f : 2.5f;
        assert_true(fabsf(dark.x1 - got.box.x1) < slack && fabsf(dark.x2 - got.box.x2) < slack);
        assert_true(fabsf(dark.y1 - got.box.y1) < slack && fabsf(dark.y2 - got.box.y2) < slack);
        yt_image_free(in);
    }
    free_buffers(&b);
}

static void labels_stay_inside_or_are_counted(void **state) {
    (void)state;
    enum { COUNT = 200 };
    struct yt_augment wild = usual;
    wild.degrees = 180, wild.translate = 0.6, wild.scale = 0.9;
    struct yt_image *in = noise(200, 130, 1);
    struct buffers b = make_buffers();
    struct yt_augment_lost all = {0};
    for (uint64_t i = 0; i < 30; i++) {
        struct yt_rng rng = rng_of(i);
        struct yt_label given[COUNT], labels[COUNT];
        for (int k = 0; k < COUNT; k++) {
            struct yt_box *box = &given[k].box;
            box->x1 = (float)yt_rng_uniform(&rng, 0, 199),
            box->y1 = (float)yt_rng_uniform(&rng, 0, 129);
            box->x2 = (float)yt_rng_uniform(&rng, box->x1, 200);
            box->y2 = (float)yt_rng_uniform(&rng, box->y1, 130);
            if (k % 8 == 0) box->x1 = 0, box->x2 = 200, box->y2 = fminf(box->y1 + 3, 130);
            given[k].cls = k;
        }
        struct yt_augment_lost lost = {0};
        size_t kept = augment(&wild, &rng, in, given, COUNT, &b, labels, &lost);
        assert_int_equal(kept + lost.outside + lost.small + lost.cut + lost.thin, COUNT);
        for (size_t k = 0; k < kept; k++) {
            const struct yt_box *box = &labels[k].box;
            assert_true(box->x1 >= 0 && box->y1 >= 0 && box->x2 <= SIDE && box->y2 <= SIDE);
            assert_true(box->x2 - box->x1 > 2 && box->y2 - box->y1 > 2);
            assert_true(k == 0 || labels[k].cls > labels[k - 1].cls);
        }
        all.outside += lost.outside, all.small += lost.small, all.cut += lost.cut;
    }
    assert_true(all.outside && all.small && all.cut);
    yt_image_free(in);
    free_buffers(&b);
}

/* What is dropped but seen becomes a region where that is asked for, behind the regions there are;
 * labels are the same either way. */
static void dropped_labels_become_regions(void **state) {
    (void)state;
    enum { LABELS = 60, REGIONS = 5, ALL = LABELS + REGIONS };
    struct yt_augment wild = usual, ignoring;
    wild.translate = 0.6, wild.scale = 0.9;
    ignoring = wild;
    ignoring.ignore_dropped = true;
    struct yt_image *in = noise(SIDE, SIDE, 1);
    struct buffers b = make_buffers();
    size_t added = 0;
    for (uint64_t i = 0; i < 30; i++) {
        struct yt_rng rng = rng_of(i);
        struct yt_label marks[ALL], silent[ALL], out[ALL];
        for (int k = 0; k < ALL; k++) {
            float x = (float)yt_rng_uniform(&rng, 0, SIDE - 20);
            float y = (float)yt_rng_uniform(&rng, 0, SIDE - 20);
            marks[k] = (struct yt_label){{x, y, x + (k % 2 ? 1.5f : 9), y + 14}, k};
        }
        const struct yt_marks given = {
            .labels = marks, .label_count = LABELS, .region_count = REGIONS};
        struct yt_rng same = rng;
        struct yt_augment_lost lost = {0};
        size_t few, many;
        size_t kept = yt_augment_apply(&wild, &rng, in, &given, b.spare, b.out, silent, &few, NULL);
        assert_int_equal(
            yt_augment_apply(&ignoring, &same, in, &given, b.spare, b.out, out, &many, &lost),
            kept);
        assert_memory_equal(silent, out, kept * sizeof *out);
        assert_true(few <= REGIONS);
        assert_int_equal(many, few + lost.small + lost.cut + lost.thin);
        for (size_t k = kept; k < kept + many; k++) {
            struct yt_box box = out[k].box;
            assert_true(box.x1 >= 0 && box.y1 >= 0 && box.x2 <= SIDE && box.y2 <= SIDE);
            assert_true(box.x1 < box.x2 && box.y1 < box.y2);
            assert_true(k == kept || out[k].cls > out[k - 1].cls);
            for (size_t l = 0; l < kept; l++) assert_true(out[l].cls != out[k].cls);
        }
        added += many - few;
    }
    assert_true(added > 100);
    yt_image_free(in);
    free_buffers(&b);
}

/* A thin bar at a slant: rotated, its label hugs the bar; upright, it stays the label's box. The
 * bar's own corners are moved in double. */
static void slanted_shapes_get_tight_boxes(void **state) {
    (void)state;
    const struct yt_polygon bar = {4, {30, 120, 122, 32}, {40, 90, 94, 44}};
    const struct yt_label label = {{30, 40, 122, 94}, 3};
    const struct yt_slant slant = {0, bar};
    const struct yt_marks marks = {
        .labels = &label, .label_count = 1, .slants = &slant, .slant_count = 1};
    struct yt_image *in = noise(SIDE, SIDE, 1);
    struct buffers b = make_buffers();
    struct yt_augment turned = off;
    turned.degrees = 20;
    double gained = 0;
    for (uint64_t i = 0; i < 50; i++) {
        struct yt_rng rng = rng_of(i), same = rng, again = rng;
        struct yt_affine affine = yt_affine_draw(&turned, &again, SIDE);
        struct yt_label tight, loose;
        size_t regions;
        yt_augment_apply(&turned, &rng, in, &marks, b.spare, b.out, &tight, &regions, NULL);
        augment(&turned, &same, in, &label, 1, &b, &loose, NULL);
        double low = INFINITY, high = -INFINITY;
        for (int k = 0; k < 4; k++) {
            double y =
                (double)affine.m[3] * bar.x[k] + (double)affine.m[4] * bar.y[k] + affine.m[5];
            low = fmin(low, y), high = fmax(high, y);
        }
        assert_true(fabs(tight.box.y1 - fmax(low, 0)) < 1e-3);
        assert_true(fabs(tight.box.y2 - fmin(high, SIDE)) < 1e-3);
        assert_true(tight.box.x1 >= loose.box.x1 - 1e-3f && tight.box.x2 <= loose.box.x2 + 1e-3f);
        gained += loose.box.y2 - loose.box.y1 - (tight.box.y2 - tight.box.y1);
    }
    assert_true(gained / 50 > 5);
    struct yt_rng rng = rng_of(0);
    struct yt_label still;
    size_t regions;
    yt_augment_apply(&off, &rng, in, &marks, b.spare, b.out, &still, &regions, NULL);
    assert_memory_equal(&still, &label, sizeof label);
    yt_image_free(in);
    free_buffers(&b);
}

/* Half paddings: the labels of a 101-pixel-high sample move by 29.5, the pixels by 29. */
static void letterboxed_labels_keep_the_half(void **state) {
    (void)state;
    struct yt_image *in = noise(SIDE, 101, 1);
    struct buffers b = make_buffers();
    struct yt_label label = {{10, 20, 30, 40}, 0}, got;
    struct yt_rng rng = rng_of(0);
    augment(&off, &rng, in, &label, 1, &b, &got, NULL);
    assert_true(got.box.x1 == 10 && got.box.y1 == 49.5f && got.box.y2 == 69.5f);
    assert_memory_equal(b.out->data + 29 * SIDE, in->data, SIDE * 101);
    for (int i = 0; i < SIDE; i++) {
        assert_int_equal(b.out->data[28 * SIDE + i], BORDER);
        assert_int_equal(b.out->data[130 * SIDE + i], BORDER);
    }
    yt_image_free(in);
    free_buffers(&b);
}

/* Switching colour off must not move anything. */
static void draws_do_not_depend_on_settings(void **state) {
    (void)state;
    struct yt_augment plain = usual;
    plain.hsv_h = plain.hsv_s = plain.hsv_v = 0;
    struct yt_image *in = noise(SIDE, SIDE, 1);
    struct buffers b = make_buffers();
    struct yt_label label = {{60, 60, 90, 90}, 0}, first, second;
    struct yt_rng rng = rng_of(5), same = rng;
    augment(&usual, &rng, in, &label, 1, &b, &first, NULL);
    augment(&plain, &same, in, &label, 1, &b, &second, NULL);
    assert_memory_equal(&first, &second, sizeof first);
    assert_int_equal(rng.state, same.state);
    yt_image_free(in);
    free_buffers(&b);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hsv_gains_equal_golden),
        cmocka_unit_test(gray_equals_colour),
        cmocka_unit_test(draws_are_within_their_ranges),
        cmocka_unit_test(some_stay_upright),
        cmocka_unit_test(boxes_follow_their_corners),
        cmocka_unit_test(the_filter_names_its_reasons),
        cmocka_unit_test(nothing_on_changes_nothing),
        cmocka_unit_test(labels_stay_on_their_pixels),
        cmocka_unit_test(labels_stay_inside_or_are_counted),
        cmocka_unit_test(dropped_labels_become_regions),
        cmocka_unit_test(slanted_shapes_get_tight_boxes),
        cmocka_unit_test(letterboxed_labels_keep_the_half),
        cmocka_unit_test(draws_do_not_depend_on_settings),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
