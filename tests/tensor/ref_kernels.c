#include "tensor/ref_kernels.h"
#include "base/rng.h"
#include "base/threads.h"
#include "support/test.h"
#include "tensor/kernels/kernel.h"

#include <math.h>

#if defined(__x86_64__)
extern const struct yt_kernels yt_kernels_wide; /* avx512's sources with avx2's instructions */
#endif

static void run_threads(uint64_t (*test)(const void *arg), const void *arg) {
    yt_threads_set(1);
    const uint64_t one = test(arg);
    for (int threads = 2; threads <= 3; threads++) {
        yt_threads_set(threads);
        if (test(arg) != one) fail_msg("%s: %d threads differ from 1", yt_isa(), threads);
    }
    yt_threads_set(0);
}

void ref_for_each_isa(uint64_t (*test)(const void *arg), const void *arg) {
    const char *const names[] = {"base", "avx2", "avx512"};
    for (size_t i = 0; i < YT_COUNT(names); i++) {
        if (yt_isa_set(names[i]) == 0) run_threads(test, arg);
    }
#if defined(__x86_64__)
    if (yt_isa_set("avx2") == 0) {
        yt_kernels_use(&yt_kernels_wide);
        run_threads(test, arg);
    }
#endif
}

/* --- memory with guards ---------------------------------------------------------------------- */
enum { GUARD = 32 };

static const uint32_t guard_bits = 0x7fc0dead;

static void put_guard(float *p, size_t count) {
    for (size_t i = 0; i < count; i++) memcpy(p + i, &guard_bits, sizeof *p);
}
static void check_guard(const float *p, size_t count, const char *what) {
    for (size_t i = 0; i < count; i++) {
        if (memcmp(p + i, &guard_bits, sizeof *p) != 0) fail_msg("%s: guard overwritten", what);
    }
}

static size_t map_floats(const struct yt_map *m) {
    return yt_map_pixels(m) * m->ld;
}
static uint64_t random_at(uint64_t seed, size_t i) {
    return yt_mix(seed * 0x9e3779b97f4a7c15u + i);
}
static float uniform_at(uint64_t seed, size_t i, double lo, double hi) {
    return (float)(lo + (hi - lo) * ((double)(random_at(seed, i) >> 11) * 0x1p-53));
}

struct yt_map ref_map(int n, int h, int w, int c, int ld) {
    struct yt_map m = {NULL, n, h, w, c, ld};
    float *p = yt_malloc((map_floats(&m) + 2 * GUARD) * sizeof *p);
    put_guard(p, map_floats(&m) + 2 * GUARD);
    m.p = p + GUARD;
    for (size_t i = 0; i < yt_map_pixels(&m); i++) memset(m.p + i * ld, 0, c * sizeof *p);
    return m;
}
void ref_map_free(struct yt_map *m) {
    if (m->p) free(m->p - GUARD);
    m->p = NULL;
}
void ref_fill(const struct yt_map *m, uint64_t seed, double lo, double hi) {
    for (size_t i = 0; i < yt_map_pixels(m); i++) {
        for (int c = 0; c < m->c; c++) {
            m->p[i * m->ld + c] = uniform_at(seed, i * m->c + c, lo, hi);
        }
    }
}

float *ref_array(size_t count, uint64_t seed, double lo, double hi) {
    float *p = yt_malloc((count + 2 * GUARD) * sizeof *p);
    put_guard(p, count + 2 * GUARD);
    for (size_t i = 0; i < count; i++) p[GUARD + i] = uniform_at(seed, i, lo, hi);
    return p + GUARD;
}
void ref_array_free(float *p, size_t count) {
    check_guard(p - GUARD, GUARD, "array");
    check_guard(p + count, GUARD, "array");
    free(p - GUARD);
}

float *ref_scratch(size_t count) {
    const size_t bytes = (count + 2 * GUARD) * sizeof(float);
    float *p = aligned_alloc(64, yt_round_up(bytes, 64));
    YT_ASSERT(p);
    put_guard(p, count + 2 * GUARD);
    return p + GUARD;
}
void ref_scratch_free(float *p, size_t count) {
    check_guard(p - GUARD, GUARD, "scratch");
    check_guard(p + count, GUARD, "scratch");
    free(p - GUARD);
}

/* --- comparison ---------------------------------------------------------------------------------
 */
double *ref_doubles(const struct yt_map *m) {
    double *d = yt_malloc(yt_map_pixels(m) * m->c * sizeof *d);
    for (size_t i = 0; i < yt_map_pixels(m); i++) {
        for (int c = 0; c < m->c; c++) d[i * m->c + c] = m->p[i * m->ld + c];
    }
    return d;
}

static void check_close(double error, double size, size_t count, double tolerance,
                        const char *what) {
    if (!(error <= tolerance * tolerance * size)) {
        fail_msg("%s, %s: relative error %g > %g (rms of the expected: %g)", yt_isa(), what,
                 sqrt(error / size), tolerance, sqrt(size / (double)count));
    }
}

uint64_t ref_check(const struct yt_map *m, const double *expected, double tolerance,
                   const char *what) {
    double error = 0, size = 0;
    uint64_t hash = 0;
    check_guard(m->p - GUARD, GUARD, what);
    check_guard(m->p + map_floats(m), GUARD, what);
    for (size_t i = 0; i < yt_map_pixels(m); i++) {
        const float *p = m->p + i * m->ld;
        for (int c = 0; c < m->c; c++) {
            const double d = p[c] - expected[i * m->c + c];
            error += d * d;
            size += expected[i * m->c + c] * expected[i * m->c + c];
        }
        check_guard(p + m->c, m->ld - m->c, what);
        hash = yt_mix(hash ^ yt_hash(p, m->c * sizeof *p));
    }
    check_close(error, size, yt_map_pixels(m) * m->c, tolerance, what);
    return hash;
}
uint64_t ref_check_array(const float *p, size_t count, const double *expected, double tolerance,
                         const char *what) {
    double error = 0, size = 0;
    for (size_t i = 0; i < count; i++) {
        error += (p[i] - expected[i]) * (p[i] - expected[i]);
        size += expected[i] * expected[i];
    }
    check_close(error, size, count, tolerance, what);
    return yt_hash(p, count * sizeof *p);
}

/* --- naive results
 * -------------------------------------------------------------------------------- */
/* Calls `each` for every product: indices of x, w and y, all dense. Inlined, for the tests' speed.
 */
typedef void product_function(void *user, size_t x, size_t w, size_t y);

static inline __attribute__((always_inline)) void
for_each_product(const struct yt_conv *conv, bool depthwise, const struct yt_map *x,
                 const struct yt_map *y, product_function *each, void *user) {
    const int k = conv->k, per_group = depthwise ? 1 : x->c;
    for (size_t pixel = 0; pixel < yt_map_pixels(y); pixel++) {
        const int n = (int)(pixel / y->w / y->h);
        const int oy = (int)(pixel / y->w % y->h), ox = (int)(pixel % y->w);
        for (int tap = 0; tap < k * k; tap++) {
            const int iy = oy * conv->stride + tap / k - conv->pad;
            const int ix = ox * conv->stride + tap % k - conv->pad;
            if (iy < 0 || iy >= x->h || ix < 0 || ix >= x->w) continue;
            const size_t from = (((size_t)n * x->h + iy) * x->w + ix) * x->c;
            for (int i = 0; i < per_group; i++) {
                for (int o = 0; o < y->c; o++) {
                    each(user, from + (depthwise ? o : i), ((size_t)tap * per_group + i) * y->c + o,
                         pixel * y->c + o);
                }
            }
        }
    }
}

struct operands {
    const double *x, *dy;
    const float *w;
    double *result;
};
static void add_forward(void *user, size_t x, size_t w, size_t y) {
    const struct operands *o = user;
    o->result[y] += o->x[x] * o->w[w];
}
static void add_input(void *user, size_t x, size_t w, size_t y) {
    const struct operands *o = user;
    o->result[x] += o->dy[y] * o->w[w];
}
static void add_weight(void *user, size_t x, size_t w, size_t y) {
    const struct operands *o = user;
    o->result[w] += o->x[x] * o->dy[y];
}

void ref_conv_forward(const struct yt_conv *conv, bool depthwise, const struct yt_map *x,
                      const float *w, const struct yt_map *y_shape, double *y) {
    double *xs = ref_doubles(x);
    struct operands operands = {.x = xs, .w = w, .result = y};
    for_each_product(conv, depthwise, x, y_shape, add_forward, &operands);
    free(xs);
}
void ref_conv_backward_input(const struct yt_conv *conv, bool depthwise, const struct yt_map *dy,
                             const float *w, const struct yt_map *dx_shape, double *dx) {
    double *dys = ref_doubles(dy);
    struct operands operands = {.dy = dys, .w = w, .result = dx};
    for_each_product(conv, depthwise, dx_shape, dy, add_input, &operands);
    free(dys);
}
void ref_conv_backward_weight(const struct yt_conv *conv, bool depthwise, const struct yt_map *x,
                              const struct yt_map *dy, double *dw) {
    double *xs = ref_doubles(x), *dys = ref_doubles(dy);
    struct operands operands = {.x = xs, .dy = dys, .result = dw};
    for_each_product(conv, depthwise, x, dy, add_weight, &operands);
    free(xs);
    free(dys);
}

double ref_silu(double x) {
    return x / (1 + exp(-x));
}
double ref_silu_slope(double x) {
    const double s = 1 / (1 + exp(-x));
    return s + x * s * (1 - s);
}
