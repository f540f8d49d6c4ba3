/* y = act(gamma*(x-mean)/sqrt(var+eps) + beta), statistics over (n, h, w) of each channel.
 *
 * Training:    mean and biased variance of the batch; running statistics move by 0.03, the
 *              variance with the unbiased estimate. Saved: mean, 1/sqrt(var+eps).
 * Evaluation:  running statistics.
 * Calibration: for a model that was loaded folded, whose batch norms are the identity plus a shift
 *              (gamma=1, beta=bias): the statistics of this batch are taken over, and gamma and
 * beta set so that the function stays what it was, y = act(x + beta), while a training step on
 * similar data starts from the same function too.
 */
#include "tensor/ops.h"

#include <math.h>

struct attr {
    struct yt_bn bn;
    enum yt_act act;
};

/* What is saved: the sums of the first pass, 2*c doubles, and what forward leaves for backward, c
 * floats each. */
struct stats {
    double *sums;
    float *mean, *inv_std, *scale, *shift;
};

static struct stats saved_stats(const struct yt_node *node) {
    int c = node->value.c;
    double *sums = node->saved;
    float *p = (float *)(sums + 2 * c);
    return (struct stats){sums, p, p + c, p + 2 * c, p + 3 * c};
}

static struct yt_bn_pass first_pass(const struct yt_node *node) {
    const struct attr *a = node->attr;
    struct stats s = saved_stats(node);
    return (struct yt_bn_pass){s.sums, &node->in[0]->value, NULL, s.mean, s.scale, s.shift, a->act};
}

static void update_running(const struct yt_node *node, float *running_mean, float *running_var,
                           const float *mean, const float *var) {
    const struct yt_map *x = &node->value;
    double n = (double)x->n * x->h * x->w;
    float unbias = n > 1 ? (float)(n / (n - 1)) : 1.0f;
    for (int c = 0; c < x->c; c++) {
        /* The trainer leaves out a step that overflowed; its statistics would stay for good. */
        if (!isfinite(mean[c]) || !isfinite(var[c])) continue;
        running_mean[c] += YT_BN_MOMENTUM * (mean[c] - running_mean[c]);
        running_var[c] += YT_BN_MOMENTUM * (var[c] * unbias - running_var[c]);
    }
}

static void calibrate(const struct yt_node *node, float *gamma, float *beta, float *running_mean,
                      float *running_var, const float *mean, const float *var) {
    for (int c = 0; c < node->value.c; c++) {
        float old_std = sqrtf(running_var[c] + YT_BN_EPS), new_std = sqrtf(var[c] + YT_BN_EPS);
        float scale = gamma[c] / old_std;
        beta[c] += (mean[c] - running_mean[c]) * scale;
        gamma[c] = scale * new_std;
        running_mean[c] = mean[c];
        running_var[c] = var[c];
    }
}

static void forward(struct yt_graph *g, struct yt_node *node) {
    const struct attr *a = node->attr;
    const struct yt_params *params = yt_graph_params(g);
    const struct yt_map *x = &node->in[0]->value;
    struct stats s = saved_stats(node);
    float *gamma = yt_params_value(params, a->bn.gamma);
    float *beta = yt_params_value(params, a->bn.beta);
    float *running_mean = yt_params_value(params, a->bn.mean);
    float *running_var = yt_params_value(params, a->bn.var);
    const float *mean = running_mean, *var = running_var;
    if (yt_graph_mode(g) != YT_GRAPH_EVAL) {
        if (!node->summed)
            yt_bn_first_pass(&(struct yt_bn_pass){.sums = s.sums}, x, yt_graph_scratch(g));
        yt_bn_moments(s.sums, (size_t)x->n * (size_t)x->h * (size_t)x->w, x->c, s.mean,
                      s.shift); /* shift holds var for now */
        if (yt_graph_mode(g) == YT_GRAPH_CALIBRATE) {
            calibrate(node, gamma, beta, running_mean, running_var, s.mean, s.shift);
        } else {
            update_running(node, running_mean, running_var, s.mean, s.shift);
            mean = s.mean;
            var = s.shift;
        }
    }
    for (int c = 0; c < x->c; c++) {
        s.inv_std[c] = 1.0f / sqrtf(var[c] + YT_BN_EPS);
        s.scale[c] = gamma[c] * s.inv_std[c];
        s.shift[c] = beta[c] - mean[c] * s.scale[c];
    }
    yt_scale_shift_act(x, s.scale, s.shift, a->act, &node->value);
}

static void renew(struct yt_graph *g, struct yt_node *node) {
    const struct attr *a = node->attr;
    struct stats s = saved_stats(node);
    (void)g;
    yt_scale_shift_act(&node->in[0]->value, s.scale, s.shift, a->act, &node->value);
}

static void backward(struct yt_graph *g, struct yt_node *node) {
    const struct attr *a = node->attr;
    const struct yt_params *params = yt_graph_params(g);
    struct stats s = saved_stats(node);
    const struct yt_bn_stats stats = {s.mean, s.inv_std, yt_params_value(params, a->bn.gamma)};
    if (!node->passed) {
        const struct yt_bn_pass pass = first_pass(node);
        yt_bn_first_pass(&pass, &node->grad, yt_graph_scratch(g));
    }
    yt_bn_backward(&node->in[0]->value, &node->grad, &stats, s.sums,
                   yt_params_grad(params, a->bn.gamma), yt_params_grad(params, a->bn.beta),
                   &node->in[0]->grad, node->grad_add[0], yt_graph_scratch(g));
}

static size_t scratch(const struct yt_graph *g, const struct yt_node *node) {
    return yt_graph_mode(g) == YT_GRAPH_EVAL ? 0 : yt_bn_scratch(&node->value);
}

static const struct yt_op op_bn_act = {
    .name = "bn_act",
    .reads = YT_READS_INPUT0,
    .gradient_over_input = true,
    .forward = forward,
    .backward = backward,
    .renew = renew,
    .first_pass = first_pass,
    .scratch = scratch,
};

struct yt_node *yt_bn_act(struct yt_graph *g, struct yt_node *x, struct yt_bn bn, enum yt_act act) {
    const struct yt_map *v = &x->value;
    struct yt_node *node =
        yt_node_new(g, &op_bn_act, &x, 1, v->n, v->h, v->w, v->c, sizeof(struct attr));
    *(struct attr *)node->attr = (struct attr){bn, act};
    node->saved_bytes = (size_t)v->c * (2 * sizeof(double) + 4 * sizeof(float));
    node->needs_grad = yt_graph_mode(g) == YT_GRAPH_TRAIN;
    return node;
}
