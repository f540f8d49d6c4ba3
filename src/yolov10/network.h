/* The network of YOLOv10 as a graph: backbone, neck, and the two detection heads.
 *
 *     struct yt_net net = {g, params, false};
 *     struct yt_network nodes;
 *     yt_network_build(&net, yt_input(g, 16, 640, 640, 3), scale, 136, YT_HEAD_BOTH, &nodes);
 *
 * Input sides must be multiples of 32. In training the one-to-one head reads the features detached:
 * its loss moves only itself ("Consistent dual assignments", paper section 3.1).
 */
#ifndef YT_YOLOV10_NETWORK_H
#define YT_YOLOV10_NETWORK_H

#include "layers/layers.h"
#include "yolov10/head_maps.h"
#include "yolov10/scales.h"

#define YT_LAYERS 23 /* before the head */
#define YT_BOX_CHANNELS 64

enum yt_head { YT_ONE2MANY, YT_ONE2ONE, YT_HEADS };
enum { YT_HEAD_ONE2MANY = 1, YT_HEAD_ONE2ONE = 2, YT_HEAD_BOTH = 3 };

struct yt_network {
    int nc;
    struct yt_node *images;
    struct yt_node *layer[YT_LAYERS];
    struct yt_node *box[YT_HEADS][YT_LEVELS_MAX],
        *cls[YT_HEADS][YT_LEVELS_MAX]; /* NULL: not built */
};

void yt_network_build(const struct yt_net *net, struct yt_node *images,
                      const struct yt_scale *scale, int nc, unsigned heads,
                      struct yt_network *network);

/* The maps of a head of a planned network, as the loss and the decoder read them. */
struct yt_head_maps yt_network_maps(const struct yt_network *network, enum yt_head head);

#endif
