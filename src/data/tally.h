/* What was dropped or changed while reading data: a count and the first example per reason, so that
 * a million faulty labels make one line and the first of them can be found.
 *
 *     yt_tally_add(&tally, "boxes without an area were dropped", "%s:%d", path, line);
 *     yt_tally_print(&tally, "data/ds2");
 *     // warning: data/ds2: 12 boxes without an area were dropped (first: labels/p1.txt:7)
 */
#ifndef YT_DATA_TALLY_H
#define YT_DATA_TALLY_H

#include "base/base.h"

struct yt_tally_row {
    const char *reason; /* a constant string: rows are told apart by its text */
    uint64_t count;
    char *first;
};
/* Zero-initialise. */
struct yt_tally {
    struct yt_tally_row *rows;
    size_t count, cap;
};

/* Counts one; the example is formatted only the first time. Reasons read well after a number. */
void yt_tally_add(struct yt_tally *tally, const char *reason, const char *example, ...)
    YT_PRINTF(3, 4);
uint64_t yt_tally_count(const struct yt_tally *tally, const char *reason); /* 0 if never added */
/* One warning a row. */
void yt_tally_print(const struct yt_tally *tally, const char *where);
void yt_tally_release(struct yt_tally *tally);

#endif
