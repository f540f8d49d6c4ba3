#include "yolov10/table.h"

#include "tensor/ops.h"
#include "yolov10/network.h"

#include <stdio.h>
#include <string.h>

/* Indices are those of the reference's layers; C2f becomes C2fCIB in larger scales. */
static const char *const kinds[YT_LAYERS + 1] = {
    "Conv", "Conv", "C2f",    "Conv",     "C2f",    "SCDown", "C2f",      "SCDown",
    "C2f",  "SPPF", "PSA",    "Upsample", "Concat", "C2f",    "Upsample", "Concat",
    "C2f",  "Conv", "Concat", "C2f",      "SCDown", "Concat", "C2f",      "v10Detect"};

static size_t parameters_of(const struct yt_params *params, int layer) {
    size_t sum = 0, len;
    char prefix[24];
    len = (size_t)snprintf(prefix, sizeof prefix, "model.%d.", layer);
    for (size_t i = 0; i < params->count; i++)
        if (params->items[i].kind != YT_PARAM_BUFFER &&
            strncmp(params->items[i].name, prefix, len) == 0)
            sum += params->items[i].count;
    return sum;
}

void yt_model_table(const struct yt_model *model, int imgsz, struct yt_str *out) {
    struct yt_network network;
    struct yt_graph *g = yt_graph_new(model->params, YT_GRAPH_TRAIN);
    struct yt_net net = {g, model->params, false};
    size_t sum = 0;
    yt_network_build(&net, yt_input(g, 1, imgsz, imgsz, 3), model->scale, model->nc, YT_HEAD_BOTH,
                     &network);
    yt_str_add(out, "%5s  %-10s %12s  %s\n", "layer", "module", "parameters", "output");
    for (int i = 0; i <= YT_LAYERS; i++) {
        size_t here = parameters_of(model->params, i);
        bool is_cib = i < YT_LAYERS && (model->scale->cib >> i & 1);
        sum += here;
        yt_str_add(out, "%5d  %-10s %12zu", i, is_cib ? "C2fCIB" : kinds[i], here);
        if (i < YT_LAYERS) {
            const struct yt_map *map = &network.layer[i]->value;
            yt_str_add(out, "  %d x %d x %d", map->h, map->w, map->c);
        }
        yt_str_add(out, "\n");
    }
    yt_str_add(out,
               "yolov10%s: %zu parameters, %d classes, %.1f GFLOP for a training forward of "
               "one %d x %d image",
               model->scale->name, sum, model->nc, yt_graph_flops(g) / 1e9, imgsz, imgsz);
    yt_graph_free(g);
}
