/* The words of a command line as settings:
 *
 *     CONFIG.yaml    loaded with yt_settings_load
 *     key=value      also written --key=value or --key value; '-' in a key may stand for '_'
 *
 * Files are loaded first, in their order, then keys are set in theirs: the command line has the
 * last word wherever the file stands. */
#ifndef YT_CONFIG_ARGUMENTS_H
#define YT_CONFIG_ARGUMENTS_H

#include "config/settings.h"

/* `words` are those after the command. `settings` must be initialised. */
int yt_arguments_read(struct yt_settings *settings, int count, char **words);

#endif
