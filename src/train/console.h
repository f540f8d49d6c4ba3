/* What a user sees of a run: one live line in a terminal, plain lines elsewhere. Columns are those
 * of YOLO trainers, with images a second, the share of time spent waiting for data, and the time
 * left. */
#ifndef YT_TRAIN_CONSOLE_H
#define YT_TRAIN_CONSOLE_H

#include "base/live.h"
#include "train/step.h"

struct yt_console {
    struct yt_live live;
    double epoch_start, last_line; /* yt_now() */
    double images, waited_s;       /* this epoch */
    double left_s;                 /* of the run, estimated */
};

void yt_console_init(struct yt_console *console);
/* Prints the header of an epoch. */
void yt_console_epoch(struct yt_console *console);
/* One batch is done: (epoch, batch) of (epochs, batches), counted from 0. */
void yt_console_batch(struct yt_console *console, int epoch, int epochs, int batch, int batches,
                      const struct yt_batch *data, const double items[YT_ITEMS]);
/* Clears the live line, so that other output can follow. */
void yt_console_hide(struct yt_console *console);

#endif
