#include "cli/ref_run.h"
#include "support/test.h"
#include "base/file.h"
#include "cli/cli.h"

#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* Splits `text` in place. */
static int split(char *text, char **words, int most) {
    int count = 0;
    for (char *word = strtok(text, " "); word && count < most; word = strtok(NULL, " "))
        words[count++] = word;
    return count;
}

_Noreturn static void become_yt(const char *line) {
    char *words[64], *text = yt_strdup(line);
    int count = split(text, words, 64);
    if (!freopen("out.txt", "w", stdout) || !freopen("err.txt", "w", stderr)) _exit(99);
    int status = yt_cli_run(count, words);
    fflush(stdout);
    fflush(stderr);
    _exit(status);
}

struct ref_ran ref_run(const char *words) {
    fflush(stdout);
    fflush(stderr);
    int state = 0;
    pid_t child = fork();
    if (child == 0) become_yt(words);
    assert_true(child > 0 && waitpid(child, &state, 0) == child);
    struct ref_ran ran = {.status = WIFEXITED(state) ? WEXITSTATUS(state) : 128 + WTERMSIG(state)};
    ran.out = yt_file_read("out.txt", 0, NULL);
    ran.err = yt_file_read("err.txt", 0, NULL);
    assert_true(ran.out && ran.err);
    return ran;
}

void ref_ran_release(struct ref_ran *ran) {
    free(ran->out);
    free(ran->err);
}

/* One line that says who speaks. Warnings may stand before it. */
static bool is_error(const char *err) {
    const char *line = err;
    while (!strncmp(line, "warning: ", 9)) {
        const char *end = strchr(line, '\n');
        if (!end) return false;
        line = end + 1;
    }
    const char *end = strchr(line, '\n');
    return !strncmp(line, "yt: ", 4) && end && !end[1];
}

void ref_expect(const char *words, int status, const char *text) {
    struct ref_ran ran = ref_run(words);
    if (ran.status != status)
        fail_msg("yt %s: exit code %d instead of %d: %s", words, ran.status, status, ran.err);
    if (status && !is_error(ran.err)) fail_msg("yt %s: no line of an error: %s", words, ran.err);
    const char *where = status ? ran.err : ran.out;
    if (text && !strstr(where, text)) fail_msg("yt %s: no \"%s\" in: %s", words, text, where);
    ref_ran_release(&ran);
}
