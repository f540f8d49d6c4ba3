/* What a run shows of itself: pictures, tables for people, report.html. None of it is worth ending
 * a run for: where it cannot be written, a warning says so and training goes on. */
#include "train/trainer_internal.h"

#include "base/file.h"
#include "base/json.h"
#include "base/machine.h"
#include "base/threads.h"
#include "data/audit.h"
#include "eval/report.h"
#include "report/batch_picture.h"
#include "report/curves.h"
#include "report/labels.h"
#include "report/page.h"
#include "report/results_plot.h"
#include "tensor/kernels.h"
#include "train/results.h"

#include <stdio.h>
#include <stdlib.h>

enum { TRAIN_BATCHES = 3 };

static void warn(struct yt_trainer *t, int failed) {
    if (!failed) return;
    yt_console_hide(&t->console);
    yt_warn("%s; training goes on without it", yt_error());
}

/* --- at the start --- */

/* A block for each session, after those of earlier ones. */
static int write_env(const struct yt_trainer *t) {
    struct yt_str text = {0};
    struct yt_machine machine;
    char date[32], *path = yt_record_path(t, "env.txt");
    char *before = t->progress.step && yt_path_exists(path) ? yt_file_read(path, 0, NULL) : NULL;
    if (before) yt_str_add(&text, "%s\n", before);
    yt_machine_read(&machine);
    yt_date_text(date);
    yt_str_add(&text, "session: %s, from step %lld\n", date, (long long)t->progress.step);
    yt_str_add(&text, "yt: %s, compiled by %s, kernels for %s\n", YT_VERSION, YT_COMPILER,
               yt_isa());
    yt_str_add(&text, "machine: %s, %d CPUs, %.1f GiB, %s\n", machine.cpu, machine.cpus,
               (double)machine.memory_bytes / (1u << 30), machine.system);
    yt_str_add(&text, "threads: %d compute, %d prepare batches\n", yt_threads(),
               yt_source_workers(t->settings));
    yt_str_add(&text, "data: %s, hash %016llx (pages, labels, tiles, lists)\n", t->settings->data,
               (unsigned long long)t->progress.data_hash);
    int failed = yt_file_write(path, text.s, text.len);
    yt_str_release(&text);
    free(before);
    free(path);
    return failed;
}

static int write_audit(const struct yt_trainer *t) {
    struct yt_str text = {0};
    char *path = yt_record_path(t, "audit.txt");
    yt_source_describe(t->source, t->settings->data, &text);
    int failed = yt_file_write(path, text.s, text.len);
    yt_str_release(&text);
    free(path);
    return failed;
}

void yt_show_start(struct yt_trainer *t) {
    const struct yt_source *source = t->source;
    warn(t, write_env(t));
    warn(t, write_audit(t));
    if (!t->settings->plots || t->progress.step) return;
    char *path = yt_record_path(t, "labels.png");
    warn(t, yt_labels_draw(path, &source->dataset, &source->tiles, source->split.tiles[YT_TRAIN],
                           source->split.count[YT_TRAIN]));
    free(path);
}

void yt_show_batch(struct yt_trainer *t, const struct yt_batch *batch) {
    if (!t->settings->plots || t->progress.step >= TRAIN_BATCHES) return;
    char name[32];
    snprintf(name, sizeof name, "train_batch%d.png", (int)t->progress.step);
    char *path = yt_record_path(t, name);
    warn(t, yt_batch_picture(path, batch, &t->source->tiles, &t->source->dataset));
    free(path);
}

/* --- after a validation --- */

struct yt_inspection *yt_show_inspect(const struct yt_trainer *t) {
    const struct yt_inspection_source source = {&t->source->dataset, &t->source->tiles,
                                                t->source->pages,
                                                (const char *const *)t->model->names};
    return t->settings->plots ? yt_inspection_new(&source, t->model->nc) : NULL;
}

void yt_show_validation(struct yt_trainer *t, const struct yt_scores *scores,
                        struct yt_inspection *inspection) {
    const char *const *names = (const char *const *)t->model->names;
    char *path = yt_record_path(t, "per_class.csv");
    warn(t, yt_report_write_csv(path, scores, names));
    free(path);
    if (!inspection) return;
    warn(t, yt_curves_write(t->run, scores, names));
    warn(t, yt_inspection_write(inspection, t->run));
}

/* --- as the run goes on --- */

static int write_timing(const struct yt_trainer *t, double val_s) {
    const struct yt_progress *p = &t->progress;
    struct yt_str text = {0};
    char *path = yt_record_path(t, "timing.csv");
    double images = (double)t->source->split.count[YT_TRAIN], train_s = YT_MAX(p->epoch_s, 1e-9);
    yt_str_add(&text, "epoch,train_s,val_s,images_per_s,waited_percent,resident_gib\n");
    int failed = yt_results_keep_earlier(path, p->epoch + 1, &text);
    yt_str_add(&text, "%d,%.3f,%.3f,%.4g,%.2f,%.3f\n", p->epoch + 1, p->epoch_s, val_s,
               images / train_s, 100 * p->epoch_waited_s / train_s,
               (double)yt_resident_bytes() / (1u << 30));
    if (!failed) failed = yt_file_write(path, text.s, text.len);
    yt_str_release(&text);
    free(path);
    return failed;
}

void yt_show_epoch(struct yt_trainer *t, double val_s) {
    warn(t, write_timing(t, val_s));
    if (!t->settings->plots) return;
    char *csv = yt_record_path(t, "results.csv"), *png = yt_record_path(t, "results.png");
    warn(t, yt_results_plot(csv, png));
    free(csv);
    free(png);
}

static void add_line(struct yt_str *out, const char *name, const char *value) {
    bool first = out->s[out->len - 1] == '[';
    yt_str_append(out, ", [", first ? 0 : 2);
    yt_str_append(out, "[", 1);
    yt_json_quote(out, name);
    yt_str_append(out, ", ", 2);
    yt_json_quote(out, value);
    yt_str_append(out, "]", 1);
}

static void add_lines(const struct yt_trainer *t, struct yt_str *out) {
    const struct yt_progress *p = &t->progress;
    char text[96];
    snprintf(text, sizeof text, "%d of %d", YT_MIN(p->epoch + 1, p->epochs), p->epochs);
    add_line(out, "epoch", text);
    snprintf(text, sizeof text, "%d of %d", p->batch, t->schedule.batches);
    if (p->epoch < p->epochs) add_line(out, "batch", text);
    if (p->best_epoch) {
        snprintf(text, sizeof text, "%.3f at epoch %d", p->best_fitness, p->best_epoch);
        add_line(out, "best fitness (0.1 mAP50 + 0.9 mAP50-95)", text);
        snprintf(text, sizeof text, "%.3f / %.3f", p->metrics[2], p->metrics[3]);
        add_line(out, "mAP50 / mAP50-95, last", text);
    }
    yt_time_text(p->seconds, text);
    add_line(out, "trained for", text);
    yt_time_text(t->console.left_s, text);
    if (p->epoch < p->epochs && t->console.left_s > 0) add_line(out, "left, about", text);
    snprintf(text, sizeof text, "yolov10%s, %d classes", t->model->scale->name, t->model->nc);
    add_line(out, "model", text);
    snprintf(text, sizeof text, "%zu / %zu", t->source->split.count[YT_TRAIN],
             t->source->split.count[YT_VAL]);
    add_line(out, "tiles to train / to validate on", text);
    snprintf(text, sizeof text, "%lld", (long long)(p->guard.not_finite + p->guard.outliers));
    add_line(out, "steps left out", text);
}

void yt_show_page(struct yt_trainer *t, const char *state) {
    struct yt_str status = {0};
    char date[32];
    if (!t->settings->plots) return;
    yt_date_text(date);
    yt_str_add(&status, "{\"title\": ");
    yt_json_quote(&status, t->run);
    yt_str_add(&status,
               ", \"state\": \"%s\", \"version\": \"%s\", \"written\": \"%s\", \"lines\": [", state,
               YT_VERSION, date);
    add_lines(t, &status);
    yt_str_add(&status, "]}");
    warn(t, yt_page_write(t->run, status.s));
    yt_str_release(&status);
}
