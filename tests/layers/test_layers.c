/* Every block: gradient checks with every way to plan memory and several thread counts, and the
 * folded form against the training form with running statistics. */
#include "support/test.h"
#include "tensor/ref_gradient.h"

#include "layers/layers.h"
#include "tensor/ops.h"

#include <math.h>

typedef struct yt_node *block(const struct yt_net *net, struct yt_node *x);

static struct yt_node *conv(const struct yt_net *net, struct yt_node *x) {
    return yt_layer_conv(net, x, 6, (struct yt_conv_spec){.k = 3, .stride = 2}, "b");
}
static struct yt_node *conv_linear(const struct yt_net *net, struct yt_node *x) {
    return yt_layer_conv(net, x, 5, (struct yt_conv_spec){.k = 1, .stride = 1, .linear = true},
                         "b");
}
static struct yt_node *conv_depthwise(const struct yt_net *net, struct yt_node *x) {
    return yt_layer_conv(net, x, x->value.c,
                         (struct yt_conv_spec){.k = 3, .stride = 1, .depthwise = true}, "b");
}
static struct yt_node *linear(const struct yt_net *net, struct yt_node *x) {
    return yt_layer_linear(net, x, 7, "b");
}
static struct yt_node *c2f(const struct yt_net *net, struct yt_node *x) {
    return yt_layer_c2f(net, x, 10, 2, false, YT_C2F_BOTTLENECK, "b");
}
static struct yt_node *c2f_shortcut(const struct yt_net *net, struct yt_node *x) {
    return yt_layer_c2f(net, x, 8, 2, true, YT_C2F_BOTTLENECK, "b");
}
static struct yt_node *c2f_cib(const struct yt_net *net, struct yt_node *x) {
    return yt_layer_c2f(net, x, 8, 1, true, YT_C2F_CIB, "b");
}
static struct yt_node *c2f_cib_lk(const struct yt_net *net, struct yt_node *x) {
    return yt_layer_c2f(net, x, 8, 1, true, YT_C2F_CIB_LK, "b");
}
static struct yt_node *cib(const struct yt_net *net, struct yt_node *x) {
    return yt_layer_cib(net, x, false, false, "b");
}
static struct yt_node *scdown(const struct yt_net *net, struct yt_node *x) {
    return yt_layer_scdown(net, x, 9, "b");
}
static struct yt_node *sppf(const struct yt_net *net, struct yt_node *x) {
    return yt_layer_sppf(net, x, 6, "b");
}
static struct yt_node *psa(const struct yt_net *net, struct yt_node *x) {
    return yt_layer_psa(net, x, "b");
}

/* Two images of 5x6 pixels; the attention of PSA needs 64 channels a head. */
static block *const blocks[] = {conv, conv_linear,  conv_depthwise, linear,
                                c2f,  c2f_shortcut, c2f_cib,        c2f_cib_lk,
                                cib,  scdown,       sppf,           psa};
static const char *const names[] = {
    "Conv",       "Conv, linear", "Conv, depthwise", "linear", "C2f", "C2f, shortcut", "C2fCIB",
    "C2fCIB, lk", "CIB",          "SCDown",          "SPPF",   "PSA"};

static int channels(size_t i) {
    return blocks[i] == psa ? 128 : 8;
}

static size_t current; /* cmocka's and ref_gradient's callbacks have no argument for it */

static void build(struct ref_net *ref) {
    struct yt_net net = {ref->g, ref->params, false};
    ref_output(ref, blocks[current](&net, ref_leaf(ref, "leaf", 2, 5, 6, channels(current))));
}

static void test_gradients(void **state) {
    (void)state;
    for (current = 0; current < YT_COUNT(blocks); current++)
        ref_check_gradients(&(struct ref_case){
            .name = names[current],
            .build = build,
            .step = blocks[current] == sppf ? 2e-3 : 4e-3, /* maxima have kinks */
            .tolerance = 2e-3,
            .vanishing = {".attn.pe.bn.bias", ".attn.proj.bn.bias", ".ffn.1.bn.bias"},
        });
}

/* --- folded --- */

static float *param(const struct yt_params *params, const char *prefix, const char *suffix) {
    char *name = yt_format("%s%s", prefix, suffix);
    int index = yt_params_find(params, name);
    free(name);
    return index < 0 ? NULL : yt_params_value(params, index);
}

/* w' = w gamma/std, b' = beta - mean gamma/std, written out for one convolution of the folded
 * form, to which a smaller one of the training form may be added in the middle. */
static void fold_one(const struct yt_params *from, const char *prefix, const struct yt_param *to,
                     float *weight, float *bias, int k) {
    const float *w = param(from, prefix, ".conv.weight"),
                *gamma = param(from, prefix, ".bn.weight");
    const float *beta = param(from, prefix, ".bn.bias");
    const float *mean = param(from, prefix, ".bn.running_mean");
    const float *var = param(from, prefix, ".bn.running_var");
    assert_non_null(w);
    int c_out = to->shape[0], c_in = to->shape[1], whole = to->shape[2], edge = (whole - k) / 2;
    for (int o = 0; o < c_out; o++) {
        double scale = gamma[o] / sqrt((double)var[o] + 1e-3);
        bias[o] += (float)(beta[o] - mean[o] * scale);
        for (int y = 0; y < k; y++)
            for (int x = 0; x < k; x++)
                for (int i = 0; i < c_in; i++)
                    weight[(((y + edge) * whole + x + edge) * c_in + i) * c_out + o] +=
                        (float)(scale * w[((y * k + x) * c_in + i) * c_out + o]);
    }
}

static void fold(const struct yt_params *from, struct yt_params *to) {
    for (size_t i = 0; i < to->count; i++) {
        const struct yt_param *p = &to->items[i];
        const char *end = strstr(p->name, ".conv.weight");
        float *plain = param(from, p->name, "");
        if (!end) {
            if (plain) memcpy(yt_params_value(to, (int)i), plain, p->count * sizeof(float));
            continue; /* biases come with their weights */
        }
        char *prefix = yt_format("%.*s", (int)(end - p->name), p->name);
        char *large = yt_format("%s.conv", prefix), *small = yt_format("%s.conv1", prefix);
        float *weight = yt_params_value(to, (int)i), *bias = param(to, prefix, ".conv.bias");
        if (param(from, prefix, ".bn.weight")) {
            fold_one(from, prefix, p, weight, bias, p->shape[2]);
        } else {
            fold_one(from, large, p, weight, bias, 7);
            fold_one(from, small, p, weight, bias, 3);
        }
        free(prefix);
        free(large);
        free(small);
    }
}

struct form {
    struct yt_graph *g;
    struct yt_node *x, *y;
};

static struct form form_new(struct yt_params *params, bool folded) {
    struct form f = {.g = yt_graph_new(params, YT_GRAPH_EVAL)};
    struct yt_net net = {f.g, params, folded};
    f.x = yt_input(f.g, 2, 5, 6, channels(current));
    f.y = blocks[current](&net, f.x);
    yt_graph_output(f.g, f.y);
    return f;
}

static void form_run(struct form *f, const float *x, size_t count) {
    assert_int_equal(yt_graph_plan(f->g, YT_MEMORY_POISON), 0);
    memcpy(f->x->value.p, x, count * sizeof(float));
    yt_graph_forward(f->g);
}

static void test_folded(void **state) {
    (void)state;
    for (current = 0; current < YT_COUNT(blocks); current++) {
        struct yt_params *params = ref_params(build), *folded = yt_params_new();
        const float *x = param(params, "leaf", "");
        size_t count = 2 * 5 * 6 * (size_t)channels(current);
        struct form train = form_new(params, false), fold_form = form_new(folded, true);
        yt_params_allocate(folded);
        fold(params, folded);
        form_run(&train, x, count);
        form_run(&fold_form, x, count);
        const struct yt_map *a = &train.y->value, *b = &fold_form.y->value;
        assert_int_equal(a->ld, a->c);
        double size = 0, error = 0;
        for (size_t i = 0; i < (size_t)(a->n * a->h * a->w * a->c); i++) {
            size += (double)a->p[i] * (double)a->p[i];
            error += ((double)a->p[i] - (double)b->p[i]) * ((double)a->p[i] - (double)b->p[i]);
        }
        if (!(size > 1e-3 && error <= 1e-10 * size))
            fail_msg("%s: folded is off by %g of %g", names[current], sqrt(error), sqrt(size));
        yt_graph_free(train.g);
        yt_graph_free(fold_form.g);
        yt_params_free(params);
        yt_params_free(folded);
    }
}

/* A batch that overflows must not spoil the running statistics, which no later step could mend. */
static void test_overflow_leaves_statistics(void **state) {
    (void)state;
    current = 0;
    struct yt_params *params = ref_params(build);
    float *var = param(params, "b", ".bn.running_var"),
          *mean = param(params, "b", ".bn.running_mean");
    float before = var[1];
    param(params, "leaf", "")[3] = INFINITY;
    struct ref_net net = ref_run(build, params, YT_MEMORY_REUSE);
    double sum = 0;
    for (size_t i = 0; i < params->trainable; i++) sum += (double)params->grad[i];
    assert_false(isfinite(sum));
    for (int c = 0; c < 6; c++) assert_true(isfinite(var[c]) && isfinite(mean[c]));
    assert_true(var[1] == before);
    yt_graph_free(net.g);
    yt_params_free(params);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_gradients),
        cmocka_unit_test(test_folded),
        cmocka_unit_test(test_overflow_leaves_statistics),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
