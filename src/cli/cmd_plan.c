/* yt plan: what a training run will take, without the run. */
#include "cli/cli.h"
#include "cli/start.h"
#include "cli/with_source.h"
#include "train/trainer.h"

#include <math.h>
#include <string.h>

enum { ROWS = 12, BAR = 40 };

static void print_steps(const struct yt_trainer *t) {
    const struct yt_schedule *s = &t->schedule;
    int64_t steps = (int64_t)s->batches * t->progress.epochs;
    int warmup = yt_schedule_warmup_steps(s);
    int accumulate = yt_schedule_at(s, s->epochs - 1, steps - 1).accumulate;
    yt_info("steps: %d batches of %d an epoch, %lld in %d epochs; after warm-up the weights change "
            "every %d batches",
            s->batches, s->batch, (long long)steps, t->progress.epochs, accumulate);
    if (warmup > 0)
        yt_info("warm-up: %d steps, %.1f epochs%s", warmup, (double)warmup / s->batches,
                warmup >= steps ? ": the run ends before it does; more epochs, or a smaller "
                                  "warmup_epochs="
                                : "");
}

static void print_rate(const struct yt_schedule *s, int64_t step, double highest) {
    int epoch = (int)(step / s->batches);
    struct yt_rates rates = yt_schedule_at(s, epoch, step);
    double lr = rates.lr[YT_PARAM_WEIGHT];
    char bar[BAR + 1] = "";
    int length = highest > 0 ? (int)lrint(BAR * lr / highest) : 0;
    memset(bar, '#', (size_t)YT_MIN(length, BAR));
    bar[YT_MIN(length, BAR)] = 0;
    yt_info("%8.1f %10lld %12.3g %12.3g %9d  %s", (double)step / s->batches, (long long)step, lr,
            rates.lr[YT_PARAM_BIAS], rates.accumulate, bar);
}

/* The learning rate in even steps, and where warm-up ends; from how many batches gradients are
 * gathered before the weights change. */
static void print_curve(const struct yt_schedule *s) {
    int64_t steps = (int64_t)s->batches * s->epochs, warmup = yt_schedule_warmup_steps(s);
    double highest = 0;
    for (int64_t i = 0; i < steps; i += YT_MAX(steps / 1000, 1))
        highest = fmax(highest, yt_schedule_at(s, (int)(i / s->batches), i).lr[YT_PARAM_WEIGHT]);
    yt_info("\n%8s %10s %12s %12s %9s", "Epoch", "Step", "lr", "lr of biases", "Gathered");
    for (int64_t i = 0; i <= ROWS; i++) {
        int64_t step = i * (steps - 1) / ROWS, before = (i - 1) * (steps - 1) / ROWS;
        if (i > 0 && warmup > before && warmup < step) print_rate(s, warmup, highest);
        if (i == 0 || step > before) print_rate(s, step, highest);
    }
}

static void print_sessions(const struct yt_settings *settings) {
    if (!isnan(settings->session))
        yt_info("\nsession=%g: the run pauses every %g hours; each yt train resume= goes on",
                settings->session, settings->session);
}

static int plan(const struct yt_settings *settings, const struct yt_source *source) {
    if (yt_split_check_training(&source->split) != 0) return -1;
    struct yt_trainer trainer;
    bool folded;
    yt_source_print(source, settings->data);
    struct yt_model *model = yt_cli_start_model(settings, source, &folded);
    if (!model) return -1;
    int failed = yt_trainer_init(&trainer, settings, source, model, NULL);
    if (!failed) {
        failed = yt_trainer_measure(&trainer);
        if (!failed) {
            print_steps(&trainer);
            print_curve(&trainer.schedule);
            print_sessions(settings);
        }
        yt_trainer_release(&trainer);
    }
    yt_model_free(model);
    return failed;
}

static int run(int count, char **words) {
    struct yt_settings settings;
    if (yt_cli_parse(&settings, count, words)) return YT_EXIT_USAGE;
    return yt_cli_with_source(&settings, plan);
}

const struct yt_command yt_cmd_plan = {
    .name = "plan",
    .summary = "say what a training run will take, without running it",
    .about = "Reads data and configuration as yt train does, plans memory, measures two steps, and "
             "says how many steps and hours the run takes, how the learning rate goes, and what "
             "leaks between training and validation. Writes nothing.",
    .groups = (const char *const[]){"run", "model", "data", "slice", "train", "augment", NULL},
    .run = run,
};
