#include "yolov10/ref_model.h"

#include "support/golden.h"
#include "tensor/ops.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Values of a tensor are mean + spread*p, p from -1 to 1. */
struct spread {
    double mean, spread;
};

static struct spread spread_of(const struct yt_param *param) {
    const char *name = param->name;
    if (param->rank == 4) {
        double fan_in = (double)param->shape[1] * param->shape[2] * param->shape[3];
        return (struct spread){0, sqrt(3.0 / fan_in)};
    }
    if (strstr(name, ".bn.weight")) return (struct spread){1, 0.2};
    if (strstr(name, ".bn.bias") || strstr(name, "running_mean")) return (struct spread){0, 0.2};
    if (strstr(name, "running_var")) return (struct spread){1, 0.5};
    return strstr(name, "cv2.") ? (struct spread){1, 0.5} : (struct spread){-4, 1}; /* of heads */
}

struct yt_model *ref_model_new(const char *scale, int nc) {
    struct yt_model *model = yt_model_new(yt_scale_find(scale), nc);
    for (size_t i = 0; i < model->params->count; i++) {
        const struct yt_param *param = &model->params->items[i];
        float *values = yt_malloc(param->count * sizeof(float));
        struct spread of = spread_of(param);
        uint64_t key = yt_golden_key(param->name);
        for (size_t j = 0; j < param->count; j++)
            values[j] = (float)(of.mean + of.spread * (2 * yt_golden_at(key, j) - 1));
        yt_params_import(param, model->params->value, values);
        free(values);
    }
    return model;
}

static float *element(const struct yt_map *map, size_t nchw) {
    size_t w = (size_t)map->w, h = (size_t)map->h, c = (size_t)map->c;
    size_t x = nchw % w, y = nchw / w % h, channel = nchw / w / h % c, n = nchw / w / h / c;
    return map->p + ((n * h + y) * w + x) * (size_t)map->ld + channel;
}

size_t ref_elements(const struct yt_map *map) {
    return (size_t)map->n * (size_t)map->h * (size_t)map->w * (size_t)map->c;
}

float ref_at(const struct yt_map *map, size_t nchw) {
    return *element(map, nchw);
}

void ref_fill_map(const struct yt_map *map, const char *key) {
    uint64_t hash = yt_golden_key(key);
    for (size_t i = 0; i < ref_elements(map); i++) *element(map, i) = (float)yt_golden_at(hash, i);
}

struct ref_graph ref_graph_new(struct yt_params *params, const struct yt_model *model,
                               enum yt_graph_mode mode, bool folded, enum yt_memory memory) {
    struct ref_graph r = {.g = yt_graph_new(params, mode)};
    struct yt_net net = {r.g, params, folded};
    yt_network_build(&net, yt_input(r.g, 2, 128, 160, 3), model->scale, model->nc, YT_HEAD_BOTH,
                     &r.network);
    int planned = yt_graph_plan(r.g, memory);
    YT_ASSERT(planned == 0);
    ref_fill_map(&r.network.images->value, "input:2x3x128x160");
    return r;
}
