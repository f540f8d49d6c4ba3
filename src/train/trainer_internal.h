/* What the parts of the trainer share: setup.c makes it, trainer.c runs it, record.c writes what
 * the run leaves on disk. For src/train alone. */
#ifndef YT_TRAIN_TRAINER_INTERNAL_H
#define YT_TRAIN_TRAINER_INTERNAL_H

#include "train/trainer.h"

/* A path in the run's folder; to free. */
char *yt_trainer_path(const struct yt_trainer *trainer, const char *name);

/* --- record.c ------------------------------------------------------------------------------- */

/* log.jsonl, which a run that goes on appends to. */
int yt_record_open(struct yt_trainer *trainer);
void yt_record_close(struct yt_trainer *trainer);
/* A line for the step at hand; -1 + yt_fail when it does not reach the disk. */
int yt_record_step(struct yt_trainer *trainer, const struct yt_batch *batch,
                   const float items[YT_ITEMS], const struct yt_rates *rates);
/* The epoch that has ended: results.csv, unlearnt.csv, the best fitness, and the weights that are
 * due. */
int yt_record_epoch(struct yt_trainer *trainer);
int yt_record_state(struct yt_trainer *trainer);

#endif
