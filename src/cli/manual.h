/* The manual page and bash's completion, from the tables of commands and keys. The build writes
 * them to files, which are installed with yt. */
#ifndef YT_CLI_MANUAL_H
#define YT_CLI_MANUAL_H

#include "base/str.h"

/* yt(1) in troff's man macros. */
void yt_manual_page(struct yt_str *out);
/* A script that bash reads. */
void yt_manual_bash(struct yt_str *out);

#endif
