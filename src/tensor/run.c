/* Running a planned graph. */
#include "base/threads.h"
#include "tensor/graph_internal.h"

#include <math.h>

static void poison(const struct yt_graph *g, size_t offset, size_t bytes) {
    float *p = (float *)(void *)(g->arena + offset);
    for (size_t i = 0; i < bytes / sizeof(float); i++) p[i] = NAN;
}

/* Poison memory: what is born at `step`, or died before it, and the scratch become NaN. */
static void poison_step(const struct yt_graph *g, int step) {
    for (size_t i = 0; i < g->item_count; i++)
        if (g->items[i].death == step - 1) poison(g, g->items[i].offset, g->items[i].bytes);
    for (size_t i = 0; i < g->item_count; i++)
        if (g->items[i].birth == step) poison(g, g->items[i].offset, g->items[i].bytes);
    for (size_t i = 0; i < g->scratch_floats; i++) g->scratch[i] = NAN;
}

static void timed(struct yt_graph *g, struct yt_node *node,
                  void (*run)(struct yt_graph *g, struct yt_node *node), double *seconds) {
    double start = g->profile ? yt_now() : 0;
    run(g, node);
    if (g->profile) *seconds += yt_now() - start;
}

/* Values that are renewed have one place in forward and another in backward. */
static void place_values(struct yt_graph *g, bool backward) {
    for (size_t i = 0; i < g->count; i++) g->nodes[i]->value.p = g->nodes[i]->value_at[backward];
}

void yt_graph_prepare(struct yt_graph *g) {
    for (size_t i = 0; i < g->count; i++)
        if (g->nodes[i]->op->prepare) g->nodes[i]->op->prepare(g, g->nodes[i]);
}

void yt_graph_forward(struct yt_graph *g) {
    YT_ASSERT(g->planned && yt_threads() <= g->threads);
    place_values(g, false);
    for (size_t i = 0; i < g->count; i++) {
        struct yt_node *node = g->nodes[i];
        if (g->memory == YT_MEMORY_POISON) poison_step(g, (int)i);
        if (node->op->view || !node->op->forward) continue;
        timed(g, node, node->op->forward, &node->forward_s);
    }
    if (g->memory == YT_MEMORY_POISON) poison_step(g, yt_step_loss(g));
}

void yt_graph_backward(struct yt_graph *g) {
    YT_ASSERT(g->planned && g->mode == YT_GRAPH_TRAIN && yt_threads() <= g->threads);
    size_t next_zero = 0, next_renewal = 0; /* both lists are in the order of the steps */
    place_values(g, true);
    for (size_t i = g->count; i-- > 0;) {
        struct yt_node *node = g->nodes[i];
        int step = yt_step_backward(g, node);
        if (g->memory == YT_MEMORY_POISON) poison_step(g, step);
        for (; next_zero < g->zero_count && g->zeros[next_zero].step == step; next_zero++)
            yt_zero(&g->zeros[next_zero].map);
        for (; next_renewal < g->renewal_count && g->renewals[next_renewal].step == step;
             next_renewal++) {
            struct yt_node *renewed = g->renewals[next_renewal].node;
            timed(g, renewed, renewed->op->renew, &renewed->backward_s);
        }
        if (!node->needs_grad) continue;
        if (node->op->backward) timed(g, node, node->op->backward, &node->backward_s);
        if (node->op->backward_weight) timed(g, node, node->op->backward_weight, &node->weight_s);
    }
}
