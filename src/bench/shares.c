#include "bench/shares.h"

#include <stdlib.h>
#include <string.h>

struct share {
    const char *name;
    double forward_s, backward_s, flops; /* backward: to inputs and weights */
};

static int slowest_first(const void *a, const void *b) {
    const struct share *x = a, *y = b;
    double d = y->forward_s + y->backward_s - x->forward_s - x->backward_s;
    return (d > 0) - (d < 0);
}

void yt_bench_shares(const struct yt_graph *g, int runs, struct yt_str *json) {
    struct share shares[32] = {0};
    size_t count = 0;
    for (int i = 0; i < yt_graph_size(g); i++) {
        const struct yt_node *node = yt_graph_node(g, i);
        size_t k = 0;
        while (k < count && strcmp(shares[k].name, node->op->name) != 0) k++;
        if (k == count) {
            YT_ASSERT(count < YT_COUNT(shares));
            shares[count++].name = node->op->name;
        }
        shares[k].forward_s += node->forward_s / runs;
        shares[k].backward_s += (node->weight_s + node->backward_s) / runs;
        if (node->op->flops) shares[k].flops += node->op->flops(node);
    }
    qsort(shares, count, sizeof(*shares), slowest_first);
    yt_info("  %-12s %11s %11s %11s", "op", "forward ms", "backward ms", "fwd GFLOP/s");
    yt_str_add(json, ",\"ops\":[");
    bool first = true;
    for (size_t k = 0; k < count; k++) {
        const struct share *s = &shares[k];
        if (s->forward_s + s->backward_s == 0) continue;
        double rate = s->forward_s > 0 ? s->flops / s->forward_s * 1e-9 : 0;
        yt_info("  %-12s %11.2f %11.2f %11.1f", s->name, 1e3 * s->forward_s, 1e3 * s->backward_s,
                rate);
        yt_str_add(json, "%s{\"op\":\"%s\",\"forward_ms\":%.4f,\"backward_ms\":%.4f}",
                   first ? "" : ",", s->name, 1e3 * s->forward_s, 1e3 * s->backward_s);
        first = false;
    }
    yt_str_add(json, "]");
}
