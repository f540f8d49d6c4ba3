#include "train/state.h"

#include "base/file.h"
#include "base/str.h"
#include "tensor/safetensors.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FORMAT "yt-state-6"

/* One counter: its name in the file, and where it lies in struct yt_progress. */
struct field {
    const char *name;
    enum { INT, INT64, DOUBLE, BOOL } type;
    size_t offset;
    int count;
};
#define FIELD(type, member)                                                                        \
    { #member, type, offsetof(struct yt_progress, member), 1 }
#define FIELDS(type, member, n)                                                                    \
    { #member, type, offsetof(struct yt_progress, member), n }
static const struct field fields[] = {
    FIELD(INT, epochs),
    FIELD(INT, epoch),
    FIELD(INT, batch),
    FIELD(INT64, step),
    FIELD(INT64, last_update),
    FIELDS(DOUBLE, items, YT_ITEMS),
    FIELD(DOUBLE, best_fitness),
    FIELD(INT, best_epoch),
    FIELD(INT64, data_hash),
    FIELD(DOUBLE, seconds),
    FIELD(DOUBLE, epoch_s),
    FIELD(DOUBLE, epoch_waited_s),
    FIELD(INT64, lost_labels),
    FIELD(INT64, seen_labels),
    FIELD(BOOL, replanned),
    FIELDS(DOUBLE, metrics, 4),
    FIELD(DOUBLE, fitness),
    FIELDS(DOUBLE, val_items, YT_ITEMS),
    FIELDS(DOUBLE, guard.norms, YT_GUARD_NORMS),
    FIELD(INT64, guard.believed),
    FIELD(INT, guard.in_a_row),
    FIELD(INT64, guard.not_finite),
    FIELD(INT64, guard.outliers),
    FIELD(INT, guard.rollbacks),
};

static const char *const optimizer_names[] = {[YT_SGD] = "SGD", [YT_ADAMW] = "AdamW"};

struct array {
    const char *name;
    float *data;
    size_t count;
};
#define ARRAYS 6

static int arrays_of(const struct yt_model *model, const struct yt_optimizer *o,
                     const struct yt_unlearnt *unlearnt, struct array arrays[ARRAYS]) {
    const struct yt_params *p = model->params;
    int n = 0;
    arrays[n++] = (struct array){"value", p->value, p->total};
    arrays[n++] = (struct array){"grad", p->grad, p->trainable};
    arrays[n++] = (struct array){"ema", o->ema, p->total};
    arrays[n++] = (struct array){"m", o->m, p->trainable};
    size_t counters = (size_t)unlearnt->nc * sizeof *unlearnt->classes / sizeof(float);
    arrays[n++] = (struct array){"unlearnt", &unlearnt->classes->labels, counters};
    if (o->v) arrays[n++] = (struct array){"v", o->v, p->trainable};
    return n;
}

static void add_number(struct yt_safetensors_writer *writer, const char *name, int index,
                       const char *value) {
    char key[64];
    snprintf(key, sizeof(key), "%s.%d", name, index);
    yt_safetensors_add_metadata(writer, key, value);
}

static void add_field(struct yt_safetensors_writer *writer, const struct field *f,
                      const void *base) {
    for (int i = 0; i < f->count; i++) {
        char text[64];
        const char *at = (const char *)base + f->offset;
        switch (f->type) {
        case INT:
            snprintf(text, sizeof(text), "%d", ((const int *)(const void *)at)[i]);
            break;
        case INT64:
            snprintf(text, sizeof(text), "%" PRId64, ((const int64_t *)(const void *)at)[i]);
            break;
        case DOUBLE:
            snprintf(text, sizeof(text), "%a", ((const double *)(const void *)at)[i]);
            break;
        case BOOL:
            snprintf(text, sizeof(text), "%d", ((const bool *)(const void *)at)[i]);
            break;
        }
        add_number(writer, f->name, i, text);
    }
}

static int read_field(const struct yt_safetensors *file, const struct field *f, void *base) {
    for (int i = 0; i < f->count; i++) {
        char key[64];
        snprintf(key, sizeof(key), "%s.%d", f->name, i);
        const char *text = yt_safetensors_metadata(file, key);
        if (!text) return yt_fail("%s is missing", key);
        char *at = (char *)base + f->offset;
        switch (f->type) {
        case INT:
            ((int *)(void *)at)[i] = atoi(text);
            break;
        case INT64:
            ((int64_t *)(void *)at)[i] = strtoll(text, NULL, 10);
            break;
        case DOUBLE:
            ((double *)(void *)at)[i] = strtod(text, NULL);
            break;
        case BOOL:
            ((bool *)(void *)at)[i] = atoi(text) != 0;
            break;
        }
    }
    return 0;
}

static char *previous_of(const char *path) {
    return yt_format("%s.previous", path);
}

/* The new state is whole beside the old one before that one makes room; at every moment there is a
 * whole file of the name. Where a file system has no second names, the moment between two renames
 * has only the previous one. */
static int replace(struct yt_safetensors_writer *writer, const char *path) {
    char *next = yt_format("%s.next", path), *previous = previous_of(path);
    int result = yt_safetensors_write(writer, next);
    if (result == 0 && yt_path_exists(path)) {
        unlink(previous);
        if (link(path, previous) != 0) rename(path, previous);
    }
    if (result == 0 && rename(next, path) != 0)
        result = yt_fail("%s: cannot write: %s", path, strerror(errno));
    free(next);
    free(previous);
    return result;
}

int yt_state_save(const char *path, const struct yt_model *model, const struct yt_optimizer *o,
                  const struct yt_unlearnt *unlearnt, const struct yt_progress *progress) {
    struct yt_safetensors_writer *writer = yt_safetensors_writer_new();
    struct array arrays[ARRAYS];
    int count = arrays_of(model, o, unlearnt, arrays);
    yt_safetensors_add_metadata(writer, "format", FORMAT);
    yt_safetensors_add_metadata(writer, "scale", model->scale->name);
    yt_safetensors_add_metadata(writer, "optimizer", optimizer_names[o->kind]);
    struct yt_str classes = {0};
    yt_model_write_classes(model, &classes);
    yt_safetensors_add_metadata(writer, "classes", classes.s);
    yt_str_release(&classes);
    char text[32];
    snprintf(text, sizeof(text), "%" PRId64, o->steps);
    yt_safetensors_add_metadata(writer, "optimizer_steps", text);
    for (size_t i = 0; i < YT_COUNT(fields); i++) add_field(writer, &fields[i], progress);
    for (int i = 0; i < count; i++) {
        int64_t shape = (int64_t)arrays[i].count;
        yt_safetensors_add(writer, arrays[i].name, YT_F32, 1, &shape, arrays[i].data);
    }
    int result = replace(writer, path);
    yt_safetensors_writer_free(writer);
    return result;
}

static int check_array(const struct yt_safetensors *file, const struct array *array) {
    const struct yt_tensor_info *info = yt_safetensors_find(file, array->name);
    if (!info || info->dtype != YT_F32 || info->count != array->count)
        return yt_fail("%s: is of another model or optimiser (%zu values, expected %zu)",
                       array->name, info ? info->count : 0, array->count);
    return 0;
}

static int check_classes(const struct yt_safetensors *file, const struct yt_model *model) {
    const char *recorded = yt_safetensors_metadata(file, "classes");
    struct yt_str classes = {0};
    yt_model_write_classes(model, &classes);
    bool same = recorded && strcmp(recorded, classes.s) == 0;
    yt_str_release(&classes);
    if (same) return 0;
    return yt_fail("is of a run on other classes than the data has now; go on with the data that "
                   "the run began with");
}

/* Checks everything before it changes anything. */
static int load(const struct yt_safetensors *file, struct yt_model *model, struct yt_optimizer *o,
                struct yt_unlearnt *unlearnt, struct yt_progress *progress) {
    struct array arrays[ARRAYS];
    struct yt_progress read = {0};
    const char *format = yt_safetensors_metadata(file, "format");
    const char *scale = yt_safetensors_metadata(file, "scale");
    const char *optimizer = yt_safetensors_metadata(file, "optimizer");
    const char *steps = yt_safetensors_metadata(file, "optimizer_steps");
    int count = arrays_of(model, o, unlearnt, arrays);
    if (!format || strcmp(format, FORMAT) != 0 || !steps || !yt_safetensors_has_checksums(file))
        return yt_fail("is no training state of this version");
    if (!scale || strcmp(scale, model->scale->name) != 0)
        return yt_fail("is of a yolov10%s, not of a yolov10%s", scale ? scale : "?",
                       model->scale->name);
    if (!optimizer || strcmp(optimizer, optimizer_names[o->kind]) != 0)
        return yt_fail("is of a run with %s, not with %s", optimizer ? optimizer : "?",
                       optimizer_names[o->kind]);
    if (check_classes(file, model) != 0) return -1;
    for (size_t i = 0; i < YT_COUNT(fields); i++)
        if (read_field(file, &fields[i], &read) != 0) return -1;
    for (int i = 0; i < count; i++)
        if (check_array(file, &arrays[i]) != 0) return -1;
    for (int i = 0; i < count; i++)
        yt_safetensors_read(file, yt_safetensors_find(file, arrays[i].name), arrays[i].data);
    o->steps = strtoll(steps, NULL, 10);
    *progress = read;
    return 0;
}

static int open_and_load(const char *path, struct yt_model *model, struct yt_optimizer *o,
                         struct yt_unlearnt *unlearnt, struct yt_progress *progress) {
    struct yt_safetensors *file = yt_safetensors_open(path);
    if (!file) return -1;
    int result = load(file, model, o, unlearnt, progress);
    yt_safetensors_close(file);
    return result == 0 ? 0 : yt_fail_in("%s", path);
}

int yt_state_load(const char *path, struct yt_model *model, struct yt_optimizer *o,
                  struct yt_unlearnt *unlearnt, struct yt_progress *progress) {
    if (open_and_load(path, model, o, unlearnt, progress) == 0) return 0;
    char *newest_fault = yt_error_take(), *previous = previous_of(path);
    int result = -1;
    if (yt_path_exists(previous)) {
        result = open_and_load(previous, model, o, unlearnt, progress);
        if (result == 0) yt_warn("%s; the state before it is used", newest_fault);
    }
    if (result != 0) yt_fail("%s", newest_fault);
    free(newest_fault);
    free(previous);
    return result;
}
