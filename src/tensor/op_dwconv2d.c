/* y = act(conv(x, weight) + bias): depthwise convolution, one k x k filter a channel. */
#include "tensor/ops.h"

#include <stdio.h>

struct attr {
    struct yt_conv conv;
    int weight, bias;
    enum yt_act act;
};

static void forward(struct yt_graph *g, struct yt_node *node) {
    const struct attr *a = node->attr;
    const struct yt_params *params = yt_graph_params(g);
    struct yt_bn_pass pass;
    yt_dwconv2d_forward(&a->conv, &node->in[0]->value, yt_params_value(params, a->weight),
                        a->bias < 0 ? NULL : yt_params_value(params, a->bias), a->act, &node->value,
                        yt_node_sums(node, &pass), yt_graph_scratch(g));
}

static void backward_weight(struct yt_graph *g, struct yt_node *node) {
    const struct attr *a = node->attr;
    yt_dwconv2d_backward_weight(&a->conv, &node->in[0]->value, &node->grad,
                                yt_params_grad(yt_graph_params(g), a->weight), yt_graph_scratch(g));
}

static void backward(struct yt_graph *g, struct yt_node *node) {
    const struct attr *a = node->attr;
    struct yt_bn_pass pass;
    if (node->in[0]->needs_grad)
        yt_dwconv2d_backward_input(
            &a->conv, &node->grad, yt_params_value(yt_graph_params(g), a->weight),
            &node->in[0]->grad, node->grad_add[0], yt_node_pass(node, &pass), yt_graph_scratch(g));
}

static size_t scratch(const struct yt_graph *g, const struct yt_node *node) {
    const struct attr *a = node->attr;
    const struct yt_map *x = &node->in[0]->value, *y = &node->value;
    if (yt_graph_mode(g) == YT_GRAPH_EVAL) return 0; /* no sums are taken */
    const size_t floats = yt_dwconv2d_pass_scratch(y);
    if (yt_graph_mode(g) != YT_GRAPH_TRAIN) return floats;
    return YT_MAX(floats, YT_MAX(yt_dwconv2d_pass_scratch(x),
                                 yt_dwconv2d_backward_weight_scratch(&a->conv, x, y)));
}

static double flops(const struct yt_node *node) {
    const struct attr *a = node->attr;
    const struct yt_map *y = &node->value;
    return 2.0 * y->n * y->h * y->w * y->c * a->conv.k * a->conv.k;
}

static void describe(const struct yt_node *node, char *text, size_t size) {
    const struct attr *a = node->attr;
    snprintf(text, size, "%dx%d s%d", a->conv.k, a->conv.k, a->conv.stride);
}

static const struct yt_op op_dwconv2d = {
    .name = "dwconv2d",
    .reads = YT_READS_INPUT0,
    .forward = forward,
    .backward = backward,
    .backward_weight = backward_weight,
    .takes_pass = true,
    .takes_sums = true,
    .scratch = scratch,
    .flops = flops,
    .describe = describe,
};

struct yt_node *yt_dwconv2d(struct yt_graph *g, struct yt_node *x, struct yt_conv conv, int weight,
                            int bias, enum yt_act act) {
    const struct yt_param *w = &yt_graph_params(g)->items[weight];
    YT_ASSERT(w->rank == 4 && w->shape[0] == x->value.c && w->shape[1] == 1);
    YT_ASSERT(w->shape[2] == conv.k && w->shape[3] == conv.k);
    bool train = yt_graph_mode(g) == YT_GRAPH_TRAIN;
    YT_ASSERT(!train || (act == YT_ACT_NONE && bias < 0));
    int h = (x->value.h + 2 * conv.pad - conv.k) / conv.stride + 1;
    int width = (x->value.w + 2 * conv.pad - conv.k) / conv.stride + 1;
    struct yt_node *node =
        yt_node_new(g, &op_dwconv2d, &x, 1, x->value.n, h, width, x->value.c, sizeof(struct attr));
    *(struct attr *)node->attr = (struct attr){conv, weight, bias, act};
    node->needs_grad = train;
    return node;
}
