/* What a terminal sees: one line that is written over, never as wide as the terminal, and gone when
 * the command has ended or was interrupted. */
#include "cli/ref_run.h"
#include "support/folder.h"
#include "support/test.h"
#include "base/file.h"
#include "cli/cli.h"
#include "image/image.h"

#include <errno.h>
#include <pty.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { IMAGES = 60 };

/* --- a terminal ------------------------------------------------------------------------------- */

struct terminal {
    int columns, at; /* at: where the cursor is */
    int lives;       /* live lines that were seen */
    bool is_live;    /* the line began with \r, and has not been cleared */
    bool is_whole;   /* and its end was cleared behind it: nothing may follow */
};

/* Feeds what a program wrote; `bytes` end with a 0. Fails on a live line that reaches the last
 * column, that text follows, or that is left standing. */
static void feed(struct terminal *t, const char *bytes) {
    for (const char *c = bytes; *c; c++) {
        if (*c == '\r') {
            if (c[1] == '\n') continue;
            t->is_live = true;
            t->is_whole = false;
            t->at = 0;
        } else if (!strncmp(c, "\033[K", 3)) {
            t->is_live = t->is_whole = t->at > 0;
            t->lives += t->is_live;
            c += 2;
        } else {
            if (t->is_whole) fail_msg("behind a live line: %.200s", c);
            t->at = *c == '\n' ? 0 : t->at + 1;
            if (t->is_live && (*c == '\n' || t->at >= t->columns))
                fail_msg("a live line of %d columns: %.200s", t->columns, c - t->at + 1);
        }
    }
}

struct seen {
    int status; /* as of a shell */
    char *text; /* to free */
};

static _Noreturn void become_yt(char *line) {
    char *words[32];
    int count = 0;
    for (char *word = strtok(line, " "); word && count < 32; word = strtok(NULL, " "))
        words[count++] = word;
    setenv("TERM", "xterm", 1);
    int status = yt_cli_run(count, words);
    fflush(NULL);
    _exit(status);
}

/* Runs yt in a terminal of so many columns; signal_number 0: none, else it is sent once a live line
 * was seen. */
static struct seen run_in_terminal(const char *words, int columns, int signal_number) {
    struct winsize size = {.ws_row = 24, .ws_col = (unsigned short)columns};
    int master, state = 0;
    fflush(NULL);
    pid_t child = forkpty(&master, NULL, NULL, &size);
    if (child == 0) become_yt(yt_strdup(words));
    if (child < 0) {
        print_message("no pseudo-terminal can be had (is /dev/pts mounted?): %s\n",
                      strerror(errno));
        skip();
    }
    struct yt_str text = {0};
    char bytes[4096];
    bool is_sent = signal_number == 0;
    for (ssize_t got; (got = read(master, bytes, sizeof bytes)) > 0;) {
        yt_str_append(&text, bytes, (size_t)got);
        if (is_sent || !strstr(text.s, "\033[K")) continue;
        kill(child, signal_number);
        is_sent = true;
    }
    assert_int_equal(waitpid(child, &state, 0), child);
    close(master);
    yt_str_append(&text, "", 0);
    return (struct seen){WIFEXITED(state) ? WEXITSTATUS(state) : 128 + WTERMSIG(state), text.s};
}

/* Runs and looks: some live lines, none left at the end. */
static void expect_clean(const char *words, int columns, int signal_number, int status) {
    struct seen seen = run_in_terminal(words, columns, signal_number);
    struct terminal t = {.columns = columns};
    if (seen.status != status)
        fail_msg("yt %s: exit code %d instead of %d: %s", words, seen.status, status, seen.text);
    feed(&t, seen.text);
    if (!t.lives) fail_msg("yt %s: no live line in: %s", words, seen.text);
    assert_true(t.at == 0 && !t.is_live);
    free(seen.text);
}

/* --- commands --------------------------------------------------------------------------------- */

#define KEYS " data=data.yaml imgsz=32 threads=1 plots=false project=runs "

#define LARGE                                                                                      \
    "weights=runs/wide/weights/best.safetensors imgsz=256 " /* slow enough for live lines */

static void training_keeps_to_its_line(void **state) {
    (void)state;
    expect_clean("train" KEYS "model=n epochs=1 batch=1 name=wide", 200, 0, 0);
    expect_clean("train" KEYS "model=n epochs=1 batch=1 name=narrow", 30, 0, 0);
}

static void interrupted_training_leaves_a_clean_line(void **state) {
    (void)state;
    expect_clean("train" KEYS "model=n epochs=9 batch=1 name=paused", 60, SIGINT, 130);
    /* Keys that would make it another run are refused however they are written; the same value is
     * none. */
    ref_expect("train resume=runs/paused lr0=0.5", 1,
               "command line: lr0: cannot change when a run goes on, which began with 0.01");
    ref_expect("train --resume runs/paused --lr0 0.5", 1, "lr0: cannot change");
    ref_expect("train --resume runs/paused --data data.yaml --epochs 9 --session 1s", 0,
               "resume: "
               "from "
               "epoch 1");
}

static void others_keep_to_their_lines(void **state) {
    (void)state;
    expect_clean("val" KEYS LARGE "batch=1", 20, 0, 0);
    expect_clean("predict" KEYS LARGE "source=images", 12, 0, 0);
    expect_clean("predict" KEYS LARGE "source=images", 80, SIGTERM, 143);
}

static int enter(void **state) {
    if (test_folder_enter(state) || yt_path_mkdirs("images") || yt_path_mkdirs("labels")) return -1;
    struct yt_image *image = yt_image_new(32, 32, 1);
    for (int i = 0; i < IMAGES; i++) {
        char *png = yt_format("images/%02d.png", i), *txt = yt_format("labels/%02d.txt", i);
        for (int k = 0; k < 32 * 32; k++) image->data[k] = (uint8_t)(k * (2 * i + 1));
        if (yt_image_write_png(image, png)) fail_msg("%s", yt_error());
        test_folder_put(txt, "0 0.5 0.5 0.5 0.5\n");
        free(png);
        free(txt);
    }
    yt_image_free(image);
    test_folder_put("data.yaml", "path: .\ntrain: images\nval: images\nnames: [a]\n");
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(training_keeps_to_its_line),
        cmocka_unit_test(interrupted_training_leaves_a_clean_line),
        cmocka_unit_test(others_keep_to_their_lines),
    };
    return cmocka_run_group_tests(tests, enter, test_folder_leave);
}
