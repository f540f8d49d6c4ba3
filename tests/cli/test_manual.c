/* The generated manual page and completion know every command and key. */
#include "cli/cli.h"
#include "cli/manual.h"
#include "cli/ref_run.h"
#include "output/output.h"
#include "support/folder.h"
#include "support/test.h"

#include <string.h>

static void the_page_has_everything(void **state) {
    (void)state;
    struct yt_str page = {0};
    size_t count;
    const struct yt_setting *rows = yt_settings_rows(&count);
    yt_manual_page(&page);
    for (const struct yt_command *const *c = yt_commands; *c; c++) {
        char *heading = yt_format("\n.SS yt %s", (*c)->name);
        if (!strstr(page.s, heading)) fail_msg("%s", heading);
        free(heading);
    }
    for (size_t i = 0; i < count; i++) {
        char *entry = yt_format("\n.TP\n\\fB%s\\fR=", rows[i].name);
        if (!strstr(page.s, entry)) fail_msg("%s", entry);
        free(entry);
    }
    yt_str_release(&page);
}

/* Text must not turn into requests of troff, which a line that begins with a dot would be. */
static void lines_that_begin_with_a_dot_are_macros(void **state) {
    (void)state;
    static const char *const macros[] = {".TH ", ".SH ", ".SS ", ".TP", ".B ", ".PP"};
    struct yt_str page = {0};
    yt_manual_page(&page);
    for (const char *line = page.s; line && *line; line = strchr(line, '\n')) {
        line += *line == '\n';
        if (*line != '.') continue;
        size_t i = 0;
        while (i < YT_COUNT(macros) && strncmp(line, macros[i], strlen(macros[i]))) i++;
        if (i == YT_COUNT(macros)) fail_msg("%.40s", line);
    }
    yt_str_release(&page);
}

/* What bash offers when `line` is typed and the tab key pressed, one word a line. */
static char *completed(const char *line) {
    struct yt_str script = {0};
    yt_manual_bash(&script);
    yt_str_add(&script,
               "compopt() { :; }\nCOMP_LINE='%s'\nCOMP_POINT=${#COMP_LINE}\nread -ra COMP_WORDS <<<"
               "\"$COMP_LINE\"\n[[ $COMP_LINE == *' ' ]] && COMP_WORDS+=('')\n"
               "COMP_CWORD=$((${#COMP_WORDS[@]} - 1))\n_yt\nprintf '%%s\\n' \"${COMPREPLY[@]}\"\n",
               line);
    test_folder_put("try.sh", script.s);
    yt_str_release(&script);
    FILE *pipe = popen("bash try.sh 2>&1", "r");
    assert_non_null(pipe);
    char buffer[4096];
    for (size_t got; (got = fread(buffer, 1, sizeof buffer, pipe));)
        yt_str_append(&script, buffer, got);
    pclose(pipe);
    return script.s;
}

static void bash_completes(void **state) {
    (void)state;
    static const struct {
        const char *line, *offer;
    } cases[] = {
        {"yt tr", "train\n"},
        {"yt help ver", "version\n"},
        {"yt train warmup_e", "warmup_epochs=\n"},
        {"yt train optimizer=Ad", "AdamW\n"},
        {"yt train data=w plots=f", "false\n"},
        {"yt predict format=ht", "html\n"},
        {"yt train cfg/", "cfg/small.yaml\n"},
        {"yt train data=cfg/sm", "cfg/small.yaml\n"},
    };
    if (system("bash -c true")) skip();
    if (system("mkdir -p cfg && touch cfg/small.yaml")) fail();
    for (size_t i = 0; i < YT_COUNT(cases); i++) {
        char *offered = completed(cases[i].line);
        if (!offered || strcmp(offered, cases[i].offer))
            fail_msg("%s: %s", cases[i].line, offered ? offered : "nothing");
        free(offered);
    }
}

static void help_prints_them(void **state) {
    (void)state;
    ref_expect("help man", 0, ".TH YT 1");
    ref_expect("help bash", 0, "complete -F _yt yt");
}

/* The table of keys names the formats, which it cannot see. */
static void help_of_format_names_all(void **state) {
    (void)state;
    const char *help = yt_settings_find("format")->help;
    for (const struct yt_format *const *f = yt_formats; *f; f++)
        if (!strstr(help, (*f)->name)) fail_msg("%s is not in: %s", (*f)->name, help);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_page_has_everything),
        cmocka_unit_test(lines_that_begin_with_a_dot_are_macros),
        cmocka_unit_test(bash_completes),
        cmocka_unit_test(help_prints_them),
        cmocka_unit_test(help_of_format_names_all),
    };
    return cmocka_run_group_tests(tests, test_folder_enter, test_folder_leave);
}
