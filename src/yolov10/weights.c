#include "yolov10/weights.h"

#include "base/json.h"
#include "base/str.h"
#include "tensor/ops.h"
#include "tensor/safetensors.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ONE2ONE "one2one_"
#define DFL_BINS "model.23.dfl.conv.weight"

struct loader {
    struct yt_model *model;
    const struct yt_safetensors *file;
    const char *path;
    struct yt_weights_report *report;
    float *buffer;
};

/* The file's tensor called `name`, with or without PyTorch wrapper prefix. */
static const struct yt_tensor_info *find(const struct yt_safetensors *file, const char *name) {
    const struct yt_tensor_info *info = yt_safetensors_find(file, name);
    if (info) return info;
    char *wrapped = yt_format("model.%s", name);
    info = yt_safetensors_find(file, wrapped);
    free(wrapped);
    return info;
}

/* `name` with its ending `suffix` replaced; NULL if it does not end so. */
static char *with_suffix(const char *name, const char *suffix, const char *replacement) {
    size_t len = strlen(name), tail = strlen(suffix);
    if (len < tail || strcmp(name + len - tail, suffix) != 0) return NULL;
    return yt_format("%.*s%s", (int)(len - tail), name, replacement);
}

/* model.23.cv2.0... -> model.23.one2one_cv2.0...; NULL for other tensors. */
static char *one2one_twin(const char *name) {
    const char *head = "model.23.cv";
    if (strncmp(name, head, strlen(head)) != 0) return NULL;
    return yt_format("model.23." ONE2ONE "%s", name + strlen("model.23."));
}

static bool same_shape(const struct yt_param *param, const struct yt_tensor_info *info) {
    if (info->rank != param->rank) return false;
    for (int i = 0; i < param->rank; i++)
        if (info->shape[i] != param->shape[i]) return false;
    return true;
}

/* Takes `info` as the values of param, if the shapes agree. 1 taken, 0 not, -1 failed. */
static int take(struct loader *l, const struct yt_param *param, const struct yt_tensor_info *info) {
    if (!info) return 0;
    if (!same_shape(param, info)) {
        l->report->mismatch++;
        return 0;
    }
    yt_safetensors_read(l->file, info, l->buffer);
    for (size_t i = 0; i < info->count; i++)
        if (!isfinite(l->buffer[i]))
            return yt_fail("%s: %s: element %zu is not finite; use another file", l->path,
                           info->name, i);
    yt_params_import(param, l->model->params->value, l->buffer);
    return 1;
}

static void fill(struct loader *l, const struct yt_param *param, float value) {
    for (size_t i = 0; i < param->count; i++) l->model->params->value[param->offset + i] = value;
}

/* A batch norm tensor of a convolution that is folded in the file: the identity plus the bias. */
static int take_folded_norm(struct loader *l, const struct yt_param *param, const char *name) {
    static const struct {
        const char *suffix;
        float value;
    } identity[] = {{".bn.weight", 1}, {".bn.running_mean", 0}, {".bn.running_var", 1 - YT_BN_EPS}};
    char *bias = with_suffix(name, ".bn.bias", ".conv.bias");
    if (bias) {
        int taken = take(l, param, find(l->file, bias));
        free(bias);
        return taken;
    }
    for (size_t i = 0; i < YT_COUNT(identity); i++) {
        bias = with_suffix(name, identity[i].suffix, ".conv.bias");
        if (!bias) continue;
        const struct yt_tensor_info *info = find(l->file, bias);
        free(bias);
        if (!info || info->rank != 1 || info->shape[0] != param->shape[0]) return 0;
        fill(l, param, identity[i].value);
        return 1;
    }
    return 0;
}

/* What a folded file has no value for and needs none: the 3x3 of RepVGGDW (below). */
static bool is_folded_away(const struct loader *l, const struct yt_param *param) {
    return l->report->folded && strstr(param->name, ".cv1.2.conv1.");
}

/* RepVGGDW: folded, the 7x7 `X.conv.weight` stands for `X.conv.conv` and `X.conv1.conv` together;
 * the 3x3 keeps its start values behind a batch norm whose scale is 0, so it adds nothing yet. */
static int take_folded_large_kernel(struct loader *l, const struct yt_param *param,
                                    const char *name) {
    const char *large = strstr(name, ".cv1.2.conv."), *small = strstr(name, ".cv1.2.conv1.");
    if (small) {
        char *folded = yt_format("%.*s.cv1.2.conv.bias", (int)(small - name), name);
        bool there = find(l->file, folded) != NULL;
        free(folded);
        if (there && (param->kind == YT_PARAM_NORM || param->kind == YT_PARAM_BIAS)) {
            fill(l, param, 0);
            return 1;
        }
        return 0;
    }
    if (!large) return 0;
    char *stripped =
        yt_format("%.*s.cv1.2.%s", (int)(large - name), name, large + strlen(".cv1.2.conv."));
    int taken = take(l, param, find(l->file, stripped));
    if (taken == 0) taken = take_folded_norm(l, param, stripped);
    free(stripped);
    return taken;
}

static int take_by_name(struct loader *l, const struct yt_param *param, const char *name) {
    int taken = take(l, param, find(l->file, name));
    if (taken == 0 && l->report->folded) taken = take_folded_norm(l, param, name);
    if (taken == 0 && l->report->folded) taken = take_folded_large_kernel(l, param, name);
    return taken;
}

static int take_param(struct loader *l, const struct yt_param *param, bool has_one2many) {
    char *twin = has_one2many ? NULL : one2one_twin(param->name);
    int taken = take_by_name(l, param, twin ? twin : param->name);
    if (taken == 1 && twin) l->report->mirrored++;
    free(twin);
    if (taken == 1) l->report->taken++;
    if (taken == 0 && !is_folded_away(l, param)) {
        if (l->report->left++ == 0)
            snprintf(l->report->first_left, sizeof(l->report->first_left), "%s", param->name);
    }
    return taken;
}

static bool file_has(const struct yt_safetensors *file, const char *part) {
    for (size_t i = 0; i < yt_safetensors_count(file); i++)
        if (strstr(yt_safetensors_at(file, i)->name, part)) return true;
    return false;
}

static int count_unused(const struct loader *l) {
    int unused = 0;
    for (size_t i = 0; i < yt_safetensors_count(l->file); i++) {
        const char *name = yt_safetensors_at(l->file, i)->name;
        if (strncmp(name, "model.model.", 12) == 0) name += strlen("model.");
        bool constant = yt_str_ends_with(name, "num_batches_tracked") || strstr(name, ".dfl.");
        bool folded_bias = l->report->folded && yt_str_ends_with(name, ".conv.bias");
        if (!constant && !folded_bias && yt_params_find(l->model->params, name) < 0 &&
            !(l->report->folded && strstr(name, ".cv1.2.conv.weight")))
            unused++;
    }
    return unused;
}

static size_t largest_tensor(const struct yt_params *params) {
    size_t largest = 0;
    for (size_t i = 0; i < params->count; i++) largest = YT_MAX(largest, params->items[i].count);
    return largest;
}

static int load(struct yt_model *model, const struct yt_safetensors *file, const char *path,
                struct yt_weights_report *report) {
    *report = (struct yt_weights_report){.folded = !file_has(file, ".bn.")};
    struct loader l = {model, file, path, report,
                       yt_malloc(largest_tensor(model->params) * sizeof(float))};
    bool has_one2many = file_has(file, "model.23.cv");
    int failed = 0;
    for (size_t i = 0; i < model->params->count && !failed; i++)
        failed = take_param(&l, &model->params->items[i], has_one2many) < 0;
    report->unused = count_unused(&l);
    free(l.buffer);
    if (failed) return -1;
    if (report->taken == 0)
        return yt_fail("%s: no tensor fits a yolov10%s with %d classes; is it another model?", path,
                       model->scale->name, model->nc);
    return 0;
}

/* names: JSON list of [id, name] in the metadata; NULL: there is none. */
static struct yt_json *parse_names(const struct yt_safetensors *file) {
    const char *text = yt_safetensors_metadata(file, "names");
    return text ? yt_json_parse(text, strlen(text), "names") : NULL;
}

/* The name of class i in such a list; NULL if it has none. */
static const char *name_at(const struct yt_json *names, int i) {
    const struct yt_json *pair = yt_json_at(names, (size_t)i);
    return yt_json_count(pair) == 2 ? yt_json_string(yt_json_at(pair, 1)) : NULL;
}

static void compare_names(const struct yt_model *model, const struct yt_safetensors *file,
                          struct yt_weights_report *report) {
    struct yt_json *names = parse_names(file);
    int count = names && (int)yt_json_count(names) == model->nc ? model->nc : 0;
    for (int i = 0; i < count; i++) {
        const char *name = name_at(names, i);
        if (!name || strcmp(name, model->names[i]) == 0 || report->renamed++) continue;
        snprintf(report->first_renamed, sizeof report->first_renamed,
                 "class %d is %s in the file and %s here", i, name, model->names[i]);
    }
    yt_json_free(names);
}

int yt_weights_load(struct yt_model *model, const char *path, struct yt_weights_report *report) {
    struct yt_safetensors *file = yt_safetensors_open(path);
    if (!file) return -1;
    int result = load(model, file, path, report);
    if (result == 0) compare_names(model, file, report);
    yt_safetensors_close(file);
    return result;
}

/* --- opening a model from its file --- */

static const struct yt_scale *scale_of(const struct yt_safetensors *file, const char *path) {
    const char *name = yt_safetensors_metadata(file, "scale");
    if (name) return yt_scale_find(name);
    const struct yt_tensor_info *first = find(file, "model.0.conv.weight");
    int64_t channels = first && first->rank == 4 ? first->shape[0] : 0;
    bool deep = find(file, "model.2.m.2.cv1.conv.weight") != NULL;
    switch (channels) {
    case 16:
        return yt_scale_find("n");
    case 32:
        return yt_scale_find("s");
    case 48:
        return yt_scale_find("m");
    case 64:
        return yt_scale_find(deep ? "l" : "b");
    case 80:
        return yt_scale_find("x");
    default:
        return yt_fail_null("%s: holds no YOLOv10 weights (model.0.conv.weight)", path);
    }
}

const struct yt_scale *yt_weights_scale(const char *path) {
    struct yt_safetensors *file = yt_safetensors_open(path);
    const struct yt_scale *scale = file ? scale_of(file, path) : NULL;
    yt_safetensors_close(file);
    return scale;
}

static void read_names(struct yt_model *model, const struct yt_safetensors *file) {
    struct yt_json *names = parse_names(file);
    for (int i = 0; names && i < model->nc && i < (int)yt_json_count(names); i++) {
        const char *name = name_at(names, i);
        if (!name) continue;
        const struct yt_json *id = yt_json_at(yt_json_at(names, (size_t)i), 0);
        yt_model_set_class(model, i, name, (int)yt_json_number(id));
    }
    model->is_named = names != NULL;
    yt_json_free(names);
}

/* A constant of the reference's, but one that its files can change. */
static void read_bins(struct yt_model *model, const struct yt_safetensors *file) {
    const struct yt_tensor_info *bins = find(file, DFL_BINS);
    if (bins && bins->count == YT_DFL_BINS) yt_safetensors_read(file, bins, model->dfl_bins);
}

/* Of the metadata; 0 where there is none that makes sense. */
static int read_count(const struct yt_safetensors *file, const char *key, int max) {
    const char *text = yt_safetensors_metadata(file, key);
    long count = text ? strtol(text, NULL, 10) : 0;
    return count > 0 && count <= max ? (int)count : 0;
}

static struct yt_model *open_model(const struct yt_safetensors *file, const char *path) {
    const struct yt_scale *scale = scale_of(file, path);
    if (!scale) return NULL;
    const struct yt_tensor_info *bias = find(file, "model.23." ONE2ONE "cv3.0.2.bias");
    if (!bias || bias->rank != 1 || bias->shape[0] < 1 || bias->shape[0] > 100000)
        return yt_fail_null("%s: has no one-to-one head (YOLOv10's model.23.one2one_cv3)", path);
    struct yt_model *model = yt_model_new(scale, (int)bias->shape[0]);
    struct yt_weights_report report;
    yt_model_init(model, 0);
    int failed = load(model, file, path, &report);
    if (!failed && report.left)
        failed = yt_fail("%s: %d tensors of a yolov10%s with %d classes are missing, first %s; the "
                         "file is of another model",
                         path, report.left, scale->name, model->nc, report.first_left);
    if (failed) {
        yt_model_free(model);
        return NULL;
    }
    model->has_one2many = report.mirrored == 0;
    read_names(model, file);
    read_bins(model, file);
    model->imgsz = read_count(file, "imgsz", 1 << 20);
    model->most_labels = read_count(file, "most_labels", 1 << 20);
    return model;
}

struct yt_model *yt_model_open(const char *path) {
    struct yt_safetensors *file = yt_safetensors_open(path);
    if (!file) return NULL;
    struct yt_model *model = open_model(file, path);
    yt_safetensors_close(file);
    return model;
}

/* --- writing --- */

static void add_metadata(struct yt_safetensors_writer *writer, const struct yt_model *model,
                         const char *const *extra) {
    struct yt_str names = {0};
    yt_model_write_classes(model, &names);
    char imgsz[16], most_labels[16];
    snprintf(imgsz, sizeof(imgsz), "%d", model->imgsz);
    snprintf(most_labels, sizeof(most_labels), "%d", model->most_labels);
    yt_safetensors_add_metadata(writer, "format", "yt-yolov10");
    yt_safetensors_add_metadata(writer, "scale", model->scale->name);
    yt_safetensors_add_metadata(writer, "imgsz", imgsz);
    yt_safetensors_add_metadata(writer, "most_labels", most_labels);
    yt_safetensors_add_metadata(writer, "names", names.s);
    for (; extra && extra[0]; extra += 2) yt_safetensors_add_metadata(writer, extra[0], extra[1]);
    yt_str_release(&names);
}

/* PyTorch also stores a step counter with every batch norm and the constant DFL kernel. */
static void add_constants(struct yt_safetensors_writer *writer, const struct yt_model *model,
                          const int64_t *batches) {
    for (size_t i = 0; i < model->params->count; i++) {
        char *name =
            with_suffix(model->params->items[i].name, ".running_var", ".num_batches_tracked");
        if (name) yt_safetensors_add(writer, name, YT_I64, 0, NULL, batches);
        free(name);
    }
    yt_safetensors_add(writer, DFL_BINS, YT_F32, 4, (int64_t[]){1, YT_DFL_BINS, 1, 1},
                       model->dfl_bins);
}

int yt_weights_save(const struct yt_model *model, const float *values, int64_t batches,
                    const char *const *extra, const char *path) {
    const struct yt_params *params = model->params;
    struct yt_safetensors_writer *writer = yt_safetensors_writer_new();
    float *data = yt_malloc(params->total * sizeof(float)), *at = data;
    add_metadata(writer, model, extra);
    for (size_t i = 0; i < params->count; i++) {
        const struct yt_param *param = &params->items[i];
        int64_t shape[4];
        for (int j = 0; j < param->rank; j++) shape[j] = param->shape[j];
        yt_params_export(param, values, at);
        yt_safetensors_add(writer, param->name, YT_F32, param->rank, shape, at);
        at += param->count;
    }
    add_constants(writer, model, &batches);
    int result = yt_safetensors_write(writer, path);
    yt_safetensors_writer_free(writer);
    free(data);
    return result;
}
