#include "bench/bench.h"
#include "bench/peak.h"

#include "base/rng.h"
#include "base/threads.h"
#include "infer/detector.h"

#include <stdlib.h>

static int ascending(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The network alone (raw head outputs), as engines are usually compared; decoding apart. */
static int run(const struct yt_bench_options *o, struct yt_detector *detector, double *network_s,
               double *decode_s) {
    struct yt_rng rng = yt_rng_make(0, "bench", 0, 0);
    size_t floats = (size_t)o->batch * (size_t)o->imgsz * (size_t)o->imgsz * 3, max_det = 300;
    struct yt_detection *out = yt_malloc((size_t)o->batch * max_det * sizeof(*out));
    int *counts = yt_malloc((size_t)o->batch * sizeof(*counts)), failed = 0;
    for (int i = -1; i < o->steps && !failed; i++) { /* the first run is not counted */
        const struct yt_map *input = yt_detector_begin(detector, o->batch, o->imgsz, o->imgsz);
        failed = input ? 0 : -1;
        if (failed) break;
        for (size_t k = 0; i < 0 && k < floats; k++)
            input->p[k] = (float)yt_rng_uniform(&rng, 0, 1);
        double start = yt_now();
        yt_detector_run(detector);
        double computed = yt_now();
        yt_detector_decode(detector, (int)max_det, out, counts);
        if (i < 0) continue;
        network_s[i] = computed - start;
        decode_s[i] = yt_now() - computed;
    }
    free(out);
    free(counts);
    return failed;
}

static void report(const struct yt_bench_options *o, double *network_s, double *decode_s,
                   struct yt_str *json) {
    size_t n = (size_t)o->steps;
    qsort(network_s, n, sizeof(double), ascending);
    qsort(decode_s, n, sizeof(double), ascending);
    double median = network_s[n / 2], p95 = network_s[YT_MIN(n - 1, n * 95 / 100)];
    yt_info("infer yolov10%s, batch %d, %d px, %d classes, %d threads: median %.2f ms, p95 %.2f ms "
            "(decoding %.2f ms), %.1f images/s",
            o->scale, o->batch, o->imgsz, o->nc, yt_threads(), 1e3 * median, 1e3 * p95,
            1e3 * decode_s[n / 2], o->batch / median);
    yt_str_add(json,
               "{\"bench\":\"infer\",\"model\":\"%s\",\"batch\":%d,\"imgsz\":%d,\"threads\":%d,"
               "\"median_ms\":%.4f,\"p95_ms\":%.4f,\"decode_ms\":%.4f,\"images_per_s\":%.3f}\n",
               o->scale, o->batch, o->imgsz, yt_threads(), 1e3 * median, 1e3 * p95,
               1e3 * decode_s[n / 2], o->batch / median);
}

int yt_bench_infer(const struct yt_bench_options *o, struct yt_str *json) {
    const struct yt_scale *scale = yt_scale_find(o->scale);
    if (!scale) return -1;
    struct yt_model *model = yt_model_new(scale, o->nc);
    yt_model_init(model, 0);
    struct yt_detector *detector = yt_detector_new(model, model->params->value, YT_HEAD_ONE2ONE);
    double *network_s = yt_calloc((size_t)o->steps, sizeof(double));
    double *decode_s = yt_calloc((size_t)o->steps, sizeof(double));
    int failed = run(o, detector, network_s, decode_s);
    if (!failed) report(o, network_s, decode_s, json);
    free(network_s);
    free(decode_s);
    yt_detector_free(detector);
    yt_model_free(model);
    return failed;
}
