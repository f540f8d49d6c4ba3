/* Dense and depthwise convolutions against naive loops in double. */
#include "support/test.h"
#include "tensor/ref_kernels.h"

#include <math.h>

struct shape {
    const char *what;
    struct yt_conv conv; /* k, stride, pad */
    int n, h, w, c_in, c_out;
    bool depthwise;
};

static const struct shape shapes[] = {
    {"first layer", {3, 2, 1}, 2, 18, 22, 3, 16, false},
    {"3x3", {3, 1, 1}, 2, 9, 13, 16, 16, false},
    {"3x3, 32 channels", {3, 1, 1}, 1, 11, 20, 32, 32, false},
    {"3x3, 36 > 44 channels, even sizes", {3, 1, 1}, 2, 14, 8, 36, 44, false},
    {"3x3, 64 > 33 channels, many tiles", {3, 1, 1}, 3, 31, 33, 64, 33, false},
    {"3x3, 40 > 72 channels, one pixel", {3, 1, 1}, 1, 1, 1, 40, 72, false},
    {"3x3, odd channels", {3, 1, 1}, 2, 7, 5, 5, 11, false},
    {"3x3, stride 2", {3, 2, 1}, 2, 12, 14, 16, 24, false},
    {"3x3, stride 2, odd sizes", {3, 2, 1}, 2, 11, 9, 7, 19, false},
    {"1x1", {1, 1, 0}, 2, 13, 11, 32, 48, false},
    {"1x1, head", {1, 1, 0}, 1, 10, 10, 100, 136, false},
    {"1x1, one pixel, odd channels", {1, 1, 0}, 1, 1, 1, 3, 1, false},
    {"1x1, many pixels", {1, 1, 0}, 3, 30, 31, 8, 12, false},
    {"1x1, stride 2", {1, 2, 0}, 2, 7, 8, 6, 10, false},
    {"1x1, padded", {1, 1, 1}, 1, 4, 4, 6, 10, false},
    {"5x5, wide border", {5, 1, 4}, 1, 6, 3, 4, 9, false},
    {"5x5, stride 2", {5, 2, 2}, 1, 9, 10, 4, 40, false},
    {"2x2, stride 2", {2, 2, 0}, 1, 8, 8, 6, 7, false},
    {"3x3 of a map smaller than it", {3, 1, 1}, 1, 1, 2, 9, 72, false},
    {"depthwise 3x3", {3, 1, 1}, 2, 9, 10, 80, 80, true},
    {"depthwise 3x3, odd channels", {3, 1, 1}, 2, 20, 31, 13, 13, true},
    {"depthwise 3x3, stride 2", {3, 2, 1}, 2, 10, 12, 36, 36, true},
    {"depthwise 3x3, stride 2, odd sizes", {3, 2, 1}, 2, 11, 9, 100, 100, true},
    {"depthwise 7x7", {7, 1, 3}, 1, 20, 20, 16, 16, true},
    {"depthwise 7x7 of a small map", {7, 1, 3}, 2, 4, 3, 5, 5, true},
};

static int out_size(const struct yt_conv *conv, int size) {
    return (size + 2 * conv->pad - conv->k) / conv->stride + 1;
}
static struct yt_map input_of(const struct shape *s, int gap) {
    return ref_map(s->n, s->h, s->w, s->c_in, s->c_in + gap);
}
static struct yt_map output_of(const struct shape *s, int gap) {
    return ref_map(s->n, out_size(&s->conv, s->h), out_size(&s->conv, s->w), s->c_out,
                   s->c_out + gap);
}
static size_t weights_of(const struct shape *s) {
    return (size_t)s->conv.k * s->conv.k * (s->depthwise ? 1 : s->c_in) * s->c_out;
}

static void conv_forward(const struct shape *s, const struct yt_map *x, const float *w,
                         const float *bias, enum yt_act act, const struct yt_map *y,
                         const struct yt_bn_pass *pass) {
    const size_t count =
        s->depthwise ? yt_dwconv2d_pass_scratch(y) : yt_conv2d_forward_scratch(&s->conv, x, y);
    float *scratch = ref_scratch(count);
    if (s->depthwise) {
        yt_dwconv2d_forward(&s->conv, x, w, bias, act, y, pass, scratch);
    } else {
        const size_t packed_count = yt_conv2d_packed_floats(&s->conv, s->c_in, s->c_out);
        float *packed = ref_scratch(packed_count);
        yt_conv2d_pack(&s->conv, s->c_in, s->c_out, w, packed);
        yt_conv2d_forward(&s->conv, x, packed, bias, act, y, pass, scratch);
        ref_scratch_free(packed, packed_count);
    }
    ref_scratch_free(scratch, count);
}

static uint64_t hash_of_sums(const double *sums, int count) {
    uint64_t hash = 0, bits;
    for (int i = 0; i < count; i++) {
        memcpy(&bits, &sums[i], sizeof bits);
        hash = hash * 31 + bits;
    }
    return hash;
}

/* Batch norm's sums are those of the map that was written, almost as exact as doubles are. */
static uint64_t check_sums(const struct shape *s, const struct yt_map *y, const double *sums) {
    double *values = ref_doubles(y);
    for (int c = 0; c < y->c; c++) {
        double sum = 0, square = 0;
        for (size_t p = 0; p < (size_t)y->n * y->h * y->w; p++) {
            sum += values[p * y->c + c];
            square += values[p * y->c + c] * values[p * y->c + c];
        }
        if (!(fabs(sums[c] - sum) <= 1e-7 * sqrt(square * y->n * y->h * y->w)) ||
            !(fabs(sums[y->c + c] - square) <= 3e-7 * square))
            fail_msg("%s: channel %d: sums %.9g and %.9g, not %.9g and %.9g", s->what, c, sums[c],
                     sums[y->c + c], sum, square);
    }
    free(values);
    return hash_of_sums(sums, 2 * y->c);
}

static uint64_t forward(const struct shape *s, int gap, enum yt_act act, bool with_bias,
                        bool with_sums) {
    struct yt_map x = input_of(s, gap), y = output_of(s, gap);
    ref_fill(&x, 1, -1, 1);
    float *w = ref_array(weights_of(s), 2, -1, 1), *bias = ref_array(s->c_out, 3, -1, 1);
    ref_fill(&y, 4, -1, 1); /* to be overwritten */
    double *expected = yt_calloc(sizeof *expected, (size_t)y.n * y.h * y.w * y.c);
    double *sums = yt_calloc(2 * (size_t)y.c, sizeof *sums);
    const struct yt_bn_pass pass = {.sums = sums};
    for (size_t i = 0; with_bias && i < (size_t)y.n * y.h * y.w * y.c; i++) {
        expected[i] = bias[i % y.c];
    }
    ref_conv_forward(&s->conv, s->depthwise, &x, w, &y, expected);
    for (size_t i = 0; act == YT_ACT_SILU && i < (size_t)y.n * y.h * y.w * y.c; i++) {
        expected[i] = ref_silu(expected[i]);
    }
    conv_forward(s, &x, w, with_bias ? bias : NULL, act, &y, with_sums ? &pass : NULL);
    uint64_t hash = ref_check(&y, expected, 1e-6, s->what);
    if (with_sums) hash ^= check_sums(s, &y, sums);
    free(expected);
    free(sums);
    ref_array_free(w, weights_of(s));
    ref_array_free(bias, s->c_out);
    ref_map_free(&x);
    ref_map_free(&y);
    return hash;
}

static uint64_t test_forward_of(const void *arg) {
    const struct shape *s = arg;
    return forward(s, 0, YT_ACT_NONE, false, false) ^ forward(s, 5, YT_ACT_NONE, true, false) * 3 ^
           forward(s, 8, YT_ACT_SILU, true, false) * 5 ^
           forward(s, 3, YT_ACT_NONE, false, true) * 7 ^
           forward(s, 0, YT_ACT_NONE, true, true) * 11;
}
static void test_forward(void **state) {
    (void)state;
    for (size_t i = 0; i < YT_COUNT(shapes); i++) ref_for_each_isa(test_forward_of, &shapes[i]);
}

static void conv_backward_input(const struct shape *s, const struct yt_map *dy, const float *w,
                                const struct yt_map *dx, bool add, const struct yt_bn_pass *pass) {
    const size_t count = s->depthwise ? yt_dwconv2d_pass_scratch(dx)
                                      : yt_conv2d_backward_input_scratch(&s->conv, dy, dx);
    float *scratch = ref_scratch(count);
    if (s->depthwise) {
        yt_dwconv2d_backward_input(&s->conv, dy, w, dx, add, pass, scratch);
    } else {
        yt_conv2d_backward_input(&s->conv, dy, w, dx, add, pass, scratch);
    }
    ref_scratch_free(scratch, count);
}

static uint64_t backward_input(const struct shape *s, int gap, bool add) {
    struct yt_map dx = input_of(s, gap), dy = output_of(s, gap);
    ref_fill(&dy, 5, -1, 1);
    ref_fill(&dx, 6, -1, 1);
    float *w = ref_array(weights_of(s), 7, -1, 1);
    double *expected = ref_doubles(&dx);
    if (!add) memset(expected, 0, (size_t)dx.n * dx.h * dx.w * dx.c * sizeof *expected);
    ref_conv_backward_input(&s->conv, s->depthwise, &dy, w, &dx, expected);
    conv_backward_input(s, &dy, w, &dx, add, NULL);
    uint64_t hash = ref_check(&dx, expected, 1e-6, s->what);
    free(expected);
    ref_array_free(w, weights_of(s));
    ref_map_free(&dx);
    ref_map_free(&dy);
    return hash;
}

static uint64_t test_backward_input_of(const void *arg) {
    return backward_input(arg, 0, false) ^ backward_input(arg, 3, false) * 3 ^
           backward_input(arg, 8, true) * 5;
}
static void test_backward_input(void **state) {
    (void)state;
    for (size_t i = 0; i < YT_COUNT(shapes); i++) {
        ref_for_each_isa(test_backward_input_of, &shapes[i]);
    }
}

/* A convolution that does batch norm's first pass gives what the two give one after the other: the
 * map and the value made anew with the same bits, the sums to their rounding. */
static void compare_passes(const struct shape *s, struct yt_bn_pass pass, const struct yt_map *m,
                           const struct yt_map *alone, const double *sums) {
    double *expected_sums = yt_calloc(2 * (size_t)m->c, sizeof *sums);
    float *floats = ref_array(2 * (size_t)m->c, 1, 0, 1);
    const size_t count = yt_bn_scratch(alone);
    float *scratch = ref_scratch(count);
    pass.sums = expected_sums;
    if (pass.renewed) {
        struct yt_map renewed = *pass.renewed;
        double *before = ref_doubles(&renewed);
        yt_scale_shift_act(pass.x, pass.scale, pass.shift, pass.act, &renewed);
        ref_check(&renewed, before, 0, s->what);
        free(before);
        pass.renewed = NULL;
    }
    yt_bn_first_pass(&pass, alone, scratch);
    double *expected = ref_doubles(alone);
    ref_check(m, expected, 0, s->what);
    for (int c = 0; c < 2 * m->c; c++) floats[c] = (float)sums[c];
    ref_check_array(floats, 2 * (size_t)m->c, expected_sums, 1e-6, s->what);
    ref_scratch_free(scratch, count);
    ref_array_free(floats, 2 * (size_t)m->c);
    free(expected_sums);
    free(expected);
}

static uint64_t backward_with_pass(const struct shape *s, enum yt_act act, bool add, bool renew) {
    struct yt_map dy = output_of(s, 0), dx = input_of(s, 5), alone = input_of(s, 0);
    struct yt_map x = input_of(s, 3), renewed = input_of(s, 2);
    ref_fill(&dy, 1, -1, 1);
    ref_fill(&dx, 2, -1, 1);
    ref_fill(&alone, 2, -1, 1);
    ref_fill(&x, 3, -1, 3);
    float *w = ref_array(weights_of(s), 4, -1, 1), *mean = ref_array(s->c_in, 5, 0, 2);
    float *scale = ref_array(s->c_in, 6, -2, 2), *shift = ref_array(s->c_in, 7, -2, 2);
    double *sums = yt_calloc(2 * (size_t)dx.c, sizeof *sums);
    const struct yt_bn_pass pass = {sums, &x, renew ? &renewed : NULL, mean, scale, shift, act};
    conv_backward_input(s, &dy, w, &dx, add, &pass);
    conv_backward_input(s, &dy, w, &alone, add, NULL);
    compare_passes(s, pass, &dx, &alone, sums);
    uint64_t hash = hash_of_sums(sums, 2 * dx.c);
    free(sums);
    ref_array_free(w, weights_of(s));
    float *const arrays[] = {mean, scale, shift};
    for (size_t i = 0; i < YT_COUNT(arrays); i++) ref_array_free(arrays[i], s->c_in);
    struct yt_map *const maps[] = {&dy, &dx, &alone, &x, &renewed};
    for (size_t i = 0; i < YT_COUNT(maps); i++) ref_map_free(maps[i]);
    return hash;
}

static uint64_t test_passes_of(const void *arg) {
    return backward_with_pass(arg, YT_ACT_SILU, false, true) * 5 ^
           backward_with_pass(arg, YT_ACT_SILU, true, false) * 7 ^
           backward_with_pass(arg, YT_ACT_NONE, false, true) * 11;
}
static void test_passes(void **state) {
    (void)state;
    for (size_t i = 0; i < YT_COUNT(shapes); i++) ref_for_each_isa(test_passes_of, &shapes[i]);
}

static double *bias_sums(const struct yt_map *dy, const float *start) {
    double *sums = yt_calloc(dy->c, sizeof *sums), *dys = ref_doubles(dy);
    for (int c = 0; c < dy->c; c++) sums[c] = start[c];
    for (size_t i = 0; i < (size_t)dy->n * dy->h * dy->w * dy->c; i++) sums[i % dy->c] += dys[i];
    free(dys);
    return sums;
}

static uint64_t backward_weight(const struct shape *s, int gap, bool with_bias) {
    struct yt_map x = input_of(s, gap), dy = output_of(s, gap);
    ref_fill(&x, 8, -1, 1);
    ref_fill(&dy, 9, -1, 1);
    float *dw = ref_array(weights_of(s), 10, -1, 1), *dbias = ref_array(s->c_out, 11, -1, 1);
    double *expected = yt_calloc(weights_of(s), sizeof *expected);
    for (size_t i = 0; i < weights_of(s); i++) expected[i] = dw[i];
    double *bias_expected = bias_sums(&dy, dbias);
    ref_conv_backward_weight(&s->conv, s->depthwise, &x, &dy, expected);
    uint64_t hash = 0;
    if (s->depthwise) {
        const size_t count = yt_dwconv2d_backward_weight_scratch(&s->conv, &x, &dy);
        float *scratch = ref_scratch(count);
        yt_dwconv2d_backward_weight(&s->conv, &x, &dy, dw, scratch);
        ref_scratch_free(scratch, count);
    } else {
        const size_t count = yt_conv2d_backward_weight_scratch(&s->conv, &x, &dy);
        float *scratch = ref_scratch(count);
        yt_conv2d_backward_weight(&s->conv, &x, &dy, dw, with_bias ? dbias : NULL, scratch);
        ref_scratch_free(scratch, count);
        if (with_bias) hash = ref_check_array(dbias, s->c_out, bias_expected, 1e-6, s->what);
    }
    hash ^= ref_check_array(dw, weights_of(s), expected, 1e-6, s->what);
    free(expected);
    free(bias_expected);
    ref_array_free(dw, weights_of(s));
    ref_array_free(dbias, s->c_out);
    ref_map_free(&x);
    ref_map_free(&dy);
    return hash;
}

static uint64_t test_backward_weight_of(const void *arg) {
    return backward_weight(arg, 0, false) ^ backward_weight(arg, 7, true) * 3;
}
static void test_backward_weight(void **state) {
    (void)state;
    for (size_t i = 0; i < YT_COUNT(shapes); i++) {
        ref_for_each_isa(test_backward_weight_of, &shapes[i]);
    }
}

/* Many pixels: the sums must not lose bits as they grow. */
static void test_weight_sums_of_many_pixels(void **state) {
    (void)state;
    const struct shape large = {"many pixels", {3, 1, 1}, 2, 96, 96, 3, 8, false};
    ref_for_each_isa(test_backward_weight_of, &large);
}

/* A NaN in the input must arrive in the output, with and without activation. */
static uint64_t nan_stays(const void *arg) {
    const struct shape *s = arg;
    struct yt_map x = input_of(s, 0), y = output_of(s, 0);
    ref_fill(&x, 1, -1, 1);
    x.p[0] = NAN;
    float *w = ref_array(weights_of(s), 2, 1, 2);
    conv_forward(s, &x, w, NULL, YT_ACT_SILU, &y, NULL);
    assert_true(isnan(y.p[0]));
    assert_false(isnan(y.p[(size_t)y.n * y.h * y.w * y.c - 1]));
    ref_array_free(w, weights_of(s));
    ref_map_free(&x);
    ref_map_free(&y);
    return 0;
}
static void test_nan_stays(void **state) {
    (void)state;
    ref_for_each_isa(nan_stays, &shapes[1]);
    ref_for_each_isa(nan_stays, &shapes[16]);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_forward),         cmocka_unit_test(test_backward_input),
        cmocka_unit_test(test_backward_weight), cmocka_unit_test(test_weight_sums_of_many_pixels),
        cmocka_unit_test(test_nan_stays),       cmocka_unit_test(test_passes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
