#include "bench/bench.h"
#include "bench/peak.h"
#include "bench/shares.h"

#include "base/threads.h"
#include "train/optimizer.h"
#include "train/source.h"
#include "train/step.h"

#include <math.h>

/* A step over and over, on one batch of noise or on what a loader hands out. */
struct run {
    const struct yt_bench_options *options;
    struct yt_step *step;
    struct yt_optimizer optimizer;
    struct yt_batch noise;
    struct yt_loader *loader; /* NULL: noise */
    /* accumulated */
    double seconds, optimizer_s, waited_s;
    int images, labels;
};

static void report_data(const struct run *run, struct yt_str *json) {
    const struct yt_bench_options *o = run->options;
    double wait_ms = 1e3 * run->waited_s / o->steps;
    if (run->loader) {
        yt_info("  data: %s; waited %.1f ms a step for batches", o->data->data, wait_ms);
        yt_str_add(json, ",\"data_wait_ms\":%.3f", wait_ms);
    } else {
        yt_info("  data: noise, nothing was loaded; data=FOLDER runs the loader beside the steps");
    }
}

static void report(const struct run *run, int nc, struct yt_str *json) {
    const struct yt_bench_options *o = run->options;
    const struct yt_step *step = run->step;
    double runs = o->steps, seconds = run->seconds, peak = yt_peak_gflops(NULL);
    /* of full batches; backward does the forward's work twice */
    double gflop = 3 * yt_step_flops(step) * 1e-9 * run->images / (runs * o->batch);
    double rate = gflop * runs / seconds, boxes = (double)run->labels / run->images;
    yt_info("train yolov10%s, batch %d, %d px, %d classes, %.0f boxes an image, %d threads",
            o->scale, o->batch, o->imgsz, nc, boxes, yt_threads());
    yt_info("  %.2f images/s, %.1f ms a step, %.0f GFLOP/s of %.0f (%.0f %%), peak memory %.2f GiB",
            run->images / seconds, 1e3 * seconds / runs, rate, peak, 100 * rate / peak,
            (double)yt_resident_peak_bytes() / (1u << 30));
    yt_info("  forward %.1f ms, loss %.1f (%.1f %%), backward %.1f, optimiser and EMA %.1f",
            1e3 * step->forward_s / runs, 1e3 * step->loss_s / runs, 100 * step->loss_s / seconds,
            1e3 * step->backward_s / runs, 1e3 * run->optimizer_s / runs);
    yt_str_add(json,
               "{\"bench\":\"train\",\"model\":\"%s\",\"batch\":%d,\"imgsz\":%d,\"threads\":%d,"
               "\"boxes\":%.2f,\"images_per_s\":%.4f,\"step_ms\":%.3f,\"forward_ms\":%.3f,"
               "\"loss_ms\":%.3f,\"backward_ms\":%.3f,\"optimizer_ms\":%.3f,\"gflops\":%.2f,"
               "\"peak_gflops\":%.2f,\"peak_memory_bytes\":%zu",
               o->scale, o->batch, o->imgsz, yt_threads(), boxes, run->images / seconds,
               1e3 * seconds / runs, 1e3 * step->forward_s / runs, 1e3 * step->loss_s / runs,
               1e3 * step->backward_s / runs, 1e3 * run->optimizer_s / runs, rate, peak,
               yt_resident_peak_bytes());
    report_data(run, json);
    yt_bench_shares(step->graphs[0].g, o->steps, json);
    yt_str_add(json, "}\n");
}

static int run_step(struct run *run) {
    struct yt_rates rates = {.lr = {1e-5, 1e-5, 1e-5}, .momentum = 0.9, .accumulate = 1};
    struct yt_params *params = run->step->model->params;
    const struct yt_batch *batch = &run->noise;
    float items[YT_ITEMS];
    if (run->loader && yt_loader_next(run->loader, &batch)) return -1;
    if (yt_step_run(run->step, batch, items)) return -1;
    double start = yt_now();
    yt_optimizer_step(&run->optimizer, params, &rates, yt_gradient_norm(&run->optimizer, params));
    run->optimizer_s += yt_now() - start;
    run->waited_s += batch->waited_s;
    run->images += batch->n;
    run->labels += batch->target_count;
    return 0;
}

static double lockstep(void *user) {
    double start = yt_now();
    return run_step(user) ? NAN : 1e3 * (yt_now() - start);
}

static int measure(struct run *run, int nc, struct yt_str *json) {
    struct yt_step *step = run->step;
    yt_graph_profile(step->graphs[0].g, true);
    step->forward_s = step->loss_s = step->backward_s = 0;
    run->optimizer_s = run->waited_s = 0;
    run->images = run->labels = 0;
    double start = yt_now();
    for (int i = 0; i < run->options->steps; i++)
        if (run_step(run)) return -1;
    run->seconds = yt_now() - start;
    report(run, nc, json);
    return 0;
}

static int bench(struct run *run, int nc, struct yt_str *json) {
    yt_optimizer_init(&run->optimizer, YT_ADAMW, run->step->model->params);
    int failed = run_step(run); /* the first step is not counted */
    if (!failed)
        failed = run->options->lockstep ? yt_bench_lockstep(lockstep, run) : measure(run, nc, json);
    yt_optimizer_release(&run->optimizer);
    return failed;
}

/* With the data of `source`, or noise where it is NULL. */
static int bench_model(const struct yt_bench_options *o, const struct yt_scale *scale,
                       const struct yt_source *source, struct yt_str *json) {
    const int nc = source ? source->dataset.nc : o->nc;
    struct yt_model *model = yt_model_new(scale, nc);
    struct yt_step step;
    struct run run = {.options = o, .step = &step};
    yt_model_init(model, 0);
    int failed =
        yt_step_init(&step, model, (struct yt_loss_gains){.box = 7.5f, .cls = 0.5f, .dfl = 1.5f},
                     o->batch, o->imgsz);
    if (!failed) {
        if (source)
            failed = !(run.loader = yt_source_train_loader(source, o->data, 0, 0));
        else
            run.noise = yt_bench_noise(o);
        if (!failed) failed = bench(&run, nc, json);
        yt_loader_free(run.loader);
        yt_bench_noise_release(&run.noise);
        yt_step_release(&step);
    }
    yt_model_free(model);
    return failed ? -1 : 0;
}

int yt_bench_train(const struct yt_bench_options *o, struct yt_str *json) {
    const struct yt_scale *scale = yt_scale_find(o->scale);
    struct yt_source source;
    if (!scale) return -1;
    if (!o->data) return bench_model(o, scale, NULL, json);
    if (yt_source_open(&source, o->data) != 0) return -1;
    int failed = yt_split_check_training(&source.split) || bench_model(o, scale, &source, json);
    yt_source_close(&source);
    return failed;
}
