/* Compact inverted block: depthwise 3x3, pointwise to 2c, depthwise 3x3 on 2c (or RepVGGDW),
 * pointwise to c, depthwise 3x3. */
#include "layers/layers.h"

#include "tensor/ops.h"

#include <stdio.h>

/* SiLU(BN(dw7x7(x)) + BN(dw3x3(x))); folded, the 3x3 lies within the 7x7. */
static struct yt_node *rep_vgg_dw(const struct yt_net *net, struct yt_node *x, const char *name) {
    int c = x->value.c;
    struct yt_conv_spec large = {.k = 7, .stride = 1, .depthwise = true, .linear = true};
    struct yt_conv_spec small = {.k = 3, .stride = 1, .depthwise = true, .linear = true};
    if (net->folded) {
        large.linear = false;
        return yt_layer_conv(net, x, c, large, "%s", name);
    }
    struct yt_node *a = yt_layer_conv(net, x, c, large, "%s.conv", name);
    struct yt_node *b = yt_layer_conv(net, x, c, small, "%s.conv1", name);
    return yt_silu(net->g, yt_add(net->g, a, b));
}

struct yt_node *yt_layer_cib(const struct yt_net *net, struct yt_node *x, bool shortcut, bool lk,
                             const char *format, ...) {
    struct yt_layer_name name;
    YT_LAYER_NAME(&name, format);
    int c = x->value.c;
    struct yt_conv_spec point = {.k = 1, .stride = 1};
    struct yt_conv_spec depth = {.k = 3, .stride = 1, .depthwise = true};
    struct yt_node *y = yt_layer_conv(net, x, c, depth, "%s.cv1.0", name.text);
    y = yt_layer_conv(net, y, 2 * c, point, "%s.cv1.1", name.text);
    if (lk) {
        struct yt_layer_name middle;
        snprintf(middle.text, sizeof(middle.text), "%.140s.cv1.2", name.text);
        y = rep_vgg_dw(net, y, middle.text);
    } else {
        y = yt_layer_conv(net, y, 2 * c, depth, "%s.cv1.2", name.text);
    }
    y = yt_layer_conv(net, y, c, point, "%s.cv1.3", name.text);
    y = yt_layer_conv(net, y, c, depth, "%s.cv1.4", name.text);
    return shortcut ? yt_add(net->g, x, y) : y;
}
