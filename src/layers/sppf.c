/* x0 = conv1x1(x, c/2);  x1, x2, x3 = successive 5x5 maxima;  conv1x1([x0, x1, x2, x3]). */
#include "layers/layers.h"

#include "tensor/ops.h"

struct yt_node *yt_layer_sppf(const struct yt_net *net, struct yt_node *x, int c_out,
                              const char *format, ...) {
    struct yt_layer_name name;
    YT_LAYER_NAME(&name, format);
    struct yt_conv_spec point = {.k = 1, .stride = 1};
    struct yt_node *parts[4];
    parts[0] = yt_layer_conv(net, x, x->value.c / 2, point, "%s.cv1", name.text);
    for (int i = 1; i < 4; i++) parts[i] = yt_maxpool(net->g, parts[i - 1], 5);
    struct yt_node *y = yt_concat(net->g, parts, 4);
    return yt_layer_conv(net, y, c_out, point, "%s.cv2", name.text);
}
