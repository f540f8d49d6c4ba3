/* A model and an input filled by the generator of the recorded numbers (tests/golden). */
#ifndef YT_TESTS_YOLOV10_REF_MODEL_H
#define YT_TESTS_YOLOV10_REF_MODEL_H

#include "tensor/graph.h"
#include "yolov10/model.h"
#include "yolov10/network.h"

struct yt_model *ref_model_new(const char *scale, int nc);
/* Writes element u of `key` to an NHWC map in NCHW order. */
void ref_fill_map(const struct yt_map *map, const char *key);
/* Element of an NHWC map by its flat NCHW index. */
float ref_at(const struct yt_map *map, size_t nchw);
size_t ref_elements(const struct yt_map *map);

/* A planned graph of the network on the golden input 2x3x128x160. */
struct ref_graph {
    struct yt_graph *g;
    struct yt_network network;
};
struct ref_graph ref_graph_new(struct yt_params *params, const struct yt_model *model,
                               enum yt_graph_mode mode, bool folded, enum yt_memory memory);

#endif
