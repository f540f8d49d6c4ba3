/* yt version. */
#include "cli/cli.h"

static int run(int count, char **words) {
    if (count) {
        yt_fail("version: %s: nothing can follow", words[0]);
        return YT_EXIT_USAGE;
    }
    yt_info("yt %s", YT_VERSION);
    return YT_EXIT_OK;
}

const struct yt_command yt_cmd_version = {
    .name = "version",
    .summary = "print the version",
    .arguments = "",
    .about = "Prints the version.",
    .run = run,
};
