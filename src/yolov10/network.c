#include "yolov10/network.h"

#include "tensor/ops.h"

#include <stdio.h>
#include <string.h>

static const float strides[YT_LEVELS_MAX] = {8, 16, 32};

struct build {
    const struct yt_net *net;
    const struct yt_scale *scale;
    int nc;
    struct yt_node **layer; /* results so far */
};

static struct yt_node *conv(const struct build *b, int i, struct yt_node *x, int c) {
    struct yt_conv_spec spec = {.k = 3, .stride = 2};
    c = yt_scale_channels(b->scale, c, b->nc);
    return b->layer[i] = yt_layer_conv(b->net, x, c, spec, "model.%d", i);
}

static struct yt_node *c2f(const struct build *b, int i, struct yt_node *x, int c, int n,
                           bool shortcut) {
    bool cib = b->scale->cib >> i & 1;
    enum yt_c2f_block block = !cib ? YT_C2F_BOTTLENECK : b->scale->lk ? YT_C2F_CIB_LK : YT_C2F_CIB;
    c = yt_scale_channels(b->scale, c, b->nc);
    n = yt_scale_repeats(b->scale, n);
    return b->layer[i] = yt_layer_c2f(b->net, x, c, n, shortcut || cib, block, "model.%d", i);
}

static struct yt_node *scdown(const struct build *b, int i, struct yt_node *x, int c) {
    c = yt_scale_channels(b->scale, c, b->nc);
    return b->layer[i] = yt_layer_scdown(b->net, x, c, "model.%d", i);
}

/* Upsamples x and joins it with the skip: layers i and i+1. */
static struct yt_node *up_and_join(const struct build *b, int i, struct yt_node *x,
                                   struct yt_node *skip) {
    yt_graph_label(b->net->g, "model.%d", i);
    b->layer[i] = yt_upsample2(b->net->g, x);
    return b->layer[i + 1] = yt_concat(b->net->g, (struct yt_node *[]){b->layer[i], skip}, 2);
}

static struct yt_node *join(const struct build *b, int i, struct yt_node *x, struct yt_node *skip) {
    yt_graph_label(b->net->g, "model.%d", i);
    return b->layer[i] = yt_concat(b->net->g, (struct yt_node *[]){x, skip}, 2);
}

static void backbone(const struct build *b, struct yt_node *x) {
    x = conv(b, 0, x, 64);
    x = conv(b, 1, x, 128);
    x = c2f(b, 2, x, 128, 3, true);
    x = conv(b, 3, x, 256);
    x = c2f(b, 4, x, 256, 6, true);
    x = scdown(b, 5, x, 512);
    x = c2f(b, 6, x, 512, 6, true);
    x = scdown(b, 7, x, 1024);
    x = c2f(b, 8, x, 1024, 3, true);
    x = b->layer[9] = yt_layer_sppf(b->net, x, yt_scale_channels(b->scale, 1024, b->nc), "model.9");
    b->layer[10] = yt_layer_psa(b->net, x, "model.10");
}

static void neck(const struct build *b) {
    struct yt_node **layer = b->layer;
    c2f(b, 13, up_and_join(b, 11, layer[10], layer[6]), 512, 3, false);
    c2f(b, 16, up_and_join(b, 14, layer[13], layer[4]), 256, 3, false);
    conv(b, 17, layer[16], 256);
    c2f(b, 19, join(b, 18, layer[17], layer[13]), 512, 3, false);
    scdown(b, 20, layer[19], 512);
    c2f(b, 22, join(b, 21, layer[20], layer[10]), 1024, 3, false);
}

/* One level of one head. prefix: "" or "one2one_". */
static void head_level(const struct yt_net *net, struct yt_node *x, int level, const char *prefix,
                       int c_box, int c_cls, int nc, struct yt_node **box, struct yt_node **cls) {
    struct yt_conv_spec dense = {.k = 3, .stride = 1}, point = {.k = 1, .stride = 1};
    struct yt_conv_spec depth = {.k = 3, .stride = 1, .depthwise = true};
    struct yt_layer_name name;
    snprintf(name.text, sizeof(name.text), "model.23.%scv2.%d", prefix, level);
    struct yt_node *y = yt_layer_conv(net, x, c_box, dense, "%s.0", name.text);
    y = yt_layer_conv(net, y, c_box, dense, "%s.1", name.text);
    *box = yt_layer_linear(net, y, YT_BOX_CHANNELS, "%s.2", name.text);
    snprintf(name.text, sizeof(name.text), "model.23.%scv3.%d", prefix, level);
    y = yt_layer_conv(net, x, x->value.c, depth, "%s.0.0", name.text);
    y = yt_layer_conv(net, y, c_cls, point, "%s.0.1", name.text);
    y = yt_layer_conv(net, y, c_cls, depth, "%s.1.0", name.text);
    y = yt_layer_conv(net, y, c_cls, point, "%s.1.1", name.text);
    *cls = yt_layer_linear(net, y, nc, "%s.2", name.text);
    yt_graph_output(net->g, *box);
    yt_graph_output(net->g, *cls);
}

static void head(const struct yt_net *net, struct yt_network *network, enum yt_head head) {
    static const int source[YT_LEVELS_MAX] = {16, 19, 22};
    int c0 = network->layer[16]->value.c;
    int c_box = YT_MAX(YT_MAX(16, c0 / 4), YT_BOX_CHANNELS);
    int c_cls = YT_MAX(c0, YT_MIN(network->nc, 100));
    for (int level = 0; level < YT_LEVELS_MAX; level++) {
        struct yt_node *x = network->layer[source[level]];
        if (head == YT_ONE2ONE) x = yt_detach(net->g, x);
        head_level(net, x, level, head == YT_ONE2ONE ? "one2one_" : "", c_box, c_cls, network->nc,
                   &network->box[head][level], &network->cls[head][level]);
    }
}

void yt_network_build(const struct yt_net *net, struct yt_node *images,
                      const struct yt_scale *scale, int nc, unsigned heads,
                      struct yt_network *network) {
    YT_ASSERT(images->value.h % 32 == 0 && images->value.w % 32 == 0 && nc > 0);
    memset(network, 0, sizeof(*network));
    network->nc = nc;
    network->images = images;
    struct build b = {net, scale, nc, network->layer};
    backbone(&b, images);
    neck(&b);
    if (heads & YT_HEAD_ONE2MANY) head(net, network, YT_ONE2MANY);
    if (heads & YT_HEAD_ONE2ONE) head(net, network, YT_ONE2ONE);
}

struct yt_head_maps yt_network_maps(const struct yt_network *network, enum yt_head head) {
    struct yt_head_maps maps = {
        .batch = network->images->value.n, .nc = network->nc, .levels = YT_LEVELS_MAX};
    for (int i = 0; i < YT_LEVELS_MAX; i++) {
        const struct yt_node *box = network->box[head][i], *cls = network->cls[head][i];
        YT_ASSERT(box && cls);
        maps.level[i] = (struct yt_head_level){
            .h = box->value.h,
            .w = box->value.w,
            .stride = strides[i],
            .box = box->value.p,
            .box_ld = box->value.ld,
            .cls = cls->value.p,
            .cls_ld = cls->value.ld,
            .dbox = box->grad.p,
            .dcls = cls->grad.p,
        };
    }
    return maps;
}
