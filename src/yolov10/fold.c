#include "yolov10/fold.h"

#include "tensor/ops.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct yt_params *yt_fold_new(const struct yt_model *model, unsigned heads) {
    struct yt_params *folded = yt_params_new();
    struct yt_graph *g = yt_graph_new(folded, YT_GRAPH_EVAL);
    struct yt_net net = {g, folded, true};
    struct yt_network network;
    yt_network_build(&net, yt_input(g, 1, 32, 32, 3), model->scale, model->nc, heads, &network);
    yt_graph_free(g);
    yt_params_allocate(folded);
    return folded;
}

/* The tensor of the training form called prefix + suffix, in `values`; NULL if there is none. */
static const float *source(const struct yt_model *model, const float *values, const char *prefix,
                           const char *suffix) {
    char *name = yt_format("%s%s", prefix, suffix);
    int index = yt_params_find(model->params, name);
    free(name);
    return index < 0 ? NULL : values + model->params->items[index].offset;
}

/* Adds the convolution and batch norm `prefix` to a folded convolution of k x k taps; a smaller
 * kernel goes in the middle. Weights are (k, k, c_in, c_out). */
static void add_conv_bn(const struct yt_model *model, const float *values, const char *prefix,
                        int source_k, int k, int c_in, int c_out, float *weight, float *bias) {
    const float *w = source(model, values, prefix, ".conv.weight");
    const float *gamma = source(model, values, prefix, ".bn.weight");
    const float *beta = source(model, values, prefix, ".bn.bias");
    const float *mean = source(model, values, prefix, ".bn.running_mean");
    const float *var = source(model, values, prefix, ".bn.running_var");
    YT_ASSERT(w && gamma && beta && mean && var);
    int border = (k - source_k) / 2;
    for (int co = 0; co < c_out; co++) {
        float scale = gamma[co] / sqrtf(var[co] + YT_BN_EPS);
        for (int tap = 0; tap < source_k * source_k; tap++) {
            int to = (tap / source_k + border) * k + tap % source_k + border;
            for (int ci = 0; ci < c_in; ci++)
                weight[(to * c_in + ci) * c_out + co] += scale * w[(tap * c_in + ci) * c_out + co];
        }
        bias[co] += beta[co] - mean[co] * scale;
    }
}

static void fold_conv(const struct yt_model *model, const float *values, const char *prefix,
                      const struct yt_param *param, float *weight, float *bias) {
    /* Kernels are stored with c_out last; a depthwise one has c_in 1. */
    int c_out = param->shape[0], c_in = param->shape[1], k = param->shape[2];
    memset(weight, 0, param->count * sizeof(float));
    memset(bias, 0, (size_t)c_out * sizeof(float));
    if (source(model, values, prefix, ".bn.weight")) {
        add_conv_bn(model, values, prefix, k, k, c_in, c_out, weight, bias);
        return;
    }
    char *large = yt_format("%s.conv", prefix), *small = yt_format("%s.conv1", prefix);
    add_conv_bn(model, values, large, 7, k, c_in, c_out, weight, bias);
    add_conv_bn(model, values, small, 3, k, c_in, c_out, weight, bias);
    free(large);
    free(small);
}

void yt_fold(const struct yt_model *model, const float *values, struct yt_params *folded) {
    for (size_t i = 0; i < folded->count; i++) {
        const struct yt_param *param = &folded->items[i];
        float *to = yt_params_value(folded, (int)i);
        const float *from = source(model, values, param->name, "");
        const char *mark = strstr(param->name, ".conv.weight");
        if (mark) {
            char *prefix = yt_format("%.*s", (int)(mark - param->name), param->name);
            char *bias = yt_format("%s.conv.bias", prefix);
            fold_conv(model, values, prefix, param, to,
                      yt_params_value(folded, yt_params_find(folded, bias)));
            free(prefix);
            free(bias);
        } else if (from) {
            memcpy(to, from, param->count * sizeof(float)); /* plain convolutions of the heads */
        } else {
            YT_ASSERT(strstr(param->name, ".conv.bias")); /* written with its weight */
        }
    }
}
