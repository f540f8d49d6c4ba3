/* Spatial-channel decoupled downsampling: conv1x1 to c_out, depthwise 3x3 with stride 2, linear. */
#include "layers/layers.h"

struct yt_node *yt_layer_scdown(const struct yt_net *net, struct yt_node *x, int c_out,
                                const char *format, ...) {
    struct yt_layer_name name;
    YT_LAYER_NAME(&name, format);
    struct yt_conv_spec point = {.k = 1, .stride = 1};
    struct yt_conv_spec down = {.k = 3, .stride = 2, .depthwise = true, .linear = true};
    struct yt_node *y = yt_layer_conv(net, x, c_out, point, "%s.cv1", name.text);
    return yt_layer_conv(net, y, c_out, down, "%s.cv2", name.text);
}
