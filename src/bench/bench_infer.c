#include "bench/bench.h"
#include "bench/peak.h"
#include "bench/shares.h"

#include "base/rng.h"
#include "base/threads.h"
#include "infer/detector.h"
#include "yolov10/weights.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static size_t input_floats(const struct yt_bench_options *o) {
    return (size_t)o->batch * (size_t)o->imgsz * (size_t)o->imgsz * 3;
}

static int ascending(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The network alone (raw head outputs), as engines are usually compared; decoding apart. */
struct run {
    struct yt_detector *detector;
    const struct yt_bench_options *options;
    float *noise; /* a run overwrites its input, which has to be put there again */
    struct yt_detection *found;
    int *counts;
    double network_s, decode_s; /* of the last run */
};

enum { MAX_DET = 300 };

static int run_once(struct run *run) {
    const struct yt_bench_options *o = run->options;
    const struct yt_map *input = yt_detector_begin(run->detector, o->batch, o->imgsz, o->imgsz);
    if (!input) return -1;
    memcpy(input->p, run->noise, input_floats(o) * sizeof(float));
    double start = yt_now();
    yt_detector_run(run->detector);
    double computed = yt_now();
    yt_detector_decode(run->detector, MAX_DET, run->found, run->counts);
    run->network_s = computed - start;
    run->decode_s = yt_now() - computed;
    return 0;
}

static double lockstep(void *user) {
    struct run *run = user;
    return run_once(run) ? NAN : 1e3 * run->network_s;
}

static void report(const struct run *run, double *network_s, double *decode_s,
                   struct yt_str *json) {
    const struct yt_bench_options *o = run->options;
    const struct yt_model *model = yt_detector_model(run->detector);
    size_t n = (size_t)o->steps;
    qsort(network_s, n, sizeof(double), ascending);
    qsort(decode_s, n, sizeof(double), ascending);
    double median = network_s[n / 2], p95 = network_s[YT_MIN(n - 1, n * 95 / 100)];
    yt_info("infer yolov10%s, batch %d, %d px, %d classes, %d threads: median %.2f ms, p95 %.2f ms "
            "(decoding %.2f ms), %.1f images/s",
            model->scale->name, o->batch, o->imgsz, model->nc, yt_threads(), 1e3 * median,
            1e3 * p95, 1e3 * decode_s[n / 2], o->batch / median);
    yt_str_add(json,
               "{\"bench\":\"infer\",\"model\":\"%s\",\"batch\":%d,\"imgsz\":%d,\"threads\":%d,"
               "\"median_ms\":%.4f,\"p95_ms\":%.4f,\"decode_ms\":%.4f,\"images_per_s\":%.3f",
               model->scale->name, o->batch, o->imgsz, yt_threads(), 1e3 * median, 1e3 * p95,
               1e3 * decode_s[n / 2], o->batch / median);
    yt_bench_shares(yt_detector_graph(run->detector), o->steps, json);
    yt_str_add(json, "}\n");
}

static int measure(const struct yt_bench_options *o, struct run *run, struct yt_str *json) {
    double *network_s = yt_calloc((size_t)o->steps, sizeof(double));
    double *decode_s = yt_calloc((size_t)o->steps, sizeof(double));
    int failed = 0;
    yt_graph_profile(yt_detector_graph(run->detector), true);
    for (int i = 0; i < o->steps && !failed; i++) {
        failed = run_once(run);
        network_s[i] = run->network_s;
        decode_s[i] = run->decode_s;
    }
    if (!failed) report(run, network_s, decode_s, json);
    free(network_s);
    free(decode_s);
    return failed;
}

static int bench(const struct yt_bench_options *o, struct yt_detector *detector,
                 struct yt_str *json) {
    struct yt_rng rng = yt_rng_make(0, "bench", 0, 0);
    size_t batch = (size_t)o->batch;
    struct run run = {
        .detector = detector,
        .options = o,
        .noise = yt_malloc(input_floats(o) * sizeof(float)),
        .found = yt_malloc(batch * MAX_DET * sizeof(*run.found)),
        .counts = yt_malloc(batch * sizeof(*run.counts)),
    };
    for (size_t i = 0; i < input_floats(o); i++) run.noise[i] = (float)yt_rng_uniform(&rng, 0, 1);
    int failed = run_once(&run); /* the first run is not counted */
    if (!failed) failed = o->lockstep ? yt_bench_lockstep(lockstep, &run) : measure(o, &run, json);
    free(run.noise);
    free(run.found);
    free(run.counts);
    return failed;
}

/* NULL + yt_fail. */
static struct yt_model *make_random(const struct yt_bench_options *o) {
    const struct yt_scale *scale = yt_scale_find(o->scale);
    if (!scale) return NULL;
    struct yt_model *model = yt_model_new(scale, o->nc);
    yt_model_init(model, 0);
    return model;
}

int yt_bench_infer(const struct yt_bench_options *o, struct yt_str *json) {
    struct yt_model *model = o->weights ? yt_model_open(o->weights) : make_random(o);
    if (!model) return -1;
    struct yt_detector *detector = yt_detector_new(model, model->params->value, YT_HEAD_ONE2ONE);
    int failed = bench(o, detector, json);
    yt_detector_free(detector);
    yt_model_free(model);
    return failed;
}
