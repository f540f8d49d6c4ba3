/* Learning rate, momentum and accumulation for every step, and which optimiser `auto` means: the
 * reference trainer's rules as functions of (epoch, step), without state.
 *
 * Steps are batches, counted from the start of the run: step = batch + batches_per_epoch * epoch.
 * Warm-up lasts max(round(warmup_epochs * batches), 100) steps. After it, the learning rate of an
 * epoch is lr0 * lf(epoch - 1) (the reference steps its scheduler once too late, and so do we);
 * during it, the rates rise linearly to lr0 * lf(epoch).
 */
#ifndef YT_TRAIN_SCHEDULE_H
#define YT_TRAIN_SCHEDULE_H

#include "base/base.h"
#include "tensor/params.h"

struct yt_schedule {
    int epochs;
    int batches; /* an epoch */
    int batch;   /* images */
    int nbs;     /* images an optimiser step aims at */
    double lr0, lrf;
    double momentum;       /* of the optimiser, where nothing warms up */
    double final_momentum; /* that warm-up leads to */
    double warmup_epochs, warmup_momentum, warmup_bias_lr;
    bool cos_lr;
    bool replanned; /* time= has set `epochs` anew: epochs use lf(epoch) without the delay */
};

struct yt_rates {
    double lr[YT_PARAM_GROUPS]; /* biases, weights, norm weights */
    double momentum;
    int accumulate; /* batches an optimiser step */
};

double yt_schedule_factor(const struct yt_schedule *schedule, int epoch); /* lf */
int yt_schedule_warmup_steps(const struct yt_schedule *schedule);         /* -1: none */
struct yt_rates yt_schedule_at(const struct yt_schedule *schedule, int epoch, int64_t step);

enum yt_optimizer_kind { YT_SGD, YT_ADAMW };

/* optimizer=auto: AdamW with a rate that falls with the number of classes for runs of at most 10000
 * optimiser steps, SGD at 0.01 for longer ones. */
struct yt_optimizer_choice {
    enum yt_optimizer_kind kind;
    double lr0, momentum, warmup_bias_lr;
    int64_t iterations; /* that the choice was made by */
};
struct yt_optimizer_choice yt_optimizer_auto(int nc, int64_t images, int batch, int epochs);

/* weight_decay is meant for nbs images an optimiser step; scaled to what a step really has. */
double yt_scaled_weight_decay(double weight_decay, int batch, int nbs);

#endif
