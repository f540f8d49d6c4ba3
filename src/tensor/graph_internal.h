/* What the files of the graph share. */
#ifndef YT_TENSOR_GRAPH_INTERNAL_H
#define YT_TENSOR_GRAPH_INTERNAL_H

#include "tensor/graph.h"

/* The first and the last step of backward that read a value; last -1: none does. */
struct yt_reads {
    int first, last;
};

/* Where values live: n*h*w pixels of c floats. A buffer can lie inside another (concatenation). */
struct yt_buffer {
    int n, h, w, c;
    struct yt_buffer *parent; /* NULL: a buffer of its own */
    int channel;              /* first channel in the parent */
    bool kept;
    /* planning */
    int value_item, grad_item; /* index of the arena item, -1: none */
    int renewed_item;          /* of the value in backward, where it is made anew (renew.c) */
    bool renewed;
    struct yt_reads plain_reads, reads; /* without renewals, and with what these read */
    uint8_t *covered;                   /* c flags: gradient channel already written */
};

/* A piece of the arena that lives from step `birth` to step `death`, both inclusive. */
struct yt_item {
    size_t bytes, offset;
    int birth, death;
};

/* Channels of a gradient that nothing has written when step `step` needs them: set to zero. */
struct yt_zero {
    int step;
    struct yt_buffer *root;
    int channel, c;
    struct yt_map map;
};

/* Before step `step` the node's value is made anew. */
struct yt_renewal {
    int step;
    struct yt_node *node;
};

struct yt_graph {
    struct yt_params *params;
    enum yt_graph_mode mode;
    enum yt_memory memory;
    struct yt_node **nodes;
    size_t count, cap;
    struct yt_buffer **buffers;
    size_t buffer_count, buffer_cap;
    char **labels;
    size_t label_count, label_cap;
    struct yt_item *items;
    size_t item_count, item_cap;
    struct yt_zero *zeros;
    size_t zero_count, zero_cap;
    struct yt_renewal *renewals; /* in the order of the steps, then of the nodes */
    size_t renewal_count, renewal_cap;
    uint8_t *arena;
    size_t arena_bytes, scratch_floats;
    float *scratch;
    int threads; /* that the scratch is enough for */
    bool planned, profile;
    bool borrowed; /* the arena is another graph's */
};

struct yt_buffer *yt_buffer_root(struct yt_buffer *buffer, int *channel);
/* Steps of the run: forward of node i is step i, backward is mirrored; the loss is between. */
int yt_step_forward(const struct yt_node *node);
int yt_step_loss(const struct yt_graph *g);
int yt_step_backward(const struct yt_graph *g, const struct yt_node *node);
bool yt_works_backward(const struct yt_graph *g, const struct yt_node *node);
/* Decides which buffers are renewed, and lists the renewals. */
void yt_renew_plan(struct yt_graph *g, enum yt_memory memory);
/* Decides whose gradient is that of the sum they are in; before gradients are laid out. */
void yt_share_with_sums(struct yt_graph *g, enum yt_memory memory);
/* Decides which gradients lie over values; when all that lives is known. */
void yt_share_with_values(struct yt_graph *g, enum yt_memory memory);
/* The node in whose place the gradient lies. */
const struct yt_node *yt_grad_owner(const struct yt_node *node);
/* Decides which ops do a batch norm's first pass; takes what they renew off the list. */
void yt_passes_plan(struct yt_graph *g);

#endif
