#include "cli/cli.h"

#include "config/arguments.h"

#include <stdio.h>
#include <string.h>

const struct yt_command *const yt_commands[] = {
    &yt_cmd_train, &yt_cmd_val,   &yt_cmd_predict, &yt_cmd_slice, &yt_cmd_compare,
    &yt_cmd_plan,  &yt_cmd_stats, &yt_cmd_audit,   &yt_cmd_info,  &yt_cmd_checks,
    &yt_cmd_bench, &yt_cmd_help,  &yt_cmd_version, NULL,
};

const struct yt_command *yt_command_find(const char *name) {
    for (const struct yt_command *const *c = yt_commands; *c; c++)
        if (!strcmp((*c)->name, name)) return *c;
    return NULL;
}

int yt_cli_parse(struct yt_settings *settings, int count, char **words) {
    yt_settings_init(settings);
    if (yt_arguments_read(settings, count, words) || yt_settings_check(settings)) {
        yt_settings_release(settings);
        return -1;
    }
    if (settings->unused.len) yt_info("keys that have no effect here: %s", settings->unused.s);
    return 0;
}

static bool asks_for_help(int count, char **words) {
    for (int i = 0; i < count; i++)
        if (!strcmp(words[i], "-h") || !strcmp(words[i], "--help")) return true;
    return false;
}

static int fail_unknown(const char *name) {
    const char *names[YT_COUNT(yt_commands)];
    size_t count = 0;
    for (; yt_commands[count]; count++) names[count] = yt_commands[count]->name;
    const char *nearest = yt_str_nearest(name, names, count);
    if (nearest) return yt_fail("%s: unknown command (did you mean %s?)", name, nearest);
    return yt_fail("%s: unknown command; `yt help` lists the commands", name);
}

static int run(int count, char **words) {
    if (!count) {
        yt_cmd_help.run(0, NULL);
        return YT_EXIT_USAGE;
    }
    const char *name = words[0];
    if (asks_for_help(1, words)) name = "help";
    if (!strcmp(name, "--version")) name = "version";
    const struct yt_command *command = yt_command_find(name);
    if (!command) {
        fail_unknown(name);
        return YT_EXIT_USAGE;
    }
    if (asks_for_help(count - 1, words + 1)) {
        yt_cli_help(command);
        return YT_EXIT_OK;
    }
    return command->run(count - 1, words + 1);
}

int yt_cli_run(int count, char **words) {
    int status = run(count, words);
    if (status && *yt_error()) fprintf(stderr, "yt: %s\n", yt_error());
    return status;
}
