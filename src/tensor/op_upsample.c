/* y[n, i, j, c] = x[n, i/2, j/2, c] */
#include "tensor/ops.h"

static void forward(struct yt_graph *g, struct yt_node *node) {
    (void)g;
    yt_upsample2_forward(&node->in[0]->value, &node->value);
}

static void backward(struct yt_graph *g, struct yt_node *node) {
    (void)g;
    yt_upsample2_backward(&node->grad, &node->in[0]->grad, node->grad_add[0]);
}

static const struct yt_op op_upsample2 = {
    .name = "upsample2", .forward = forward, .backward = backward, .renew = forward};

struct yt_node *yt_upsample2(struct yt_graph *g, struct yt_node *x) {
    const struct yt_map *v = &x->value;
    return yt_node_new(g, &op_upsample2, &x, 1, v->n, 2 * v->h, 2 * v->w, v->c, 0);
}
