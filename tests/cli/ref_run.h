/* Runs yt as a user does, in a process of its own. */
#ifndef YT_TESTS_CLI_REF_RUN_H
#define YT_TESTS_CLI_REF_RUN_H

struct ref_ran {
    int status;      /* the exit code; 128 + the signal for a crash */
    char *out, *err; /* what it printed */
};

/* Words with single spaces between them, "help train". Fails the test if yt cannot be started. */
struct ref_ran ref_run(const char *words);
void ref_ran_release(struct ref_ran *ran);

/* Runs, compares the exit code, and looks for `text` on standard output (status 0) or, in its one
 * line, standard error; NULL: anything. */
void ref_expect(const char *words, int status, const char *text);

#endif
