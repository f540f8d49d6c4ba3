/* y = a + b, equal shapes. */
#include "tensor/ops.h"

static void forward(struct yt_graph *g, struct yt_node *node) {
    (void)g;
    yt_add_forward(&node->in[0]->value, &node->in[1]->value, &node->value);
}

static void backward(struct yt_graph *g, struct yt_node *node) {
    (void)g;
    for (int i = 0; i < 2; i++) {
        if (!node->in[i]->needs_grad || node->in[i]->grad_of == node) continue;
        yt_copy(&node->grad, &node->in[i]->grad, node->grad_add[i]);
    }
}

static const struct yt_op op_add = {.name = "add",
                                    .forward = forward,
                                    .backward = backward,
                                    .gradient_is_inputs = true,
                                    .renew = forward};

struct yt_node *yt_add(struct yt_graph *g, struct yt_node *a, struct yt_node *b) {
    const struct yt_map *v = &a->value, *u = &b->value;
    YT_ASSERT(v->n == u->n && v->h == u->h && v->w == u->w && v->c == u->c);
    return yt_node_new(g, &op_add, (struct yt_node *[]){a, b}, 2, v->n, v->h, v->w, v->c, 0);
}
