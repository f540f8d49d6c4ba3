/* The ops: each is a function that adds a node to a graph, in a file op_<name>.c of its own that
 * holds its forward, backward and shapes. Parameters are indices into the graph's yt_params; -1
 * where there is none. */
#ifndef YT_TENSOR_OPS_H
#define YT_TENSOR_OPS_H

#include "tensor/graph.h"

/* A value that the caller writes before forward. No gradient flows into it. */
struct yt_node *yt_input(struct yt_graph *g, int n, int h, int w, int c);

/* y = act(x * weight + bias), kernels.h. weight (c_out, c_in, k, k), bias (c_out) or -1. With an
 * activation there is no gradient: training keeps activations in yt_bn_act. */
struct yt_node *yt_conv2d(struct yt_graph *g, struct yt_node *x, struct yt_conv conv, int weight,
                          int bias, enum yt_act act);
/* The same, depthwise: weight (c, 1, k, k). A bias has no gradient (only folded forms have one). */
struct yt_node *yt_dwconv2d(struct yt_graph *g, struct yt_node *x, struct yt_conv conv, int weight,
                            int bias, enum yt_act act);

/* Batch normalisation (Ioffe and Szegedy, 2015) and activation in one:
 * y = act(gamma*(x-mean)/sqrt(var+1e-3) + beta). Training uses and updates (momentum 0.03) batch
 * statistics, evaluation the running ones. */
struct yt_bn {
    int gamma, beta, mean, var;
};
#define YT_BN_EPS 1e-3f
#define YT_BN_MOMENTUM 0.03f
struct yt_node *yt_bn_act(struct yt_graph *g, struct yt_node *x, struct yt_bn bn, enum yt_act act);

struct yt_node *yt_silu(struct yt_graph *g, struct yt_node *x);
struct yt_node *yt_add(struct yt_graph *g, struct yt_node *a, struct yt_node *b);

/* Views: channels [channel, channel + c) of x; x without its gradient. */
struct yt_node *yt_slice(struct yt_graph *g, struct yt_node *x, int channel, int c);
struct yt_node *yt_detach(struct yt_graph *g, struct yt_node *x);
/* Along channels. Inputs that live alone move into the result and cost nothing; slices, detached
 * values, and values that already live in a concatenation are copied. */
struct yt_node *yt_concat(struct yt_graph *g, struct yt_node *const *xs, int count);

struct yt_node *yt_upsample2(struct yt_graph *g, struct yt_node *x);      /* nearest, x2 */
struct yt_node *yt_maxpool(struct yt_graph *g, struct yt_node *x, int k); /* stride 1, pad k/2 */

/* Multi-head self-attention over the h*w positions of an image (Vaswani et al., 2017). qkv has
 * heads groups of (key_dim q, key_dim k, head_dim v) channels; the result heads*head_dim.
 * out[i] = sum_j softmax_j(q_i . k_j / sqrt(key_dim)) v_j */
struct yt_node *yt_attention(struct yt_graph *g, struct yt_node *qkv, int heads, int key_dim,
                             int head_dim);

#endif
