/* Gradients that need no place of their own: they lie in another's. */
#include "tensor/graph_internal.h"

#include <stdlib.h>

/* How many nodes read each node. */
static uint16_t *count_users(const struct yt_graph *g) {
    uint16_t *users = yt_calloc(g->count, sizeof(*users));
    for (size_t i = 0; i < g->count; i++)
        for (int j = 0; j < g->nodes[i]->inputs; j++) users[g->nodes[i]->in[j]->index]++;
    return users;
}

static bool holds_others(const struct yt_graph *g, const struct yt_buffer *buffer) {
    for (size_t i = 0; i < g->buffer_count; i++)
        if (g->buffers[i]->parent == buffer) return true;
    return false;
}

/* Whether one node alone reads x, and nothing else lies in its buffer. */
static bool is_private(const struct yt_graph *g, const uint16_t *users, const struct yt_node *x) {
    return x->needs_grad && !x->op->view && users[x->index] == 1 && !x->home->parent &&
           !x->home->kept && !holds_others(g, x->home);
}

const struct yt_node *yt_grad_owner(const struct yt_node *node) {
    while (node->grad_of) node = node->grad_of;
    return node;
}

/* An input of a sum has the sum's gradient: one that nothing else reads may have it where it lies,
 * and do with it as it likes when the sum's backward is done. */
void yt_share_with_sums(struct yt_graph *g, enum yt_memory memory) {
    for (size_t i = 0; i < g->count; i++) g->nodes[i]->grad_of = NULL;
    if (g->mode != YT_GRAPH_TRAIN || memory == YT_MEMORY_KEEP) return;
    uint16_t *users = count_users(g);
    for (size_t i = 0; i < g->count; i++) {
        struct yt_node *sum = g->nodes[i];
        if (!yt_works_backward(g, sum) || !sum->op->gradient_is_inputs) continue;
        for (int j = sum->inputs; j-- > 0;) {
            struct yt_node *in = sum->in[j];
            if (!is_private(g, users, in) || !yt_works_backward(g, in)) continue;
            in->grad_of = sum;
            break; /* another would find it changed */
        }
    }
    free(users);
}

/* Where an op's gradient of its input may lie over the input's value, and nothing else uses that
 * buffer, value and gradient become one item. */
void yt_share_with_values(struct yt_graph *g, enum yt_memory memory) {
    if (memory == YT_MEMORY_KEEP) return;
    uint16_t *users = count_users(g);
    for (size_t i = 0; i < g->count; i++) {
        struct yt_node *node = g->nodes[i];
        if (!yt_works_backward(g, node) || !node->op->gradient_over_input) continue;
        struct yt_node *in = node->in[0];
        struct yt_buffer *home = in->home;
        if (!is_private(g, users, in) || (in->op->reads & YT_READS_OUTPUT)) continue;
        int *at = home->renewed ? &home->renewed_item : &home->value_item;
        struct yt_item *value = &g->items[*at];
        const struct yt_item *grad = &g->items[home->grad_item];
        YT_ASSERT(value->death <= grad->birth);
        value->death = grad->death;
        g->items[home->grad_item].bytes = 0;
        home->grad_item = *at;
    }
    free(users);
}
