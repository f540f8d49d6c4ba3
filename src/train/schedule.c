#include "train/schedule.h"

#include <math.h>

double yt_schedule_factor(const struct yt_schedule *s, int epoch) {
    double progress = (double)epoch / s->epochs;
    if (s->cos_lr) return fmax((1 - cos(progress * M_PI)) / 2, 0) * (s->lrf - 1) + 1;
    return fmax(1 - progress, 0) * (1 - s->lrf) + s->lrf;
}

int yt_schedule_warmup_steps(const struct yt_schedule *s) {
    if (s->warmup_epochs <= 0) return -1;
    return YT_MAX((int)nearbyint(s->warmup_epochs * s->batches), 100);
}

static int full_accumulation(const struct yt_schedule *s) {
    return YT_MAX((int)nearbyint((double)s->nbs / s->batch), 1);
}

static double interpolate(int64_t step, int warmup, double from, double to) {
    return from + (to - from) * YT_MIN((double)step / warmup, 1.0);
}

static struct yt_rates warming_up(const struct yt_schedule *s, int epoch, int64_t step,
                                  int warmup) {
    double target = s->lr0 * yt_schedule_factor(s, epoch);
    double accumulate = interpolate(step, warmup, 1, (double)s->nbs / s->batch);
    struct yt_rates rates = {
        .momentum = interpolate(step, warmup, s->warmup_momentum, s->final_momentum),
        .accumulate = YT_MAX((int)nearbyint(accumulate), 1),
    };
    for (int group = 0; group < YT_PARAM_GROUPS; group++) {
        double from = group == YT_PARAM_BIAS ? s->warmup_bias_lr : 0;
        rates.lr[group] = interpolate(step, warmup, from, target);
    }
    return rates;
}

struct yt_rates yt_schedule_at(const struct yt_schedule *s, int epoch, int64_t step) {
    int warmup = yt_schedule_warmup_steps(s);
    if (step <= warmup) return warming_up(s, epoch, step, warmup);
    /* The epoch in which warm-up ends keeps the rate that it ended with. */
    bool fresh = epoch == (warmup < 0 ? 0 : warmup / s->batches);
    double lr = s->lr0 * yt_schedule_factor(s, fresh || s->replanned ? epoch : epoch - 1);
    return (struct yt_rates){
        .lr = {lr, lr, lr},
        .momentum = warmup < 0 ? s->momentum : s->final_momentum,
        .accumulate = full_accumulation(s),
    };
}

struct yt_optimizer_choice yt_optimizer_auto(int nc, int64_t images, int batch, int epochs) {
    int64_t per_step = YT_MAX(batch, 64);
    struct yt_optimizer_choice choice = {.iterations = (images + per_step - 1) / per_step * epochs,
                                         .momentum = 0.9};
    if (choice.iterations > 10000) {
        choice.kind = YT_SGD;
        choice.lr0 = 0.01;
    } else {
        choice.kind = YT_ADAMW;
        choice.lr0 = nearbyint(0.002 * 5 / (4 + nc) * 1e6) / 1e6;
    }
    return choice;
}

double yt_scaled_weight_decay(double weight_decay, int batch, int nbs) {
    int accumulate = YT_MAX((int)nearbyint((double)nbs / batch), 1);
    return weight_decay * batch * accumulate / nbs;
}
