/* t = conv1x1(x, 2c), c = c_out/2;  y0, y1 = halves of t;  y_{k+1} = block_k(y_k);
 * result = conv1x1([y0, y1, ..., y_{n+1}]). The halves and the blocks' results are written side by
 * side, so the concatenation costs nothing. */
#include "layers/layers.h"

#include "tensor/ops.h"

/* Two 3x3 convolutions around which the input may pass. */
static struct yt_node *bottleneck(const struct yt_net *net, struct yt_node *x, bool shortcut,
                                  const char *name, int index) {
    struct yt_conv_spec spec = {.k = 3, .stride = 1};
    struct yt_node *y = yt_layer_conv(net, x, x->value.c, spec, "%s.m.%d.cv1", name, index);
    y = yt_layer_conv(net, y, x->value.c, spec, "%s.m.%d.cv2", name, index);
    return shortcut ? yt_add(net->g, x, y) : y;
}

struct yt_node *yt_layer_c2f(const struct yt_net *net, struct yt_node *x, int c_out, int n,
                             bool shortcut, enum yt_c2f_block block, const char *format, ...) {
    struct yt_layer_name name;
    YT_LAYER_NAME(&name, format);
    struct yt_conv_spec point = {.k = 1, .stride = 1};
    struct yt_node *parts[YT_NODE_INPUTS];
    int c = c_out / 2;
    YT_ASSERT(n + 1 <= YT_NODE_INPUTS);
    parts[0] = yt_layer_conv(net, x, 2 * c, point, "%s.cv1", name.text);
    struct yt_node *y = yt_slice(net->g, parts[0], c, c);
    for (int k = 0; k < n; k++) {
        if (block == YT_C2F_BOTTLENECK)
            y = bottleneck(net, y, shortcut, name.text, k);
        else
            y = yt_layer_cib(net, y, shortcut, block == YT_C2F_CIB_LK, "%s.m.%d", name.text, k);
        parts[k + 1] = y;
    }
    y = yt_concat(net->g, parts, n + 1);
    return yt_layer_conv(net, y, c_out, point, "%s.cv2", name.text);
}
