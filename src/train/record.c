/* What a run writes: a line a step, a row an epoch, weights, and the state to go on from. */
#include "train/trainer_internal.h"

#include "base/file.h"
#include "base/json.h"
#include "train/results.h"
#include "yolov10/weights.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

char *yt_record_path(const struct yt_trainer *t, const char *name) {
    return yt_path_join(t->run, name);
}

/* --- log.jsonl --- */

static int cannot_log(const struct yt_trainer *t, const char *what) {
    return yt_fail("%s/log.jsonl: cannot %s: %s", t->run, what, strerror(errno));
}

/* Half a line, which a full disk or a power cut left, goes: the next would be written behind it. */
static int cut_half_line(FILE *log) {
    long end = fseek(log, 0, SEEK_END) == 0 ? ftell(log) : 0;
    while (end > 0 && fseek(log, end - 1, SEEK_SET) == 0 && fgetc(log) != '\n') end--;
    return ftruncate(fileno(log), end);
}

int yt_record_open(struct yt_trainer *t) {
    char *path = yt_record_path(t, "log.jsonl");
    t->log = fopen(path, t->progress.step ? "a+" : "w");
    free(path);
    if (!t->log) return cannot_log(t, "open");
    return t->progress.step && cut_half_line(t->log) != 0 ? cannot_log(t, "mend") : 0;
}

void yt_record_close(struct yt_trainer *t) {
    if (t->log) fclose(t->log); /* every line was flushed when it was written */
    t->log = NULL;
}

void yt_record_tile(const struct yt_trainer *t, uint32_t index, struct yt_str *out) {
    const struct yt_tile *tile = &t->source->tiles.items[index];
    const char *path = t->source->dataset.pages[tile->page].path;
    yt_str_add(out, "%s@%d,%d", yt_path_name(path), tile->x, tile->y);
}

static void add_left_out(const struct yt_trainer *t, const char *why, struct yt_str *line) {
    yt_str_add(line, ",\"left_out\":\"%s\",\"tiles\":[", why);
    for (size_t i = 0; i < t->tile_count; i++) {
        struct yt_str name = {0};
        yt_record_tile(t, t->tiles[i], &name);
        if (i) yt_str_add(line, ",");
        yt_json_quote(line, name.s);
        yt_str_release(&name);
    }
    yt_str_add(line, "]");
}

int yt_record_step(struct yt_trainer *t, const struct yt_batch *batch, const float items[YT_ITEMS],
                   const struct yt_rates *rates, double norm, const char *left_out) {
    const struct yt_progress *p = &t->progress;
    struct yt_str *line = &t->line;
    line->len = 0;
    yt_str_add(line, "{\"step\":%lld,\"epoch\":%d,\"batch\":%d,\"images\":%d,\"instances\":%d",
               (long long)p->step, p->epoch + 1, p->batch + 1, batch->n, batch->target_count);
    for (int i = 0; i < YT_ITEMS; i++) {
        yt_str_add(line, ",\"%s\":", yt_item_names[i]);
        yt_json_float(line, items[i]);
    }
    yt_str_add(line, ",\"lr\":[%.9g,%.9g,%.9g],\"accumulate\":%d,\"waited_s\":%.4f", rates->lr[0],
               rates->lr[1], rates->lr[2], rates->accumulate, batch->waited_s);
    if (isfinite(norm)) yt_str_add(line, ",\"norm\":%.6g", norm);
    if (left_out) add_left_out(t, left_out, line);
    yt_str_add(line, "}\n");
    fwrite(line->s, 1, line->len, t->log);
    return fflush(t->log) == 0 ? 0 : cannot_log(t, "write");
}

/* --- weights and state --- */

static int save_weights(const struct yt_trainer *t, const char *name) {
    char epoch[16], fitness[32];
    snprintf(epoch, sizeof(epoch), "%d", t->progress.epoch + 1);
    snprintf(fitness, sizeof(fitness), "%.5f", t->progress.fitness);
    const char *extra[] = {"epoch", epoch, "fitness", fitness, "version", YT_VERSION, NULL};
    char *file = yt_format("weights/%s.safetensors", name), *path = yt_record_path(t, file);
    int result = yt_weights_save(t->model, t->optimizer.ema, t->progress.step, extra, path);
    free(file);
    free(path);
    return result;
}

static int save_due_weights(const struct yt_trainer *t, bool best) {
    int done = t->progress.epoch + 1, period = t->settings->save_period;
    char name[32];
    if (save_weights(t, "last") != 0 || (best && save_weights(t, "best") != 0)) return -1;
    if (period <= 0 || done % period != 0) return 0;
    snprintf(name, sizeof(name), "epoch%d", done);
    return save_weights(t, name);
}

int yt_record_state(struct yt_trainer *t) {
    char *path = yt_record_path(t, "state/last.safetensors");
    int result = yt_state_save(path, t->model, &t->optimizer, &t->unlearnt, &t->progress);
    free(path);
    t->state_written = yt_now();
    return result;
}

/* --- an epoch --- */

static int append_results(const struct yt_trainer *t) {
    const struct yt_progress *p = &t->progress;
    struct yt_rates rates = yt_trainer_rates(t, p->step - 1);
    struct yt_epoch_result result = {.epoch = p->epoch + 1};
    for (int i = 0; i < YT_ITEMS; i++) {
        result.items[i] = yt_round5(p->items[i]);
        result.val_items[i] = p->val_items[i];
    }
    memcpy(result.metrics, p->metrics, sizeof(result.metrics));
    memcpy(result.lr, rates.lr, sizeof(result.lr));
    char *path = yt_record_path(t, "results.csv");
    int failed = yt_results_append(path, &result);
    free(path);
    return failed;
}

static int write_unlearnt(const struct yt_trainer *t) {
    yt_unlearnt_print(&t->unlearnt, t->model->names);
    char *path = yt_record_path(t, "unlearnt.csv");
    int failed = yt_unlearnt_write(path, t->progress.epoch + 1, &t->unlearnt, t->model->names);
    free(path);
    return failed;
}

int yt_record_epoch(struct yt_trainer *t) {
    struct yt_progress *p = &t->progress;
    if (append_results(t) != 0 || write_unlearnt(t) != 0) return -1;
    bool best = p->fitness >= p->best_fitness;
    if (best) {
        p->best_fitness = p->fitness;
        p->best_epoch = p->epoch + 1;
    }
    return t->settings->save ? save_due_weights(t, best) : 0;
}
