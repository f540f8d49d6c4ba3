/* y = act(conv(x, weight) + bias): dense convolution. */
#include "tensor/ops.h"

#include <stdio.h>

struct attr {
    struct yt_conv conv;
    int weight, bias;
    enum yt_act act;
    const float *packed; /* the weights, packed once for all; NULL: packed at every forward */
};

static const float *value_or_null(const struct yt_graph *g, int param) {
    return param < 0 ? NULL : yt_params_value(yt_graph_params(g), param);
}

static void pack(struct yt_graph *g, const struct yt_node *node, float *packed) {
    const struct attr *a = node->attr;
    yt_conv2d_pack(&a->conv, node->in[0]->value.c, node->value.c,
                   yt_params_value(yt_graph_params(g), a->weight), packed);
}

static size_t packed_floats(const struct yt_node *node) {
    const struct attr *a = node->attr;
    size_t floats = yt_conv2d_packed_floats(&a->conv, node->in[0]->value.c, node->value.c);
    return (floats + 15) / 16 * 16;
}

static void forward(struct yt_graph *g, struct yt_node *node) {
    const struct attr *a = node->attr;
    float *scratch = yt_graph_scratch(g);
    struct yt_bn_pass pass;
    if (!a->packed) pack(g, node, scratch);
    yt_conv2d_forward(&a->conv, &node->in[0]->value, a->packed ? a->packed : scratch,
                      value_or_null(g, a->bias), a->act, &node->value, yt_node_sums(node, &pass),
                      scratch + packed_floats(node));
}

static void prepare(struct yt_graph *g, struct yt_node *node) {
    struct attr *a = node->attr;
    float *room = yt_params_room(yt_graph_params(g), a->weight, packed_floats(node));
    pack(g, node, room);
    a->packed = room;
}

static void backward_weight(struct yt_graph *g, struct yt_node *node) {
    const struct attr *a = node->attr;
    struct yt_params *params = yt_graph_params(g);
    yt_conv2d_backward_weight(
        &a->conv, &node->in[0]->value, &node->grad, yt_params_grad(params, a->weight),
        a->bias < 0 ? NULL : yt_params_grad(params, a->bias), yt_graph_scratch(g));
}

static void backward(struct yt_graph *g, struct yt_node *node) {
    const struct attr *a = node->attr;
    struct yt_bn_pass pass;
    if (node->in[0]->needs_grad)
        yt_conv2d_backward_input(&a->conv, &node->grad, value_or_null(g, a->weight),
                                 &node->in[0]->grad, node->grad_add[0], yt_node_pass(node, &pass),
                                 yt_graph_scratch(g));
}

static size_t scratch(const struct yt_graph *g, const struct yt_node *node) {
    const struct attr *a = node->attr;
    const struct yt_map *x = &node->in[0]->value, *y = &node->value;
    size_t floats = packed_floats(node) + yt_conv2d_forward_scratch(&a->conv, x, y);
    if (yt_graph_mode(g) != YT_GRAPH_TRAIN) return floats;
    floats = YT_MAX(floats, yt_conv2d_backward_input_scratch(&a->conv, y, x));
    return YT_MAX(floats, yt_conv2d_backward_weight_scratch(&a->conv, x, y));
}

static double flops(const struct yt_node *node) {
    const struct attr *a = node->attr;
    const struct yt_map *y = &node->value;
    return 2.0 * y->n * y->h * y->w * y->c * node->in[0]->value.c * a->conv.k * a->conv.k;
}

static void describe(const struct yt_node *node, char *text, size_t size) {
    const struct attr *a = node->attr;
    snprintf(text, size, "%dx%d s%d", a->conv.k, a->conv.k, a->conv.stride);
}

static const struct yt_op op_conv2d = {
    .name = "conv2d",
    .reads = YT_READS_INPUT0,
    .forward = forward,
    .backward = backward,
    .backward_weight = backward_weight,
    .takes_pass = true,
    .takes_sums = true,
    .prepare = prepare,
    .scratch = scratch,
    .flops = flops,
    .describe = describe,
};

struct yt_node *yt_conv2d(struct yt_graph *g, struct yt_node *x, struct yt_conv conv, int weight,
                          int bias, enum yt_act act) {
    const struct yt_param *w = &yt_graph_params(g)->items[weight];
    YT_ASSERT(w->rank == 4 && w->shape[1] == x->value.c);
    YT_ASSERT(w->shape[2] == conv.k && w->shape[3] == conv.k);
    int h = (x->value.h + 2 * conv.pad - conv.k) / conv.stride + 1;
    int width = (x->value.w + 2 * conv.pad - conv.k) / conv.stride + 1;
    struct yt_node *node =
        yt_node_new(g, &op_conv2d, &x, 1, x->value.n, h, width, w->shape[0], sizeof(struct attr));
    *(struct attr *)node->attr = (struct attr){conv, weight, bias, act, NULL};
    YT_ASSERT(yt_graph_mode(g) != YT_GRAPH_TRAIN || act == YT_ACT_NONE);
    node->needs_grad = yt_graph_mode(g) == YT_GRAPH_TRAIN;
    return node;
}
