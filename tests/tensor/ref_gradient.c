#include "tensor/ref_gradient.h"

#include "base/rng.h"
#include "base/threads.h"
#include "support/test.h"

#include <math.h>

/* --- an op for tests: a value that is a parameter --- */

static float *row(const struct yt_map *m, size_t pixel) {
    return m->p + pixel * (size_t)m->ld;
}

static size_t pixels(const struct yt_map *m) {
    return (size_t)m->n * (size_t)m->h * (size_t)m->w;
}

static void leaf_forward(struct yt_graph *g, struct yt_node *node) {
    const float *p = yt_params_value(yt_graph_params(g), *(const int *)node->attr);
    size_t c = (size_t)node->value.c;
    for (size_t i = 0; i < pixels(&node->value); i++)
        memcpy(row(&node->value, i), p + i * c, c * sizeof(float));
}

static void leaf_backward(struct yt_graph *g, struct yt_node *node) {
    float *grad = yt_params_grad(yt_graph_params(g), *(const int *)node->attr);
    size_t c = (size_t)node->value.c;
    for (size_t i = 0; i < pixels(&node->grad); i++)
        for (size_t j = 0; j < c; j++) grad[i * c + j] += row(&node->grad, i)[j];
}

static const struct yt_op op_leaf = {
    .name = "leaf", .forward = leaf_forward, .backward = leaf_backward};

struct yt_node *ref_leaf(struct ref_net *net, const char *name, int n, int h, int w, int c) {
    struct yt_node *node = yt_node_new(net->g, &op_leaf, NULL, 0, n, h, w, c, sizeof(int));
    *(int *)node->attr = yt_params_add(net->params, name, YT_PARAM_BIAS, 1, (int[]){n * h * w * c});
    node->needs_grad = true;
    return node;
}

void ref_output(struct ref_net *net, struct yt_node *node) {
    YT_ASSERT(net->output_count < (int)YT_COUNT(net->outputs));
    yt_graph_output(net->g, node);
    net->outputs[net->output_count++] = node;
}

/* --- parameters --- */

static struct yt_rng stream(const char *purpose, const char *name, uint64_t index) {
    return yt_rng_make(7, purpose, yt_hash(name, strlen(name)), index);
}

/* Equal steps from -2 to 2 in random order: no two elements tie in a maximum. */
static void fill_levels(float *value, size_t count, struct yt_rng *rng) {
    uint32_t *order = yt_malloc(count * sizeof(*order));
    for (size_t i = 0; i < count; i++) order[i] = (uint32_t)i;
    yt_rng_shuffle(rng, order, count);
    for (size_t i = 0; i < count; i++) value[i] = (float)(4 * (order[i] + 0.5) / (double)count - 2);
    free(order);
}

static void fill_param(const struct yt_param *param, float *value) {
    struct yt_rng rng = stream("fill", param->name, 0);
    double mean = param->kind == YT_PARAM_NORM || strstr(param->name, "var") ? 1 : 0, spread = 0.3;
    if (param->kind == YT_PARAM_WEIGHT)
        spread = sqrt(3.0 / (param->shape[1] * param->shape[2] * param->shape[3]));
    if (strncmp(param->name, "leaf", 4) == 0)
        fill_levels(value, param->count, &rng);
    else
        for (size_t i = 0; i < param->count; i++)
            value[i] = (float)yt_rng_uniform(&rng, mean - spread, mean + spread);
}

static struct ref_net net_new(void (*build)(struct ref_net *net), struct yt_params *params) {
    struct ref_net net = {.g = yt_graph_new(params, YT_GRAPH_TRAIN), .params = params};
    build(&net);
    return net;
}

struct yt_params *ref_params(void (*build)(struct ref_net *net)) {
    struct yt_params *params = yt_params_new();
    struct ref_net net = net_new(build, params);
    yt_graph_free(net.g);
    yt_params_allocate(params);
    for (size_t i = 0; i < params->count; i++)
        fill_param(&params->items[i], yt_params_value(params, (int)i));
    return params;
}

/* --- running --- */

/* The derivative of f by each output is that output's random r. */
static double visit_outputs(const struct ref_net *net, bool write_gradients) {
    double f = 0;
    for (int i = 0; i < net->output_count; i++) {
        const struct yt_node *node = net->outputs[i];
        struct yt_rng rng = stream("r", "output", (uint64_t)i);
        for (size_t p = 0; p < pixels(&node->value); p++)
            for (int c = 0; c < node->value.c; c++) {
                double r = yt_rng_uniform(&rng, -1, 1);
                f += (double)(float)r * (double)row(&node->value, p)[c];
                if (write_gradients) row(&node->grad, p)[c] = (float)r;
            }
    }
    return f;
}

void ref_step(const struct ref_net *net) {
    yt_graph_forward(net->g);
    visit_outputs(net, true);
    yt_graph_backward(net->g);
}

static void clear_gradients(struct yt_params *params) {
    memset(params->grad, 0, params->trainable * sizeof(float));
}

struct ref_net ref_run(void (*build)(struct ref_net *net), struct yt_params *params,
                       enum yt_memory memory) {
    struct ref_net net = net_new(build, params);
    assert_int_equal(yt_graph_plan(net.g, memory), 0);
    clear_gradients(params);
    ref_step(&net);
    return net;
}

/* --- against differences --- */

static double norm(const float *v, size_t count) {
    double sum = 0;
    for (size_t i = 0; i < count; i++) sum += (double)v[i] * (double)v[i];
    return sqrt(sum);
}

/* (f(p + width*d) - f(p - width*d)) / (2 width) */
static double difference(const struct ref_net *net, const struct yt_param *param, const float *d,
                         double width) {
    float *p = net->params->value + param->offset, *kept = yt_malloc(param->count * sizeof(float));
    double f[2];
    memcpy(kept, p, param->count * sizeof(float));
    for (int side = 0; side < 2; side++) {
        for (size_t i = 0; i < param->count; i++)
            p[i] = kept[i] + (float)(side ? -width : width) * d[i];
        yt_graph_forward(net->g);
        f[side] = visit_outputs(net, false);
    }
    memcpy(p, kept, param->count * sizeof(float));
    free(kept);
    return (f[0] - f[1]) / (2 * width);
}

static void check_direction(const struct ref_case *c, const struct ref_net *net,
                            const struct yt_param *param, const float *grad, uint64_t index) {
    struct yt_rng rng = stream("direction", param->name, index);
    float *d = yt_malloc(param->count * sizeof(float));
    double analytic = 0, step = c->step > 0 ? c->step : 0.02;
    for (size_t i = 0; i < param->count; i++) {
        d[i] = (float)yt_rng_uniform(&rng, -1, 1);
        analytic += (double)d[i] * (double)grad[i];
    }
    double near = difference(net, param, d, step), far = difference(net, param, d, 2 * step);
    double numeric = (4 * near - far) / 3, size = norm(grad, param->count);
    if (!(fabs(analytic - numeric) <= (c->tolerance > 0 ? c->tolerance : 1e-3) * size))
        fail_msg("%s: %s: derivative %.8g, by differences %.8g, off by %.2g of the norm %.4g",
                 c->name, param->name, analytic, numeric, fabs(analytic - numeric) / size, size);
    free(d);
}

static bool vanishes(const struct ref_case *c, const char *name) {
    for (size_t i = 0; i < YT_COUNT(c->vanishing); i++)
        if (c->vanishing[i] && strstr(name, c->vanishing[i])) return true;
    return false;
}

static void check_params(const struct ref_case *c, const struct ref_net *net, const float *grad) {
    const struct yt_params *params = net->params;
    for (size_t i = 0; i < params->count; i++) {
        const struct yt_param *param = &params->items[i];
        if (param->kind == YT_PARAM_BUFFER) continue;
        double size = norm(grad + param->offset, param->count);
        if (c->silent && strstr(param->name, c->silent)) {
            assert_true(size == 0);
            continue;
        }
        if (vanishes(c, param->name)) {
            assert_true(size < 1e-3);
            continue;
        }
        if (!(size > 1e-2)) fail_msg("%s: %s: gradient of norm %g", c->name, param->name, size);
        for (uint64_t index = 0; index < 2; index++)
            check_direction(c, net, param, grad + param->offset, index);
    }
}

/* --- the same bits --- */

struct result {
    float *grad, *value;
    double f;
};

static struct result result_of(const struct ref_net *net) {
    const struct yt_params *p = net->params;
    struct result r = {yt_malloc(p->trainable * sizeof(float)), yt_malloc(p->total * sizeof(float)),
                       visit_outputs(net, false)};
    memcpy(r.grad, p->grad, p->trainable * sizeof(float));
    memcpy(r.value, p->value, p->total * sizeof(float));
    return r;
}

static void result_release(struct result *r) {
    free(r->grad);
    free(r->value);
}

static void assert_same(const char *name, const char *what, const struct ref_net *net,
                        const struct result *want) {
    struct result got = result_of(net);
    const struct yt_params *p = net->params;
    if (memcmp(&got.f, &want->f, sizeof(got.f)) != 0)
        fail_msg("%s: %s: outputs differ (%.17g, %.17g)", name, what, got.f, want->f);
    if (memcmp(got.grad, want->grad, p->trainable * sizeof(float)) != 0)
        fail_msg("%s: %s: gradients differ", name, what);
    if (memcmp(got.value, want->value, p->total * sizeof(float)) != 0)
        fail_msg("%s: %s: running statistics differ", name, what);
    result_release(&got);
}

static void check_same_bits(const struct ref_case *c, struct yt_params *params, const float *start,
                            const struct result *want) {
    static const struct {
        const char *what;
        enum yt_memory memory;
    } plans[] = {
        {"keep", YT_MEMORY_KEEP}, {"reuse", YT_MEMORY_REUSE}, {"poison", YT_MEMORY_POISON}};
    int before = yt_threads();
    for (size_t i = 0; i < YT_COUNT(plans); i++)
        for (int threads = 1; threads <= 3; threads++) {
            char what[64];
            snprintf(what, sizeof(what), "%s memory, %d threads", plans[i].what, threads);
            yt_threads_set(threads);
            memcpy(params->value, start, params->total * sizeof(float));
            struct ref_net net = ref_run(c->build, params, plans[i].memory);
            assert_same(c->name, what, &net, want);
            memcpy(params->value, start, params->total * sizeof(float));
            clear_gradients(params);
            ref_step(&net);
            assert_same(c->name, "a second run", &net, want);
            yt_graph_free(net.g);
        }
    yt_threads_set(before);
}

void ref_check_gradients(const struct ref_case *c) {
    int before = yt_threads();
    yt_threads_set(1); /* the graphs are tiny */
    struct yt_params *params = ref_params(c->build);
    float *start = yt_malloc(params->total * sizeof(float));
    memcpy(start, params->value, params->total * sizeof(float));
    struct ref_net net = ref_run(c->build, params, YT_MEMORY_KEEP);
    struct result want = result_of(&net);
    check_params(c, &net, want.grad);
    yt_graph_free(net.g);
    yt_threads_set(before);
    check_same_bits(c, params, start, &want);
    result_release(&want);
    free(start);
    yt_params_free(params);
}
