/* Building: nodes, homes, labels. */
#include "tensor/graph_internal.h"

#include <stdio.h>
#include <stdlib.h>

struct yt_graph *yt_graph_new(struct yt_params *params, enum yt_graph_mode mode) {
    struct yt_graph *g = yt_calloc(1, sizeof(*g));
    g->params = params;
    g->mode = mode;
    yt_graph_label(g, "%s", "");
    return g;
}

void yt_graph_free(struct yt_graph *g) {
    if (!g) return;
    for (size_t i = 0; i < g->count; i++) {
        free(g->nodes[i]->attr);
        free(g->nodes[i]);
    }
    for (size_t i = 0; i < g->buffer_count; i++) {
        free(g->buffers[i]->covered);
        free(g->buffers[i]);
    }
    for (size_t i = 0; i < g->label_count; i++) free(g->labels[i]);
    if (g->arena && !g->borrowed) yt_arena_unmap(g->arena, g->arena_bytes);
    free(g->nodes);
    free(g->buffers);
    free(g->renewals);
    free(g->labels);
    free(g->items);
    free(g->zeros);
    free(g);
}

void yt_graph_label(struct yt_graph *g, const char *format, ...) {
    char text[256];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    g->labels = yt_grow(g->labels, &g->label_cap, g->label_count + 1, sizeof(char *));
    g->labels[g->label_count++] = yt_strdup(text);
}

static struct yt_buffer *buffer_new(struct yt_graph *g, int n, int h, int w, int c) {
    struct yt_buffer *buffer = yt_calloc(1, sizeof(*buffer));
    *buffer = (struct yt_buffer){.n = n, .h = h, .w = w, .c = c, .value_item = -1, .grad_item = -1};
    g->buffers =
        yt_grow(g->buffers, &g->buffer_cap, g->buffer_count + 1, sizeof(struct yt_buffer *));
    g->buffers[g->buffer_count++] = buffer;
    return buffer;
}

static struct yt_node *node_add(struct yt_graph *g, const struct yt_op *op,
                                struct yt_node *const *in, int inputs, struct yt_map shape,
                                size_t attr_bytes) {
    YT_ASSERT(!g->planned && inputs <= YT_NODE_INPUTS);
    struct yt_node *node = yt_calloc(1, sizeof(*node));
    node->op = op;
    node->label = g->labels[g->label_count - 1];
    node->index = (int)g->count;
    node->inputs = inputs;
    for (int i = 0; i < inputs; i++) {
        node->in[i] = in[i];
        node->needs_grad |= in[i]->needs_grad;
    }
    node->value = node->grad = shape;
    node->attr = attr_bytes ? yt_calloc(1, attr_bytes) : NULL;
    g->nodes = yt_grow(g->nodes, &g->cap, g->count + 1, sizeof(struct yt_node *));
    g->nodes[g->count++] = node;
    return node;
}

struct yt_node *yt_node_new(struct yt_graph *g, const struct yt_op *op, struct yt_node *const *in,
                            int inputs, int n, int h, int w, int c, size_t attr_bytes) {
    YT_ASSERT(n > 0 && h > 0 && w > 0 && c > 0);
    struct yt_node *node =
        node_add(g, op, in, inputs, (struct yt_map){NULL, n, h, w, c, c}, attr_bytes);
    node->home = buffer_new(g, n, h, w, c);
    return node;
}

struct yt_node *yt_node_view(struct yt_graph *g, const struct yt_op *op, struct yt_node *x,
                             int channel, int c) {
    YT_ASSERT(channel >= 0 && c > 0 && channel + c <= x->value.c);
    struct yt_map shape = x->value;
    shape.c = c;
    struct yt_node *node = node_add(g, op, &x, 1, shape, 0);
    node->home = x->home;
    node->channel = x->channel + channel;
    return node;
}

bool yt_node_lives_alone(const struct yt_node *x) {
    return !x->home->parent && x->channel == 0 && x->value.c == x->home->c;
}

void yt_node_move_home(struct yt_node *x, struct yt_node *whole, int channel) {
    YT_ASSERT(yt_node_lives_alone(x) && x->home != whole->home);
    x->home->parent = whole->home;
    x->home->channel = whole->channel + channel;
}

struct yt_buffer *yt_buffer_root(struct yt_buffer *buffer, int *channel) {
    while (buffer->parent) {
        if (channel) *channel += buffer->channel;
        buffer = buffer->parent;
    }
    return buffer;
}

void yt_graph_keep(struct yt_graph *g, struct yt_node *node) {
    YT_ASSERT(!g->planned);
    node->home->kept = true;
}

void yt_graph_output(struct yt_graph *g, struct yt_node *node) {
    yt_graph_keep(g, node);
    node->output = node->needs_grad;
}

enum yt_graph_mode yt_graph_mode(const struct yt_graph *g) {
    return g->mode;
}

struct yt_params *yt_graph_params(const struct yt_graph *g) {
    return g->params;
}

float *yt_graph_scratch(const struct yt_graph *g) {
    return g->scratch;
}

size_t yt_graph_arena_bytes(const struct yt_graph *g) {
    return g->arena_bytes;
}

int yt_graph_size(const struct yt_graph *g) {
    return (int)g->count;
}

struct yt_node *yt_graph_node(const struct yt_graph *g, int index) {
    return g->nodes[index];
}

double yt_graph_flops(const struct yt_graph *g) {
    double sum = 0;
    for (size_t i = 0; i < g->count; i++)
        if (g->nodes[i]->op->flops) sum += g->nodes[i]->op->flops(g->nodes[i]);
    return sum;
}

void yt_graph_profile(struct yt_graph *g, bool on) {
    g->profile = on;
    for (size_t i = 0; i < g->count; i++)
        g->nodes[i]->forward_s = g->nodes[i]->weight_s = g->nodes[i]->backward_s = 0;
}
