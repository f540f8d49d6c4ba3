/* The exact state of a run between two steps: from it, training goes on as if it had never stopped.
 *
 * A safetensors file with the arrays (values, gradients so far, moments, EMA) and the counters as
 * metadata, floats in hexadecimal. Randomness needs no state: it is a function of (seed, epoch,
 * tile). Written whole or not at all; the one before is kept as *.previous and is used when the
 * newest is damaged, which its checksums tell (tensor/safetensors.h).
 */
#ifndef YT_TRAIN_STATE_H
#define YT_TRAIN_STATE_H

#include "train/guard.h"
#include "train/optimizer.h"
#include "train/step.h"
#include "train/unlearnt.h"
#include "yolov10/model.h"

/* Where a run stands. */
struct yt_progress {
    int epochs;             /* planned; time= changes it */
    int epoch, batch;       /* the next to run; all batches done: the epoch is to be validated */
    int64_t step;           /* batches since the start */
    int64_t last_update;    /* step of the last optimiser step; -1: none */
    double items[YT_ITEMS]; /* running mean over the epoch so far */
    double best_fitness;    /* -1: none yet */
    int best_epoch;         /* from 1 */
    int64_t data_hash;      /* of yt_source_hash */
    double seconds;         /* trained so far, over all sessions */
    double epoch_s, epoch_waited_s;   /* of this epoch's steps; of that, for data */
    int64_t lost_labels, seen_labels; /* dropped and kept by augmentation, this epoch */
    bool replanned;
    double metrics[4]; /* precision, recall, mAP50, mAP50-95 of the last validation */
    double fitness;    /* of it: what chooses best weights (eval/metrics.h) */
    double val_items[YT_ITEMS];
    struct yt_guard guard;
};

int yt_state_save(const char *path, const struct yt_model *model,
                  const struct yt_optimizer *optimizer, const struct yt_unlearnt *unlearnt,
                  const struct yt_progress *progress);
/* Fills values, gradients, optimiser, counters and progress. -1 + yt_fail: no such state, both
 * files damaged, another model, other classes or another optimiser. A damaged newest file is a
 * warning. */
int yt_state_load(const char *path, struct yt_model *model, struct yt_optimizer *optimizer,
                  struct yt_unlearnt *unlearnt, struct yt_progress *progress);

#endif
