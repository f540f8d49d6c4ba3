#include "bench/shares.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct share {
    char name[32]; /* of the op and what it says of the node: "conv2d 3x3 s1" */
    double forward_s, backward_s, flops; /* backward: to inputs and weights */
};

static int slowest_first(const void *a, const void *b) {
    const struct share *x = a, *y = b;
    double d = y->forward_s + y->backward_s - x->forward_s - x->backward_s;
    return (d > 0) - (d < 0);
}

static void name_share(const struct yt_node *node, struct share *share) {
    char detail[16] = "";
    if (node->op->describe) node->op->describe(node, detail, sizeof(detail));
    snprintf(share->name, sizeof(share->name), "%s%s%s", node->op->name, *detail ? " " : "",
             detail);
}

void yt_bench_shares(const struct yt_graph *g, int runs, struct yt_str *json) {
    struct share shares[32] = {0};
    size_t count = 0;
    for (int i = 0; i < yt_graph_size(g); i++) {
        const struct yt_node *node = yt_graph_node(g, i);
        struct share kind = {0};
        name_share(node, &kind);
        size_t k = 0;
        while (k < count && strcmp(shares[k].name, kind.name) != 0) k++;
        if (k == count) {
            YT_ASSERT(count < YT_COUNT(shares));
            shares[count++] = kind;
        }
        shares[k].forward_s += node->forward_s / runs;
        shares[k].backward_s += (node->weight_s + node->backward_s) / runs;
        if (node->op->flops) shares[k].flops += node->op->flops(node);
    }
    qsort(shares, count, sizeof(*shares), slowest_first);
    const bool train = yt_graph_mode(g) == YT_GRAPH_TRAIN;
    yt_info("  %-16s %11s %11s%s", "op", "forward ms", "fwd GFLOP/s", train ? " backward ms" : "");
    yt_str_add(json, ",\"ops\":[");
    bool first = true;
    for (size_t k = 0; k < count; k++) {
        const struct share *s = &shares[k];
        if (s->forward_s + s->backward_s == 0) continue;
        char backward[16] = "";
        if (train) snprintf(backward, sizeof(backward), " %11.2f", 1e3 * s->backward_s);
        yt_info("  %-16s %11.2f %11.1f%s", s->name, 1e3 * s->forward_s,
                s->forward_s > 0 ? s->flops / s->forward_s * 1e-9 : 0, backward);
        yt_str_add(json, "%s{\"op\":\"%s\",\"forward_ms\":%.4f,\"backward_ms\":%.4f}",
                   first ? "" : ",", s->name, 1e3 * s->forward_s, 1e3 * s->backward_s);
        first = false;
    }
    yt_str_add(json, "]");
}
