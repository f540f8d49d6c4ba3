#include "cli/manual.h"
#include "cli/cli.h"
#include "output/output.h"

#include <string.h>

/* --- the manual page ----------------------------------------------------------------------------
 */

/* Text as troff reads it: hyphens that can be copied, and no line that begins like a request. */
static void add_text(struct yt_str *out, const char *text) {
    if (*text == '.' || *text == '\'') yt_str_add(out, "\\&");
    for (; *text; text++) {
        if (*text == '-')
            yt_str_add(out, "\\-");
        else if (*text == '\\')
            yt_str_add(out, "\\e");
        else
            yt_str_append(out, text, 1);
    }
}

static void add_key(struct yt_str *out, const struct yt_setting *row) {
    struct yt_str accepted = {0};
    yt_setting_describe(row, &accepted);
    yt_str_add(out, ".TP\n\\fB%s\\fR=\\fI", row->name);
    add_text(out, row->initial);
    yt_str_add(out, "\\fR\n");
    add_text(out, row->help);
    yt_str_add(out, " (");
    add_text(out, accepted.s);
    yt_str_add(out, ")\n");
    yt_str_release(&accepted);
}

static void add_keys(struct yt_str *out) {
    size_t count;
    const struct yt_setting *rows = yt_settings_rows(&count);
    yt_str_add(out, ".SH KEYS\nWith their defaults, by group.\n");
    for (size_t i = 0; i < count; i++) {
        if (i == 0 || strcmp(rows[i].group, rows[i - 1].group))
            yt_str_add(out, ".SS %s\n", rows[i].group);
        add_key(out, &rows[i]);
    }
}

static void add_command(struct yt_str *out, const struct yt_command *command) {
    yt_str_add(out, ".SS yt %s", command->name);
    add_text(out, yt_cli_arguments(command));
    yt_str_add(out, "\n");
    add_text(out, command->about);
    yt_str_add(out, "\n");
    for (const char *const *group = command->groups; group && *group; group++)
        yt_str_add(out, "%s%s", group == command->groups ? ".PP\nKeys: " : ", ", *group);
    if (command->groups) yt_str_add(out, ".\n");
}

void yt_manual_page(struct yt_str *out) {
    yt_str_add(
        out,
        ".TH YT 1 \"\" \"yt %s\" \"User Commands\"\n"
        ".SH NAME\nyt \\- train and run YOLOv10 on CPUs, for optical music recognition\n"
        ".SH SYNOPSIS\n.B yt\n\\fICOMMAND\\fR [\\fICONFIG.yaml\\fR] [\\fIkey\\fR=\\fIvalue\\fR "
        "...]\n"
        ".SH DESCRIPTION\nConfigurations are read first, in their order; keys on the command "
        "line have the last word. A key may also be written \\-\\-key=value or \\-\\-key "
        "value, with \\- for _.\n"
        ".SH COMMANDS\n",
        YT_VERSION);
    for (const struct yt_command *const *c = yt_commands; *c; c++) add_command(out, *c);
    add_keys(out);
    yt_str_add(out, ".SH EXIT STATUS\n.TP\n0\ndone\n"
                    ".TP\n1\nwords, keys or files that make no sense\n"
                    ".TP\n2\nimages, labels or weights that cannot be used\n"
                    ".TP\n3\ngradients stayed unusable\n"
                    ".TP\n130, 143\npaused by Ctrl\\-C or SIGTERM; what was done is whole\n");
}

/* --- bash's completion --------------------------------------------------------------------------
 */

static bool is_in_groups(const struct yt_setting *row, const struct yt_command *command) {
    for (const char *const *group = command->groups; group && *group; group++)
        if (!strcmp(*group, row->group)) return true;
    return false;
}

static void add_command_keys(struct yt_str *out, const struct yt_command *command) {
    size_t count;
    const struct yt_setting *rows = yt_settings_rows(&count);
    yt_str_add(out, "    %s) keys=\"", command->name);
    for (size_t i = 0; i < count; i++)
        if (is_in_groups(&rows[i], command)) yt_str_add(out, "%s= ", rows[i].name);
    yt_str_add(out, "\" ;;\n");
}

/* "    plots=*) words="plots=true plots=false" ;;" */
static void add_values(struct yt_str *out, const struct yt_setting *row) {
    struct yt_str words = {0};
    const char *name = row->name;
    if (row->type == YT_SETTING_BOOL) yt_str_add(&words, "%s=true %s=false ", name, name);
    for (const char *const *c = row->choices; c && *c; c++) yt_str_add(&words, "%s=%s ", name, *c);
    for (const struct yt_setting_word *w = row->words; w && w->word; w++)
        yt_str_add(&words, "%s=%s ", name, w->word);
    for (size_t i = 0; !strcmp(name, "format") && yt_formats[i]; i++)
        yt_str_add(&words, "%s=%s ", name, yt_formats[i]->name);
    if (words.len) yt_str_add(out, "    %s=*) words=\"%s\" ;;\n", name, words.s);
    yt_str_release(&words);
}

/* $word is what is being typed, with its "key="; bash by itself breaks words at '=' and then wants
 * only what comes after it. */
void yt_manual_bash(struct yt_str *out) {
    size_t count;
    const struct yt_setting *rows = yt_settings_rows(&count);
    yt_str_add(out, "# bash completion for yt; written by `yt help bash`\n_yt() {\n"
                    "    local line=${COMP_LINE:0:COMP_POINT}\n"
                    "    local word=${line##*[[:space:]]} keys= words= before=\n"
                    "    local commands=\"");
    for (const struct yt_command *const *c = yt_commands; *c; c++)
        yt_str_add(out, "%s ", (*c)->name);
    yt_str_add(out, "\"\n    if ((COMP_CWORD == 1)) || [[ ${COMP_WORDS[1]} == help ]]; then\n"
                    "        COMPREPLY=($(compgen -W \"$commands\" -- \"$word\"))\n"
                    "        return\n    fi\n"
                    "    case ${COMP_WORDS[1]} in\n");
    for (const struct yt_command *const *c = yt_commands; *c; c++)
        if ((*c)->groups) add_command_keys(out, *c);
    yt_str_add(out, "    esac\n    case $word in\n");
    for (size_t i = 0; i < count; i++) add_values(out, &rows[i]);
    yt_str_add(out, "    *=*) ;;\n    *) words=$keys; compopt -o nospace ;;\n    esac\n"
                    "    COMPREPLY=($(compgen -W \"$words\" -- \"$word\"))\n"
                    "    [[ $word == *=* ]] && before=${word%%%%=*}=\n"
                    "    if ((${#COMPREPLY[@]} == 0)); then\n"
                    "        compopt -o filenames\n"
                    "        COMPREPLY=($(compgen -P \"$before\" -f -- \"${word#\"$before\"}\"))\n"
                    "    fi\n"
                    "    if [[ $COMP_WORDBREAKS == *=* ]]; then\n"
                    "        COMPREPLY=(\"${COMPREPLY[@]#\"$before\"}\")\n"
                    "    fi\n}\n"
                    "complete -F _yt yt\n");
}
