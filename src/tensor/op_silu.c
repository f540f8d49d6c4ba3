/* y = x * sigmoid(x) (Elfwing et al., 2018). */
#include "tensor/ops.h"

static void forward(struct yt_graph *g, struct yt_node *node) {
    (void)g;
    yt_silu_forward(&node->in[0]->value, &node->value);
}

static void backward(struct yt_graph *g, struct yt_node *node) {
    (void)g;
    yt_silu_backward(&node->in[0]->value, &node->grad, &node->in[0]->grad, node->grad_add[0]);
}

static const struct yt_op op_silu = {.name = "silu",
                                     .reads = YT_READS_INPUT0,
                                     .forward = forward,
                                     .backward = backward,
                                     .renew = forward};

struct yt_node *yt_silu(struct yt_graph *g, struct yt_node *x) {
    const struct yt_map *v = &x->value;
    return yt_node_new(g, &op_silu, &x, 1, v->n, v->h, v->w, v->c, 0);
}
