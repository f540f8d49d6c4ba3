/* How far a piece of work has come: "predict: 12/81, 40 s left", kept up to date on one line of a
 * terminal; elsewhere a line now and then. */
#ifndef YT_BASE_METER_H
#define YT_BASE_METER_H

#include "base/live.h"

struct yt_meter {
    const char *what;
    size_t total;
    struct yt_live live;
    double start, last; /* yt_now() */
};

/* total: how many there are to do. */
void yt_meter_start(struct yt_meter *meter, const char *what, size_t total);
void yt_meter_at(struct yt_meter *meter, size_t done);
/* Clears the live line, so that another can be printed. */
void yt_meter_hide(struct yt_meter *meter);

/* "1.4 h", "3 min 20 s", "12 s". */
void yt_time_text(double seconds, char text[32]);

#endif
