/* Elementwise kernels, resampling, softmax, and the choice of the instruction set. */
#include "support/test.h"
#include "tensor/kernels/kernel.h"
#include "tensor/ref_kernels.h"

#include <math.h>

struct shape {
    int n, h, w, c, gap;
};
static const struct shape shapes[] = {{2, 5, 7, 16, 0},   {1, 9, 3, 13, 0},  {2, 6, 6, 100, 4},
                                      {1, 1, 1, 1, 0},    {3, 40, 40, 8, 8}, {1, 64, 33, 31, 1},
                                      {2, 20, 20, 72, 64}};

static struct yt_map map_of(const struct shape *s, uint64_t seed) {
    struct yt_map m = ref_map(s->n, s->h, s->w, s->c, s->c + s->gap);
    ref_fill(&m, seed, -6, 6);
    return m;
}
static size_t count_of(const struct shape *s) {
    return (size_t)s->n * s->h * s->w * s->c;
}

enum what { SILU, SILU_BACKWARD, SILU_BACKWARD_ADD, ADD, COPY, COPY_ADD, ZERO, WHATS };
static const char *const names[] = {
    "silu", "silu backward", "silu backward, added", "add", "copy", "copy, added", "zero"};

static void call(enum what what, const struct yt_map *a, const struct yt_map *b,
                 const struct yt_map *y) {
    switch (what) {
    case SILU:
        yt_silu_forward(a, y);
        break;
    case SILU_BACKWARD:
        yt_silu_backward(a, b, y, false);
        break;
    case SILU_BACKWARD_ADD:
        yt_silu_backward(a, b, y, true);
        break;
    case ADD:
        yt_add_forward(a, b, y);
        break;
    case COPY:
        yt_copy(a, y, false);
        break;
    case COPY_ADD:
        yt_copy(a, y, true);
        break;
    default:
        yt_zero(y);
        break;
    }
}
static double result(enum what what, double a, double b, double y) {
    switch (what) {
    case SILU:
        return ref_silu(a);
    case SILU_BACKWARD:
        return ref_silu_slope(a) * b;
    case SILU_BACKWARD_ADD:
        return y + ref_silu_slope(a) * b;
    case ADD:
        return a + b;
    case COPY:
        return a;
    case COPY_ADD:
        return y + a;
    default:
        return 0;
    }
}

static uint64_t elementwise(const void *arg) {
    const struct shape *s = arg;
    uint64_t hash = 0;
    for (enum what what = 0; what < WHATS; what++) {
        struct yt_map a = map_of(s, 1), b = map_of(s, 2), y = map_of(s, 3);
        double *as = ref_doubles(&a), *bs = ref_doubles(&b), *expected = ref_doubles(&y);
        for (size_t i = 0; i < count_of(s); i++) {
            expected[i] = result(what, as[i], bs[i], expected[i]);
        }
        call(what, &a, &b, &y);
        hash = hash * 3 ^ ref_check(&y, expected, 2e-7, names[what]);
        free(as);
        free(bs);
        free(expected);
        ref_map_free(&a);
        ref_map_free(&b);
        ref_map_free(&y);
    }
    return hash;
}
static void test_elementwise(void **state) {
    (void)state;
    for (size_t i = 0; i < YT_COUNT(shapes); i++) ref_for_each_isa(elementwise, &shapes[i]);
}

/* Every exponent that a float can hold, one by one: silu and softmax stand on exp. */
static uint64_t silu_everywhere(const void *arg) {
    (void)arg;
    enum { N = 4096 };
    struct yt_map x = ref_map(1, 1, 1, N, N);
    for (int i = 0; i < N; i++) x.p[i] = -87 + (float)i * (175.0f / N);
    struct yt_map y = ref_map(1, 1, 1, N, N);
    yt_silu_forward(&x, &y);
    for (int i = 0; i < N; i++) {
        const double e = ref_silu(x.p[i]);
        if (fabs(y.p[i] - e) > 4e-7 * fabs(e) + 1e-37) {
            fail_msg("%s: silu(%.9g) = %.9g, not %.9g", yt_isa(), x.p[i], y.p[i], e);
        }
    }
    const float hard[] = {-INFINITY, -1e30f, -200, -104, -89, 89, 200, 1e30f, INFINITY, NAN, 0};
    struct yt_map few = ref_map(1, 1, 1, 11, 11);
    memcpy(few.p, hard, sizeof hard);
    yt_silu_forward(&few, &few);
    assert_true(isnan(few.p[9]) && few.p[10] == 0);
    assert_true(few.p[5] == 89 && few.p[6] == 200 && few.p[7] == 1e30f && few.p[8] == INFINITY);
    for (int i = 1; i < 5; i++) assert_true(fabsf(few.p[i]) < 1e-30f);
    ref_map_free(&x);
    ref_map_free(&y);
    ref_map_free(&few);
    return 0;
}
static void test_silu_everywhere(void **state) {
    (void)state;
    ref_for_each_isa(silu_everywhere, NULL);
}

static size_t dense_at(const struct shape *s, int n, int y, int x, int c) {
    return (((size_t)n * s->h + y) * s->w + x) * s->c + c;
}

static uint64_t upsample(const void *arg) {
    const struct shape *s = arg;
    const struct shape big = {s->n, 2 * s->h, 2 * s->w, s->c, s->gap};
    struct yt_map x = map_of(s, 1), y = map_of(&big, 2), dx = map_of(s, 4);
    double *xs = ref_doubles(&x), *expected = ref_doubles(&y), *dxs = ref_doubles(&dx);
    for (size_t i = 0; i < count_of(&big); i++) {
        const int c = i % s->c, ox = i / s->c % big.w, oy = i / s->c / big.w % big.h;
        const int n = (int)(i / s->c / big.w / big.h);
        expected[i] = xs[dense_at(s, n, oy / 2, ox / 2, c)];
    }
    yt_upsample2_forward(&x, &y);
    uint64_t hash = ref_check(&y, expected, 0, "upsample");
    ref_fill(&y, 5, -1, 1);
    for (int add = 0; add < 2; add++) {
        double *dys = ref_doubles(&y), *sums = ref_doubles(&dx);
        for (size_t i = 0; i < count_of(s) && !add; i++) sums[i] = 0;
        for (size_t i = 0; i < count_of(&big); i++) {
            const int c = i % s->c, ox = i / s->c % big.w, oy = i / s->c / big.w % big.h;
            const int n = (int)(i / s->c / big.w / big.h);
            sums[dense_at(s, n, oy / 2, ox / 2, c)] += dys[i];
        }
        yt_upsample2_backward(&y, &dx, add);
        hash = hash * 3 ^ ref_check(&dx, sums, 2e-7, "upsample backward");
        free(dys);
        free(sums);
    }
    free(xs);
    free(expected);
    free(dxs);
    ref_map_free(&x);
    ref_map_free(&y);
    ref_map_free(&dx);
    return hash;
}
static void test_upsample(void **state) {
    (void)state;
    for (size_t i = 0; i < YT_COUNT(shapes); i++) ref_for_each_isa(upsample, &shapes[i]);
}

/* The winner of each window by the definition: first of equals in row-major order, NaN wins. */
static int winner(const struct shape *s, const double *x, int k, size_t i, size_t *at) {
    const int c = i % s->c, ox = i / s->c % s->w, oy = i / s->c / s->w % s->h;
    const int n = (int)(i / s->c / s->w / s->h);
    int best = -1;
    for (int tap = 0; tap < k * k; tap++) {
        const int iy = oy + tap / k - k / 2, ix = ox + tap % k - k / 2;
        if (iy < 0 || iy >= s->h || ix < 0 || ix >= s->w) continue;
        const size_t j = dense_at(s, n, iy, ix, c);
        if (best < 0 || (!isnan(x[*at]) && !(x[j] <= x[*at]))) best = tap, *at = j;
    }
    return best;
}

static uint64_t maxpool(const void *arg) {
    const struct shape *s = arg;
    const int k = 5;
    struct yt_map x = map_of(s, 1), y = map_of(s, 2), dy = map_of(s, 3), dx = map_of(s, 4);
    /* few values, so that many are equal */
    for (size_t i = 0; i < yt_map_pixels(&x); i++) {
        for (int c = 0; c < s->c; c++) x.p[i * x.ld + c] = roundf(x.p[i * x.ld + c] / 2);
    }
    uint8_t *where = yt_malloc(count_of(s)), *taps = yt_malloc(count_of(s));
    double *xs = ref_doubles(&x), *expected = ref_doubles(&y), *dys = ref_doubles(&dy);
    double *sums = yt_calloc(count_of(s), sizeof *sums), *added = ref_doubles(&dx);
    for (size_t i = 0; i < count_of(s); i++) {
        size_t at = 0;
        taps[i] = (uint8_t)winner(s, xs, k, i, &at);
        expected[i] = xs[at];
        sums[at] += dys[i];
    }
    const size_t count = yt_maxpool_scratch(&x);
    float *scratch = ref_scratch(count);
    yt_maxpool_forward(k, &x, &y, where, scratch);
    uint64_t hash = ref_check(&y, expected, 0, "maxpool");
    assert_memory_equal(where, taps, count_of(s));
    yt_maxpool_forward(k, &x, &y, NULL, scratch);
    hash ^= 3 * ref_check(&y, expected, 0, "maxpool, values only");
    for (size_t i = 0; i < count_of(s); i++) added[i] += sums[i];
    yt_maxpool_backward(k, &dy, where, &dx, true, scratch);
    hash ^= 5 * ref_check(&dx, added, 2e-7, "maxpool backward, added");
    yt_maxpool_backward(k, &dy, where, &dx, false, scratch);
    hash ^= 7 * ref_check(&dx, sums, 2e-7, "maxpool backward");
    x.p[0] = NAN;
    yt_maxpool_forward(k, &x, &y, where, scratch);
    assert_true(isnan(y.p[0]) && where[0] == k * k / 2);
    ref_scratch_free(scratch, count);
    void *const memory[] = {where, taps, xs, expected, dys, sums, added};
    for (size_t i = 0; i < YT_COUNT(memory); i++) free(memory[i]);
    ref_map_free(&x);
    ref_map_free(&y);
    ref_map_free(&dy);
    ref_map_free(&dx);
    return hash;
}
static void test_maxpool(void **state) {
    (void)state;
    for (size_t i = 0; i < YT_COUNT(shapes); i++) ref_for_each_isa(maxpool, &shapes[i]);
}

/* Rows of all -inf but one, of large values, and of one column are softmaxes too. */
static uint64_t softmax(const void *arg) {
    const int cols = *(const int *)arg, rows = 7;
    const size_t count = (size_t)rows * cols;
    const float scale = 0.176777f;
    float *s = ref_array(count, 1, -200, 200), *ds = ref_array(count, 2, -1, 1);
    for (int j = 1; j < cols; j++) s[j] = -INFINITY;
    double *expected = yt_calloc(count, sizeof *expected), *d = yt_calloc(count, sizeof *d);
    for (int i = 0; i < rows; i++) {
        double max = -INFINITY, sum = 0, dot = 0;
        for (int j = i * cols; j < (i + 1) * cols; j++) max = fmax(max, (double)s[j] * scale);
        for (int j = i * cols; j < (i + 1) * cols; j++) sum += exp((double)s[j] * scale - max);
        for (int j = i * cols; j < (i + 1) * cols; j++) {
            expected[j] = exp((double)s[j] * scale - max) / sum;
            dot += expected[j] * ds[j];
        }
        for (int j = i * cols; j < (i + 1) * cols; j++) {
            d[j] = scale * expected[j] * (ds[j] - dot);
        }
    }
    yt_softmax_rows(s, rows, cols, scale);
    /* an exponent of -35 in float carries an error of 35 * 2^-24 */
    uint64_t hash = ref_check_array(s, count, expected, 3e-6, "softmax");
    yt_softmax_rows_backward(s, ds, rows, cols, scale);
    double size = 0; /* one column has no gradient at all */
    for (size_t i = 0; i < count; i++) size += d[i] * d[i];
    for (size_t i = 0; i < count && size < 1e-12; i++) assert_true(fabsf(ds[i]) < 1e-6f);
    if (size >= 1e-12) hash ^= 3 * ref_check_array(ds, count, d, 1e-5, "softmax backward");
    s[0] = NAN;
    yt_softmax_rows(s, 1, cols, scale);
    for (int j = 0; j < cols; j++) assert_true(isnan(s[j]));
    ref_array_free(s, count);
    ref_array_free(ds, count);
    free(expected);
    free(d);
    return hash;
}
/* Also where all the weight is on one bin, and where logits are large. */
static uint64_t expected_bins(const void *arg) {
    enum { ROWS = 9, COUNT = ROWS * 16 };
    const double largest[ROWS] = {0.1, 1, 3, 10, 50, 88, 90, 300, 3e4};
    float *x = ref_array(COUNT, 11, -1, 1), *p = ref_array(COUNT, 12, -1, 1);
    float *mean = ref_array(ROWS, 13, -1, 1), *alone = ref_array(ROWS, 14, -1, 1);
    double expected_p[COUNT], expected_mean[ROWS];
    (void)arg;
    for (int r = 0; r < ROWS; r++) {
        double sum = 0, moment = 0, most = -INFINITY;
        for (int j = 0; j < 16; j++) {
            x[r * 16 + j] *= (float)largest[r];
            most = fmax(most, x[r * 16 + j]);
        }
        for (int j = 0; j < 16; j++) {
            expected_p[r * 16 + j] = exp(x[r * 16 + j] - most);
            sum += expected_p[r * 16 + j];
            moment += j * expected_p[r * 16 + j];
        }
        for (int j = 0; j < 16; j++) expected_p[r * 16 + j] /= sum;
        expected_mean[r] = moment / sum;
    }
    yt_expect_bins(x, ROWS, p, mean);
    yt_expect_bins(x, ROWS, NULL, alone);
    assert_memory_equal(mean, alone, ROWS * sizeof *mean);
    uint64_t hash = ref_check_array(p, COUNT, expected_p, 1e-6, "softmax of bins") ^
                    3 * ref_check_array(mean, ROWS, expected_mean, 1e-6, "expected bin");
    x[5] = NAN;
    yt_expect_bins(x, ROWS, NULL, mean);
    assert_true(isnan(mean[0]) && !isnan(mean[1]));
    ref_array_free(x, COUNT);
    ref_array_free(p, COUNT);
    ref_array_free(mean, ROWS);
    ref_array_free(alone, ROWS);
    return hash;
}
static void test_expected_bins(void **state) {
    (void)state;
    ref_for_each_isa(expected_bins, NULL);
}
static void test_softmax(void **state) {
    (void)state;
    const int cols[] = {1, 5, 16, 37, 400};
    for (size_t i = 0; i < YT_COUNT(cols); i++) ref_for_each_isa(softmax, &cols[i]);
}

static uint64_t bytes(const void *arg) {
    const int gap = *(const int *)arg;
    struct yt_map y = ref_map(1, 16, 16, 3, 3 + gap);
    uint8_t x[16 * 16 * 3];
    double expected[sizeof x];
    for (size_t i = 0; i < sizeof x; i++) x[i] = (uint8_t)i, expected[i] = x[i] / 255.0f;
    yt_bytes_to_floats(x, &y);
    uint64_t hash = ref_check(&y, expected, 0, "bytes");
    ref_map_free(&y);
    return hash;
}
static void test_bytes(void **state) {
    (void)state;
    const int gaps[] = {0, 1};
    ref_for_each_isa(bytes, &gaps[0]);
    ref_for_each_isa(bytes, &gaps[1]);
}

static void test_choice(void **state) {
    (void)state;
    assert_int_equal(yt_isa_set("base"), 0);
    assert_string_equal(yt_isa(), "base");
    assert_int_equal(yt_isa_set("mmx"), -1);
    assert_error_has("mmx");
    assert_string_equal(yt_isa(), "base");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_elementwise), cmocka_unit_test(test_silu_everywhere),
        cmocka_unit_test(test_upsample),    cmocka_unit_test(test_maxpool),
        cmocka_unit_test(test_softmax),     cmocka_unit_test(test_expected_bins),
        cmocka_unit_test(test_bytes),       cmocka_unit_test(test_choice),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
