#include "base/live.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

static const char clear_rest[] = "\033[K";

/* Of the terminal now, which may have been resized; else what COLUMNS says; else the usual. */
static int columns(void) {
    struct winsize size = {0};
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
    const char *said = getenv("COLUMNS");
    int count = said ? atoi(said) : 0;
    return count > 0 ? count : 80;
}

void yt_live_init(struct yt_live *live) {
    const char *term = getenv("TERM");
    bool is_dumb = term && !strcmp(term, "dumb");
    *live = (struct yt_live){.is_live = isatty(STDOUT_FILENO) && !is_dumb};
}

/* The last column stays free: where a character there wraps is up to the terminal. */
void yt_live_show(struct yt_live *live, const char *text) {
    printf("\r%.*s%s", YT_MAX(columns() - 1, 1), text, clear_rest);
    fflush(stdout);
    live->is_shown = true;
}

void yt_live_hide(struct yt_live *live) {
    if (!live->is_shown) return;
    printf("\r%s", clear_rest);
    fflush(stdout);
    live->is_shown = false;
}
