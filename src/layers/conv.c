/* y = SiLU(BN(conv(x))), or folded SiLU(conv(x) + bias). */
#include "layers/layers.h"

#include "tensor/ops.h"

#include <stdio.h>

void yt_layer_name_format(struct yt_layer_name *name, const char *format, va_list args) {
    int len = vsnprintf(name->text, sizeof(name->text), format, args);
    YT_ASSERT(len >= 0 && (size_t)len < sizeof(name->text));
}

static int tensor(const struct yt_net *net, const struct yt_layer_name *name, const char *suffix,
                  enum yt_param_kind kind, int rank, const int *shape) {
    struct yt_layer_name full;
    int len = snprintf(full.text, sizeof(full.text), "%.120s%s", name->text, suffix);
    YT_ASSERT((size_t)len < sizeof(full.text));
    return yt_params_add(net->params, full.text, kind, rank, shape);
}

struct yt_node *yt_layer_conv(const struct yt_net *net, struct yt_node *x, int c_out,
                              struct yt_conv_spec spec, const char *format, ...) {
    struct yt_layer_name name;
    YT_LAYER_NAME(&name, format);
    yt_graph_label(net->g, "%s", name.text);

    int c_in = spec.depthwise ? 1 : x->value.c;
    int shape[4] = {c_out, c_in, spec.k, spec.k};
    int weight = tensor(net, &name, ".conv.weight", YT_PARAM_WEIGHT, 4, shape);
    enum yt_act act = spec.linear ? YT_ACT_NONE : YT_ACT_SILU;
    struct yt_conv conv = {spec.k, spec.stride, spec.k / 2};
    struct yt_node *(*convolve)(struct yt_graph *, struct yt_node *, struct yt_conv, int, int,
                                enum yt_act) = spec.depthwise ? yt_dwconv2d : yt_conv2d;
    if (net->folded) {
        int bias = tensor(net, &name, ".conv.bias", YT_PARAM_BIAS, 1, &c_out);
        return convolve(net->g, x, conv, weight, bias, act);
    }
    struct yt_bn bn = {
        .gamma = tensor(net, &name, ".bn.weight", YT_PARAM_NORM, 1, &c_out),
        .beta = tensor(net, &name, ".bn.bias", YT_PARAM_BIAS, 1, &c_out),
        .mean = tensor(net, &name, ".bn.running_mean", YT_PARAM_BUFFER, 1, &c_out),
        .var = tensor(net, &name, ".bn.running_var", YT_PARAM_BUFFER, 1, &c_out),
    };
    return yt_bn_act(net->g, convolve(net->g, x, conv, weight, -1, YT_ACT_NONE), bn, act);
}

struct yt_node *yt_layer_linear(const struct yt_net *net, struct yt_node *x, int c_out,
                                const char *format, ...) {
    struct yt_layer_name name;
    YT_LAYER_NAME(&name, format);
    yt_graph_label(net->g, "%s", name.text);
    int weight =
        tensor(net, &name, ".weight", YT_PARAM_WEIGHT, 4, (int[]){c_out, x->value.c, 1, 1});
    int bias = tensor(net, &name, ".bias", YT_PARAM_BIAS, 1, &c_out);
    return yt_conv2d(net->g, x, (struct yt_conv){1, 1, 0}, weight, bias, YT_ACT_NONE);
}
