/* How fast the kernels are: every kind of convolution of YOLOv10-n at 640 px, and the kernels that
 * are bound by memory, against the peak of the CPU measured beside them.
 *
 *     bench_kernels [batch=4] [threads=1] [only=substring] [seconds=0.2]
 *
 * Prints GFLOP/s for convolutions (best of the runs that fit in `seconds`) and GB/s of what must be
 * read and written for the others. Not part of the default build: ninja bench_kernels.
 */
#include "base/base.h"
#include "base/threads.h"
#include "tensor/kernels.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static struct {
    int batch, threads;
    const char *only;
    double seconds;
} options = {4, 1, "", 0.2};

/* One thread is timed by the CPU time it got, so that other programs on the machine disturb little.
 */
static double now(void) {
    if (options.threads > 1) return yt_now();
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Runs `call` until the time is spent; the shortest run in seconds. */
static double best_of(void (*call)(void *), void *arg) {
    double best = 1e9, end = now() + options.seconds;
    for (int i = 0; i < 3 || now() < end; i++) {
        const double start = now();
        call(arg);
        best = YT_MIN(best, now() - start);
    }
    return best;
}

/* --- peaks -------------------------------------------------------------------------------------
 */
#if defined(__x86_64__)
typedef float vec8 __attribute__((vector_size(32)));

__attribute__((target("avx2,fma"))) static void multiply_add(void *arg) {
    vec8 s0, s1, s2, s3, s4, s5, s6, s7, s8, s9, x = {1.0f}, y = {1e-9f};
    s0 = s1 = s2 = s3 = s4 = s5 = s6 = s7 = s8 = s9 = x;
    for (int k = 0; k < 1000000; k++) {
        s0 += x * y, s1 += x * y, s2 += x * y, s3 += x * y, s4 += x * y;
        s5 += x * y, s6 += x * y, s7 += x * y, s8 += x * y, s9 += x * y;
        /* keeps the loop as it is written */
        __asm__("" : "+x"(s0), "+x"(s1), "+x"(s2), "+x"(s3), "+x"(s4));
        __asm__("" : "+x"(s5), "+x"(s6), "+x"(s7), "+x"(s8), "+x"(s9), "+x"(x), "+x"(y));
    }
    *(float *)arg = (s0 + s1 + s2 + s3 + s4 + s5 + s6 + s7 + s8 + s9)[0];
}
static double peak_gflops(void) {
    float sink;
    return 10 * 16e6 / best_of(multiply_add, &sink) * 1e-9;
}
#else
static double peak_gflops(void) {
    return 0;
}
#endif

/* --- convolutions
 * ---------------------------------------------------------------------------------- */
struct shape {
    int k, stride, size, c_in, c_out; /* size of the output */
    int count;                        /* in a training step of YOLOv10-n */
    bool depthwise;
};
static const struct shape shapes[] = {
    {3, 2, 320, 3, 16, 1, false},   {3, 2, 160, 16, 32, 1, false},  {1, 1, 160, 32, 32, 1, false},
    {3, 1, 160, 16, 16, 2, false},  {1, 1, 160, 48, 32, 1, false},  {3, 2, 80, 32, 64, 1, false},
    {1, 1, 80, 64, 64, 3, false},   {3, 1, 80, 32, 32, 6, false},   {1, 1, 80, 128, 64, 1, false},
    {1, 1, 80, 64, 128, 1, false},  {1, 1, 80, 192, 64, 1, false},  {3, 1, 80, 64, 64, 4, false},
    {1, 1, 80, 64, 100, 2, false},  {1, 1, 80, 100, 100, 2, false}, {1, 1, 80, 100, 136, 2, false},
    {3, 1, 40, 64, 64, 10, false},  {3, 1, 40, 128, 64, 2, false},  {3, 2, 40, 64, 64, 1, false},
    {1, 1, 40, 128, 128, 2, false}, {1, 1, 40, 256, 128, 1, false}, {1, 1, 40, 384, 128, 1, false},
    {1, 1, 40, 192, 128, 3, false}, {3, 1, 20, 128, 128, 2, false}, {3, 1, 20, 256, 64, 2, false},
    {1, 1, 20, 256, 256, 3, false}, {1, 1, 20, 512, 256, 1, false}, {1, 1, 20, 128, 256, 3, false},
    {3, 1, 80, 64, 64, 2, true},    {3, 1, 80, 100, 100, 2, true},  {3, 2, 40, 128, 128, 1, true},
    {3, 1, 40, 128, 128, 2, true},  {3, 2, 20, 256, 256, 1, true},  {7, 1, 20, 256, 256, 1, true},
};

struct conv_run {
    struct yt_conv conv;
    bool depthwise;
    struct yt_map x, y;
    float *w, *scratch;
};
static void forward(void *arg) {
    struct conv_run *r = arg;
    if (r->depthwise) {
        yt_dwconv2d_forward(&r->conv, &r->x, r->w, NULL, YT_ACT_NONE, &r->y);
    } else {
        yt_conv2d_forward(&r->conv, &r->x, r->w, NULL, YT_ACT_NONE, &r->y, r->scratch);
    }
}
static void backward_input(void *arg) {
    struct conv_run *r = arg;
    if (r->depthwise) {
        yt_dwconv2d_backward_input(&r->conv, &r->y, r->w, &r->x, false);
    } else {
        yt_conv2d_backward_input(&r->conv, &r->y, r->w, &r->x, false, r->scratch);
    }
}
static void backward_weight(void *arg) {
    struct conv_run *r = arg;
    if (r->depthwise) {
        yt_dwconv2d_backward_weight(&r->conv, &r->x, &r->y, r->w, r->scratch);
    } else {
        yt_conv2d_backward_weight(&r->conv, &r->x, &r->y, r->w, NULL, r->scratch);
    }
}
static size_t scratch_of(const struct conv_run *r) {
    if (r->depthwise) return yt_dwconv2d_backward_weight_scratch(&r->conv, &r->x, &r->y);
    const size_t a = yt_conv2d_forward_scratch(&r->conv, &r->x, &r->y);
    const size_t b = yt_conv2d_backward_input_scratch(&r->conv, &r->y, &r->x);
    const size_t c = yt_conv2d_backward_weight_scratch(&r->conv, &r->x, &r->y);
    return YT_MAX(a, YT_MAX(b, c));
}

static float *floats(size_t count) {
    float *p = yt_arena_map(count * sizeof *p, "benchmark");
    if (!p) {
        fprintf(stderr, "%s\n", yt_error());
        exit(1);
    }
    for (size_t i = 0; i < count; i++) p[i] = (float)(i * 2654435761u % 1000) * 1e-3f - 0.5f;
    return p;
}
static size_t map_floats(const struct yt_map *m) {
    return (size_t)m->n * m->h * m->w * m->ld;
}

/* Sums over the network of operations and of time. */
static struct { double gflop[3], seconds[3]; } total;

static void bench_conv(const struct shape *s, double peak) {
    char name[64];
    snprintf(name, sizeof name, "%s%dx%d s%d %3d>%-3d @%d", s->depthwise ? "dw" : "", s->k, s->k,
             s->stride, s->c_in, s->c_out, s->size);
    if (!strstr(name, options.only)) return;
    const int in = s->size * s->stride;
    struct conv_run r = {.conv = {s->k, s->stride, s->k / 2}, .depthwise = s->depthwise};
    r.x = (struct yt_map){NULL, options.batch, in, in, s->c_in, s->c_in};
    r.y = (struct yt_map){NULL, options.batch, s->size, s->size, s->c_out, s->c_out};
    const size_t w = (size_t)s->k * s->k * (s->depthwise ? 1 : s->c_in) * s->c_out;
    const size_t x_floats = map_floats(&r.x), y_floats = map_floats(&r.y);
    const size_t scratch = scratch_of(&r);
    r.x.p = floats(x_floats), r.y.p = floats(y_floats), r.w = floats(w),
    r.scratch = floats(scratch);
    const double gflop = 2e-9 * (double)w * options.batch * s->size * s->size;
    void (*const calls[3])(void *) = {forward, backward_input, backward_weight};
    printf("%-24s x%-2d", name, s->count);
    for (int i = 0; i < 3; i++) {
        memset(r.w, 0, w * sizeof *r.w); /* dw of the run before has grown */
        const double seconds = best_of(calls[i], &r);
        printf(" %7.1f (%3.0f%%)", gflop / seconds, 100 * gflop / seconds / peak);
        total.gflop[i] += gflop * s->count;
        total.seconds[i] += seconds * s->count;
    }
    printf("\n");
    yt_arena_unmap(r.x.p, x_floats * sizeof(float));
    yt_arena_unmap(r.y.p, y_floats * sizeof(float));
    yt_arena_unmap(r.w, w * sizeof(float));
    yt_arena_unmap(r.scratch, scratch * sizeof(float));
}

/* --- kernels bound by memory
 * ------------------------------------------------------------------------ */
struct map_run {
    struct yt_map x, y, z;
    float *a, *b, *c, *d, *scratch;
};
static void run_statistics(void *arg) {
    struct map_run *r = arg;
    yt_bn_statistics(&r->x, r->a, r->b, r->scratch);
}
static void run_scale_shift(void *arg) {
    struct map_run *r = arg;
    yt_scale_shift_act(&r->x, r->a, r->b, YT_ACT_NONE, &r->y);
}
static void run_scale_shift_silu(void *arg) {
    struct map_run *r = arg;
    yt_scale_shift_act(&r->x, r->a, r->b, YT_ACT_SILU, &r->y);
}
static void run_bn_backward(void *arg) {
    struct map_run *r = arg;
    yt_bn_act_backward(&r->x, &r->y, r->a, r->b, r->a, r->b, YT_ACT_SILU, r->c, r->d, &r->z, false,
                       r->scratch);
}
static void run_silu(void *arg) {
    struct map_run *r = arg;
    yt_silu_forward(&r->x, &r->y);
}
static void run_silu_backward(void *arg) {
    struct map_run *r = arg;
    yt_silu_backward(&r->x, &r->y, &r->z, false);
}
static void run_add(void *arg) {
    struct map_run *r = arg;
    yt_add_forward(&r->x, &r->y, &r->z);
}
static void run_copy(void *arg) {
    struct map_run *r = arg;
    yt_copy(&r->x, &r->y, false);
}
static void run_zero(void *arg) {
    struct map_run *r = arg;
    yt_zero(&r->y);
}

static const struct {
    const char *name;
    void (*call)(void *);
    int passes; /* over a map, at least */
} kernels[] = {
    {"bn statistics", run_statistics, 1},
    {"scale shift", run_scale_shift, 2},
    {"scale shift silu", run_scale_shift_silu, 2},
    {"bn silu backward", run_bn_backward, 5},
    {"silu", run_silu, 2},
    {"silu backward", run_silu_backward, 3},
    {"add", run_add, 3},
    {"copy", run_copy, 2},
    {"zero", run_zero, 1},
};

static void bench_map(int size, int c, int ld) {
    struct map_run r;
    const struct yt_map m = {NULL, options.batch, size, size, c, ld};
    const size_t count = map_floats(&m), scratch = yt_bn_scratch(&m);
    r.x = r.y = r.z = m;
    r.x.p = floats(count), r.y.p = floats(count), r.z.p = floats(count);
    r.a = floats(4 * c), r.b = r.a + c, r.c = r.b + c, r.d = r.c + c;
    r.scratch = floats(scratch);
    const double gigabytes = 4e-9 * options.batch * size * size * c;
    printf("%3d channels of %-3d @%d (%.1f MB):", c, ld, size, 1e3 * gigabytes);
    for (size_t i = 0; i < YT_COUNT(kernels); i++) {
        if (!strstr(kernels[i].name, options.only)) continue;
        printf(" %s %.1f,", kernels[i].name,
               kernels[i].passes * gigabytes / best_of(kernels[i].call, &r));
    }
    printf(" GB/s\n");
    yt_arena_unmap(r.x.p, count * sizeof(float));
    yt_arena_unmap(r.y.p, count * sizeof(float));
    yt_arena_unmap(r.z.p, count * sizeof(float));
    yt_arena_unmap(r.a, 4 * c * sizeof(float));
    yt_arena_unmap(r.scratch, scratch * sizeof(float));
}

int main(int argc, char **argv) {
    for (int i = 1; i < argc; i++) {
        const char *value = strchr(argv[i], '=');
        if (!value) continue;
        value++;
        if (!strncmp(argv[i], "batch=", 6)) options.batch = atoi(value);
        if (!strncmp(argv[i], "threads=", 8)) options.threads = atoi(value);
        if (!strncmp(argv[i], "only=", 5)) options.only = value;
        if (!strncmp(argv[i], "seconds=", 8)) options.seconds = atof(value);
    }
    yt_threads_set(options.threads);
    const double peak = peak_gflops() * options.threads;
    printf("%s, %d threads, batch %d; one thread's FMA peak with 8 lanes times threads: %.0f "
           "GFLOP/s\n%-28s %14s %14s %14s\n",
           yt_isa(), options.threads, options.batch, peak, "GFLOP/s", "forward", "backward x",
           "backward w");
    for (size_t i = 0; i < YT_COUNT(shapes); i++) bench_conv(&shapes[i], peak);
    printf("%-27s", "all, in a training step");
    for (int i = 0; i < 3; i++) {
        const double rate = total.gflop[i] / total.seconds[i];
        printf(" %7.1f (%3.0f%%)", rate, 100 * rate / peak);
    }
    printf("; %.0f ms\n", 1e3 * (total.seconds[0] + total.seconds[1] + total.seconds[2]));
    bench_map(160, 32, 32);
    bench_map(80, 64, 64);
    bench_map(80, 100, 100);
    bench_map(20, 128, 256);
    return 0;
}
