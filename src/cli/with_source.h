/* For commands that read data= and tell of it. */
#ifndef YT_CLI_WITH_SOURCE_H
#define YT_CLI_WITH_SOURCE_H

#include "config/settings.h"
#include "train/source.h"

/* Opens data= as the settings say, calls `act` with it, and releases both. The exit code: that of
 * data when it cannot be opened or `act` returns -1 + yt_fail. */
int yt_cli_with_source(struct yt_settings *settings, int (*act)(const struct yt_settings *settings,
                                                                const struct yt_source *source));

#endif
