#include "train/trainer.h"

#include "base/file.h"
#include "base/str.h"
#include "base/threads.h"
#include "train/results.h"
#include "train/validate.h"
#include "yolov10/weights.h"

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

static char *run_path(const struct yt_trainer *t, const char *name) {
    return yt_path_join(t->run, name);
}

/* --- setting up --- */

static void say_optimizer(const struct yt_trainer *t, const struct yt_optimizer_choice *choice) {
    const struct yt_settings *s = t->settings;
    struct yt_str overridden = {0};
    const char *keys[] = {"lr0", "momentum", "warmup_bias_lr"};
    for (size_t i = 0; choice && i < YT_COUNT(keys); i++) {
        const char *where = yt_settings_where(s, keys[i]);
        if (where)
            yt_str_add(&overridden, "%s %s (%s)", overridden.len ? "," : "; ignored:", keys[i],
                       where);
    }
    const char *name = t->optimizer.kind == YT_ADAMW ? "AdamW" : "SGD";
    char reason[96] = "";
    if (choice)
        snprintf(reason, sizeof(reason), " (auto: %lld iterations are %s 10000)",
                 (long long)choice->iterations, choice->iterations > 10000 ? "over" : "at most");
    yt_info("optimizer: %s%s, lr0 %g, momentum %g, weight_decay %g, nbs %d%s", name, reason,
            t->schedule.lr0,
            t->optimizer.kind == YT_ADAMW ? t->optimizer.beta1 : t->schedule.final_momentum,
            t->optimizer.weight_decay, t->schedule.nbs, overridden.len ? overridden.s : "");
    yt_str_release(&overridden);
}

static void init_optimizer(struct yt_trainer *t) {
    const struct yt_settings *s = t->settings;
    size_t images = t->source->split.count[YT_TRAIN];
    t->schedule = (struct yt_schedule){
        .epochs = s->epochs,
        .batches = (int)((images + (size_t)s->batch - 1) / (size_t)s->batch),
        .batch = s->batch,
        .nbs = s->nbs,
        .lr0 = s->lr0,
        .lrf = s->lrf,
        .momentum = s->momentum,
        .final_momentum = s->momentum,
        .warmup_epochs = s->warmup_epochs,
        .warmup_momentum = s->warmup_momentum,
        .warmup_bias_lr = s->warmup_bias_lr,
        .cos_lr = s->cos_lr,
    };
    bool is_auto = strcmp(s->optimizer, "auto") == 0;
    struct yt_optimizer_choice choice = {.kind = strcmp(s->optimizer, "AdamW") == 0 ? YT_ADAMW
                                                                                    : YT_SGD};
    if (is_auto) {
        choice = yt_optimizer_auto(t->model->nc, (int64_t)images, s->batch, s->epochs);
        t->schedule.lr0 = choice.lr0;
        t->schedule.momentum = choice.momentum;
        t->schedule.warmup_bias_lr = choice.warmup_bias_lr;
    }
    yt_optimizer_init(&t->optimizer, choice.kind, t->model->params);
    t->optimizer.beta1 = t->schedule.momentum;
    t->optimizer.clip = s->clip;
    t->optimizer.ema_decay = s->ema_decay;
    t->optimizer.ema_tau = s->ema_tau;
    t->optimizer.weight_decay = yt_scaled_weight_decay(s->weight_decay, s->batch, s->nbs);
    say_optimizer(t, is_auto ? &choice : NULL);
}

static int open_folder(struct yt_trainer *t) {
    static const char *const folders[] = {"weights", "state"};
    for (size_t i = 0; i < YT_COUNT(folders); i++) {
        char *path = run_path(t, folders[i]);
        int made = yt_path_mkdirs(path);
        free(path);
        if (made != 0) return -1;
    }
    return 0;
}

int yt_trainer_init(struct yt_trainer *t, const struct yt_settings *settings,
                    const struct yt_source *source, struct yt_model *model, const char *run) {
    memset(t, 0, sizeof(*t));
    t->settings = settings;
    t->source = source;
    t->model = model;
    t->run = yt_strdup(run);
    t->progress =
        (struct yt_progress){.epochs = settings->epochs, .last_update = -1, .best_fitness = -1};
    yt_console_init(&t->console);
    struct yt_loss_gains gains = {(float)settings->box, (float)settings->cls, (float)settings->dfl};
    if (open_folder(t) != 0 ||
        yt_step_init(&t->step, model, gains, settings->batch, settings->imgsz) != 0) {
        free(t->run);
        return -1;
    }
    init_optimizer(t);
    size_t params = model->params->total * sizeof(float) * (t->optimizer.v ? 5 : 4);
    yt_info("memory: %.2f GiB of activations for a batch of %d, %.2f GiB of parameters; %d threads",
            (double)yt_step_bytes(&t->step) / (1u << 30), settings->batch,
            (double)params / (1u << 30), yt_threads());
    return 0;
}

void yt_trainer_release(struct yt_trainer *t) {
    yt_detector_free(t->detector);
    yt_step_release(&t->step);
    yt_optimizer_release(&t->optimizer);
    free(t->run);
}

int yt_trainer_resume(struct yt_trainer *t) {
    char *path = run_path(t, "state/last.safetensors");
    int loaded = yt_state_load(path, t->model, &t->optimizer, &t->progress);
    free(path);
    if (loaded != 0) return -1;
    const struct yt_progress *p = &t->progress;
    int batches = t->schedule.batches;
    if (p->epoch < p->epochs && p->step != (int64_t)p->epoch * batches + p->batch)
        return yt_fail("resume: the run stood at step %lld, and an epoch has %d batches now: the "
                       "data has changed; start a new run with weights=%s/weights/last.safetensors",
                       (long long)p->step, batches, t->run);
    t->schedule.epochs = t->progress.epochs;
    t->schedule.replanned = t->progress.replanned;
    yt_info("resume: from epoch %d of %d, batch %d of %d", t->progress.epoch + 1,
            t->progress.epochs, t->progress.batch + 1, t->schedule.batches);
    return 0;
}

int yt_trainer_calibrate(struct yt_trainer *t) {
    struct yt_loader *loader = yt_source_train_loader(t->source, t->settings, 0, 0);
    const struct yt_batch *batch;
    int failed =
        !loader || yt_loader_next(loader, &batch) != 0 || yt_step_calibrate(&t->step, batch) != 0;
    yt_loader_free(loader);
    if (failed) return -1;
    memcpy(t->optimizer.ema, t->model->params->value, t->model->params->total * sizeof(float));
    return 0;
}

/* --- writing --- */

static int save_state(struct yt_trainer *t) {
    char *path = run_path(t, "state/last.safetensors");
    int result = yt_state_save(path, t->model, &t->optimizer, &t->progress);
    free(path);
    t->state_written = yt_now();
    return result;
}

static int save_weights(const struct yt_trainer *t, const char *name) {
    char epoch[16], fitness[32];
    snprintf(epoch, sizeof(epoch), "%d", t->progress.epoch + 1);
    snprintf(fitness, sizeof(fitness), "%.5f",
             0.1 * t->progress.metrics[2] + 0.9 * t->progress.metrics[3]);
    const char *extra[] = {"epoch", epoch, "fitness", fitness, "version", YT_VERSION, NULL};
    char *file = yt_format("weights/%s.safetensors", name), *path = run_path(t, file);
    int result = yt_weights_save(t->model, t->optimizer.ema, t->progress.step, extra, path);
    free(file);
    free(path);
    return result;
}

static void log_step(struct yt_trainer *t, const struct yt_batch *batch,
                     const float items[YT_ITEMS], const struct yt_rates *rates) {
    const struct yt_progress *p = &t->progress;
    fprintf(t->log, "{\"step\":%lld,\"epoch\":%d,\"batch\":%d,\"images\":%d,\"instances\":%d",
            (long long)p->step, p->epoch + 1, p->batch + 1, batch->n, batch->target_count);
    for (int i = 0; i < YT_ITEMS; i++)
        fprintf(t->log, ",\"%s\":%.9g", yt_item_names[i], (double)items[i]);
    fprintf(t->log, ",\"lr\":[%.9g,%.9g,%.9g],\"accumulate\":%d,\"waited_s\":%.4f}\n", rates->lr[0],
            rates->lr[1], rates->lr[2], rates->accumulate, batch->waited_s);
    fflush(t->log);
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
    if (p->step - p->last_update >= rates.accumulate && update(t, batch, &rates) != 0)
        return YT_TRAIN_NUMERIC;
    log_step(t, batch, items, &rates);
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

static double round5(double x) {
    return nearbyint(x * 1e5) / 1e5;
}

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
    double metrics[4] = {v->scores.precision, v->scores.recall, v->scores.map50, v->scores.map};
    for (int i = 0; i < 4; i++) p->metrics[i] = round5(metrics[i]);
    for (int i = 0; i < YT_ITEMS; i++) p->val_items[i] = round5((double)v->loss[i]);
    yt_info("%22s %10s %11s %10s %10s %10s %10s", "Class", "Images", "Instances", "P", "R", "mAP50",
            "mAP50-95");
    yt_info("%22s %10zu %11zu %10.4g %10.4g %10.4g %10.4g", "all", v->scores.images,
            v->scores.instances, metrics[0], metrics[1], metrics[2], metrics[3]);
}

static int validate(struct yt_trainer *t) {
    const struct yt_settings *s = t->settings;
    if (!t->detector)
        t->detector = yt_detector_new(t->model, t->optimizer.ema, YT_HEAD_BOTH);
    else
        yt_detector_update(t->detector, t->optimizer.ema);
    struct yt_loss_gains gains = {(float)s->box, (float)s->cls, (float)s->dfl};
    struct yt_validate_options options = {.max_det = s->max_det, .gains = &gains};
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

static int write_epoch(struct yt_trainer *t) {
    struct yt_progress *p = &t->progress;
    struct yt_rates rates = yt_schedule_at(&t->schedule, p->epoch, p->step - 1);
    struct yt_epoch_result result = {.epoch = p->epoch + 1};
    for (int i = 0; i < YT_ITEMS; i++) {
        result.items[i] = round5(p->items[i]);
        result.val_items[i] = p->val_items[i];
    }
    memcpy(result.metrics, p->metrics, sizeof(result.metrics));
    memcpy(result.lr, rates.lr, sizeof(result.lr));
    char *path = run_path(t, "results.csv");
    int failed = yt_results_append(path, &result);
    free(path);
    double fitness = round5(0.1 * p->metrics[2] + 0.9 * p->metrics[3]);
    bool best = fitness >= p->best_fitness;
    if (best) {
        p->best_fitness = fitness;
        p->best_epoch = p->epoch + 1;
    }
    if (failed || !t->settings->save) return failed;
    if (save_weights(t, "last") != 0 || (best && save_weights(t, "best") != 0)) return -1;
    int period = t->settings->save_period;
    if (period <= 0 || (p->epoch + 1) % period != 0) return 0;
    char name[32];
    snprintf(name, sizeof(name), "epoch%d", p->epoch + 1);
    return save_weights(t, name);
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
    if (write_epoch(t) != 0) return -1;
    bool patience = patience_over(t);
    if (patience)
        yt_info("no improvement for %d epochs: stopped early (best: epoch %d)",
                t->settings->patience, p->best_epoch);
    replan(t);
    *over = patience || p->epoch + 1 >= p->epochs || time_over(t);
    p->epoch++;
    p->batch = 0;
    memset(p->items, 0, sizeof(p->items));
    return save_state(t);
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
        } else if (yt_now() - t->state_written > STATE_EVERY_S && save_state(t) != 0) {
            return YT_TRAIN_FAILED;
        }
        if (!over && (stop_signal || session_over(t))) {
            yt_console_break(&t->console);
            return save_state(t) == 0 ? YT_TRAIN_PAUSED : YT_TRAIN_FAILED;
        }
    }
    return YT_TRAIN_DONE;
}

enum yt_train_end yt_trainer_run(struct yt_trainer *t) {
    struct yt_progress *p = &t->progress;
    char *path = run_path(t, "log.jsonl");
    t->log = fopen(path, p->step ? "a" : "w");
    free(path);
    if (!t->log) {
        yt_fail("%s/log.jsonl: cannot be written; check the folder's permissions", t->run);
        return YT_TRAIN_FAILED;
    }
    struct yt_loader *loader = yt_source_train_loader(t->source, t->settings, p->epoch, p->batch);
    t->session_start = t->state_written = yt_now();
    enum yt_train_end end = loader ? run_epochs(t, loader) : YT_TRAIN_FAILED;
    yt_loader_free(loader);
    fclose(t->log);
    return end;
}
