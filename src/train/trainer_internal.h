/* What the parts of the trainer share: setup.c makes it, trainer.c takes the steps, epoch.c ends
 * the epochs, record.c writes what the run needs, show.c what people look at. For src/train alone.
 */
#ifndef YT_TRAIN_TRAINER_INTERNAL_H
#define YT_TRAIN_TRAINER_INTERNAL_H

#include "eval/metrics.h"
#include "report/inspection.h"
#include "train/trainer.h"

/* Takes over the newest valid state of the run's folder: parameters, optimiser, progress. */
int yt_trainer_load_state(struct yt_trainer *trainer);
struct yt_rates yt_trainer_rates(const struct yt_trainer *trainer, int64_t step);
/* time= is used up. */
bool yt_trainer_time_over(const struct yt_trainer *trainer);

/* --- epoch.c -------------------------------------------------------------------------------- */

/* The detector of validation, with the memory for its largest batch, so that what is short is short
 * before the first step. Without tiles to validate on there is none. -1 + yt_fail. */
int yt_epoch_open_detector(struct yt_trainer *trainer);
/* Whether the epoch, from 1, is to be validated as the run is planned: with val=true each
 * val_period-th and, as in the reference, the last ten; the last one in any case. */
bool yt_epoch_plans_validation(const struct yt_trainer *trainer, int epoch);
/* All batches of the epoch are done: validates, writes, and moves on to the next one; *over: the
 * run has ended. Returns 1, with nothing changed, when a signal stopped the validation; -1 +
 * yt_fail. */
int yt_epoch_finish(struct yt_trainer *trainer, bool *over);

/* --- epoch_pages.c -------------------------------------------------------------------------- */

/* Validates the trainer's detector on whole pages and adds a row to pages.csv. Returns 0; 1 when a
 * signal stopped it; -1 + yt_fail. With split=tile there are no pages: nothing is done.
 */
int yt_epoch_validate_pages(struct yt_trainer *trainer);

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

/* --- show.c: what people look at; what cannot be written is a warning ------------------------ */

/* env.txt, audit.txt, labels.png. */
void yt_show_start(struct yt_trainer *trainer);
/* train_batch0.png and the next, of the first steps. */
void yt_show_batch(struct yt_trainer *trainer, const struct yt_batch *batch);
/* What a validation collects for yt_show_validation; NULL with plots=false. To free. */
struct yt_inspection *yt_show_inspect(const struct yt_trainer *trainer);
/* Of the best validation so far: per_class.csv, curves, confusion matrix, pictures. */
void yt_show_validation(struct yt_trainer *trainer, const struct yt_scores *scores,
                        struct yt_inspection *inspection);
/* timing.csv and results.png. val_s: seconds that the validation took. */
void yt_show_epoch(struct yt_trainer *trainer, double val_s);
/* report.html; state: running, paused, done. */
void yt_show_page(struct yt_trainer *trainer, const char *state);

#endif
