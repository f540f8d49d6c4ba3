/* yt train: a data set in, weights and figures out. */
#include "cli/cli.h"
#include "cli/start.h"

#include "base/file.h"
#include "base/meter.h"
#include "base/threads.h"
#include "train/runs.h"
#include "train/trainer.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Keys that may differ when a run goes on: they do not change what is computed. */
static const char *const resume_keys[] = {"resume",  "threads",     "workers",
                                          "session", "cache",       "plots",
                                          "verbose", "save_period", "state_period"};

static void stop_on_signals(void) {
    struct sigaction action = {.sa_handler = yt_trainer_stop};
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
}

static bool may_change(const char *key) {
    for (size_t i = 0; i < YT_COUNT(resume_keys); i++)
        if (strcmp(key, resume_keys[i]) == 0) return true;
    return false;
}

/* The folder that resume= names. NULL + yt_fail. */
static char *resumed_run(const struct yt_settings *settings) {
    const char *resume = settings->resume;
    if (strcmp(resume, "true") == 0)
        return yt_run_latest(settings->project, "state/last.safetensors");
    if (yt_path_is_dir(resume)) return yt_strdup(resume);
    char *state = yt_path_dir(resume), *run = yt_path_dir(state);
    free(state);
    return run;
}

static int check_unchanged(const struct yt_settings *settings, const struct yt_settings *began,
                           const struct yt_setting *row) {
    struct yt_str now = {0}, then = {0};
    yt_settings_show(settings, row, &now);
    yt_settings_show(began, row, &then);
    int failed = 0;
    if (strcmp(now.s, then.s) != 0)
        failed = yt_fail("%s: %s: cannot change when a run goes on, which began with %s; leave it "
                         "out, or start a new run from its weights",
                         yt_settings_where(settings, row->name), row->name, then.s);
    yt_str_release(&now);
    yt_str_release(&then);
    return failed;
}

/* Completes the settings by those that the run began with. */
static int take_over(struct yt_settings *settings, const struct yt_settings *began) {
    size_t count;
    const struct yt_setting *rows = yt_settings_rows(&count);
    for (size_t i = 0; i < count; i++) {
        bool is_given = yt_settings_where(settings, rows[i].name);
        if (is_given && !may_change(rows[i].name) && check_unchanged(settings, began, &rows[i]))
            return -1;
        yt_settings_inherit(settings, began, (const char *const[]){rows[i].name, NULL});
    }
    return yt_settings_check(settings);
}

/* So that the run can be validated and resumed from another folder. */
static void make_absolute(char **path) {
    if (!*path || !yt_path_exists(*path)) return;
    char *absolute = yt_path_absolute(*path);
    free(*path);
    *path = absolute;
}

static int resume_settings(struct yt_settings *settings, const char *run) {
    struct yt_settings began;
    char *args = yt_path_join(run, "args.yaml");
    yt_settings_init(&began);
    make_absolute(&settings->data);
    make_absolute(&settings->weights);
    int failed = yt_settings_load(&began, args) || take_over(settings, &began) ? -1 : 0;
    yt_settings_release(&began);
    free(args);
    return failed;
}

static void say_left_out(const struct yt_guard *guard) {
    if (guard->not_finite + guard->outliers == 0) return;
    yt_info("optimiser steps left out: %lld with gradients that were not finite, %lld outliers; "
            "log.jsonl names their tiles%s",
            (long long)guard->not_finite, (long long)guard->outliers,
            guard->rollbacks ? "" : ". The run never had to go back");
    if (guard->rollbacks)
        yt_info("the run went back to an earlier state %d times; learning rates are times %g since",
                guard->rollbacks, yt_guard_rate(guard));
}

/* Where everything is; files that this run did not write are left out. */
static void say_files(const char *run) {
    static const struct {
        const char *name, *what;
    } files[] = {
        {"report.html", "everything below in one page for a browser"},
        {"weights/best.safetensors", "for yt val and yt predict"},
        {"weights/last.safetensors", "the last epoch's"},
        {"results.csv", "a row an epoch; results.png draws it"},
        {"per_class.csv", "the best epoch's scores, class by class"},
        {"confusions.csv", "what is taken for what; confusion_matrix.png and .csv"},
        {"worst_tiles", "pictures of the tiles with most mistakes"},
    };
    yt_info("Results saved to %s", run);
    for (size_t i = 0; i < YT_COUNT(files); i++) {
        char *path = yt_path_join(run, files[i].name);
        if (yt_path_exists(path)) yt_info("  %-26s %s", files[i].name, files[i].what);
        free(path);
    }
}

static int report_end(const struct yt_trainer *trainer, enum yt_train_end end) {
    char time[32];
    const struct yt_progress *p = &trainer->progress;
    yt_time_text(p->seconds, time);
    switch (end) {
    case YT_TRAIN_DONE:
        yt_info("\n%d epochs completed in %s.", p->epoch, time);
        say_left_out(&p->guard);
        if (p->best_epoch) yt_info("best: epoch %d, fitness %.5f", p->best_epoch, p->best_fitness);
        say_files(trainer->run);
        return YT_EXIT_OK;
    case YT_TRAIN_PAUSED:
        yt_info("\npaused at epoch %d, batch %d, exactly; go on with: yt train resume=%s",
                p->epoch + 1, p->batch, trainer->run);
        say_left_out(&p->guard);
        return yt_trainer_stopped_by() ? YT_EXIT_SIGNAL + yt_trainer_stopped_by() : YT_EXIT_OK;
    case YT_TRAIN_NUMERIC:
        say_left_out(&p->guard);
        return YT_EXIT_NUMERIC;
    case YT_TRAIN_FAILED:
        break;
    }
    return YT_EXIT_DATA;
}

static int train(const struct yt_settings *settings, const struct yt_source *source,
                 struct yt_model *model, bool folded, const char *run, bool goes_on) {
    struct yt_trainer trainer;
    if (yt_trainer_init(&trainer, settings, source, model, run) != 0) return YT_EXIT_DATA;
    int status = YT_EXIT_DATA;
    bool ready = yt_trainer_measure(&trainer) == 0;
    if (ready && goes_on) ready = yt_trainer_resume(&trainer) == 0;
    if (ready && folded && !goes_on) ready = yt_trainer_calibrate(&trainer) == 0;
    if (ready) {
        yt_info("run: %s", run);
        stop_on_signals();
        status = report_end(&trainer, yt_trainer_run(&trainer));
    }
    yt_trainer_release(&trainer);
    return status;
}

/* A folder that was used before starts with nothing to go on from. */
static void remove_old_states(const char *folder) {
    static const char *const states[] = {"state/last.safetensors",
                                         "state/last.safetensors.previous"};
    for (size_t i = 0; i < YT_COUNT(states); i++) {
        char *path = yt_path_join(folder, states[i]);
        unlink(path);
        free(path);
    }
}

static int start(struct yt_settings *settings, const struct yt_source *source,
                 struct yt_model *model, bool folded) {
    int status = YT_EXIT_DATA;
    char *folder = yt_run_create(settings->project, settings->name ? settings->name : "train",
                                 settings->exist_ok);
    int lock = folder ? yt_run_lock(folder) : -1;
    if (lock >= 0) {
        char *args = yt_path_join(folder, "args.yaml");
        remove_old_states(folder);
        if (yt_settings_write(settings, args) == 0)
            status = train(settings, source, model, folded, folder, false);
        free(args);
    }
    yt_run_unlock(lock);
    free(folder);
    return status;
}

/* run: the folder of the run that goes on, or NULL. */
static int with_source(struct yt_settings *settings, const char *run) {
    struct yt_source source;
    bool folded = false;
    int status = YT_EXIT_DATA;
    yt_threads_set(settings->threads);
    make_absolute(&settings->data);
    make_absolute(&settings->weights);
    if (yt_source_open(&source, settings) != 0) return YT_EXIT_DATA;
    if (yt_split_check_training(&source.split) != 0) {
        yt_source_close(&source);
        return YT_EXIT_DATA;
    }
    yt_source_print(&source, settings->data);
    struct yt_model *model = yt_cli_start_model(settings, &source, &folded);
    if (model && run)
        status = train(settings, &source, model, folded, run, true);
    else if (model)
        status = start(settings, &source, model, folded);
    yt_model_free(model);
    yt_source_close(&source);
    return status;
}

static int resume(struct yt_settings *settings) {
    char *run = resumed_run(settings);
    int status = YT_EXIT_USAGE;
    if (run && resume_settings(settings, run) == 0) {
        int lock = yt_run_lock(run);
        status = lock >= 0 ? with_source(settings, run) : YT_EXIT_DATA;
        yt_run_unlock(lock);
    }
    free(run);
    return status;
}

static int run(int count, char **words) {
    struct yt_settings settings;
    if (yt_cli_parse(&settings, count, words) != 0) return YT_EXIT_USAGE;
    int status = settings.resume ? resume(&settings) : with_source(&settings, NULL);
    yt_settings_release(&settings);
    return status;
}

const struct yt_command yt_cmd_train = {
    .name = "train",
    .summary = "train a model on a data set",
    .about =
        "Trains YOLOv10 on data= (a DeepScoresV2 folder or a data set YAML) and writes weights, "
        "results.csv and the state of the run to project/name. Ctrl-C pauses after the step at "
        "hand; resume=RUN goes on exactly from there.",
    .groups = (const char *const[]){"run", "model", "data", "slice", "train", "augment", NULL},
    .run = run,
};
