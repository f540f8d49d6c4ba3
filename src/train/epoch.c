/* The end of an epoch: validation on the EMA, what is written, and whether the run is over. */
#include "train/trainer_internal.h"

#include "eval/report.h"
#include "train/results.h"
#include "train/validate.h"

#include <math.h>
#include <string.h>

enum { VAL_BATCH_MAX = 32, VALIDATED_AT_THE_END = 10 };

bool yt_epoch_plans_validation(const struct yt_trainer *t, int epoch) {
    bool is_near_end = epoch > t->progress.epochs - VALIDATED_AT_THE_END;
    bool planned = t->settings->val && (epoch % t->settings->val_period == 0 || is_near_end);
    return t->source->split.count[YT_VAL] > 0 && (planned || epoch == t->progress.epochs);
}

static bool validation_due(const struct yt_trainer *t) {
    int done = t->progress.epoch + 1, patience = t->settings->patience;
    bool may_stop = patience > 0 && done - t->progress.best_epoch >= patience - 1;
    return yt_epoch_plans_validation(t, done) ||
           (t->source->split.count[YT_VAL] > 0 &&
            ((t->settings->val && may_stop) || yt_trainer_time_over(t)));
}

/* Images that were made for the model are no pages. */
static bool pages_due(const struct yt_trainer *t) {
    int period = t->settings->val_pages;
    return period > 0 && (t->progress.epoch + 1) % period == 0 &&
           t->source->dataset.is_deepscores && t->source->tiling.slice_h > 0;
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

static void inspect(void *user, const struct yt_validated *v) {
    struct yt_trainer *t = user;
    if (t->inspection)
        yt_inspection_add(t->inspection, v->tile, v->detections, v->detection_count, v->labels,
                          v->label_count);
}

static bool show_progress(void *user, int done, int batches) {
    struct yt_trainer *t = user;
    (void)batches;
    yt_meter_at(&t->meter, (size_t)done);
    return !yt_trainer_stopped_by();
}

static int val_batch(const struct yt_settings *settings) {
    return YT_MIN(2 * settings->batch, VAL_BATCH_MAX);
}

int yt_epoch_open_detector(struct yt_trainer *t) {
    if (t->source->split.count[YT_VAL] == 0) return 0;
    t->detector = yt_detector_new(t->model, t->optimizer.ema, YT_HEAD_BOTH);
    yt_detector_set_reading(
        t->detector,
        &(struct yt_reading){.head = YT_ONE2ONE, .one_class = t->settings->one_class_per_anchor});
    struct yt_batch_shape largest =
        yt_source_val_largest(t->source, t->settings, YT_VAL, val_batch(t->settings));
    if (yt_detector_begin(t->detector, largest.n, largest.h, largest.w)) return 0;
    return yt_fail_in("validation does not fit in memory beside training; use a smaller batch=");
}

/* Returns as yt_validate. */
static int validate(struct yt_trainer *t) {
    const struct yt_settings *s = t->settings;
    yt_detector_update(t->detector, t->optimizer.ema);
    struct yt_validate_options options = {.max_det = yt_source_max_det(t->source, s),
                                          .gains = &t->gains,
                                          .tile = inspect,
                                          .progress = show_progress,
                                          .user = t};
    struct yt_validation result;
    struct yt_loader *loader = yt_source_val_loader(t->source, s, YT_VAL, val_batch(s), 1);
    if (!loader) return -1;
    yt_meter_start(&t->meter, "validation, batch", (size_t)yt_loader_batches(loader));
    t->inspection = yt_show_inspect(t);
    int status = yt_validate(t->detector, loader, &options, &result);
    yt_meter_hide(&t->meter);
    yt_loader_free(loader);
    if (status == 0) {
        take_scores(t, &result);
        /* what is drawn is what weights/best.safetensors finds */
        if (t->progress.fitness >= t->progress.best_fitness)
            yt_show_validation(t, &result.scores, t->inspection);
        yt_validation_release(&result);
    }
    yt_inspection_free(t->inspection);
    t->inspection = NULL;
    return status == 0 && pages_due(t) ? yt_epoch_validate_pages(t) : status;
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

static void say_lost_labels(const struct yt_progress *p) {
    if (p->lost_labels)
        yt_info("augmentation dropped %lld labels and kept %lld this epoch",
                (long long)p->lost_labels, (long long)p->seen_labels);
}

int yt_epoch_finish(struct yt_trainer *t, bool *over) {
    struct yt_progress *p = &t->progress;
    double start = yt_now();
    say_lost_labels(p);
    int status = validation_due(t) ? validate(t) : 0;
    if (status != 0) return status;
    double val_s = yt_now() - start;
    p->seconds += val_s;
    if (yt_record_epoch(t) != 0) return -1;
    yt_show_epoch(t, val_s);
    bool patience = patience_over(t);
    if (patience)
        yt_info("no improvement for %d epochs: stopped early (best: epoch %d)",
                t->settings->patience, p->best_epoch);
    replan(t);
    *over = patience || p->epoch + 1 >= p->epochs || yt_trainer_time_over(t);
    p->epoch++;
    if (*over) p->epochs = p->epoch; /* so that resume= finds the run ended, whatever ended it */
    p->batch = 0;
    p->epoch_s = p->epoch_waited_s = 0;
    p->lost_labels = p->seen_labels = 0;
    memset(p->items, 0, sizeof(p->items));
    yt_unlearnt_clear(&t->unlearnt);
    /* While steps are left out, the state before them is the one to go back to. */
    if ((p->guard.in_a_row == 0 || *over) && yt_record_state(t) != 0) return -1;
    yt_show_page(t, *over ? "done" : "running");
    return 0;
}
