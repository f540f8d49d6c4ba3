/* y = max over k x k around each pixel, stride 1. Saved: the tap of the maximum, a byte each. */
#include "tensor/ops.h"

struct attr {
    int k;
};

static void forward(struct yt_graph *g, struct yt_node *node) {
    const struct attr *a = node->attr;
    uint8_t *where = yt_graph_mode(g) == YT_GRAPH_TRAIN ? node->saved : NULL;
    yt_maxpool_forward(a->k, &node->in[0]->value, &node->value, where, yt_graph_scratch(g));
}

static void backward(struct yt_graph *g, struct yt_node *node) {
    const struct attr *a = node->attr;
    yt_maxpool_backward(a->k, &node->grad, node->saved, &node->in[0]->grad, node->grad_add[0],
                        yt_graph_scratch(g));
}

static size_t scratch(const struct yt_graph *g, const struct yt_node *node) {
    (void)g;
    return yt_maxpool_scratch(&node->value);
}

static const struct yt_op op_maxpool = {
    .name = "maxpool", .forward = forward, .backward = backward, .scratch = scratch};

struct yt_node *yt_maxpool(struct yt_graph *g, struct yt_node *x, int k) {
    const struct yt_map *v = &x->value;
    YT_ASSERT(k % 2 == 1 && k <= 15);
    struct yt_node *node =
        yt_node_new(g, &op_maxpool, &x, 1, v->n, v->h, v->w, v->c, sizeof(struct attr));
    ((struct attr *)node->attr)->k = k;
    if (yt_graph_mode(g) == YT_GRAPH_TRAIN)
        node->saved_bytes = (size_t)v->n * (size_t)v->h * (size_t)v->w * (size_t)v->c;
    return node;
}
