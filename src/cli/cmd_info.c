/* yt info: what is in a file of weights, or in a run's folder. */
#include "base/file.h"
#include "cli/cli.h"
#include "tensor/safetensors.h"
#include "yolov10/weights.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* --- the tensors --------------------------------------------------------------------------------
 */

/* Tensors whose names begin alike: "model.3" of model.3.conv.weight, "ema" of ema. */
struct part {
    const char *name;
    size_t len, tensors, elements;
};

static size_t part_len(const char *name) {
    const char *dot = strchr(name, '.');
    bool is_layer = dot && !strncmp(name, "model.", 6);
    if (is_layer) dot = strchr(dot + 1, '.');
    return dot ? (size_t)(dot - name) : strlen(name);
}

/* model.2 before model.10. */
static int by_name(const void *a, const void *b) {
    const struct part *p = a, *q = b;
    if (p->len != q->len) return p->len < q->len ? -1 : 1;
    return strncmp(p->name, q->name, p->len);
}

static size_t collect_parts(const struct yt_safetensors *file, struct part *parts) {
    size_t count = 0;
    for (size_t i = 0; i < yt_safetensors_count(file); i++) {
        const struct yt_tensor_info *tensor = yt_safetensors_at(file, i);
        size_t len = part_len(tensor->name), k = 0;
        while (k < count && (parts[k].len != len || strncmp(parts[k].name, tensor->name, len) != 0))
            k++;
        if (k == count) parts[count++] = (struct part){.name = tensor->name, .len = len};
        parts[k].tensors++;
        parts[k].elements += tensor->count;
    }
    qsort(parts, count, sizeof *parts, by_name);
    return count;
}

static void print_parts(const struct yt_safetensors *file) {
    struct part *parts = yt_calloc(yt_safetensors_count(file) + 1, sizeof *parts);
    size_t count = collect_parts(file, parts);
    yt_info("\n  %-16s %8s %12s", "part", "tensors", "elements");
    for (size_t i = 0; i < count; i++)
        yt_info("  %-16.*s %8zu %12zu", (int)parts[i].len, parts[i].name, parts[i].tensors,
                parts[i].elements);
    free(parts);
}

/* Values that are no numbers; the first tensor that has one. */
static size_t count_faults(const struct yt_safetensors *file, const char **first) {
    size_t faults = 0;
    for (size_t i = 0; i < yt_safetensors_count(file); i++) {
        const struct yt_tensor_info *tensor = yt_safetensors_at(file, i);
        float *values = yt_malloc(tensor->count * sizeof *values + 1);
        yt_safetensors_read(file, tensor, values);
        for (size_t k = 0; k < tensor->count; k++) {
            if (isfinite(values[k])) continue;
            if (!faults++) *first = tensor->name;
        }
        free(values);
    }
    return faults;
}

static void print_tensors(const struct yt_safetensors *file) {
    size_t elements = 0, bytes = 0;
    const char *first = "";
    for (size_t i = 0; i < yt_safetensors_count(file); i++) {
        elements += yt_safetensors_at(file, i)->count;
        bytes += yt_safetensors_at(file, i)->bytes;
    }
    size_t faults = count_faults(file, &first);
    yt_info("  tensors   %zu, %zu elements, %.1f MiB", yt_safetensors_count(file), elements,
            (double)bytes / (1 << 20));
    if (faults) yt_warn("%zu values are NaN or infinite, first in %s", faults, first);
}

/* --- what they are ------------------------------------------------------------------------------
 */

static void print_metadata(const struct yt_safetensors *file) {
    static const char *const keys[] = {"format", "version", "epoch",   "fitness", "epoch.0",
                                       "step.0", "note",    "license", "author"};
    for (size_t i = 0; i < YT_COUNT(keys); i++) {
        const char *value = yt_safetensors_metadata(file, keys[i]);
        if (value) yt_info("  %-9.*s %s", (int)strcspn(keys[i], "."), keys[i], value);
    }
}

static void print_classes(const struct yt_model *model) {
    struct yt_str names = {0};
    for (int i = 0; i < model->nc; i++)
        yt_str_add(&names, "%s%d %s", i ? ", " : "", i, model->names[i]);
    yt_info("  classes   %s", names.s);
    yt_str_release(&names);
}

/* Of files that hold a whole model; others have tensors only, and yt_error() says why. */
static void print_model(const struct yt_safetensors *file, const char *path,
                        const struct yt_settings *settings) {
    if (yt_safetensors_find(file, "ema")) {
        yt_info("  model     the state of a run, to go on with resume=; its weights are in "
                "../weights");
        return;
    }
    struct yt_model *model = yt_model_open(path);
    if (!model) {
        yt_info("  model     not complete: %s", yt_error());
        return;
    }
    yt_info("  model     yolov10%s, %d classes%s", model->scale->name, model->nc,
            yt_safetensors_find(file, "model.0.bn.weight") ? "" : ", batch norms folded");
    if (model->imgsz > 0) yt_info("  imgsz     %d px", model->imgsz);
    if (settings->verbose) print_classes(model);
    yt_model_free(model);
}

static int print_file(const char *path, const struct yt_settings *settings) {
    struct yt_safetensors *file = yt_safetensors_open(path);
    if (!file) return -1;
    yt_info("%s", path);
    print_model(file, path, settings);
    print_metadata(file);
    print_tensors(file);
    if (settings->verbose) print_parts(file);
    yt_safetensors_close(file);
    return 0;
}

static int run(int count, char **words) {
    if (!count || strchr(words[0], '=')) {
        yt_fail("info: name a file of weights or the folder of a run: yt info FILE");
        return YT_EXIT_USAGE;
    }
    struct yt_settings settings;
    if (yt_cli_parse(&settings, count - 1, words + 1)) return YT_EXIT_USAGE;
    char *path = yt_path_is_dir(words[0]) ? yt_path_join(words[0], "weights/best.safetensors")
                                          : yt_strdup(words[0]);
    int status = print_file(path, &settings) ? YT_EXIT_DATA : YT_EXIT_OK;
    free(path);
    yt_settings_release(&settings);
    return status;
}

const struct yt_command yt_cmd_info = {
    .name = "info",
    .summary = "tell what is in a file of weights",
    .arguments = " FILE|RUN [verbose=false]",
    .about = "Tells of a safetensors file, or of the best weights of a run, which model it is, its "
             "classes, when it was written, its tensors by layer, and whether all values are "
             "finite.",
    .run = run,
};
