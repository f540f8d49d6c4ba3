/* A trainer from settings, data and a model: the optimiser that `auto` means, memory, the folder.
 */
#include "train/trainer_internal.h"

#include "base/file.h"
#include "base/str.h"
#include "base/threads.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

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
    if (!t->run) return 0;
    for (size_t i = 0; i < YT_COUNT(folders); i++) {
        char *path = yt_record_path(t, folders[i]);
        int made = yt_path_mkdirs(path);
        free(path);
        if (made != 0) return -1;
    }
    return 0;
}

/* What steps and validation take, all of it before the first one; and whether the disk has room for
 * what the run will write: three states, for the new one is whole before the oldest goes, and
 * weights. */
static int say_memory(const struct yt_trainer *t) {
    double gib = 1u << 30;
    size_t params = t->model->params->total * sizeof(float), arrays = t->optimizer.v ? 5 : 4;
    long long available = yt_memory_available();
    size_t detector = t->detector ? yt_detector_bytes(t->detector) : 0;
    yt_info(
        "memory: %.2f GiB of activations for a batch of %d, %.2f GiB of parameters, %.2f GiB to "
        "validate; %.1f GiB are free beside them",
        (double)yt_step_bytes(&t->step) / gib, t->settings->batch, (double)(params * arrays) / gib,
        (double)detector / gib, (double)YT_MAX(available, 0) / gib);
    if (!t->run) return 0;
    char *path = yt_record_path(t, "state/last.safetensors");
    bool has_states = yt_path_exists(path);
    int failed = yt_file_room(path, (has_states ? 1 : 3) * (arrays + 1) * params);
    free(path);
    return failed;
}

int yt_trainer_init(struct yt_trainer *t, const struct yt_settings *settings,
                    const struct yt_source *source, struct yt_model *model, const char *run) {
    memset(t, 0, sizeof(*t));
    t->settings = settings;
    t->source = source;
    t->model = model;
    t->run = run ? yt_strdup(run) : NULL;
    t->progress = (struct yt_progress){.epochs = settings->epochs,
                                       .last_update = -1,
                                       .best_fitness = -1,
                                       .data_hash = (int64_t)yt_source_hash(source)};
    yt_console_init(&t->console);
    t->gains = (struct yt_loss_gains){.box = (float)settings->box,
                                      .cls = (float)settings->cls,
                                      .dfl = (float)settings->dfl,
                                      .assign_min_side = (float)settings->assign_min_side,
                                      .assign_fallback = (float)settings->assign_fallback};
    if (open_folder(t) != 0 ||
        yt_step_init(&t->step, model, t->gains, settings->batch, settings->imgsz) != 0) {
        free(t->run);
        return -1;
    }
    init_optimizer(t);
    yt_unlearnt_init(&t->unlearnt, model->nc);
    if (yt_epoch_open_detector(t) == 0 && say_memory(t) == 0) return 0;
    yt_trainer_release(t);
    return -1;
}

void yt_trainer_release(struct yt_trainer *t) {
    yt_detector_free(t->detector);
    yt_step_release(&t->step);
    yt_optimizer_release(&t->optimizer);
    yt_unlearnt_release(&t->unlearnt);
    yt_str_release(&t->line);
    free(t->tiles);
    free(t->run);
}

int yt_trainer_load_state(struct yt_trainer *t) {
    char *path = yt_record_path(t, "state/last.safetensors");
    int loaded = yt_state_load(path, t->model, &t->optimizer, &t->unlearnt, &t->progress);
    free(path);
    if (loaded != 0) return -1;
    t->schedule.epochs = t->progress.epochs;
    t->schedule.replanned = t->progress.replanned;
    return 0;
}

int yt_trainer_resume(struct yt_trainer *t) {
    if (yt_trainer_load_state(t) != 0) return -1;
    const struct yt_progress *p = &t->progress;
    int batches = t->schedule.batches;
    if (p->data_hash != (int64_t)yt_source_hash(t->source) ||
        (p->epoch < p->epochs && p->step != (int64_t)p->epoch * batches + p->batch))
        return yt_fail("resume: the pages, labels, tiles or lists are not what they were when the "
                       "run was left at step %lld; put them back, or start a new run with "
                       "weights=%s/weights/last.safetensors",
                       (long long)p->step, t->run);
    if (p->epoch >= p->epochs)
        yt_info("resume: all %d epochs are done", p->epochs);
    else if (p->batch == batches)
        yt_info("resume: from the validation of epoch %d of %d", p->epoch + 1, p->epochs);
    else
        yt_info("resume: from epoch %d of %d, batch %d of %d", p->epoch + 1, p->epochs,
                p->batch + 1, batches);
    return 0;
}

/* The first batch of the run, from a loader to free; NULL + yt_fail. */
static struct yt_loader *first_batch(const struct yt_trainer *t, const struct yt_batch **batch) {
    struct yt_loader *loader = yt_source_train_loader(t->source, t->settings, 0, 0);
    if (loader && yt_loader_next(loader, batch) == 0) return loader;
    yt_loader_free(loader);
    return NULL;
}

/* Seconds of a step, the second time, when its memory has been touched; below 0: yt_fail. What
 * training changes without the optimiser, running statistics and gradients, is put back. */
static double time_step(struct yt_trainer *t, const struct yt_batch *batch) {
    struct yt_params *params = t->model->params;
    size_t buffers = (params->total - params->trainable) * sizeof(float);
    float *kept = yt_malloc(buffers + 1), items[YT_ITEMS];
    double start = 0;
    int failed = 0;
    memcpy(kept, params->value + params->trainable, buffers);
    for (int i = 0; i < 2 && !failed; i++) {
        start = yt_now();
        failed = yt_step_run(&t->step, batch, items);
    }
    double took = yt_now() - start;
    memcpy(params->value + params->trainable, kept, buffers);
    memset(params->grad, 0, params->trainable * sizeof(float));
    free(kept);
    return failed ? -1 : took;
}

static int count_validations(const struct yt_trainer *t) {
    int count = 0;
    for (int epoch = 1; epoch <= t->progress.epochs; epoch++)
        count += yt_epoch_plans_validation(t, epoch);
    return count;
}

/* With val=false only the end of the run is validated, which is not worth a word. */
static void say_expected(struct yt_trainer *t, double step_s) {
    const struct yt_settings *s = t->settings;
    size_t tiles = s->val ? t->source->split.count[YT_VAL] : 0;
    double val_s = (double)tiles / s->batch * step_s / 3; /* a forward is a third of a step */
    double train_s = t->schedule.batches * step_s, epoch_s = train_s + val_s / s->val_period;
    if (!isnan(s->time)) {
        t->progress.epochs = (int)YT_MAX(s->time * 3600 / epoch_s, 1);
        t->schedule.epochs = t->progress.epochs;
    }
    int validations = tiles ? count_validations(t) : 0;
    char epoch[32], all[32], validated[96] = "";
    yt_time_text(train_s, epoch);
    yt_time_text(train_s * t->progress.epochs + val_s * validations, all);
    if (validations)
        snprintf(validated, sizeof validated, ", %d of them validated on %zu tiles", validations,
                 tiles);
    yt_info("expected: about %s to train an epoch (%d steps of %.2f s), %s for %d epochs%s%s",
            epoch, t->schedule.batches, step_s, all, t->progress.epochs, validated,
            isnan(s->time) ? "" : "; as many as fit into time=");
}

int yt_trainer_measure(struct yt_trainer *t) {
    const struct yt_batch *batch;
    struct yt_loader *loader = first_batch(t, &batch);
    double step_s = loader ? time_step(t, batch) : -1;
    yt_loader_free(loader);
    if (step_s < 0) return -1;
    say_expected(t, step_s);
    return 0;
}

int yt_trainer_calibrate(struct yt_trainer *t) {
    const struct yt_batch *batch;
    struct yt_loader *loader = first_batch(t, &batch);
    int failed = !loader || yt_step_calibrate(&t->step, batch) != 0;
    yt_loader_free(loader);
    if (failed) return -1;
    memcpy(t->optimizer.ema, t->model->params->value, t->model->params->total * sizeof(float));
    return 0;
}
