/* yt help: commands and keys; the manual page and bash's completion for the build. */
#include "cli/cli.h"
#include "cli/manual.h"

#include <stdio.h>
#include <string.h>

enum { WIDTH = 96, INDENT = 28 };

/* Prints words from column `at` on, broken at WIDTH and indented by `indent`. */
static void print_wrapped(const char *text, int at, int indent) {
    for (;;) {
        int len = (int)strcspn(text, " ");
        if (at > indent && at + 1 + len > WIDTH) {
            printf("\n%*s", indent, "");
            at = indent;
        } else if (at > indent) {
            putchar(' ');
            at++;
        }
        printf("%.*s", len, text);
        at += len;
        if (!text[len]) break;
        text += len + 1;
    }
    putchar('\n');
}

/* "  lr0=0.01                  learning rate at the start (a number from 0 to 10)" */
static void print_key(const struct yt_setting *row) {
    struct yt_str text = {0};
    yt_str_add(&text, "%s", row->help);
    if (row->type != YT_SETTING_TEXT) {
        yt_str_add(&text, " (");
        yt_setting_describe(row, &text);
        yt_str_add(&text, ")");
    }
    int at = printf("  %s=%s", row->name, row->initial);
    printf("%*s", at < INDENT ? INDENT - at : 2, "");
    print_wrapped(text.s, at < INDENT ? INDENT : at + 2, INDENT);
    yt_str_release(&text);
}

static void print_group(const char *group) {
    size_t count;
    const struct yt_setting *rows = yt_settings_rows(&count);
    printf("\n%s\n", group);
    for (size_t i = 0; i < count; i++)
        if (!strcmp(rows[i].group, group)) print_key(&rows[i]);
}

const char *yt_cli_arguments(const struct yt_command *command) {
    return command->arguments ? command->arguments : " [CONFIG.yaml] [key=value ...]";
}

void yt_cli_help(const struct yt_command *command) {
    printf("usage: yt %s%s\n\n", command->name, yt_cli_arguments(command));
    print_wrapped(command->about, 0, 0);
    for (const char *const *group = command->groups; group && *group; group++) print_group(*group);
}

static void print_overview(void) {
    printf("yt %s: trains and runs YOLOv10 on CPUs, for optical music recognition\n\n", YT_VERSION);
    printf("usage: yt COMMAND [CONFIG.yaml] [key=value ...]\n\n");
    for (const struct yt_command *const *c = yt_commands; *c; c++)
        printf("  %-12s %s\n", (*c)->name, (*c)->summary);
    printf("\n`yt help COMMAND` says more and lists the command's keys with their defaults;\n"
           "`yt help KEY` tells of one key.\n");
}

static int fail_unknown(const char *word) {
    size_t count, commands = 0;
    const char *names[256];
    const struct yt_setting *rows = yt_settings_rows(&count);
    for (; yt_commands[commands]; commands++) names[commands] = yt_commands[commands]->name;
    YT_ASSERT(commands + count <= YT_COUNT(names));
    for (size_t i = 0; i < count; i++) names[commands + i] = rows[i].name;
    const char *nearest = yt_str_nearest(word, names, commands + count);
    if (nearest)
        return yt_fail("help: %s: no such command or key (did you mean %s?)", word, nearest);
    return yt_fail("help: %s: no such command or key", word);
}

/* `yt help man`, `yt help bash`: for the build. */
static bool print_manual(const char *word) {
    struct yt_str text = {0};
    if (!strcmp(word, "man")) yt_manual_page(&text);
    if (!strcmp(word, "bash")) yt_manual_bash(&text);
    bool is_one = text.len > 0;
    if (is_one) fputs(text.s, stdout);
    yt_str_release(&text);
    return is_one;
}

static int run(int count, char **words) {
    if (!count) print_overview();
    for (int i = 0; i < count; i++) {
        const struct yt_command *command = yt_command_find(words[i]);
        const struct yt_setting *row = yt_settings_find(words[i]);
        if (command) {
            yt_cli_help(command);
        } else if (row) {
            print_key(row);
        } else if (!print_manual(words[i])) {
            fail_unknown(words[i]);
            return YT_EXIT_USAGE;
        }
    }
    return YT_EXIT_OK;
}

const struct yt_command yt_cmd_help = {
    .name = "help",
    .summary = "list the commands, or the keys of one",
    .arguments = " [COMMAND | KEY]",
    .about = "Lists the commands; the keys of a command, with their defaults and ranges; or what a "
             "key does. `yt help man` prints the manual page, `yt help bash` bash's completion.",
    .run = run,
};
