/* The last line of a terminal, written over and over while something goes on. Never wider than the
 * terminal: a line that wraps cannot be written over.
 *
 *     struct yt_live live;
 *     yt_live_init(&live);
 *     if (live.is_live) yt_live_show(&live, "12/81, 40 s left");
 *     yt_live_hide(&live);            // before anything else is printed
 */
#ifndef YT_BASE_LIVE_H
#define YT_BASE_LIVE_H

#include "base/base.h"

struct yt_live {
    bool is_live;  /* stdout is a terminal that can do this */
    bool is_shown; /* there is a line to be cleared */
};

void yt_live_init(struct yt_live *live);
/* ASCII; cut at the terminal's width. */
void yt_live_show(struct yt_live *live, const char *text);
/* Clears the line; the cursor is at its beginning then. */
void yt_live_hide(struct yt_live *live);

#endif
