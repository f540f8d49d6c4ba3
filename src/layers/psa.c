/* t = conv1x1(x, 2c), c = c_in/2;  a, b = halves;  b += attention(b);  b += ffn(b);
 * result = conv1x1([a, b]).
 *
 * attention: qkv = conv1x1(b), heads groups of (q, k, v);
 * conv1x1(softmax(q k^T / sqrt(key_dim)) v + dw3x3(v)), all with batch norm, none with activation.
 */
#include "layers/layers.h"

#include "tensor/ops.h"

static struct yt_node *attention(const struct yt_net *net, struct yt_node *x, const char *name) {
    int c = x->value.c, heads = c / 64, head_dim = c / heads, key_dim = head_dim / 2;
    struct yt_conv_spec point = {.k = 1, .stride = 1, .linear = true};
    struct yt_conv_spec depth = {.k = 3, .stride = 1, .depthwise = true, .linear = true};
    struct yt_node *qkv =
        yt_layer_conv(net, x, c + 2 * heads * key_dim, point, "%s.attn.qkv", name);
    struct yt_node *v[YT_NODE_INPUTS];
    YT_ASSERT(heads <= YT_NODE_INPUTS);
    for (int i = 0; i < heads; i++)
        v[i] = yt_slice(net->g, qkv, i * (2 * key_dim + head_dim) + 2 * key_dim, head_dim);
    struct yt_node *position =
        yt_layer_conv(net, yt_concat(net->g, v, heads), c, depth, "%s.attn.pe", name);
    yt_graph_label(net->g, "%s.attn", name);
    struct yt_node *out = yt_attention(net->g, qkv, heads, key_dim, head_dim);
    return yt_layer_conv(net, yt_add(net->g, out, position), c, point, "%s.attn.proj", name);
}

struct yt_node *yt_layer_psa(const struct yt_net *net, struct yt_node *x, const char *format, ...) {
    struct yt_layer_name name;
    YT_LAYER_NAME(&name, format);
    struct yt_conv_spec point = {.k = 1, .stride = 1};
    struct yt_conv_spec linear = {.k = 1, .stride = 1, .linear = true};
    int c = x->value.c / 2;
    struct yt_node *t = yt_layer_conv(net, x, 2 * c, point, "%s.cv1", name.text);
    struct yt_node *a = yt_slice(net->g, t, 0, c), *b = yt_slice(net->g, t, c, c);
    b = yt_add(net->g, b, attention(net, b, name.text));
    struct yt_node *f = yt_layer_conv(net, b, 2 * c, point, "%s.ffn.0", name.text);
    b = yt_add(net->g, b, yt_layer_conv(net, f, c, linear, "%s.ffn.1", name.text));
    struct yt_node *y = yt_concat(net->g, (struct yt_node *[]){a, b}, 2);
    return yt_layer_conv(net, y, x->value.c, point, "%s.cv2", name.text);
}
