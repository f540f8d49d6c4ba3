/* Labels that nothing learns: those that get no anchor with a target score above 0 from the
 * assigner (yolov10/assign.h), by class and head, counted over an epoch of training. Such a label
 * adds nothing to the loss but background, in which its symbol stands.
 *
 *     struct yt_unlearnt unlearnt;
 *     yt_unlearnt_init(&unlearnt, nc);
 *     ... yt_unlearnt_add(&unlearnt, &step, batch) after each yt_step_run ...
 *     yt_unlearnt_print(&unlearnt, names);
 *     yt_unlearnt_write("runs/detect/train/unlearnt.csv", epoch, &unlearnt, names);
 *     yt_unlearnt_clear(&unlearnt);
 *
 * unlearnt.csv has a row for each epoch and class with labels: epoch, class, labels, unlearnt_om
 * (by the one-to-many head), unlearnt_oo (by the one-to-one head). A tile's labels count in every
 * epoch that shows the tile.
 */
#ifndef YT_TRAIN_UNLEARNT_H
#define YT_TRAIN_UNLEARNT_H

#include "train/step.h"

/* Whole numbers, as floats so that the state of a run stores them as it stores its other arrays
 * (train/state.h); exact up to 16 million labels of a class in an epoch. */
struct yt_unlearnt_class {
    float labels, without[YT_HEADS];
};
struct yt_unlearnt {
    int nc;
    struct yt_unlearnt_class *classes; /* nc */
};

void yt_unlearnt_init(struct yt_unlearnt *unlearnt, int nc);
void yt_unlearnt_release(struct yt_unlearnt *unlearnt);
void yt_unlearnt_clear(struct yt_unlearnt *unlearnt);
/* Takes what the step's last run assigned; `batch` is what it ran on. */
void yt_unlearnt_add(struct yt_unlearnt *unlearnt, const struct yt_step *step,
                     const struct yt_batch *batch);
/* One line: the totals, and the classes with most such labels. */
void yt_unlearnt_print(const struct yt_unlearnt *unlearnt, char *const *names);
/* Replaces the rows of this epoch and of later ones; the file is whole or absent. -1 + yt_fail. */
int yt_unlearnt_write(const char *path, int epoch, const struct yt_unlearnt *unlearnt,
                      char *const *names);

#endif
