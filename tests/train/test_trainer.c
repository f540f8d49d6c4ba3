/* A run from the data set's folder to its weights: pausing and going on changes no bit, whatever
 * the threads; damaged, foreign and half-written states; gradients that are not finite; a full
 * disk. */
#include "data/ref_pages.h"
#include "support/folder.h"
#include "support/test.h"

#include "base/file.h"
#include "base/threads.h"
#include "tensor/safetensors.h"
#include "train/trainer.h"
#include "yolov10/weights.h"

#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

static struct yt_source source; /* 4 pages of 2 tiles for training, 2 for validation */

/* --- a run --- */

static void set(struct yt_settings *s, const char *assignment) {
    if (yt_settings_set(s, assignment) != 0) fail_msg("%s: %s", assignment, yt_error());
}

static void settings_init(struct yt_settings *s) {
    static const char *const common[] = {
        "data=ds2",        "split=official", "slice_size=64",  "imgsz=64", "batch=3",
        "epochs=2",        "workers=1",      "empty=1",        "nbs=6",    "patience=0",
        "optimizer=AdamW", "lr0=0.001",      "warmup_epochs=1"};
    yt_settings_init(s);
    for (size_t i = 0; i < YT_COUNT(common); i++) set(s, common[i]);
}

struct run {
    struct yt_settings settings;
    struct yt_model *model;
    struct yt_trainer trainer;
    const char *folder;
};

static void open_run(struct run *r, const char *folder, const char *scale) {
    r->folder = folder;
    r->model = yt_model_new(yt_scale_find(scale), source.dataset.nc);
    yt_model_init(r->model, 5);
    if (yt_trainer_init(&r->trainer, &r->settings, &source, r->model, folder) != 0)
        fail_msg("%s", yt_error());
}

static void run_init(struct run *r, const char *folder) {
    settings_init(&r->settings);
    open_run(r, folder, "n");
}

static void run_release(struct run *r) {
    yt_trainer_release(&r->trainer);
    yt_model_free(r->model);
    yt_settings_release(&r->settings);
}

/* session=: a moment, over after the first step. */
static enum yt_train_end one_session(const char *folder, bool resume, bool brief, int threads,
                                     const char *workers) {
    struct run r;
    yt_threads_set(threads);
    run_init(&r, folder);
    set(&r.settings, workers);
    if (brief) r.settings.session = 1e-9;
    /* the measurement, which "whole" is run without, must leave no trace */
    if (brief && yt_trainer_measure(&r.trainer) != 0) fail_msg("%s", yt_error());
    if (resume && yt_trainer_resume(&r.trainer) != 0) fail_msg("%s", yt_error());
    enum yt_train_end end = yt_trainer_run(&r.trainer);
    run_release(&r);
    return end;
}

/* --- what a run says --- */

struct capture {
    int stream, kept, file;
};

static struct capture capture_begin(int stream) {
    fflush(NULL);
    struct capture c = {stream, dup(stream), open("said.txt", O_CREAT | O_WRONLY | O_TRUNC, 0600)};
    dup2(c.file, stream);
    return c;
}

/* The text that went to the stream, to free. */
static char *capture_end(struct capture *c) {
    fflush(NULL);
    dup2(c->kept, c->stream);
    close(c->kept);
    close(c->file);
    char *text = yt_file_read("said.txt", 0, NULL);
    assert_non_null(text);
    return text;
}

static void assert_has(const char *text, const char *part) {
    if (!strstr(text, part)) fail_msg("\"%s\" is not in \"%s\"", part, text);
}

static void assert_same_file(const char *a, const char *b, const char *name) {
    char *path_a = yt_path_join(a, name), *path_b = yt_path_join(b, name);
    size_t len_a, len_b;
    char *bytes_a = yt_file_read(path_a, 0, &len_a), *bytes_b = yt_file_read(path_b, 0, &len_b);
    if (!bytes_a || !bytes_b) fail_msg("%s", yt_error());
    if (len_a != len_b || memcmp(bytes_a, bytes_b, len_a) != 0)
        fail_msg("%s and %s differ", path_a, path_b);
    free(bytes_a);
    free(bytes_b);
    free(path_a);
    free(path_b);
}

/* All but the seconds that the run took. */
static void assert_same_state(const char *a, const char *b) {
    char *path_a = yt_path_join(a, "state/last.safetensors");
    char *path_b = yt_path_join(b, "state/last.safetensors");
    struct yt_safetensors *p = yt_safetensors_open(path_a), *q = yt_safetensors_open(path_b);
    assert_true(p && q);
    assert_int_equal(yt_safetensors_count(p), 6);
    for (size_t i = 0; i < 6; i++) {
        const struct yt_tensor_info *x = yt_safetensors_at(p, i);
        const struct yt_tensor_info *y = yt_safetensors_find(q, x->name);
        assert_non_null(y);
        if (memcmp(yt_safetensors_bytes(p, x), yt_safetensors_bytes(q, y), x->bytes) != 0)
            fail_msg("%s differs", x->name);
    }
    yt_safetensors_close(p);
    yt_safetensors_close(q);
    free(path_a);
    free(path_b);
}

/* What augmentation did to the labels of the last epoch, which began in an earlier session. */
static void assert_same_count_of_labels(const char *whole, const char *parts) {
    static const char start[] = "augmentation dropped ";
    const char *a = strstr(whole, start), *b = strstr(parts, start);
    assert_non_null(a);
    assert_non_null(b);
    for (const char *next; (next = strstr(a + 1, start));) a = next;
    for (const char *next; (next = strstr(b + 1, start));) b = next;
    assert_memory_equal(a, b, strcspn(a, "\n") + 1);
}

/* Three steps an epoch, the last of two tiles; an optimiser step after the first, then after every
 * one or two as the accumulation grows: the pauses fall between gradients that belong together. */
static void test_pause_changes_nothing(void **state) {
    (void)state;
    struct capture c = capture_begin(STDOUT_FILENO);
    assert_int_equal(one_session("whole", false, false, 1, "workers=1"), YT_TRAIN_DONE);
    char *said_by_whole = capture_end(&c);
    assert_int_equal(one_session("parts", false, true, 2, "workers=2"), YT_TRAIN_PAUSED);
    assert_int_equal(one_session("parts", true, true, 1, "workers=1"), YT_TRAIN_PAUSED);
    assert_int_equal(one_session("parts", true, true, 3, "workers=1"), YT_TRAIN_PAUSED);
    assert_int_equal(one_session("parts", true, true, 1, "workers=3"), YT_TRAIN_PAUSED);
    c = capture_begin(STDOUT_FILENO);
    assert_int_equal(one_session("parts", true, false, 2, "workers=2"), YT_TRAIN_DONE);
    char *said_by_parts = capture_end(&c);
    assert_same_count_of_labels(said_by_whole, said_by_parts);
    free(said_by_whole);
    free(said_by_parts);
    assert_same_file("whole", "parts", "weights/last.safetensors");
    assert_same_file("whole", "parts", "weights/best.safetensors");
    assert_same_file("whole", "parts", "results.csv");
    assert_same_file("whole", "parts", "unlearnt.csv");
    assert_same_state("whole", "parts");
    assert_int_equal(one_session("whole", true, false, 2, "workers=1"),
                     YT_TRAIN_DONE); /* at once */
    assert_same_state("whole", "parts");
}

static void test_results(void **state) {
    (void)state;
    size_t len;
    char *text = yt_file_read("whole/results.csv", 0, &len), *rest = text, *line;
    static const char *const ends[] = {"lr/pg2", NULL, NULL};
    int lines = 0;
    assert_non_null(text);
    while ((line = strsep(&rest, "\n")) && *line) {
        assert_int_equal(strlen(line), 20 * 23 + 19); /* the reference's widths */
        if (ends[lines]) assert_non_null(strstr(line, ends[lines]));
        lines++;
    }
    assert_int_equal(lines, 3);
    free(text);
    struct yt_model *best = yt_model_open("whole/weights/best.safetensors");
    assert_non_null(best);
    assert_int_equal(best->nc, source.dataset.nc);
    yt_model_free(best);
}

/* --- states that are not what they should be --- */

static void change_byte(const char *path, long from_end) {
    FILE *f = fopen(path, "r+b");
    assert_non_null(f);
    fseek(f, -from_end, SEEK_END);
    int c = fgetc(f);
    fseek(f, -from_end, SEEK_END);
    fputc(c ^ 1, f);
    fclose(f);
}

static void test_damaged_state(void **state) {
    (void)state;
    struct run r;
    run_init(&r, "parts");
    change_byte("parts/state/last.safetensors", 1000);
    assert_int_equal(yt_trainer_resume(&r.trainer), 0); /* from the one before, with a warning */
    assert_true(r.trainer.progress.epoch < 2);
    change_byte("parts/state/last.safetensors.previous", 4);
    r.model->params->value[0] = 42;
    assert_int_equal(yt_trainer_resume(&r.trainer), -1);
    assert_error_has("parts/state/last.safetensors: ");
    assert_error_has(" is damaged ");
    assert_true(r.model->params->value[0] == 42); /* nothing was taken over */
    assert_int_equal(truncate("parts/state/last.safetensors", 5000), 0);
    assert_int_equal(yt_trainer_resume(&r.trainer), -1);
    run_release(&r);
}

static void refuse_resume(struct run *r, const char *message) {
    assert_int_equal(yt_trainer_resume(&r->trainer), -1);
    assert_error_has(message);
    run_release(r);
}

static void test_foreign_state(void **state) {
    (void)state;
    struct run r;
    settings_init(&r.settings);
    open_run(&r, "whole", "s");
    refuse_resume(&r, "is of a yolov10n, not of a yolov10s");
    settings_init(&r.settings);
    set(&r.settings, "optimizer=SGD");
    open_run(&r, "whole", "n");
    refuse_resume(&r, "is of a run with AdamW, not with SGD");
    run_init(&r, "whole");
    yt_model_set_class(r.model, 0, "of another data set", 7);
    refuse_resume(&r, "on other classes");
    run_init(&r, "absent");
    refuse_resume(&r, "absent/state/last.safetensors");
    /* Paused after an epoch, then with other batches. */
    assert_int_equal(one_session("brief", false, true, 1, "workers=1"), YT_TRAIN_PAUSED);
    for (int i = 0; i < 3; i++) /* two more steps, and the end of the epoch */
        assert_int_equal(one_session("brief", true, true, 1, "workers=1"), YT_TRAIN_PAUSED);
    settings_init(&r.settings);
    set(&r.settings, "batch=2");
    open_run(&r, "brief", "n");
    refuse_resume(&r, "are not what they were when the run was left at step 3");
}

/* --- gradients that are not finite --- */

/* Every batch an optimiser step, and no other state than those that the test asks for. */
static void open_guarded_run(struct run *r, const char *folder) {
    settings_init(&r->settings);
    set(&r->settings, "epochs=16");
    set(&r->settings, "nbs=3");
    set(&r->settings, "val=false");
    open_run(r, folder, "n");
}

static float *poisoned(struct run *r) {
    struct yt_params *params = r->model->params;
    return yt_params_value(params, yt_params_find(params, "model.4.cv1.conv.weight"));
}

/* The warnings of a run as text, to free. */
static char *warnings_of(struct run *r, enum yt_train_end *end) {
    struct capture c = capture_begin(STDERR_FILENO);
    *end = yt_trainer_run(&r->trainer);
    return capture_end(&c);
}

/* Wrong from the start: going back does not help, and after the third time the run says so. */
static void test_not_finite(void **state) {
    (void)state;
    struct run r;
    enum yt_train_end end;
    open_guarded_run(&r, "nan");
    struct yt_params *params = r.model->params;
    float *weight = poisoned(&r), other = weight[1];
    weight[0] = NAN;
    char *warnings = warnings_of(&r, &end);
    assert_int_equal(end, YT_TRAIN_NUMERIC);
    assert_error_has("step 10: 10 steps in a row");
    assert_int_equal(r.trainer.progress.guard.not_finite, 10 * (1 + YT_GUARD_ROLLBACKS));
    assert_int_equal(r.trainer.optimizer.steps, 0);
    assert_true(weight[1] == other);
    for (size_t i = params->trainable; i < params->total; i++)
        assert_true(isfinite(params->value[i])); /* the running statistics */
    assert_has(warnings, "step 0: the gradient is not finite");
    assert_has(warnings, "gonville--page-1.png@");
    assert_has(warnings, "back to step 0 (epoch 1)");
    assert_has(warnings, "learning rates times 0.125");
    free(warnings);
    run_release(&r);
    char *log = yt_file_read("nan/log.jsonl", 0, NULL);
    assert_has(log, "\"left_out\":\"not finite\",\"tiles\":[\"");
    free(log);
}

/* Parameters that go wrong on the way: the run goes back to the last state, says so, and ends. */
static void test_goes_back(void **state) {
    (void)state;
    struct run r;
    enum yt_train_end end;
    open_guarded_run(&r, "back");
    r.settings.session = 1e-9;
    assert_int_equal(yt_trainer_run(&r.trainer), YT_TRAIN_PAUSED);
    assert_int_equal(yt_trainer_run(&r.trainer), YT_TRAIN_PAUSED); /* two steps and their state */
    r.settings.session = NAN;
    poisoned(&r)[0] = NAN;
    r.settings.state_period = 0; /* due after each step, but not while steps are left out */
    char *warnings = warnings_of(&r, &end);
    assert_int_equal(end, YT_TRAIN_DONE);
    assert_has(warnings, "step 12: 10 steps in a row were left out: back to step 2 (epoch 1)");
    assert_int_equal(r.trainer.progress.guard.rollbacks, 1);
    assert_int_equal(r.trainer.progress.guard.not_finite, 10);
    assert_int_equal(r.trainer.optimizer.steps, 16 * 3);
    assert_true(isfinite(poisoned(&r)[0]));
    free(warnings);
    run_release(&r);
}

/* --- a full disk --- */

static void test_full_disk(void **state) {
    (void)state;
    struct rlimit old;
    assert_int_equal(one_session("full", false, true, 1, "workers=1"), YT_TRAIN_PAUSED);
    signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &old);
    struct rlimit limit = {1 << 20, old.rlim_max}; /* no file may be larger: writing fails */
    struct run r;
    run_init(&r, "full");
    r.settings.session = 1e-9;
    assert_int_equal(yt_trainer_resume(&r.trainer), 0);
    setrlimit(RLIMIT_FSIZE, &limit);
    enum yt_train_end end = yt_trainer_run(&r.trainer);
    setrlimit(RLIMIT_FSIZE, &old);
    assert_int_equal(end, YT_TRAIN_FAILED);
    assert_error_has("full/state/last.safetensors");
    run_release(&r);
    /* The state of before is there, and the run goes on from it; half a line of the log goes. */
    test_folder_put("full/log.jsonl", "{\"step\":0}\n{\"step\":");
    run_init(&r, "full");
    r.settings.session = 1e-9;
    assert_int_equal(yt_trainer_resume(&r.trainer), 0);
    assert_int_equal(r.trainer.progress.step, 1);
    assert_int_equal(yt_trainer_run(&r.trainer), YT_TRAIN_PAUSED);
    run_release(&r);
    char *log = yt_file_read("full/log.jsonl", 0, NULL);
    assert_has(log, "{\"step\":0}\n{\"step\":1,\"epoch\":1,");
    free(log);
}

static int enter(void **state) {
    struct yt_settings settings;
    if (test_folder_enter(state) != 0) return -1;
    ref_write_ds2("ds2", 2, 96, 64, 6);
    settings_init(&settings);
    int failed = yt_source_open(&source, &settings);
    if (failed) fprintf(stderr, "%s\n", yt_error());
    yt_settings_release(&settings);
    return failed;
}

static int leave(void **state) {
    yt_source_close(&source);
    return test_folder_leave(state);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pause_changes_nothing),
        cmocka_unit_test(test_results),
        cmocka_unit_test(test_damaged_state),
        cmocka_unit_test(test_foreign_state),
        cmocka_unit_test(test_not_finite),
        cmocka_unit_test(test_goes_back),
        cmocka_unit_test(test_full_disk),
    };
    return cmocka_run_group_tests(tests, enter, leave);
}
