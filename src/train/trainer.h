/* A training run: epochs of steps, validation on the EMA, weights, results and state on disk.
 *
 *     struct yt_trainer trainer;
 *     if (yt_trainer_init(&trainer, &settings, &source, model, run) != 0) return -1;
 *     if (resume && yt_trainer_resume(&trainer) != 0) ...
 *     enum yt_train_end end = yt_trainer_run(&trainer);
 *     yt_trainer_release(&trainer);
 *
 * In the run's folder: weights/best.safetensors and last.safetensors (the EMA), state/
 * last.safetensors (everything, to go on exactly), results.csv (a row an epoch), unlearnt.csv
 * (unlearnt.h), log.jsonl (a line a step). Behaves as the reference trainer does, its oddities
 * included (schedule.h), except that a step whose gradient is not finite or an outlier is left out
 * and counted (guard.h).
 */
#ifndef YT_TRAIN_TRAINER_H
#define YT_TRAIN_TRAINER_H

#include "base/meter.h"
#include "base/str.h"
#include "config/settings.h"
#include "infer/detector.h"
#include "train/console.h"
#include "train/optimizer.h"
#include "train/source.h"
#include "train/state.h"
#include "train/step.h"

#include <stdio.h>

enum yt_train_end {
    YT_TRAIN_DONE,
    YT_TRAIN_PAUSED,  /* a signal or session=: the state is written, resume= goes on */
    YT_TRAIN_FAILED,  /* yt_error() says why */
    YT_TRAIN_NUMERIC, /* gradients stayed unusable; yt_error() says where */
};

struct yt_trainer {
    const struct yt_settings *settings;
    const struct yt_source *source;
    struct yt_model *model;
    char *run; /* the folder */
    struct yt_schedule schedule;
    struct yt_optimizer optimizer;
    struct yt_step step;
    struct yt_loss_gains gains;
    struct yt_progress progress;
    struct yt_unlearnt unlearnt;  /* of this epoch */
    struct yt_detector *detector; /* for validation; NULL without tiles for it */
    struct yt_console console;
    struct yt_inspection *inspection; /* of the validation at hand */
    struct yt_meter meter;            /* of validation */
    struct yt_loader *loader;         /* of training */
    FILE *log;
    struct yt_str line; /* of the log, kept so that a step allocates nothing */
    uint32_t *tiles;    /* that the gradient so far is made of */
    size_t tile_count, tile_cap;
    double session_start, state_written; /* yt_now() */
};

/* Chooses the optimiser, plans memory, says both. Everything is lent and must outlive the trainer.
 * On -1 there is nothing to release. Without a run's folder, NULL, it is a plan: nothing is
 * written, and it can be measured, not run. */
int yt_trainer_init(struct yt_trainer *trainer, const struct yt_settings *settings,
                    const struct yt_source *source, struct yt_model *model, const char *run);
void yt_trainer_release(struct yt_trainer *trainer);
/* Takes over the state that the run's folder holds. */
int yt_trainer_resume(struct yt_trainer *trainer);
/* For a model that was loaded folded: statistics for its batch norms from the first batch. */
int yt_trainer_calibrate(struct yt_trainer *trainer);
/* Runs two steps on the first batch, says how long an epoch should take, and leaves no trace in
 * model or optimiser: to be called before yt_trainer_resume. With time=, a new run plans as many
 * epochs as fit. */
int yt_trainer_measure(struct yt_trainer *trainer);
enum yt_train_end yt_trainer_run(struct yt_trainer *trainer);

/* Asks a running trainer to stop after the step at hand; for signal handlers. */
void yt_trainer_stop(int signal_number);
int yt_trainer_stopped_by(void); /* 0: nothing */

#endif
