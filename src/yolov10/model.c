#include "yolov10/model.h"

#include "base/json.h"
#include "base/rng.h"
#include "base/str.h"
#include "tensor/ops.h"
#include "yolov10/network.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Building any graph names every tensor; a small one does. */
static void add_params(const struct yt_model *model) {
    struct yt_graph *g = yt_graph_new(model->params, YT_GRAPH_TRAIN);
    struct yt_net net = {g, model->params, false};
    struct yt_network network;
    yt_network_build(&net, yt_input(g, 1, 32, 32, 3), model->scale, model->nc, YT_HEAD_BOTH,
                     &network);
    yt_graph_free(g);
}

struct yt_model *yt_model_new(const struct yt_scale *scale, int nc) {
    struct yt_model *model = yt_calloc(1, sizeof(*model));
    model->scale = scale;
    model->nc = nc;
    model->has_one2many = true;
    model->names = yt_calloc((size_t)nc, sizeof(char *));
    model->category_ids = yt_calloc((size_t)nc, sizeof(int));
    for (int i = 0; i < nc; i++) {
        model->names[i] = yt_format("%d", i);
        model->category_ids[i] = i;
    }
    for (int i = 0; i < YT_DFL_BINS; i++) model->dfl_bins[i] = (float)i;
    model->params = yt_params_new();
    add_params(model);
    yt_params_allocate(model->params);
    return model;
}

void yt_model_free(struct yt_model *model) {
    if (!model) return;
    for (int i = 0; i < model->nc; i++) free(model->names[i]);
    free(model->names);
    free(model->category_ids);
    yt_params_free(model->params);
    free(model);
}

void yt_model_set_class(struct yt_model *model, int cls, const char *name, int category_id) {
    YT_ASSERT(cls >= 0 && cls < model->nc);
    free(model->names[cls]);
    model->names[cls] = yt_strdup(name);
    model->category_ids[cls] = category_id;
}

void yt_model_write_classes(const struct yt_model *model, struct yt_str *out) {
    for (int i = 0; i < model->nc; i++) {
        yt_str_add(out, "%s[%d,", i ? "," : "[", model->category_ids[i]);
        yt_json_quote(out, model->names[i]);
        yt_str_add(out, "]");
    }
    yt_str_add(out, "]");
}

/* Bias of the last class convolution: probability of 5 objects among the cells of a 640 px image.
 */
static float class_bias(const char *name, int nc) {
    int level = 0;
    sscanf(strstr(name, "cv3.") + 4, "%d", &level);
    double cells = 640.0 / (8 << level);
    return (float)log(5.0 / nc / (cells * cells));
}

static float constant_value(const struct yt_param *param, int nc) {
    if (yt_str_ends_with(param->name, "running_var")) return 0.9f;
    if (param->kind == YT_PARAM_NORM) return 1.0f;
    if (param->kind != YT_PARAM_BIAS || yt_str_ends_with(param->name, ".bn.bias")) return 0.0f;
    return strstr(param->name, "cv3.") ? class_bias(param->name, nc) : 1.0f;
}

void yt_model_init(struct yt_model *model, uint64_t seed) {
    const struct yt_params *params = model->params;
    for (size_t i = 0; i < params->count; i++) {
        const struct yt_param *param = &params->items[i];
        float *value = yt_params_value(params, (int)i);
        if (param->kind != YT_PARAM_WEIGHT) {
            for (size_t j = 0; j < param->count; j++) value[j] = constant_value(param, model->nc);
            continue;
        }
        struct yt_rng rng = yt_rng_make(seed, "init", yt_hash(param->name, strlen(param->name)), 0);
        double bound = 1 / sqrt((double)param->shape[1] * param->shape[2] * param->shape[3]);
        for (size_t j = 0; j < param->count; j++)
            value[j] = (float)yt_rng_uniform(&rng, -bound, bound);
    }
    for (size_t i = 0; i < params->count; i++) {
        const char *mark = strstr(params->items[i].name, "one2one_");
        if (!mark) continue;
        char *twin = yt_format("%.*s%s", (int)(mark - params->items[i].name), params->items[i].name,
                               mark + strlen("one2one_"));
        int from = yt_params_find(params, twin);
        YT_ASSERT(from >= 0);
        memcpy(yt_params_value(params, (int)i), yt_params_value(params, from),
               params->items[i].count * sizeof(float));
        free(twin);
    }
}
