/* A trainer from settings, data and a model: the optimiser that `auto` means, memory, the folder.
 */
#include "train/trainer_internal.h"

#include "base/file.h"
#include "base/str.h"
#include "base/threads.h"

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
    for (size_t i = 0; i < YT_COUNT(folders); i++) {
        char *path = yt_record_path(t, folders[i]);
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
