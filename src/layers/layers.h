/* YOLOv10's blocks, as plain functions that add nodes to a graph and parameters to its store.
 *
 *     struct yt_net net = {g, params, false};
 *     x = yt_layer_conv(&net, x, 64, (struct yt_conv_spec){.k = 3, .stride = 2}, "model.%d", 0);
 *
 * Each function takes the name of the block as a format, and names its tensors as the PyTorch
 * implementation does below that name. Every block has two forms with the same function: training
 * (convolution, batch norm, activation) and folded (convolution with bias and activation).
 * Source: "YOLOv10: Real-Time End-to-End Object Detection" (Wang et al., 2024), and for C2f, SPPF
 * and the head the YOLOv8 architecture it builds on.
 */
#ifndef YT_LAYERS_LAYERS_H
#define YT_LAYERS_LAYERS_H

#include "tensor/graph.h"

struct yt_net {
    struct yt_graph *g;
    struct yt_params *params;
    bool folded;
};

struct yt_conv_spec {
    int k, stride;
    bool depthwise; /* groups = channels; c_out must equal c_in */
    bool linear;    /* no activation */
};

/* conv k x k without bias, "same" padding, batch norm, SiLU. Tensors: .conv.weight and .bn.*, or
 * folded .conv.weight and .conv.bias. */
struct yt_node *yt_layer_conv(const struct yt_net *net, struct yt_node *x, int c_out,
                              struct yt_conv_spec spec, const char *name, ...) YT_PRINTF(5, 6);
/* A 1x1 convolution with bias and nothing else: the last of each head branch. */
struct yt_node *yt_layer_linear(const struct yt_net *net, struct yt_node *x, int c_out,
                                const char *name, ...) YT_PRINTF(4, 5);

enum yt_c2f_block { YT_C2F_BOTTLENECK, YT_C2F_CIB, YT_C2F_CIB_LK };
/* Split, n blocks on the second half, concatenation of everything on the way. */
struct yt_node *yt_layer_c2f(const struct yt_net *net, struct yt_node *x, int c_out, int n,
                             bool shortcut, enum yt_c2f_block block, const char *name, ...)
    YT_PRINTF(7, 8);
/* Compact inverted block; lk: its middle convolution is 7x7 (RepVGGDW). */
struct yt_node *yt_layer_cib(const struct yt_net *net, struct yt_node *x, bool shortcut, bool lk,
                             const char *name, ...) YT_PRINTF(5, 6);
/* Pointwise, then depthwise with stride 2. */
struct yt_node *yt_layer_scdown(const struct yt_net *net, struct yt_node *x, int c_out,
                                const char *name, ...) YT_PRINTF(4, 5);
/* Spatial pyramid pooling: three 5x5 maxima in a row, concatenated. */
struct yt_node *yt_layer_sppf(const struct yt_net *net, struct yt_node *x, int c_out,
                              const char *name, ...) YT_PRINTF(4, 5);
/* Partial self-attention: attention and a feed-forward on half of the channels. */
struct yt_node *yt_layer_psa(const struct yt_net *net, struct yt_node *x, const char *name, ...)
    YT_PRINTF(3, 4);

/* --- for blocks: the name of a block, formatted --- */
struct yt_layer_name {
    char text[160];
};
#define YT_LAYER_NAME(name, format)                                                                \
    do {                                                                                           \
        va_list yt_args;                                                                           \
        va_start(yt_args, format);                                                                 \
        yt_layer_name_format(name, format, yt_args);                                               \
        va_end(yt_args);                                                                           \
    } while (0)
void yt_layer_name_format(struct yt_layer_name *name, const char *format, va_list args);

#endif
