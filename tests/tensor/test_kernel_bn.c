/* Batch normalisation against two-pass sums in double. */
#include "support/test.h"
#include "tensor/ref_kernels.h"

#include <math.h>

struct shape {
    const char *what;
    int n, h, w, c, gap;
    double mean; /* in standard deviations, about */
};
static const struct shape shapes[] = {
    {"16 channels", 2, 20, 20, 16, 0, 0},    {"slice", 2, 33, 17, 24, 40, 1},
    {"odd channels", 3, 40, 40, 37, 3, 1},   {"large mean", 4, 40, 40, 48, 0, 30},
    {"huge mean", 2, 40, 40, 8, 0, 3000},    {"100 channels", 1, 20, 20, 100, 0, -3},
    {"one pixel row", 1, 1, 5, 12, 0, -0.5},
};

static size_t pixels_of(const struct shape *s) {
    return (size_t)s->n * s->h * s->w;
}
static struct yt_map map_of(const struct shape *s, uint64_t seed, double mean) {
    struct yt_map m = ref_map(s->n, s->h, s->w, s->c, s->c + s->gap);
    ref_fill(&m, seed, mean - 1.7, mean + 1.7); /* standard deviation 1 */
    return m;
}

static void moments(const struct yt_map *x, double *mean, double *var) {
    const size_t pixels = (size_t)x->n * x->h * x->w;
    for (int c = 0; c < x->c; c++) {
        mean[c] = var[c] = 0;
        for (size_t i = 0; i < pixels; i++) mean[c] += x->p[i * x->ld + c] / (double)pixels;
        for (size_t i = 0; i < pixels; i++) {
            const double d = x->p[i * x->ld + c] - mean[c];
            var[c] += d * d / (double)pixels;
        }
    }
}

static void take_statistics(const struct yt_map *x, float *mean, float *var) {
    double *sums = yt_calloc(2 * (size_t)x->c, sizeof *sums);
    const struct yt_bn_pass pass = {.sums = sums};
    const size_t count = yt_bn_scratch(x);
    float *scratch = ref_scratch(count);
    yt_bn_first_pass(&pass, x, scratch);
    yt_bn_moments(sums, (size_t)x->n * x->h * x->w, x->c, mean, var);
    ref_scratch_free(scratch, count);
    free(sums);
}

static uint64_t statistics(const void *arg) {
    const struct shape *s = arg;
    struct yt_map x = map_of(s, 1, s->mean);
    double *mean = yt_calloc(s->c, sizeof *mean), *var = yt_calloc(s->c, sizeof *var);
    moments(&x, mean, var);
    float *m = ref_array(s->c, 2, 0, 1), *v = ref_array(s->c, 3, 0, 1);
    take_statistics(&x, m, v);
    uint64_t hash = ref_check_array(m, s->c, mean, 1e-6, s->what) * 3;
    hash ^= ref_check_array(v, s->c, var, 1e-6, s->what);
    ref_array_free(m, s->c);
    ref_array_free(v, s->c);
    free(mean);
    free(var);
    ref_map_free(&x);
    return hash;
}
static void test_statistics(void **state) {
    (void)state;
    for (size_t i = 0; i < YT_COUNT(shapes); i++) ref_for_each_isa(statistics, &shapes[i]);
}

/* A constant channel, and one whose values jump far off after the first pixels (a letterbox). */
static uint64_t hard_statistics(const void *arg) {
    (void)arg;
    struct yt_map x = ref_map(1, 64, 64, 2, 2);
    ref_fill(&x, 1, -1.7, 1.7);
    for (int i = 0; i < 64 * 64; i++) x.p[2 * i] = 0.7f;
    for (int i = 0; i < 20; i++) x.p[2 * i + 1] = -40;
    double mean[2], var[2];
    moments(&x, mean, var);
    float m[2], v[2];
    take_statistics(&x, m, v);
    assert_true(fabs(v[0]) < 1e-12 && fabs(m[0] - mean[0]) < 1e-7);
    assert_true(fabs(v[1] / var[1] - 1) < 1e-6 && fabs(m[1] / mean[1] - 1) < 1e-6);
    x.p[1] = NAN;
    take_statistics(&x, m, v);
    assert_true(isnan(m[1]) && isnan(v[1]) && !isnan(m[0]) && !isnan(v[0]));
    ref_map_free(&x);
    return 0;
}
static void test_hard_statistics(void **state) {
    (void)state;
    ref_for_each_isa(hard_statistics, NULL);
}

static uint64_t scale_shift(const struct shape *s, enum yt_act act, bool in_place) {
    struct yt_map x = map_of(s, 1, 0), y = map_of(s, 2, 0);
    float *scale = ref_array(s->c, 3, -2, 2), *shift = ref_array(s->c, 4, -2, 2);
    double *expected = ref_doubles(&x);
    for (size_t i = 0; i < pixels_of(s) * s->c; i++) {
        const double u = expected[i] * scale[i % s->c] + shift[i % s->c];
        expected[i] = act == YT_ACT_SILU ? ref_silu(u) : u;
    }
    yt_scale_shift_act(&x, scale, shift, act, in_place ? &x : &y);
    uint64_t hash = ref_check(in_place ? &x : &y, expected, 2e-7, s->what);
    free(expected);
    ref_array_free(scale, s->c);
    ref_array_free(shift, s->c);
    ref_map_free(&x);
    ref_map_free(&y);
    return hash;
}
static uint64_t scale_shifts(const void *arg) {
    return scale_shift(arg, YT_ACT_NONE, false) ^ scale_shift(arg, YT_ACT_SILU, false) * 3 ^
           scale_shift(arg, YT_ACT_SILU, true) * 5;
}
static void test_scale_shift_act(void **state) {
    (void)state;
    for (size_t i = 0; i < YT_COUNT(shapes); i++) ref_for_each_isa(scale_shifts, &shapes[i]);
}

/* What backward reads and should give. */
struct backward {
    struct yt_map x, dy, dx;
    float *mean, *inv_std, *gamma, *beta, *dgamma, *dbeta;
    double *expected, *expected_dgamma, *expected_dbeta;
};

static void expect_channel(struct backward *b, int c, enum yt_act act, bool add) {
    const size_t pixels = (size_t)b->x.n * b->x.h * b->x.w;
    double sum = 0, product = 0;
    for (int pass = 0; pass < 2; pass++) {
        for (size_t i = 0; i < pixels; i++) {
            const double xhat = ((double)b->x.p[i * b->x.ld + c] - b->mean[c]) * b->inv_std[c];
            double g = b->dy.p[i * b->dy.ld + c];
            if (act == YT_ACT_SILU) g *= ref_silu_slope(b->gamma[c] * xhat + b->beta[c]);
            double *dx = &b->expected[i * b->x.c + c];
            if (pass == 0) {
                sum += g;
                product += g * xhat;
            } else {
                *dx = (add ? *dx : 0) + (double)b->gamma[c] * b->inv_std[c] *
                                            (g - sum / pixels - xhat * product / pixels);
            }
        }
    }
    b->expected_dbeta[c] = b->dbeta[c] + sum;
    b->expected_dgamma[c] = b->dgamma[c] + product;
}

static struct backward backward_of(const struct shape *s, enum yt_act act, bool add) {
    struct backward b = {
        .x = map_of(s, 1, s->mean / 100),
        .dy = map_of(s, 2, 0.3),
        .dx = map_of(s, 3, 0),
        .mean = ref_array(s->c, 4, 0, 0),
        .inv_std = ref_array(s->c, 5, 0, 0),
        .gamma = ref_array(s->c, 6, -2, 2),
        .beta = ref_array(s->c, 7, -2, 2),
        .dgamma = ref_array(s->c, 8, -1, 1),
        .dbeta = ref_array(s->c, 9, -1, 1),
        .expected_dgamma = yt_calloc(s->c, sizeof(double)),
        .expected_dbeta = yt_calloc(s->c, sizeof(double)),
    };
    moments(&b.x, b.expected_dgamma, b.expected_dbeta);
    for (int c = 0; c < s->c; c++) {
        b.mean[c] = (float)b.expected_dgamma[c];
        b.inv_std[c] = (float)(1 / sqrt(b.expected_dbeta[c] + 1e-3));
    }
    b.expected = ref_doubles(&b.dx);
    for (int c = 0; c < s->c; c++) expect_channel(&b, c, act, add);
    return b;
}

enum target { OWN, OF_X, OF_DY };

static uint64_t backward(const struct shape *s, enum yt_act act, bool add, enum target target) {
    struct backward b = backward_of(s, act, add);
    const struct yt_map *dx = target == OWN ? &b.dx : target == OF_X ? &b.x : &b.dy;
    const size_t count = yt_bn_scratch(&b.x);
    float *scratch = ref_scratch(count);
    float *scale = ref_array(s->c, 1, 0, 0), *shift = ref_array(s->c, 1, 0, 0);
    double *sums = yt_calloc(2 * (size_t)s->c, sizeof *sums);
    for (int c = 0; c < s->c; c++) {
        scale[c] = b.gamma[c] * b.inv_std[c];
        shift[c] = b.beta[c] - b.mean[c] * scale[c];
    }
    const struct yt_bn_pass pass = {sums, &b.x, NULL, b.mean, scale, shift, act};
    const struct yt_bn_stats stats = {b.mean, b.inv_std, b.gamma};
    yt_bn_first_pass(&pass, &b.dy, scratch);
    yt_bn_backward(&b.x, &b.dy, &stats, sums, b.dgamma, b.dbeta, dx, add, scratch);
    ref_scratch_free(scratch, count);
    ref_array_free(scale, s->c);
    ref_array_free(shift, s->c);
    free(sums);
    uint64_t hash = ref_check(dx, b.expected, 1e-6, s->what);
    hash ^= 3 * ref_check_array(b.dgamma, s->c, b.expected_dgamma, 1e-6, s->what);
    hash ^= 5 * ref_check_array(b.dbeta, s->c, b.expected_dbeta, 1e-6, s->what);
    float *const arrays[] = {b.mean, b.inv_std, b.gamma, b.beta, b.dgamma, b.dbeta};
    for (size_t i = 0; i < YT_COUNT(arrays); i++) ref_array_free(arrays[i], s->c);
    free(b.expected);
    free(b.expected_dgamma);
    free(b.expected_dbeta);
    ref_map_free(&b.x);
    ref_map_free(&b.dy);
    ref_map_free(&b.dx);
    return hash;
}
static uint64_t backwards(const void *arg) {
    return backward(arg, YT_ACT_SILU, false, OWN) ^ backward(arg, YT_ACT_SILU, true, OWN) * 3 ^
           backward(arg, YT_ACT_NONE, false, OF_X) * 5 ^
           backward(arg, YT_ACT_SILU, false, OF_DY) * 7;
}
static void test_backward(void **state) {
    (void)state;
    for (size_t i = 0; i < YT_COUNT(shapes); i++) ref_for_each_isa(backwards, &shapes[i]);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_statistics),
        cmocka_unit_test(test_hard_statistics),
        cmocka_unit_test(test_scale_shift_act),
        cmocka_unit_test(test_backward),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
