/* outcomes.safetensors: what a validation leaves for `yt compare` (eval/outcomes.h). Tensors
 *
 *     score    (n) F32    of each detection
 *     outcome  (n) I64    page << 32 | class << 16 | a bit for each IoU threshold passed
 *     truth    (m, 2) I64 page << 32 | class << 16, and the number of labels
 *
 * and metadata: "pages" and "classes", lists of names; "weights", "data", "split", "unit" (tiles or
 * pages), what was measured on what.
 */
#ifndef YT_TRAIN_OUTCOMES_FILE_H
#define YT_TRAIN_OUTCOMES_FILE_H

#include "config/settings.h"
#include "data/dataset.h"
#include "eval/outcomes.h"

struct yt_outcomes_file {
    struct yt_outcomes outcomes; /* pages and classes by number in these lists: */
    char **pages, **classes;
    char *weights, *data, *split, *unit;
};

/* outcomes: with the data set's pages and classes. Whole or absent; -1 + yt_fail. */
int yt_outcomes_save(const char *path, const struct yt_outcomes *outcomes,
                     const struct yt_dataset *dataset, const struct yt_settings *settings,
                     const char *unit);
/* -1 + yt_fail with nothing to release: no such file, or not of this format. */
int yt_outcomes_load(const char *path, struct yt_outcomes_file *file);
void yt_outcomes_file_release(struct yt_outcomes_file *file);

#endif
