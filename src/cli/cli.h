/* The commands of yt. A command is a file cmd_<name>.c that defines one struct yt_command, and a
 * line in cli.c's table:
 *
 *     static int run(int count, char **words) {
 *         struct yt_settings settings;
 *         if (yt_cli_parse(&settings, count, words)) return YT_EXIT_USAGE;
 *         int status = slice(&settings) ? YT_EXIT_DATA : YT_EXIT_OK;
 *         yt_settings_release(&settings);
 *         return status;
 *     }
 *     const struct yt_command yt_cmd_slice = {
 *         .name = "slice",
 *         .summary = "write tiles and their labels to disk",
 *         .about = "Cuts the pages of data= into tiles of slice_size= ...",
 *         .groups = (const char *const[]){"run", "data", "slice", NULL},
 *         .run = run,
 *     };
 *
 * A command that fails leaves its line with yt_fail() and returns a code; yt_cli_run prints the
 * line. Help for the command, `yt help slice` or `yt slice -h`, comes from its struct and the keys
 * of its groups. */
#ifndef YT_CLI_CLI_H
#define YT_CLI_CLI_H

#include "config/settings.h"

enum yt_exit {
    YT_EXIT_OK = 0,
    YT_EXIT_USAGE = 1,    /* words or keys that make no sense; files that are not there */
    YT_EXIT_DATA = 2,     /* images, labels or weights that cannot be used */
    YT_EXIT_NUMERIC = 3,  /* gradients stayed unusable: not finite, or outliers */
    YT_EXIT_SIGNAL = 128, /* + the signal that paused the run, as shells count: 130, 143 */
};

struct yt_command {
    const char *name;
    const char *summary;       /* a line of `yt help` */
    const char *arguments;     /* what follows the name, with a space before it; NULL: [CONFIG.yaml]
                                  [key=value ...] */
    const char *about;         /* a paragraph */
    const char *const *groups; /* of keys that matter to it, NULL-terminated; or NULL */
    int (*run)(int count, char **words); /* the words after the name; returns an enum yt_exit */
};

/* All of yt: runs the command that the words of a command line name (without the program's own) and
 * prints its error; the exit code. */
int yt_cli_run(int count, char **words);

extern const struct yt_command *const yt_commands[];        /* NULL-terminated */
const struct yt_command *yt_command_find(const char *name); /* or NULL */

/* Fills settings from the words, checks them, and names in one line the keys without effect. On -1
 * there is nothing to release. */
int yt_cli_parse(struct yt_settings *settings, int count, char **words);
/* What may follow the command's name, with a space before it. */
const char *yt_cli_arguments(const struct yt_command *command);
/* What `yt help COMMAND` prints. */
void yt_cli_help(const struct yt_command *command);

extern const struct yt_command yt_cmd_audit, yt_cmd_bench, yt_cmd_checks, yt_cmd_compare,
    yt_cmd_help, yt_cmd_info, yt_cmd_plan, yt_cmd_predict, yt_cmd_slice, yt_cmd_stats, yt_cmd_train,
    yt_cmd_val, yt_cmd_version;

#endif
