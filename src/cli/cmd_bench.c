/* yt bench: how fast this machine trains and infers. */
#include "cli/cli.h"

#include "base/file.h"
#include "base/threads.h"
#include "bench/bench.h"

#include <string.h>

static const struct {
    const char *name;
    int (*run)(const struct yt_bench_options *options, struct yt_str *json);
    int batch, steps; /* where the user says nothing */
    bool lockstep;    /* whether it can */
} benches[] = {
    {"ops", yt_bench_ops, 4, 2, false},
    {"train", yt_bench_train, 16, 3, true},
    {"infer", yt_bench_infer, 1, 50, true},
    {"peak", yt_bench_peak, 1, 1, true},
};

static int bench(struct yt_settings *settings, size_t which) {
    bool batch_set = yt_settings_where(settings, "batch") != NULL;
    struct yt_bench_options options = {
        .scale = strcmp(settings->model, "auto") == 0 ? "n" : settings->model,
        .weights = settings->weights,
        .nc = settings->nc,
        .batch = batch_set ? settings->batch : benches[which].batch,
        .imgsz = settings->imgsz,
        .boxes = settings->boxes,
        .lockstep = settings->lockstep,
        .steps = settings->steps > 0 ? settings->steps : benches[which].steps,
    };
    if (settings->lockstep && !benches[which].lockstep) {
        yt_fail("bench %s: lockstep is for train, infer and peak", benches[which].name);
        return YT_EXIT_USAGE;
    }
    if (settings->weights && benches[which].run != yt_bench_infer) {
        yt_fail("bench %s: weights is for infer", benches[which].name);
        return YT_EXIT_USAGE;
    }
    if (settings->data && benches[which].run != yt_bench_train) {
        yt_fail("bench %s: data is for train", benches[which].name);
        return YT_EXIT_USAGE;
    }
    settings->batch = options.batch; /* which the loader reads */
    if (settings->data) options.data = settings;
    struct yt_str json = {0};
    yt_threads_set(settings->threads);
    int failed = benches[which].run(&options, &json);
    if (!failed && settings->json) failed = yt_file_write(settings->json, json.s, json.len);
    yt_str_release(&json);
    return failed ? YT_EXIT_DATA : YT_EXIT_OK;
}

static int run(int count, char **words) {
    size_t which = 0;
    while (which < YT_COUNT(benches) && (count == 0 || strcmp(words[0], benches[which].name) != 0))
        which++;
    if (which == YT_COUNT(benches)) {
        yt_fail("bench: say what to measure: yt bench train, infer, ops or peak");
        return YT_EXIT_USAGE;
    }
    struct yt_settings settings;
    if (yt_cli_parse(&settings, count - 1, words + 1)) return YT_EXIT_USAGE;
    int status = bench(&settings, which);
    yt_settings_release(&settings);
    return status;
}

const struct yt_command yt_cmd_bench = {
    .name = "bench",
    .summary = "measure how fast this machine trains and infers",
    .arguments = " train|infer|ops|peak [key=value ...]",
    .about =
        "Measures a training step (train), inference (infer), or every distinct op of a step by "
        "itself, forward and backward (ops), on noise (train with data=FOLDER: on the batches of a "
        "data set, loaded beside the steps), and says where the time goes and what "
        "share it is of the machine's own measured peaks, which peak shows alone. json= writes the "
        "same for programs.",
    .groups = (const char *const[]){"bench", "model", "run", NULL},
    .run = run,
};
