#include "tensor/ops.h"

static const struct yt_op op_input = {.name = "input"};

struct yt_node *yt_input(struct yt_graph *g, int n, int h, int w, int c) {
    return yt_node_new(g, &op_input, NULL, 0, n, h, w, c, 0);
}
