/* Where the time of a profiled graph went, by kind of op. */
#ifndef YT_BENCH_SHARES_H
#define YT_BENCH_SHARES_H

#include "base/str.h"
#include "tensor/graph.h"

/* Prints a row a kind, slowest first: milliseconds a run forward and, when training, backward, and
 * GFLOP/s where the op counts them; appends "ops":[...]. */
void yt_bench_shares(const struct yt_graph *g, int runs, struct yt_str *json);

#endif
