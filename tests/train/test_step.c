/* A training step allocates nothing, leaves the process as large as it was, and depends neither on
 * the number of threads nor on which of its two graphs ran before. */
#include "support/test.h"
#include "yolov10/ref_model.h"

#include "base/rng.h"
#include "base/threads.h"
#include "train/optimizer.h"
#include "train/step.h"

#include <math.h>
#include <stdatomic.h>

/* --- counting allocations: the program's own malloc, which every library calls --- */

static atomic_long allocations;

/* Sanitizers have a malloc of their own; gcc and clang tell of them in two ways. */
#ifndef __has_feature
#    define __has_feature(x) 0
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) ||                               \
    __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || !defined(__GLIBC__)
#    define COUNTS false
#else
#    define COUNTS true
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *p, size_t size);
void *__libc_memalign(size_t alignment, size_t size);

void *malloc(size_t size) {
    atomic_fetch_add(&allocations, 1);
    return __libc_malloc(size);
}
void *calloc(size_t count, size_t size) {
    atomic_fetch_add(&allocations, 1);
    return __libc_calloc(count, size);
}
void *realloc(void *p, size_t size) {
    atomic_fetch_add(&allocations, 1);
    return __libc_realloc(p, size);
}
void *aligned_alloc(size_t alignment, size_t size) {
    atomic_fetch_add(&allocations, 1);
    return __libc_memalign(alignment, size);
}
#endif

/* --- batches --- */

enum { SIDE = 64, BATCH = 3, STEPS = 8 };

struct pictures {
    struct yt_batch batch;
    uint8_t images[BATCH * SIDE * SIDE * 3];
    struct yt_target targets[4 * BATCH];
};

static void fill(struct pictures *p, int n) {
    struct yt_rng rng = yt_rng_make(3, "pictures", (uint64_t)n, 0);
    for (size_t i = 0; i < sizeof(p->images); i++) p->images[i] = (uint8_t)yt_rng_next(&rng);
    for (int i = 0; i < 4 * n; i++)
        p->targets[i] = (struct yt_target){i / 4,
                                           i % 3,
                                           (float)yt_rng_uniform(&rng, 0.3, 0.7),
                                           (float)yt_rng_uniform(&rng, 0.3, 0.7),
                                           (float)yt_rng_uniform(&rng, 0.1, 0.6),
                                           (float)yt_rng_uniform(&rng, 0.1, 0.6)};
    p->batch = (struct yt_batch){.n = n,
                                 .h = SIDE,
                                 .w = SIDE,
                                 .images = p->images,
                                 .targets = p->targets,
                                 .target_count = 4 * n};
}

struct run {
    struct yt_model *model;
    struct yt_step step;
    struct yt_optimizer optimizer;
    struct pictures full, last; /* the last batch of an epoch is smaller */
};

static void run_init(struct run *r) {
    r->model = ref_model_new("n", 3);
    struct yt_loss_gains gains = {.box = 7.5f, .cls = 0.5f, .dfl = 1.5f};
    assert_int_equal(yt_step_init(&r->step, r->model, gains, BATCH, SIDE), 0);
    yt_optimizer_init(&r->optimizer, YT_ADAMW, r->model->params);
    fill(&r->full, BATCH);
    fill(&r->last, 2);
}

static void run_release(struct run *r) {
    yt_optimizer_release(&r->optimizer);
    yt_step_release(&r->step);
    yt_model_free(r->model);
}

/* One optimiser step; returns the sum of the items. */
static double run_step(struct run *r, const struct yt_batch *batch) {
    float items[YT_ITEMS];
    double sum = 0;
    struct yt_rates rates = {.lr = {1e-3, 1e-3, 1e-3}, .momentum = 0.9, .accumulate = 1};
    assert_int_equal(yt_step_run(&r->step, batch, items), 0);
    yt_optimizer_step(&r->optimizer, r->model->params, &rates,
                      yt_gradient_norm(&r->optimizer, r->model->params));
    for (int i = 0; i < YT_ITEMS; i++) sum += (double)items[i];
    return sum;
}

static void test_nothing_is_allocated(void **state) {
    (void)state;
    struct run r;
    int before = yt_threads();
    yt_threads_set(2);
    run_init(&r);
    long at_start = atomic_load(&allocations);
    run_step(&r, &r.full.batch);
    run_step(&r, &r.last.batch);
    if (COUNTS) assert_true(atomic_load(&allocations) > at_start); /* so they are counted */
    run_step(&r, &r.full.batch);
    size_t resident = yt_resident_bytes();
    long counted = atomic_load(&allocations);
    for (int i = 0; i < STEPS; i++) run_step(&r, i % 4 ? &r.full.batch : &r.last.batch);
    long more = atomic_load(&allocations) - counted;
    if (more) fail_msg("%ld allocations in %d steps", more, STEPS);
    size_t now = yt_resident_bytes();
    if (now > resident + (1 << 16)) fail_msg("resident %zu bytes, then %zu", resident, now);
    yt_threads_set(before);
    run_release(&r);
}

static void test_loss_falls(void **state) {
    (void)state;
    struct run r;
    run_init(&r);
    double first = run_step(&r, &r.full.batch), last = 0;
    for (int i = 0; i < 12; i++) last = run_step(&r, &r.full.batch);
    if (!(last < 0.9 * first))
        fail_msg("loss %g, after 12 more steps on one batch %g", first, last);
    run_release(&r);
}

/* The same bits for 1 and 3 threads, and where a smaller batch used the memory in between. */
static void test_same_bits(void **state) {
    (void)state;
    struct run a, b;
    int before = yt_threads();
    yt_threads_set(1);
    run_init(&a);
    run_step(&a, &a.full.batch);
    run_step(&a, &a.last.batch);
    run_step(&a, &a.full.batch);
    yt_threads_set(3);
    run_init(&b);
    run_step(&b, &b.full.batch);
    yt_step_release(&b.step); /* as after a pause: the smaller batch is planned first */
    struct yt_loss_gains gains = {.box = 7.5f, .cls = 0.5f, .dfl = 1.5f};
    assert_int_equal(yt_step_init(&b.step, b.model, gains, BATCH, SIDE), 0);
    run_step(&b, &b.last.batch);
    run_step(&b, &b.full.batch);
    yt_threads_set(before);
    const struct yt_params *p = a.model->params, *q = b.model->params;
    assert_memory_equal(p->value, q->value, p->total * sizeof(float));
    assert_memory_equal(a.optimizer.ema, b.optimizer.ema, p->total * sizeof(float));
    for (size_t i = 0; i < p->total; i++) assert_true(isfinite(p->value[i]));
    run_release(&a);
    run_release(&b);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nothing_is_allocated),
        cmocka_unit_test(test_loss_falls),
        cmocka_unit_test(test_same_bits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
