/* Gradient checks for small graphs, shared by the tests of ops and of layers.
 *
 *     static void build_add(struct ref_net *net) {
 *         struct yt_node *a = ref_leaf(net, "leaf.a", 1, 3, 4, 5), *b = ref_leaf(net, "leaf.b",
 * ...); ref_output(net, yt_add(net->g, a, b));
 *     }
 *     ref_check_gradients(&(struct ref_case){.name = "add", .build = build_add});
 *
 * The scalar is f = sum of r*y over the outputs with fixed random r, summed in double. A leaf is a
 * value that is a parameter, so that every gradient there is lies in params->grad. For each
 * parameter, dot(gradient, d) for random directions d is compared with f's central differences at
 * two widths, extrapolated (Richardson), relative to the gradient's norm: a fault in one element
 * shows unless it is far smaller than the others. */
#ifndef YT_TESTS_TENSOR_REF_GRADIENT_H
#define YT_TESTS_TENSOR_REF_GRADIENT_H

#include "tensor/graph.h"

struct ref_net {
    struct yt_graph *g;
    struct yt_params *params;
    struct yt_node *outputs[4];
    int output_count;
};

struct ref_case {
    const char *name;
    void (*build)(struct ref_net *net);
    double step;        /* width of the differences; 0: 0.02. Small where a maximum has kinks */
    double tolerance;   /* of the gradient's norm; 0: 1e-3 */
    const char *silent; /* parameters whose name holds this get no gradient at all; or NULL */
    /* The same, but for rounding: a batch norm behind takes their effect away. */
    const char *vanishing[3];
};

/* A value (n, h, w, c) that is a parameter. Its elements differ from each other, from -2 to 2. */
struct yt_node *ref_leaf(struct ref_net *net, const char *name, int n, int h, int w, int c);
void ref_output(struct ref_net *net, struct yt_node *node);

/* Parameters as build makes them, filled with numbers of a sensible size. */
struct yt_params *ref_params(void (*build)(struct ref_net *net));
/* Builds, plans, runs forward and backward from cleared gradients. */
struct ref_net ref_run(void (*build)(struct ref_net *net), struct yt_params *params,
                       enum yt_memory memory);

/* Forward, and backward that adds to the gradients there are. */
void ref_step(const struct ref_net *net);

/* The analytic gradients are not zero, agree with differences, and are the same bits, like the
 * outputs and the running statistics, for every way to plan memory, for 1, 2 and 3 threads, and
 * when the same graph runs again. */
void ref_check_gradients(const struct ref_case *c);

#endif
