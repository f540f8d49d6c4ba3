#include "bench/bench.h"
#include "bench/peak.h"
#include "bench/shares.h"

#include "base/threads.h"
#include "train/optimizer.h"
#include "train/step.h"

#include <math.h>

static void report(const struct yt_bench_options *o, const struct yt_step *step, double optimizer_s,
                   double seconds, struct yt_str *json) {
    double runs = o->steps, images = runs * o->batch, peak = yt_peak_gflops(NULL);
    double gflop = 3 * yt_step_flops(step) * 1e-9; /* backward does the forward's work twice */
    double rate = gflop * runs / seconds;
    yt_info("train yolov10%s, batch %d, %d px, %d classes, %d boxes an image, %d threads", o->scale,
            o->batch, o->imgsz, o->nc, o->boxes, yt_threads());
    yt_info("  %.2f images/s, %.1f ms a step, %.0f GFLOP/s of %.0f (%.0f %%), peak memory %.2f GiB",
            images / seconds, 1e3 * seconds / runs, rate, peak, 100 * rate / peak,
            (double)yt_resident_peak_bytes() / (1u << 30));
    yt_info("  forward %.1f ms, loss %.1f, backward %.1f, optimiser and EMA %.1f",
            1e3 * step->forward_s / runs, 1e3 * step->loss_s / runs, 1e3 * step->backward_s / runs,
            1e3 * optimizer_s / runs);
    yt_str_add(json,
               "{\"bench\":\"train\",\"model\":\"%s\",\"batch\":%d,\"imgsz\":%d,\"threads\":%d,"
               "\"images_per_s\":%.4f,\"step_ms\":%.3f,\"forward_ms\":%.3f,\"loss_ms\":%.3f,"
               "\"backward_ms\":%.3f,\"optimizer_ms\":%.3f,\"gflops\":%.2f,\"peak_gflops\":%.2f,"
               "\"peak_memory_bytes\":%zu",
               o->scale, o->batch, o->imgsz, yt_threads(), images / seconds, 1e3 * seconds / runs,
               1e3 * step->forward_s / runs, 1e3 * step->loss_s / runs,
               1e3 * step->backward_s / runs, 1e3 * optimizer_s / runs, rate, peak,
               yt_resident_peak_bytes());
    yt_bench_shares(step->graphs[0].g, o->steps, json);
    yt_str_add(json, "}\n");
}

struct run {
    struct yt_step *step;
    struct yt_batch batch;
    struct yt_optimizer optimizer;
    double optimizer_s; /* accumulated */
};

static int run_step(struct run *run) {
    struct yt_rates rates = {.lr = {1e-5, 1e-5, 1e-5}, .momentum = 0.9, .accumulate = 1};
    struct yt_params *params = run->step->model->params;
    float items[YT_ITEMS];
    if (yt_step_run(run->step, &run->batch, items)) return -1;
    double start = yt_now();
    yt_optimizer_step(&run->optimizer, params, &rates, yt_gradient_norm(&run->optimizer, params));
    run->optimizer_s += yt_now() - start;
    return 0;
}

static double lockstep(void *user) {
    double start = yt_now();
    return run_step(user) ? NAN : 1e3 * (yt_now() - start);
}

static int measure(const struct yt_bench_options *o, struct run *run, struct yt_str *json) {
    struct yt_step *step = run->step;
    yt_graph_profile(step->graphs[0].g, true);
    step->forward_s = step->loss_s = step->backward_s = run->optimizer_s = 0;
    double start = yt_now();
    for (int i = 0; i < o->steps; i++)
        if (run_step(run)) return -1;
    report(o, step, run->optimizer_s, yt_now() - start, json);
    return 0;
}

static int bench(const struct yt_bench_options *o, struct yt_step *step, struct yt_str *json) {
    struct run run = {.step = step, .batch = yt_bench_noise(o)};
    yt_optimizer_init(&run.optimizer, YT_ADAMW, step->model->params);
    int failed = run_step(&run); /* the first step is not counted */
    if (!failed) failed = o->lockstep ? yt_bench_lockstep(lockstep, &run) : measure(o, &run, json);
    yt_optimizer_release(&run.optimizer);
    yt_bench_noise_release(&run.batch);
    return failed;
}

int yt_bench_train(const struct yt_bench_options *o, struct yt_str *json) {
    const struct yt_scale *scale = yt_scale_find(o->scale);
    if (!scale) return -1;
    struct yt_model *model = yt_model_new(scale, o->nc);
    struct yt_step step;
    yt_model_init(model, 0);
    int failed =
        yt_step_init(&step, model, (struct yt_loss_gains){.box = 7.5f, .cls = 0.5f, .dfl = 1.5f},
                     o->batch, o->imgsz);
    if (!failed) {
        failed = bench(o, &step, json);
        yt_step_release(&step);
    }
    yt_model_free(model);
    return failed;
}
