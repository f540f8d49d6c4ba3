#include "train/trainer_internal.h"

#include "base/str.h"
#include "base/file.h"
#include "eval/report.h"
#include "train/results.h"
#include "train/validate.h"

#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define STATE_EVERY_S 600
#define BAD_GRADIENTS_MAX 10
#define VAL_BATCH_MAX 32

static volatile sig_atomic_t stop_signal;

void yt_trainer_stop(int signal_number) {
    if (stop_signal) _exit(128 + signal_number); /* the second time: at once; files are whole */
    stop_signal = signal_number;
}

int yt_trainer_stopped_by(void) {
    return stop_signal;
}

/* --- a step --- */

static void name_tiles(const struct yt_trainer *t, const struct yt_batch *batch,
                       struct yt_str *out) {
    for (int i = 0; i < batch->n; i++) {
        const struct yt_tile *tile = &t->source->tiles.items[batch->items[i].tile];
        yt_str_add(out, "%s%s@%d,%d", i ? " " : "",
                   yt_path_name(t->source->dataset.pages[tile->page].path), tile->x, tile->y);
    }
}

/* The optimiser step that is due, or its omission. -1 + yt_fail when omissions do not end. */
static int update(struct yt_trainer *t, const struct yt_batch *batch,
                  const struct yt_rates *rates) {
    struct yt_params *params = t->model->params;
    double norm = yt_gradient_norm(&t->optimizer, params);
    t->progress.last_update = t->progress.step;
    if (isfinite(norm)) {
        t->bad_gradients = 0;
        yt_optimizer_step(&t->optimizer, params, rates, norm);
        return 0;
    }
    struct yt_str tiles = {0};
    name_tiles(t, batch, &tiles);
    t->progress.skipped++;
    yt_console_break(&t->console);
    yt_warn("step %lld: a gradient is not finite; the step is left out (last tiles: %s)",
            (long long)t->progress.step, tiles.s);
    yt_str_release(&tiles);
    memset(params->grad, 0, params->trainable * sizeof(float));
    if (++t->bad_gradients < BAD_GRADIENTS_MAX) return 0;
    return yt_fail("%d steps in a row had gradients that are not finite; lower lr0 and resume",
                   t->bad_gradients);
}

/* Running means in the reference's order of operations. */
static void add_items(struct yt_progress *p, const float items[YT_ITEMS]) {
    for (int i = 0; i < YT_ITEMS; i++)
        p->items[i] = (p->items[i] * p->batch + (double)items[i]) / (p->batch + 1);
}

static enum yt_train_end run_batch(struct yt_trainer *t, const struct yt_batch *batch) {
    struct yt_progress *p = &t->progress;
    float items[YT_ITEMS];
    double start = yt_now();
    YT_ASSERT(batch->epoch == p->epoch && batch->index == p->batch);
    struct yt_rates rates = yt_schedule_at(&t->schedule, p->epoch, p->step);
    if (yt_step_run(&t->step, batch, items) != 0) return YT_TRAIN_FAILED;
    add_items(p, items);
    yt_unlearnt_add(&t->unlearnt, &t->step, batch);
    if (p->step - p->last_update >= rates.accumulate && update(t, batch, &rates) != 0)
        return YT_TRAIN_NUMERIC;
    if (yt_record_step(t, batch, items, &rates) != 0) return YT_TRAIN_FAILED;
    t->lost_labels += batch->lost.outside + batch->lost.small + batch->lost.cut + batch->lost.thin;
    t->seen_labels += batch->target_count;
    p->seconds += yt_now() - start + batch->waited_s;
    yt_console_batch(&t->console, p->epoch, p->epochs, p->batch, t->schedule.batches, batch,
                     p->items);
    p->batch++;
    p->step++;
    return YT_TRAIN_DONE;
}

/* --- an epoch --- */

static bool session_over(const struct yt_trainer *t) {
    double hours = t->settings->session;
    return !isnan(hours) && yt_now() - t->session_start > hours * 3600;
}

static bool time_over(const struct yt_trainer *t) {
    return !isnan(t->settings->time) && t->progress.seconds > t->settings->time * 3600;
}

static bool validation_due(const struct yt_trainer *t) {
    int done = t->progress.epoch + 1, left = t->progress.epochs - t->progress.epoch;
    int best = t->progress.best_epoch, patience = t->settings->patience;
    bool may_stop = patience > 0 && done - best >= patience - 1;
    bool due = t->settings->val &&
               (done % YT_MAX(t->settings->val_period, 1) == 0 || left <= 10 || may_stop);
    return t->source->split.count[YT_VAL] > 0 &&
           (due || done == t->progress.epochs || time_over(t));
}

static void take_scores(struct yt_trainer *t, const struct yt_validation *v) {
    struct yt_progress *p = &t->progress;
    const struct yt_scores *scores = &v->scores;
    const double metrics[4] = {scores->precision, scores->recall, scores->map50, scores->map};
    for (int i = 0; i < 4; i++) p->metrics[i] = yt_round5(metrics[i]);
    for (int i = 0; i < YT_ITEMS; i++) p->val_items[i] = yt_round5((double)v->loss[i]);
    p->fitness = yt_round5(scores->fitness);
    yt_report_print(stdout, scores, (const char *const *)t->model->names, false);
}

static struct yt_detector *open_detector(const struct yt_trainer *t) {
    struct yt_detector *detector = yt_detector_new(t->model, t->optimizer.ema, YT_HEAD_BOTH);
    yt_detector_set_reading(
        detector,
        &(struct yt_reading){.head = YT_ONE2ONE, .one_class = t->settings->one_class_per_anchor});
    return detector;
}

static int validate(struct yt_trainer *t) {
    const struct yt_settings *s = t->settings;
    if (!t->detector)
        t->detector = open_detector(t);
    else
        yt_detector_update(t->detector, t->optimizer.ema);
    struct yt_validate_options options = {.max_det = s->max_det, .gains = &t->gains};
    struct yt_validation result;
    int batch = YT_MIN(2 * s->batch, VAL_BATCH_MAX);
    struct yt_loader *loader = yt_source_val_loader(t->source, s, YT_VAL, batch, 1);
    int failed = !loader || yt_validate(t->detector, loader, &options, &result) != 0;
    yt_loader_free(loader);
    if (failed) return -1;
    take_scores(t, &result);
    yt_validation_release(&result);
    return 0;
}

/* time=: as many epochs as fit, from how long they took so far. */
static void replan(struct yt_trainer *t) {
    struct yt_progress *p = &t->progress;
    if (isnan(t->settings->time)) return;
    double mean = p->seconds / (p->epoch + 1);
    p->epochs = YT_MAX((int)ceil(t->settings->time * 3600 / mean), p->epoch + 1);
    p->replanned = true;
    t->schedule.epochs = p->epochs;
    t->schedule.replanned = true;
}

static bool patience_over(const struct yt_trainer *t) {
    const struct yt_progress *p = &t->progress;
    return t->settings->patience > 0 && p->epoch + 1 - p->best_epoch >= t->settings->patience;
}

/* Validates, writes, and moves on to the next epoch; *over: the run has ended. */
static int finish_epoch(struct yt_trainer *t, bool *over) {
    struct yt_progress *p = &t->progress;
    double start = yt_now();
    if (t->lost_labels)
        yt_info("augmentation dropped %lld labels and kept %lld this epoch",
                (long long)t->lost_labels, (long long)t->seen_labels);
    t->lost_labels = t->seen_labels = 0;
    if (validation_due(t) && validate(t) != 0) return -1;
    p->seconds += yt_now() - start;
    if (yt_record_epoch(t) != 0) return -1;
    bool patience = patience_over(t);
    if (patience)
        yt_info("no improvement for %d epochs: stopped early (best: epoch %d)",
                t->settings->patience, p->best_epoch);
    replan(t);
    *over = patience || p->epoch + 1 >= p->epochs || time_over(t);
    p->epoch++;
    p->batch = 0;
    memset(p->items, 0, sizeof(p->items));
    yt_unlearnt_clear(&t->unlearnt);
    return yt_record_state(t);
}

/* The reference throws away what was accumulated in the epoch before. */
static void begin_epoch(struct yt_trainer *t) {
    struct yt_params *params = t->model->params;
    if (t->progress.batch == 0) memset(params->grad, 0, params->trainable * sizeof(float));
    yt_console_epoch(&t->console);
}

static enum yt_train_end run_epochs(struct yt_trainer *t, struct yt_loader *loader) {
    bool over = t->progress.epoch >= t->progress.epochs;
    if (!over) begin_epoch(t);
    while (!over) {
        const struct yt_batch *batch;
        if (yt_loader_next(loader, &batch) != 0) return YT_TRAIN_FAILED;
        enum yt_train_end end = run_batch(t, batch);
        if (end != YT_TRAIN_DONE) return end;
        if (batch->is_last || time_over(t)) {
            if (finish_epoch(t, &over) != 0) return YT_TRAIN_FAILED;
            if (!over) begin_epoch(t);
        } else if (yt_now() - t->state_written > STATE_EVERY_S && yt_record_state(t) != 0) {
            return YT_TRAIN_FAILED;
        }
        if (!over && (stop_signal || session_over(t))) {
            yt_console_break(&t->console);
            return yt_record_state(t) == 0 ? YT_TRAIN_PAUSED : YT_TRAIN_FAILED;
        }
    }
    return YT_TRAIN_DONE;
}

enum yt_train_end yt_trainer_run(struct yt_trainer *t) {
    struct yt_progress *p = &t->progress;
    if (yt_record_open(t) != 0) return YT_TRAIN_FAILED;
    struct yt_loader *loader = yt_source_train_loader(t->source, t->settings, p->epoch, p->batch);
    t->session_start = t->state_written = yt_now();
    enum yt_train_end end = loader ? run_epochs(t, loader) : YT_TRAIN_FAILED;
    yt_loader_free(loader);
    yt_record_close(t);
    return end;
}
