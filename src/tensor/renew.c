/* Which values are forgotten after forward and made anew in backward.
 *
 * A batch norm's result costs one pass over memory to make from the convolution's, which backward
 * needs anyway; so do sums and copies of such results. Keeping both would be nearly half of the
 * memory of a training step (Chen et al., "Training deep nets with sublinear memory cost", 2016,
 * section 3.1: drop the results of cheap operations).
 *
 * A buffer is renewed as a whole, just before the first step of backward that reads it, by running
 * its ops' `renew` in the order of forward. That is possible where every op that writes into it has
 * one, and each of their inputs is still there at that step: kept for backward anyway, or renewed
 * itself, or written before within the same buffer.
 */
#include "tensor/graph_internal.h"

#include <limits.h>
#include <stdlib.h>

static struct yt_buffer *root_of(const struct yt_node *node) {
    return yt_buffer_root(node->home, NULL);
}

static void read_at(struct yt_reads *reads, int step) {
    reads->first = YT_MIN(reads->first, step);
    reads->last = YT_MAX(reads->last, step);
}

/* Which steps of backward read each buffer, were nothing renewed; and which buffers could be. */
static void find_reads(struct yt_graph *g, bool wanted) {
    for (size_t i = 0; i < g->buffer_count; i++) {
        g->buffers[i]->renewed = wanted && !g->buffers[i]->parent;
        g->buffers[i]->plain_reads = (struct yt_reads){INT_MAX, -1};
    }
    for (size_t i = 0; i < g->buffer_count; i++)
        if (g->buffers[i]->kept) yt_buffer_root(g->buffers[i], NULL)->renewed = false;
    for (size_t i = 0; i < g->count; i++) {
        struct yt_node *node = g->nodes[i];
        if (!node->op->view && !node->op->renew) root_of(node)->renewed = false;
        if (!node->needs_grad || !node->op->backward) continue;
        int step = yt_step_backward(g, node);
        for (int j = 0; j < node->inputs; j++)
            if (node->op->reads & (YT_READS_INPUT0 << j))
                read_at(&root_of(node->in[j])->plain_reads, step);
        if (node->op->reads & YT_READS_OUTPUT) read_at(&root_of(node)->plain_reads, step);
    }
}

/* An op of a renewed buffer reads its inputs when that buffer is renewed. */
static void add_renewals_reads(struct yt_graph *g) {
    for (size_t i = 0; i < g->buffer_count; i++) g->buffers[i]->reads = g->buffers[i]->plain_reads;
    for (bool changed = true; changed;) {
        changed = false;
        for (size_t i = g->count; i-- > 0;) {
            const struct yt_node *node = g->nodes[i];
            const struct yt_buffer *root = root_of(node);
            if (node->op->view || !root->renewed || root->reads.last < 0) continue;
            for (int j = 0; j < node->inputs; j++) {
                struct yt_buffer *from = root_of(node->in[j]);
                if (from == root || !from->renewed) continue;
                struct yt_reads before = from->reads;
                read_at(&from->reads, root->reads.first);
                changed |= before.first != from->reads.first || before.last != from->reads.last;
            }
        }
    }
}

/* Gives up the buffers of which an op's input will be gone; whether there were any. */
static bool give_up(struct yt_graph *g) {
    bool any = false;
    for (size_t i = 0; i < g->count; i++) {
        const struct yt_node *node = g->nodes[i];
        struct yt_buffer *root = root_of(node);
        if (node->op->view || !root->renewed || root->reads.last < 0) continue;
        for (int j = 0; j < node->inputs; j++) {
            const struct yt_buffer *from = root_of(node->in[j]);
            if (from == root || from->renewed || from->plain_reads.last >= root->reads.first)
                continue;
            root->renewed = false;
            any = true;
        }
    }
    return any;
}

static int by_step(const void *a, const void *b) {
    const struct yt_renewal *x = a, *y = b;
    if (x->step != y->step) return x->step - y->step;
    return x->node->index - y->node->index;
}

void yt_renew_plan(struct yt_graph *g, enum yt_memory memory) {
    find_reads(g, g->mode == YT_GRAPH_TRAIN && memory != YT_MEMORY_KEEP);
    do add_renewals_reads(g);
    while (give_up(g));
    g->renewal_count = 0;
    for (size_t i = 0; i < g->buffer_count; i++)
        if (g->buffers[i]->reads.last < 0) g->buffers[i]->renewed = false; /* read no more */
    for (size_t i = 0; i < g->count; i++) {
        struct yt_node *node = g->nodes[i];
        const struct yt_buffer *root = root_of(node);
        if (node->op->view || !root->renewed) continue;
        g->renewals =
            yt_grow(g->renewals, &g->renewal_cap, g->renewal_count + 1, sizeof(struct yt_renewal));
        g->renewals[g->renewal_count++] = (struct yt_renewal){root->reads.first, node};
    }
    if (g->renewal_count) qsort(g->renewals, g->renewal_count, sizeof(struct yt_renewal), by_step);
}
