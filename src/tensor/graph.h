/* A network as a graph that is built once, planned once, and run many times.
 *
 *     struct yt_graph *g = yt_graph_new(params, YT_GRAPH_TRAIN);
 *     struct yt_node *x = yt_input(g, batch, 640, 640, 3);
 *     struct yt_node *y = yt_bn_act(g, yt_conv2d(g, x, ...), ...);      (ops.h)
 *     yt_graph_output(g, y);
 *     if (yt_graph_plan(g, YT_MEMORY_REUSE) != 0) ...
 *     fill x->value; yt_graph_forward(g); fill y->grad; yt_graph_backward(g);
 *
 * A node is a value and the op that makes it. Values are NHWC maps with a pixel stride
 * (kernels.h). Every value has a *home*: a range of channels of a buffer. yt_slice makes a node
 * that lives inside another's home; yt_concat moves the homes of its inputs into one buffer, so
 * that they are written side by side and nothing is copied. A gradient has the same home in a
 * buffer of its own.
 *
 * Planning gives every buffer an address in one arena from its first and last use, so buffers that
 * never live together share memory; running allocates nothing.
 *
 * The graph owns nodes and arena; the parameters must outlive it. Building errors are the
 * programmer's (YT_ASSERT); planning can fail for want of memory.
 */
#ifndef YT_TENSOR_GRAPH_H
#define YT_TENSOR_GRAPH_H

#include "tensor/kernels.h"
#include "tensor/params.h"

struct yt_graph;
struct yt_node;

enum yt_graph_mode {
    YT_GRAPH_TRAIN,     /* batch statistics, backward possible */
    YT_GRAPH_EVAL,      /* running statistics, values only */
    YT_GRAPH_CALIBRATE, /* values only; batch norms take over the identity, see op_bn_act.c */
};

enum yt_memory {
    YT_MEMORY_REUSE,  /* dead buffers make room for living ones */
    YT_MEMORY_KEEP,   /* every buffer has its own place: for tests and inspection */
    YT_MEMORY_POISON, /* reuse, and what is not alive is NaN: for tests */
};

/* What an op's backward reads besides the gradient of its output. */
enum { YT_READS_INPUT0 = 1, YT_READS_INPUT1 = 2, YT_READS_OUTPUT = 4 };

struct yt_op {
    const char *name;
    bool view; /* has neither memory nor work of its own */
    unsigned reads;
    /* Backward writes the gradient of input 0 elementwise, each element after its last read of
     * input 0 there: the gradient may take the place of the value. */
    bool gradient_over_input;
    bool gradient_is_inputs; /* a sum: the gradient of each input is that of the value */
    void (*forward)(struct yt_graph *g, struct yt_node *node); /* writes every element */
    /* Reads node->grad, writes in[i]->grad where it exists: overwriting, or adding where
     * node->grad_add[i]; adds to parameters' gradients. NULL: no gradient passes. */
    void (*backward)(struct yt_graph *g, struct yt_node *node);
    /* The part of backward that adds to parameters' gradients, where it is work of its own: run
     * after `backward`, which then has only the inputs' to write. NULL: there is none. */
    void (*backward_weight)(struct yt_graph *g, struct yt_node *node);
    /* Writes the value again, the same bits, from the inputs' values and what forward saved. So
     * cheap that the value need not be kept for backward. NULL: it must be kept. */
    void (*renew)(struct yt_graph *g, struct yt_node *node);
    /* Of a batch norm: the first pass of its backward over its gradient, which it leaves out where
     * another op has done it (node->passed). NULL: it has none. */
    struct yt_bn_pass (*first_pass)(const struct yt_node *node);
    bool takes_pass; /* can do such a pass over the gradient of input 0 */
    bool takes_sums; /* can do a batch norm's first pass of forward over its own value */
    void (*prepare)(struct yt_graph *g, struct yt_node *node); /* see yt_graph_prepare; or NULL */
    size_t (*scratch)(const struct yt_graph *g, const struct yt_node *node); /* floats; or NULL */
    double (*flops)(const struct yt_node *node); /* of a forward; NULL: not counted */
    /* What makes two nodes of the same shapes different work, e.g. "3x3 s2"; NULL: nothing. */
    void (*describe)(const struct yt_node *node, char *text, size_t size);
};

#define YT_NODE_INPUTS 8

struct yt_node {
    const struct yt_op *op;
    const char *label; /* e.g. "model.2.cv1", of the graph */
    int index;         /* place in the order of the run */
    int inputs;
    struct yt_node *in[YT_NODE_INPUTS];
    bool grad_add[YT_NODE_INPUTS]; /* planned: add to the input's gradient, or overwrite */
    bool needs_grad;
    bool output;         /* the caller writes the gradient */
    struct yt_map value; /* p is set by the plan, and anew when forward or backward begins */
    float *value_at[2];  /* p in forward and in backward */
    struct yt_map grad;  /* p NULL: none */
    const struct yt_node *grad_of; /* planned: whose gradient it is too, in one place; or NULL */
    void *attr;                    /* the op's own description of the node */
    struct yt_node *norm;          /* planned: input 0, whose first pass it does; or NULL */
    bool renews;                   /* planned: and whose value it makes anew on the way */
    bool passed;          /* planned: of a batch norm, that another op does its first pass */
    struct yt_node *sums; /* planned: the batch norm whose first pass of forward it does; or NULL */
    bool summed;          /* planned: of a batch norm, that another op does that one */
    size_t saved_bytes;   /* what forward leaves for backward beside values */
    void *saved;          /* planned */
    struct yt_buffer *home;
    int channel;                            /* first channel in the home */
    double forward_s, weight_s, backward_s; /* accumulated while profiling */
};

struct yt_graph *yt_graph_new(struct yt_params *params, enum yt_graph_mode mode);
void yt_graph_free(struct yt_graph *g);

/* Names the nodes made from now on; the text is copied. */
void yt_graph_label(struct yt_graph *g, const char *format, ...) YT_PRINTF(2, 3);
/* The value is wanted after forward (and stays until the next). */
void yt_graph_keep(struct yt_graph *g, struct yt_node *node);
/* The same, and when training the caller writes the whole of node->grad before backward. */
void yt_graph_output(struct yt_graph *g, struct yt_node *node);

/* -1 with yt_fail when the arena does not fit in memory. The graph then runs with as many threads
 * as yt_threads() says now, or fewer. */
int yt_graph_plan(struct yt_graph *g, enum yt_memory memory);
/* The same in the arena of `host`, which must outlive g; the two then take turns, as the graphs of
 * a full and of a smaller last batch do. An arena of its own if that one is too small. */
int yt_graph_plan_within(struct yt_graph *g, const struct yt_graph *host);
void yt_graph_forward(struct yt_graph *g);
void yt_graph_backward(struct yt_graph *g);

/* Brings the parameters into the order that forward reads them in, once for all runs to come. To be
 * called again when a parameter has changed: until then forward may see the old one. */
void yt_graph_prepare(struct yt_graph *g);

enum yt_graph_mode yt_graph_mode(const struct yt_graph *g);
struct yt_params *yt_graph_params(const struct yt_graph *g);
float *yt_graph_scratch(const struct yt_graph *g);
size_t yt_graph_arena_bytes(const struct yt_graph *g);
/* The same before the arena is mapped, for a plan that is only to be reported. */
size_t yt_graph_plan_bytes(struct yt_graph *g);
int yt_graph_size(const struct yt_graph *g);
struct yt_node *yt_graph_node(const struct yt_graph *g, int index);
double yt_graph_flops(const struct yt_graph *g); /* of a forward */
void yt_graph_profile(struct yt_graph *g, bool on);

/* --- for ops ------------------------------------------------------------------------------- */
/* A node of the given shape with attr_bytes of zeroed op description; for views pass home =
 * input's home through yt_node_view instead. */
struct yt_node *yt_node_new(struct yt_graph *g, const struct yt_op *op, struct yt_node *const *in,
                            int inputs, int n, int h, int w, int c, size_t attr_bytes);
/* A node that is `c` channels from `channel` on of x's value. */
struct yt_node *yt_node_view(struct yt_graph *g, const struct yt_op *op, struct yt_node *x,
                             int channel, int c);
/* Whether x fills a buffer that lies in no other, so that it could move into one. */
bool yt_node_lives_alone(const struct yt_node *x);
/* The pass that the node's op has to do, in `room`; NULL: none. */
const struct yt_bn_pass *yt_node_pass(const struct yt_node *node, struct yt_bn_pass *room);
/* The same of forward, over the node's value. */
const struct yt_bn_pass *yt_node_sums(const struct yt_node *node, struct yt_bn_pass *room);
/* Moves the home of x, which lives alone, into that of `whole` at `channel`. */
void yt_node_move_home(struct yt_node *x, struct yt_node *whole, int channel);

#endif
