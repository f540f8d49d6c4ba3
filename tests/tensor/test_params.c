/* Parameters in flat buffers: order, alignment, PyTorch's element order. */
#include "support/test.h"

#include "tensor/params.h"

static struct yt_params *some_params(void) {
    struct yt_params *params = yt_params_new();
    yt_params_add(params, "bn.running_mean", YT_PARAM_BUFFER, 1, (int[]){5});
    yt_params_add(params, "conv.weight", YT_PARAM_WEIGHT, 4, (int[]){3, 2, 2, 4});
    yt_params_add(params, "bn.weight", YT_PARAM_NORM, 1, (int[]){17});
    yt_params_add(params, "bn.bias", YT_PARAM_BIAS, 1, (int[]){3});
    yt_params_add(params, "other.bias", YT_PARAM_BIAS, 1, (int[]){16});
    return params;
}

static void test_layout(void **state) {
    (void)state;
    struct yt_params *params = some_params();
    assert_int_equal(yt_params_add(params, "bn.bias", YT_PARAM_BIAS, 1, (int[]){3}), 3);
    yt_params_allocate(params);
    static const size_t offset[] = {112, 32, 80, 0, 16}; /* biases, weights, norms, buffers */
    for (size_t i = 0; i < 5; i++) assert_int_equal(params->items[i].offset, offset[i]);
    assert_int_equal(params->total, 128);
    assert_int_equal(params->trainable, 112);
    assert_int_equal(params->group_begin[YT_PARAM_BIAS], 0);
    assert_int_equal(params->group_end[YT_PARAM_BIAS], 32);
    assert_int_equal(params->group_end[YT_PARAM_WEIGHT], 80);
    assert_int_equal(params->group_end[YT_PARAM_NORM], 112);
    assert_int_equal((uintptr_t)params->value % 64, 0);
    assert_null(yt_params_grad(params, 0));
    assert_ptr_equal(yt_params_grad(params, 1), params->grad + 32);
    assert_int_equal(yt_params_find(params, "bn.weight"), 2);
    assert_int_equal(yt_params_find(params, "bn"), -1);
    assert_int_equal(yt_params_elements(params, YT_PARAM_BIAS), 19);
    assert_int_equal(yt_params_add(params, "bn.bias", YT_PARAM_BIAS, 1, (int[]){3}), 3);
    yt_params_free(params);
}

/* Ours is (ky, kx, c_in, c_out), PyTorch's (c_out, c_in, ky, kx). */
static void test_order_of_elements(void **state) {
    (void)state;
    struct yt_params *params = some_params();
    yt_params_allocate(params);
    const struct yt_param *param = &params->items[1];
    float torch[48], back[48];
    for (int i = 0; i < 48; i++) torch[i] = (float)i;
    yt_params_import(param, params->value, torch);
    const float *ours = yt_params_value(params, 1);
    for (int o = 0; o < 3; o++)
        for (int i = 0; i < 2; i++)
            for (int y = 0; y < 2; y++)
                for (int x = 0; x < 4; x++)
                    assert_true(ours[((y * 4 + x) * 2 + i) * 3 + o] ==
                                torch[((o * 2 + i) * 2 + y) * 4 + x]);
    yt_params_export(param, params->value, back);
    assert_memory_equal(torch, back, sizeof(torch));
    for (size_t i = 0; i < params->total; i++) /* nothing beside the tensor */
        if (i < 32 || i >= 80) assert_true(params->value[i] == 0);
    yt_params_free(params);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_layout),
        cmocka_unit_test(test_order_of_elements),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
