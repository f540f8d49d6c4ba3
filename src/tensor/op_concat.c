/* Slices and concatenations: where values live, not what they are. */
#include "tensor/ops.h"

static void copy_forward(struct yt_graph *g, struct yt_node *node) {
    (void)g;
    yt_copy(&node->in[0]->value, &node->value, false);
}

static void copy_backward(struct yt_graph *g, struct yt_node *node) {
    (void)g;
    yt_copy(&node->grad, &node->in[0]->grad, node->grad_add[0]);
}

static const struct yt_op op_copy = {
    .name = "copy", .forward = copy_forward, .backward = copy_backward, .renew = copy_forward};
static const struct yt_op op_slice = {.name = "slice", .view = true};
static const struct yt_op op_detach = {.name = "detach", .view = true};
static const struct yt_op op_concat = {.name = "concat", .view = true};

struct yt_node *yt_slice(struct yt_graph *g, struct yt_node *x, int channel, int c) {
    return yt_node_view(g, &op_slice, x, channel, c);
}

struct yt_node *yt_detach(struct yt_graph *g, struct yt_node *x) {
    struct yt_node *node = yt_node_view(g, &op_detach, x, 0, x->value.c);
    node->needs_grad = false;
    return node;
}

static struct yt_node *copy(struct yt_graph *g, struct yt_node *x) {
    const struct yt_map *v = &x->value;
    return yt_node_new(g, &op_copy, &x, 1, v->n, v->h, v->w, v->c, 0);
}

/* A detached value shares the home of one that has a gradient, which must not get this one's. */
static bool is_detached(const struct yt_node *x) {
    return x->op == &op_detach || (x->op == &op_slice && is_detached(x->in[0]));
}

/* Whether x can be written within the concatenation that `parts` begin. */
static bool can_move(const struct yt_node *x, struct yt_node *const *parts, int count) {
    for (int i = 0; i < count; i++)
        if (parts[i]->home == x->home) return false; /* it will be there already */
    return yt_node_lives_alone(x) && !is_detached(x);
}

struct yt_node *yt_concat(struct yt_graph *g, struct yt_node *const *xs, int count) {
    struct yt_node *parts[YT_NODE_INPUTS] = {0};
    const struct yt_map *first = &xs[0]->value;
    int c = 0;
    YT_ASSERT(count <= YT_NODE_INPUTS);
    for (int i = 0; i < count; i++) {
        const struct yt_map *v = &xs[i]->value;
        YT_ASSERT(v->n == first->n && v->h == first->h && v->w == first->w);
        parts[i] = can_move(xs[i], parts, i) ? xs[i] : copy(g, xs[i]);
        c += v->c;
    }
    struct yt_node *node =
        yt_node_new(g, &op_concat, parts, count, first->n, first->h, first->w, c, 0);
    for (int i = 0, channel = 0; i < count; i++) {
        yt_node_move_home(parts[i], node, channel);
        channel += parts[i]->value.c;
    }
    return node;
}
