/* Which op does the first pass of a batch norm on its way (struct yt_bn_pass, kernels.h): in
 * forward the one that writes the norm's input, in backward the one that writes the last of its
 * gradient. It has that in the cache then, and the batch norm would have to read it from memory
 * again.
 *
 * The pass has also what it takes to make the norm's value anew (renew.c): where that is due at the
 * same step, it does this too.
 */
#include "tensor/graph_internal.h"

#include <string.h>

static bool overlap(const struct yt_node *a, const struct yt_node *b) {
    int a_channel = a->channel, b_channel = b->channel;
    if (yt_buffer_root(a->home, &a_channel) != yt_buffer_root(b->home, &b_channel)) return false;
    return a_channel < b_channel + b->value.c && b_channel < a_channel + a->value.c;
}

static bool writes_gradient(const struct yt_graph *g, const struct yt_node *node,
                            const struct yt_node *of) {
    if (!yt_works_backward(g, node)) return false;
    for (int i = 0; i < node->inputs; i++)
        if (node->in[i]->needs_grad && overlap(node->in[i], of)) return true;
    return false;
}

/* The op that writes to the gradient of `of` last: the first of forward. NULL: none does. */
static struct yt_node *last_writer(const struct yt_graph *g, const struct yt_node *of) {
    for (size_t i = (size_t)of->index + 1; i < g->count; i++)
        if (writes_gradient(g, g->nodes[i], of)) return g->nodes[i];
    return NULL;
}

/* Takes the renewal of `node` off the list if it is due at the step. */
static bool take_renewal(struct yt_graph *g, const struct yt_node *node, int step) {
    for (size_t i = 0; i < g->renewal_count; i++) {
        if (g->renewals[i].node != node || g->renewals[i].step != step) continue;
        memmove(&g->renewals[i], &g->renewals[i + 1],
                (g->renewal_count - i - 1) * sizeof(struct yt_renewal));
        g->renewal_count--;
        return true;
    }
    return false;
}

/* Forward: evaluation needs no sums. */
static void plan_sums(const struct yt_graph *g, struct yt_node *norm) {
    struct yt_node *writer = norm->in[0];
    if (g->mode == YT_GRAPH_EVAL || !writer->op->takes_sums) return;
    writer->sums = norm;
    norm->summed = true;
}

void yt_passes_plan(struct yt_graph *g) {
    for (size_t i = 0; i < g->count; i++) {
        struct yt_node *norm = g->nodes[i];
        if (!norm->op->first_pass) continue;
        plan_sums(g, norm);
        if (!yt_works_backward(g, norm)) continue;
        struct yt_node *writer = last_writer(g, norm);
        if (!writer || !writer->op->takes_pass || writer->in[0] != norm) continue;
        writer->norm = norm;
        norm->passed = true;
        writer->renews = take_renewal(g, norm, yt_step_backward(g, writer));
    }
}

const struct yt_bn_pass *yt_node_sums(const struct yt_node *node, struct yt_bn_pass *room) {
    if (!node->sums) return NULL;
    *room = (struct yt_bn_pass){.sums = node->sums->op->first_pass(node->sums).sums};
    return room;
}

const struct yt_bn_pass *yt_node_pass(const struct yt_node *node, struct yt_bn_pass *room) {
    if (!node->norm) return NULL;
    *room = node->norm->op->first_pass(node->norm);
    if (node->renews) room->renewed = &node->norm->value;
    return room;
}
