/* What the parts of the trainer share: setup.c makes it, trainer.c takes the steps, epoch.c ends
 * the epochs, record.c writes what the run leaves on disk. For src/train alone. */
#ifndef YT_TRAIN_TRAINER_INTERNAL_H
#define YT_TRAIN_TRAINER_INTERNAL_H

#include "train/trainer.h"

/* Takes over the newest valid state of the run's folder: parameters, optimiser, progress. */
int yt_trainer_load_state(struct yt_trainer *trainer);
struct yt_rates yt_trainer_rates(const struct yt_trainer *trainer, int64_t step);
/* time= is used up. */
bool yt_trainer_time_over(const struct yt_trainer *trainer);

/* --- epoch.c -------------------------------------------------------------------------------- */

/* All batches of the epoch are done: validates, writes, and moves on to the next one; *over: the
 * run has ended. Returns 1, with nothing changed, when a signal stopped the validation; -1 +
 * yt_fail. */
int yt_epoch_finish(struct yt_trainer *trainer, bool *over);

/* --- record.c ------------------------------------------------------------------------------- */

/* A path in the run's folder; to free. */
char *yt_record_path(const struct yt_trainer *trainer, const char *name);
/* log.jsonl, which a run that goes on appends to. */
int yt_record_open(struct yt_trainer *trainer);
void yt_record_close(struct yt_trainer *trainer);
/* A line for the step at hand; -1 + yt_fail when it does not reach the disk. `norm`: of the
 * gradient, NAN where no optimiser step was due; `left_out`: why it was not taken, or NULL. */
int yt_record_step(struct yt_trainer *trainer, const struct yt_batch *batch,
                   const float items[YT_ITEMS], const struct yt_rates *rates, double norm,
                   const char *left_out);
/* The epoch that has ended: results.csv, unlearnt.csv, the best fitness, and the weights that are
 * due. */
int yt_record_epoch(struct yt_trainer *trainer);
int yt_record_state(struct yt_trainer *trainer);
/* "page.png@640,1280", for messages. */
void yt_record_tile(const struct yt_trainer *trainer, uint32_t tile, struct yt_str *out);

#endif
