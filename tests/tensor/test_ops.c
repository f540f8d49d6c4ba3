/* Every op, and every way in which values share memory, by gradient checks (ref_gradient.h). */
#include "ref_gradient.h"
#include "support/test.h"

#include "tensor/ops.h"

#include <math.h>

/* --- parameters of ops --- */

static int weight(struct ref_net *net, const char *name, int c_out, int c_in, int k) {
    return yt_params_add(net->params, name, YT_PARAM_WEIGHT, 4, (int[]){c_out, c_in, k, k});
}

static struct yt_bn norms(struct ref_net *net, int c) {
    return (struct yt_bn){
        .gamma = yt_params_add(net->params, "bn.gamma", YT_PARAM_NORM, 1, &c),
        .beta = yt_params_add(net->params, "bn.beta", YT_PARAM_BIAS, 1, &c),
        .mean = yt_params_add(net->params, "bn.mean", YT_PARAM_BUFFER, 1, &c),
        .var = yt_params_add(net->params, "bn.var", YT_PARAM_BUFFER, 1, &c),
    };
}

static struct yt_node *conv(struct ref_net *net, struct yt_node *x, int c_out, int k, int stride) {
    char name[32];
    snprintf(name, sizeof(name), "conv of node %d", x->index);
    return yt_conv2d(net->g, x, (struct yt_conv){k, stride, k / 2},
                     weight(net, name, c_out, x->value.c, k), -1, YT_ACT_NONE);
}

static struct yt_node *dwconv(struct ref_net *net, struct yt_node *x, int k, int stride) {
    return yt_dwconv2d(net->g, x, (struct yt_conv){k, stride, k / 2},
                       weight(net, "dwconv", x->value.c, 1, k), -1, YT_ACT_NONE);
}

/* --- one op each --- */

static void build_conv1(struct ref_net *net) {
    ref_output(net, conv(net, ref_leaf(net, "leaf", 2, 5, 3, 7), 9, 1, 1));
}

static void build_conv3(struct ref_net *net) {
    ref_output(net, conv(net, ref_leaf(net, "leaf", 2, 7, 5, 5), 11, 3, 1));
}

static void build_conv3_stride2(struct ref_net *net) {
    ref_output(net, conv(net, ref_leaf(net, "leaf", 2, 7, 6, 3), 8, 3, 2));
}

static void build_conv_bias(struct ref_net *net) {
    struct yt_node *x = ref_leaf(net, "leaf", 1, 4, 5, 6);
    int bias = yt_params_add(net->params, "conv.bias", YT_PARAM_BIAS, 1, (int[]){5});
    ref_output(net, yt_conv2d(net->g, x, (struct yt_conv){1, 1, 0}, weight(net, "conv", 5, 6, 1),
                              bias, YT_ACT_NONE));
}

static void build_conv_of_input(struct ref_net *net) {
    /* An input has no gradient; that of the weights must be right all the same. */
    struct yt_node *x = ref_leaf(net, "leaf.silent", 1, 6, 6, 3);
    ref_output(net, conv(net, yt_detach(net->g, x), 4, 3, 2));
}

static void build_dwconv3(struct ref_net *net) {
    ref_output(net, dwconv(net, ref_leaf(net, "leaf", 2, 5, 6, 9), 3, 1));
}

static void build_dwconv3_stride2(struct ref_net *net) {
    ref_output(net, dwconv(net, ref_leaf(net, "leaf", 2, 7, 6, 9), 3, 2));
}

static void build_dwconv7(struct ref_net *net) {
    ref_output(net, dwconv(net, ref_leaf(net, "leaf", 1, 5, 8, 10), 7, 1));
}

static void build_bn(struct ref_net *net) {
    struct yt_node *x = ref_leaf(net, "leaf", 2, 5, 3, 9);
    ref_output(net, yt_bn_act(net->g, x, norms(net, 9), YT_ACT_NONE));
}

static void build_bn_silu(struct ref_net *net) {
    struct yt_node *x = ref_leaf(net, "leaf", 3, 4, 3, 10);
    ref_output(net, yt_bn_act(net->g, x, norms(net, 10), YT_ACT_SILU));
}

static void build_silu(struct ref_net *net) {
    ref_output(net, yt_silu(net->g, ref_leaf(net, "leaf", 1, 3, 5, 7)));
}

static void build_add(struct ref_net *net) {
    struct yt_node *a = ref_leaf(net, "leaf.a", 1, 3, 4, 5);
    ref_output(net, yt_add(net->g, a, ref_leaf(net, "leaf.b", 1, 3, 4, 5)));
}

static void build_upsample(struct ref_net *net) {
    ref_output(net, yt_upsample2(net->g, ref_leaf(net, "leaf", 2, 3, 5, 7)));
}

static void build_maxpool(struct ref_net *net) {
    struct yt_node *x = ref_leaf(net, "leaf", 1, 6, 7, 3);
    ref_output(net, yt_maxpool(net->g, x, 3));
    ref_output(net, yt_maxpool(net->g, x, 5));
}

static void build_attention(struct ref_net *net) {
    ref_output(net, yt_attention(net->g, ref_leaf(net, "leaf", 2, 3, 4, 3 * (2 * 4 + 6)), 3, 4, 6));
}

/* --- values used twice, and gradients in parts --- */

static void build_add_to_itself(struct ref_net *net) {
    struct yt_node *x = ref_leaf(net, "leaf", 1, 3, 4, 5);
    ref_output(net, yt_add(net->g, x, x));
}

static void build_used_three_times(struct ref_net *net) {
    struct yt_node *x = yt_silu(net->g, ref_leaf(net, "leaf", 1, 3, 4, 5));
    struct yt_node *y = yt_add(net->g, x, conv(net, x, 5, 3, 1));
    ref_output(net, yt_add(net->g, yt_silu(net->g, x), y));
}

static void build_residual(struct ref_net *net) {
    struct yt_node *x = yt_silu(net->g, ref_leaf(net, "leaf", 2, 4, 3, 6));
    struct yt_node *y = yt_bn_act(net->g, conv(net, x, 6, 3, 1), norms(net, 6), YT_ACT_SILU);
    ref_output(net, yt_add(net->g, x, y));
}

/* The convolution's result is read by batch norm and by another op: its gradient may not take the
 * place of its value. */
static void build_bn_of_shared(struct ref_net *net) {
    struct yt_node *x = conv(net, ref_leaf(net, "leaf", 2, 4, 3, 6), 6, 1, 1);
    struct yt_node *y = yt_bn_act(net->g, x, norms(net, 6), YT_ACT_SILU);
    ref_output(net, yt_add(net->g, yt_silu(net->g, x), y));
}

static void build_bn_of_output(struct ref_net *net) {
    struct yt_node *x = conv(net, ref_leaf(net, "leaf", 2, 4, 3, 6), 6, 1, 1);
    ref_output(net, x);
    ref_output(net, yt_bn_act(net->g, x, norms(net, 6), YT_ACT_SILU));
}

static void build_bn_of_slice(struct ref_net *net) {
    struct yt_node *x = conv(net, ref_leaf(net, "leaf", 2, 4, 3, 6), 9, 1, 1);
    ref_output(net, yt_bn_act(net->g, yt_slice(net->g, x, 2, 5), norms(net, 5), YT_ACT_SILU));
}

static void build_bn_of_concatenated(struct ref_net *net) {
    struct yt_node *x = conv(net, ref_leaf(net, "leaf", 2, 4, 3, 6), 5, 1, 1);
    struct yt_node *y = yt_bn_act(net->g, x, norms(net, 5), YT_ACT_SILU);
    ref_output(net, yt_concat(net->g, (struct yt_node *[]){x, y}, 2));
}

/* Only channels 2 to 4 are used: the others' gradient is zero, which nobody writes. */
static void build_part_used(struct ref_net *net) {
    struct yt_node *x = conv(net, ref_leaf(net, "leaf", 1, 3, 4, 6), 8, 1, 1);
    ref_output(net, yt_silu(net->g, yt_slice(net->g, x, 2, 3)));
}

static void build_overlapping_slices(struct ref_net *net) {
    struct yt_node *x = conv(net, ref_leaf(net, "leaf", 1, 3, 4, 6), 9, 1, 1);
    struct yt_node *a = yt_slice(net->g, x, 1, 4), *b = yt_slice(net->g, x, 3, 4);
    ref_output(net, yt_add(net->g, a, yt_silu(net->g, b)));
}

static void build_slice_then_whole(struct ref_net *net) {
    struct yt_node *x = conv(net, ref_leaf(net, "leaf", 1, 3, 4, 6), 9, 1, 1);
    ref_output(net, yt_silu(net->g, yt_slice(net->g, x, 4, 3)));
    ref_output(net, yt_silu(net->g, x));
    ref_output(net, yt_silu(net->g, yt_slice(net->g, yt_slice(net->g, x, 2, 6), 1, 4)));
}

/* A value that is output and read by an op as well. */
static void build_output_used(struct ref_net *net) {
    struct yt_node *x = yt_silu(net->g, ref_leaf(net, "leaf", 1, 3, 4, 6));
    ref_output(net, x);
    ref_output(net, conv(net, x, 3, 1, 1));
}

static void build_output_slice(struct ref_net *net) {
    struct yt_node *x = conv(net, ref_leaf(net, "leaf", 1, 3, 4, 6), 8, 1, 1);
    ref_output(net, yt_slice(net->g, x, 1, 3));
    ref_output(net, yt_silu(net->g, yt_slice(net->g, x, 2, 4)));
}

/* --- concatenations --- */

static void build_concat(struct ref_net *net) {
    struct yt_node *xs[3] = {ref_leaf(net, "leaf.a", 2, 3, 2, 5),
                             ref_leaf(net, "leaf.b", 2, 3, 2, 1),
                             ref_leaf(net, "leaf.c", 2, 3, 2, 7)};
    ref_output(net, conv(net, yt_concat(net->g, xs, 3), 6, 3, 1));
}

/* The parts are read by others before and after they are joined. */
static void build_concat_shared(struct ref_net *net) {
    struct yt_node *a = ref_leaf(net, "leaf.a", 1, 4, 3, 5);
    struct yt_node *b = yt_silu(net->g, a), *c = conv(net, b, 4, 3, 1);
    struct yt_node *joined = yt_concat(net->g, (struct yt_node *[]){c, a, b}, 3);
    ref_output(net, conv(net, joined, 3, 1, 1));
    ref_output(net, yt_silu(net->g, b));
}

/* A slice and a value that lives in a concatenation already are copied. */
static void build_concat_copies(struct ref_net *net) {
    struct yt_node *a = ref_leaf(net, "leaf.a", 1, 4, 3, 6);
    struct yt_node *b = yt_silu(net->g, a);
    struct yt_node *first =
        yt_concat(net->g, (struct yt_node *[]){b, yt_slice(net->g, a, 1, 3)}, 2);
    struct yt_node *second = yt_concat(net->g, (struct yt_node *[]){a, b, first}, 3);
    ref_output(net, conv(net, first, 3, 1, 1));
    ref_output(net, conv(net, second, 3, 1, 1));
}

static void build_concat_nested(struct ref_net *net) {
    struct yt_node *a = ref_leaf(net, "leaf.a", 1, 4, 3, 3);
    struct yt_node *inner = yt_concat(net->g, (struct yt_node *[]){a, yt_silu(net->g, a)}, 2);
    struct yt_node *b = conv(net, inner, 4, 3, 1);
    struct yt_node *outer = yt_concat(net->g, (struct yt_node *[]){b, inner}, 2);
    ref_output(net, conv(net, yt_slice(net->g, outer, 3, 5), 6, 1, 1));
    ref_output(net, yt_silu(net->g, outer));
}

static void build_concat_twice_the_same(struct ref_net *net) {
    struct yt_node *a = yt_silu(net->g, ref_leaf(net, "leaf.a", 1, 4, 3, 3));
    struct yt_node *all = yt_slice(net->g, a, 0, 3);
    ref_output(net, conv(net, yt_concat(net->g, (struct yt_node *[]){a, a, all}, 3), 4, 1, 1));
}

static void build_pools_joined(struct ref_net *net) {
    struct yt_node *xs[4] = {ref_leaf(net, "leaf", 1, 6, 5, 3)};
    for (int i = 1; i < 4; i++) xs[i] = yt_maxpool(net->g, xs[i - 1], 3);
    ref_output(net, conv(net, yt_concat(net->g, xs, 4), 5, 1, 1));
}

static void build_upsample_joined(struct ref_net *net) {
    struct yt_node *a = ref_leaf(net, "leaf.a", 1, 2, 3, 4);
    struct yt_node *xs[2] = {yt_upsample2(net->g, a), ref_leaf(net, "leaf.b", 1, 4, 6, 3)};
    ref_output(net, conv(net, yt_concat(net->g, xs, 2), 5, 3, 2));
    ref_output(net, yt_silu(net->g, a));
}

/* qkv is read by attention, and its v by a convolution: attention adds to a part. */
static void build_attention_and_slices(struct ref_net *net) {
    struct yt_node *qkv = conv(net, ref_leaf(net, "leaf", 2, 2, 3, 5), 2 * (2 * 3 + 4), 1, 1);
    struct yt_node *v[2] = {yt_slice(net->g, qkv, 6, 4), yt_slice(net->g, qkv, 16, 4)};
    struct yt_node *position = dwconv(net, yt_concat(net->g, v, 2), 3, 1);
    ref_output(net, yt_add(net->g, yt_attention(net->g, qkv, 2, 3, 4), position));
}

/* --- detached --- */

static void build_detach(struct ref_net *net) {
    struct yt_node *x = yt_silu(net->g, ref_leaf(net, "leaf.silent", 1, 3, 4, 5));
    struct yt_node *y = ref_leaf(net, "leaf.b", 1, 3, 4, 5);
    ref_output(net, yt_add(net->g, yt_detach(net->g, x), y));
    ref_output(net, conv(net, yt_detach(net->g, x), 4, 3, 1));
}

static void build_detach_joined(struct ref_net *net) {
    struct yt_node *x = yt_silu(net->g, ref_leaf(net, "leaf.silent", 1, 3, 4, 5));
    struct yt_node *xs[3] = {yt_detach(net->g, x), ref_leaf(net, "leaf.b", 1, 3, 4, 2),
                             yt_slice(net->g, yt_detach(net->g, x), 0, 5)};
    ref_output(net, conv(net, yt_concat(net->g, xs, 3), 4, 3, 1));
}

static void check(const struct ref_case *cases, size_t count) {
    for (size_t i = 0; i < count; i++) ref_check_gradients(&cases[i]);
}

static void test_each_op(void **state) {
    static const struct ref_case cases[] = {
        {.name = "conv 1x1", .build = build_conv1},
        {.name = "conv 3x3", .build = build_conv3},
        {.name = "conv 3x3 stride 2", .build = build_conv3_stride2},
        {.name = "conv with bias", .build = build_conv_bias},
        {.name = "conv of an input", .build = build_conv_of_input, .silent = "silent"},
        {.name = "depthwise 3x3", .build = build_dwconv3},
        {.name = "depthwise 3x3 stride 2", .build = build_dwconv3_stride2},
        {.name = "depthwise 7x7", .build = build_dwconv7},
        {.name = "batch norm", .build = build_bn},
        {.name = "batch norm and SiLU", .build = build_bn_silu},
        {.name = "SiLU", .build = build_silu},
        {.name = "add", .build = build_add},
        {.name = "upsample", .build = build_upsample},
        {.name = "maxpool", .build = build_maxpool, .step = 1e-3},
        {.name = "attention", .build = build_attention},
    };
    (void)state;
    check(cases, YT_COUNT(cases));
}

static void test_shared_values(void **state) {
    static const struct ref_case cases[] = {
        {.name = "add(x, x)", .build = build_add_to_itself},
        {.name = "used three times", .build = build_used_three_times},
        {.name = "residual", .build = build_residual},
        {.name = "batch norm of a shared value", .build = build_bn_of_shared},
        {.name = "batch norm of an output", .build = build_bn_of_output},
        {.name = "batch norm of a slice", .build = build_bn_of_slice},
        {.name = "batch norm of a concatenated value", .build = build_bn_of_concatenated},
        {.name = "a part used", .build = build_part_used},
        {.name = "overlapping slices", .build = build_overlapping_slices},
        {.name = "a slice, then the whole", .build = build_slice_then_whole},
        {.name = "an output that is used", .build = build_output_used},
        {.name = "a slice as output", .build = build_output_slice},
    };
    (void)state;
    check(cases, YT_COUNT(cases));
}

static void test_concatenations(void **state) {
    static const struct ref_case cases[] = {
        {.name = "concat", .build = build_concat},
        {.name = "concat of shared values", .build = build_concat_shared},
        {.name = "concat with copies", .build = build_concat_copies},
        {.name = "concat of a concat", .build = build_concat_nested},
        {.name = "concat(x, x)", .build = build_concat_twice_the_same},
        {.name = "maxima joined", .build = build_pools_joined, .step = 1e-3},
        {.name = "upsampled and joined", .build = build_upsample_joined},
        {.name = "attention and slices", .build = build_attention_and_slices},
    };
    (void)state;
    check(cases, YT_COUNT(cases));
}

static void test_detached(void **state) {
    static const struct ref_case cases[] = {
        {.name = "detach", .build = build_detach, .silent = "silent"},
        {.name = "detached and joined", .build = build_detach_joined, .silent = "silent"},
    };
    (void)state;
    check(cases, YT_COUNT(cases));
}

/* Gradients add up over runs until they are cleared, as accumulation needs. */
static void test_gradients_accumulate(void **state) {
    (void)state;
    struct yt_params *params = ref_params(build_residual);
    struct ref_net net = ref_run(build_residual, params, YT_MEMORY_REUSE);
    size_t count = params->trainable;
    float *once = yt_malloc(count * sizeof(float));
    memcpy(once, params->grad, count * sizeof(float));
    ref_step(&net);
    for (size_t i = 0; i < count; i++)
        assert_float_equal(params->grad[i], 2 * once[i], 1e-5f + 1e-5f * fabsf(once[i]));
    yt_graph_free(net.g);
    free(once);
    yt_params_free(params);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_op),
        cmocka_unit_test(test_shared_values),
        cmocka_unit_test(test_concatenations),
        cmocka_unit_test(test_detached),
        cmocka_unit_test(test_gradients_accumulate),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
