/* Steps, one after the other, and what may come between two of them: a state that is due, the end
 * of an epoch, a pause, a way back. */
#include "train/trainer_internal.h"

#include "base/str.h"

#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NAMED_TILES_MAX 8

static volatile sig_atomic_t stop_signal;

void yt_trainer_stop(int signal_number) {
    if (stop_signal) _exit(128 + signal_number); /* the second time: at once; files are whole */
    stop_signal = signal_number;
}

int yt_trainer_stopped_by(void) {
    return stop_signal;
}

struct yt_rates yt_trainer_rates(const struct yt_trainer *t, int64_t step) {
    struct yt_rates rates = yt_schedule_at(&t->schedule, t->progress.epoch, step);
    for (int group = 0; group < YT_PARAM_GROUPS; group++)
        rates.lr[group] *= yt_guard_rate(&t->progress.guard);
    return rates;
}

/* --- a step --- */

/* Which tiles the gradient at hand is made of. */
static void collect_tiles(struct yt_trainer *t, const struct yt_batch *batch) {
    size_t need = t->tile_count + (size_t)batch->n;
    t->tiles = yt_grow(t->tiles, &t->tile_cap, need, sizeof *t->tiles);
    for (int i = 0; i < batch->n; i++) t->tiles[t->tile_count++] = batch->items[i].tile;
}

static void say_left_out(struct yt_trainer *t, double norm) {
    struct yt_str text = {0};
    if (isfinite(norm))
        yt_str_add(&text, "the gradient's norm is %.4g, and the median of the last %d is %.4g",
                   norm, YT_GUARD_NORMS, yt_guard_median(&t->progress.guard));
    else
        yt_str_add(&text, "the gradient is not finite");
    yt_str_add(&text, "; the step is left out. Tiles: ");
    for (size_t i = 0; i < YT_MIN(t->tile_count, (size_t)NAMED_TILES_MAX); i++) {
        if (i) yt_str_add(&text, " ");
        yt_record_tile(t, t->tiles[i], &text);
    }
    if (t->tile_count > NAMED_TILES_MAX)
        yt_str_add(&text, " and %zu more (log.jsonl has all)", t->tile_count - NAMED_TILES_MAX);
    yt_console_hide(&t->console);
    yt_warn("step %lld: %s", (long long)t->progress.step, text.s);
    yt_str_release(&text);
}

/* The optimiser step that is due, or its omission: then why, else NULL. */
static const char *update(struct yt_trainer *t, const struct yt_rates *rates, double norm) {
    static const char *const reasons[] = {NULL, "not finite", "outlier"};
    struct yt_params *params = t->model->params;
    enum yt_verdict verdict = yt_guard_judge(&t->progress.guard, norm, t->settings->outlier);
    t->progress.last_update = t->progress.step;
    if (verdict == YT_GRADIENT_GOOD) {
        yt_optimizer_step(&t->optimizer, params, rates, norm);
    } else {
        say_left_out(t, norm);
        memset(params->grad, 0, params->trainable * sizeof(float));
    }
    return reasons[verdict];
}

/* Running means in the reference's order of operations. What is not finite has been told of when
 * the step was left out, and would hide what the rest of the epoch was like. */
static void add_items(struct yt_progress *p, const float items[YT_ITEMS]) {
    for (int i = 0; i < YT_ITEMS; i++)
        if (isfinite(items[i]))
            p->items[i] = (p->items[i] * p->batch + (double)items[i]) / (p->batch + 1);
}

static int run_batch(struct yt_trainer *t, const struct yt_batch *batch) {
    struct yt_progress *p = &t->progress;
    float items[YT_ITEMS];
    double start = yt_now(), norm = NAN;
    const char *left_out = NULL;
    YT_ASSERT(batch->epoch == p->epoch && batch->index == p->batch);
    struct yt_rates rates = yt_trainer_rates(t, p->step);
    yt_show_batch(t, batch);
    if (yt_step_run(&t->step, batch, items) != 0) return -1;
    add_items(p, items);
    yt_unlearnt_add(&t->unlearnt, &t->step, batch);
    collect_tiles(t, batch);
    if (p->step - p->last_update >= rates.accumulate) {
        norm = yt_gradient_norm(&t->optimizer, t->model->params);
        left_out = update(t, &rates, norm);
    }
    if (yt_record_step(t, batch, items, &rates, norm, left_out) != 0) return -1;
    if (p->last_update == p->step) t->tile_count = 0;
    p->lost_labels += batch->lost.outside + batch->lost.small + batch->lost.cut + batch->lost.thin;
    p->seen_labels += batch->target_count;
    double took_s = yt_now() - start + batch->waited_s;
    p->seconds += took_s;
    p->epoch_s += took_s;
    p->epoch_waited_s += batch->waited_s;
    yt_console_batch(&t->console, p->epoch, p->epochs, p->batch, t->schedule.batches, batch,
                     p->items);
    p->batch++;
    p->step++;
    return 0;
}

/* --- between steps --- */

static int open_loader(struct yt_trainer *t) {
    yt_loader_free(t->loader);
    t->loader =
        yt_source_train_loader(t->source, t->settings, t->progress.epoch, t->progress.batch);
    return t->loader ? 0 : -1;
}

/* Data that cannot be read ends the run between two steps: nothing of it is lost. */
static enum yt_train_end fail_on_data(struct yt_trainer *t) {
    char *fault = yt_error_take();
    yt_console_hide(&t->console);
    if (yt_record_state(t) == 0)
        yt_fail("%s; mend it, then go on exactly from here: yt train resume=%s", fault, t->run);
    else
        yt_fail("%s", fault);
    free(fault);
    return YT_TRAIN_FAILED;
}

static enum yt_train_end next_batch(struct yt_trainer *t) {
    const struct yt_batch *batch;
    if (yt_loader_next(t->loader, &batch) != 0) return fail_on_data(t);
    return run_batch(t, batch) == 0 ? YT_TRAIN_DONE : YT_TRAIN_FAILED;
}

/* Back to the last state on disk, with half the learning rate: the same steps at the same rate
 * would end as they did. What has been counted stays counted, and best.safetensors is what it is.
 */
static enum yt_train_end roll_back(struct yt_trainer *t) {
    struct yt_progress *p = &t->progress, now = *p;
    if (now.guard.rollbacks == YT_GUARD_ROLLBACKS) {
        yt_fail("step %lld: %d steps in a row had gradients that cannot be used, and going back %d "
                "times did not help; start anew with a lower lr0, or look at the tiles named above",
                (long long)now.step, now.guard.in_a_row, now.guard.rollbacks);
        return YT_TRAIN_NUMERIC;
    }
    if (yt_trainer_load_state(t) != 0) return YT_TRAIN_FAILED;
    int64_t back_to = p->step;
    p->best_fitness = now.best_fitness;
    p->best_epoch = now.best_epoch;
    p->seconds = now.seconds;
    p->guard.not_finite = now.guard.not_finite;
    p->guard.outliers = now.guard.outliers;
    p->guard.rollbacks = now.guard.rollbacks + 1;
    p->guard.in_a_row = 0;
    t->tile_count = 0;
    yt_warn("step %lld: %d steps in a row were left out: back to step %lld (epoch %d), the last "
            "state on disk, and on with learning rates times %g",
            (long long)now.step, now.guard.in_a_row, (long long)back_to, p->epoch + 1,
            yt_guard_rate(&p->guard));
    return yt_record_state(t) == 0 && open_loader(t) == 0 ? YT_TRAIN_DONE : YT_TRAIN_FAILED;
}

static bool session_over(const struct yt_trainer *t) {
    double hours = t->settings->session;
    return !isnan(hours) && yt_now() - t->session_start > hours * 3600;
}

bool yt_trainer_time_over(const struct yt_trainer *t) {
    return !isnan(t->settings->time) && t->progress.seconds > t->settings->time * 3600;
}

/* Not while steps are left out (see the end of an epoch). */
static bool state_due(const struct yt_trainer *t) {
    return t->progress.guard.in_a_row == 0 &&
           yt_now() - t->state_written > t->settings->state_period * 60;
}

static enum yt_train_end pause_run(struct yt_trainer *t) {
    yt_console_hide(&t->console);
    if (yt_record_state(t) != 0) return YT_TRAIN_FAILED;
    yt_show_page(t, "paused");
    return YT_TRAIN_PAUSED;
}

/* --- the loop --- */

/* The reference throws away what was accumulated in the epoch before. */
static void begin_epoch(struct yt_trainer *t) {
    struct yt_params *params = t->model->params;
    if (t->progress.batch == 0) {
        memset(params->grad, 0, params->trainable * sizeof(float));
        t->tile_count = 0;
    }
    if (t->progress.batch < t->schedule.batches) yt_console_epoch(&t->console);
}

static enum yt_train_end end_epoch(struct yt_trainer *t, bool *over) {
    int status = yt_epoch_finish(t, over);
    if (status > 0) return pause_run(t);
    if (status < 0) return YT_TRAIN_FAILED;
    if (!*over) begin_epoch(t);
    return YT_TRAIN_DONE;
}

static enum yt_train_end run_epochs(struct yt_trainer *t) {
    struct yt_progress *p = &t->progress;
    bool over = p->epoch >= p->epochs;
    if (!over) begin_epoch(t);
    while (!over) {
        bool has_ended = p->batch >= t->schedule.batches || yt_trainer_time_over(t);
        enum yt_train_end end = has_ended ? end_epoch(t, &over) : next_batch(t);
        if (end == YT_TRAIN_DONE && p->guard.in_a_row >= YT_GUARD_PATIENCE) end = roll_back(t);
        if (end != YT_TRAIN_DONE) return end;
        if (over) break;
        if (stop_signal || session_over(t)) return pause_run(t);
        if (!state_due(t)) continue;
        if (yt_record_state(t) != 0) return YT_TRAIN_FAILED;
        yt_show_page(t, "running");
    }
    return YT_TRAIN_DONE;
}

enum yt_train_end yt_trainer_run(struct yt_trainer *t) {
    enum yt_train_end end = YT_TRAIN_FAILED;
    t->session_start = yt_now();
    /* A state from the first moment on: there is always one to go on from or back to. */
    bool ready = yt_record_open(t) == 0 && open_loader(t) == 0 &&
                 (t->progress.step > 0 || yt_record_state(t) == 0);
    t->state_written = yt_now();
    if (ready) {
        yt_show_start(t);
        end = run_epochs(t);
    }
    yt_loader_free(t->loader);
    t->loader = NULL;
    yt_record_close(t);
    return end;
}
