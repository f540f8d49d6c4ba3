/* `yt bench`: how fast training and inference are on this machine, where the time goes, and how
 * that compares with what the machine can do. Inputs are noise, or of train the batches of a
 * data set; nothing is written but the report. */
#ifndef YT_BENCH_BENCH_H
#define YT_BENCH_BENCH_H

#include "base/str.h"
#include "config/settings.h"
#include "data/loader.h"

struct yt_bench_options {
    const char *scale;   /* n s m b l x */
    const char *weights; /* of infer: file of the model to run instead; NULL: random */
    int nc, batch, imgsz;
    int boxes;     /* labels an image */
    int steps;     /* runs that are measured; of ops: hundredths of a second for each */
    bool lockstep; /* yt_bench_lockstep instead of a report; not of ops */
    /* of train: those of a training run, whose loader runs beside the steps; its nc and labels are
     * those of the data. NULL: noise */
    const struct yt_settings *data;
};

/* A batch of noise with labels of the sizes that music has. */
struct yt_batch yt_bench_noise(const struct yt_bench_options *options);
void yt_bench_noise_release(struct yt_batch *batch);

/* Each prints its report and appends the same as a JSON object. -1 + yt_fail. */
int yt_bench_ops(const struct yt_bench_options *options, struct yt_str *json);
int yt_bench_train(const struct yt_bench_options *options, struct yt_str *json);
int yt_bench_infer(const struct yt_bench_options *options, struct yt_str *json);
int yt_bench_peak(const struct yt_bench_options *options, struct yt_str *json); /* threads alone */

/* For measuring several engines in turn: prints "ready", then reads lines, each with a count, and
 * answers each with a line of that many figures: the milliseconds of a run, or the GFLOP/s of a
 * probe. `run` returns its own, or NAN + yt_fail. Ends where standard input does. */
int yt_bench_lockstep(double (*run)(void *user), void *user);

#endif
