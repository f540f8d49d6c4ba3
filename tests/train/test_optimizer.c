/* The optimiser step against the reference's recorded values (tests/golden/golden_train.json):
 * gradients of one training step, clipped, then three AdamW or SGD steps with that same gradient,
 * and the EMA after one. And the arithmetic of a single element against formulas in double. */
#include "support/test.h"
#include "yolov10/ref_model.h"

#include "base/json.h"
#include "base/threads.h"
#include "train/optimizer.h"
#include "train/step.h"

#include <math.h>

static const struct yt_json *golden; /* the recorded values in double precision */
static struct yt_model *model; /* after the training step: statistics moved, values as at start */
static float *gradient, *start;

static double at(const struct yt_json *list, size_t i) {
    return yt_json_number(yt_json_at(list, i));
}

static void read_targets(const struct yt_json *rows, struct yt_target *targets) {
    for (size_t i = 0; i < yt_json_count(rows); i++) {
        float v[6];
        for (size_t j = 0; j < 6; j++) v[j] = (float)at(yt_json_at(rows, i), j);
        targets[i] = (struct yt_target){(int)v[0], (int)v[1], v[2], v[3], v[4], v[5]};
    }
}

static void compute_gradient(const struct yt_json *rows) {
    struct yt_target targets[16];
    read_targets(rows, targets);
    model = ref_model_new("n", 3);
    struct ref_graph r =
        ref_graph_new(model->params, model, YT_GRAPH_TRAIN, false, YT_MEMORY_REUSE);
    yt_graph_forward(r.g);
    for (int head = 0; head < YT_HEADS; head++) {
        struct yt_head_maps maps = yt_network_maps(&r.network, (enum yt_head)head);
        struct yt_loss loss;
        float items[3];
        yt_loss_init_head(&loss, (enum yt_head)head,
                          (struct yt_loss_gains){.box = 7.5f, .cls = 0.5f, .dfl = 1.5f});
        const struct yt_truth truth = {targets, (int)yt_json_count(rows), NULL, 0};
        yt_detection_loss(&loss, &maps, &truth, items);
        yt_loss_release(&loss);
    }
    yt_graph_backward(r.g);
    yt_graph_free(r.g);
    gradient = yt_malloc(model->params->trainable * sizeof(float));
    start = yt_malloc(model->params->total * sizeof(float));
    memcpy(gradient, model->params->grad, model->params->trainable * sizeof(float));
    memcpy(start, model->params->value, model->params->total * sizeof(float));
}

/* Element `i`, in PyTorch's order, of a tensor in an array laid out like the values. */
static double element(const float *array, const char *name, size_t i) {
    int index = yt_params_find(model->params, name);
    if (index < 0) fail_msg("no tensor %s", name);
    const struct yt_param *param = &model->params->items[index];
    float *values = yt_malloc(param->count * sizeof(float));
    yt_params_export(param, array, values);
    double value = values[i];
    free(values);
    return value;
}

/* want: name -> first elements, within `tolerance` relative to the step that they made. */
static void check_first(const float *array, const struct yt_json *want, double tolerance,
                        const char *what) {
    assert_true(yt_json_count(want) >= 13);
    for (size_t i = 0; i < yt_json_count(want); i++) {
        const char *name = yt_json_key(want, i);
        for (size_t j = 0; j < yt_json_count(yt_json_at(want, i)); j++) {
            double recorded = at(yt_json_at(want, i), j), got = element(array, name, j);
            if (!(fabs(got - recorded) <= 2e-7 * fabs(recorded) + tolerance))
                fail_msg("%s: %s[%zu] is %.9g, recorded %.9g", what, name, j, got, recorded);
        }
    }
}

static void check_steps(enum yt_optimizer_kind kind, const struct yt_json *recorded,
                        double tolerance) {
    struct yt_optimizer o;
    struct yt_params *params = model->params;
    struct yt_rates rates = {.lr = {0.01, 0.01, 0.01}, .momentum = 0.9, .accumulate = 1};
    memcpy(params->value, start, params->total * sizeof(float));
    yt_optimizer_init(&o, kind, params);
    o.weight_decay = 5e-4;
    assert_int_equal(yt_json_count(recorded), 3);
    for (size_t step = 0; step < 3; step++) {
        char what[32];
        snprintf(what, sizeof(what), "step %zu", step + 1);
        memcpy(params->grad, gradient, params->trainable * sizeof(float));
        yt_optimizer_step(&o, params, &rates, yt_gradient_norm(&o, params));
        check_first(params->value, yt_json_at(recorded, step), tolerance, what);
        for (size_t i = 0; i < params->trainable; i++) assert_true(params->grad[i] == 0);
    }
    yt_optimizer_release(&o);
}

static void test_adamw(void **state) {
    (void)state;
    /* A step is of about lr whatever the gradient: errors in small gradients do not show. */
    check_steps(YT_ADAMW, yt_json_get(golden, "opt_AdamW"), 1e-6);
}

static void test_sgd(void **state) {
    (void)state;
    check_steps(YT_SGD, yt_json_get(golden, "opt_SGD"), 1e-6);
}

/* Recorded after one step of SGD without momentum and decay. */
static void test_ema(void **state) {
    (void)state;
    struct yt_optimizer o;
    struct yt_params *params = model->params;
    struct yt_rates rates = {.lr = {0.01, 0.01, 0.01}, .momentum = 0};
    /* The reference's copy is as old as the model: before the forward that moved statistics. */
    struct yt_model *before = ref_model_new("n", 3);
    memcpy(params->value, start, params->total * sizeof(float));
    yt_optimizer_init(&o, YT_SGD, before->params);
    memcpy(params->grad, gradient, params->trainable * sizeof(float));
    yt_optimizer_step(&o, params, &rates, yt_gradient_norm(&o, params));
    assert_true(fabs(o.ema_decay * (1 - exp(-1 / o.ema_tau)) -
                     yt_json_number(yt_json_get(golden, "ema_d1"))) < 1e-12);
    check_first(o.ema, yt_json_get(golden, "ema"), 1e-6, "EMA");
    yt_optimizer_release(&o);
    yt_model_free(before);
}

static void test_clipping(void **state) {
    (void)state;
    struct yt_optimizer o;
    yt_optimizer_init(&o, YT_SGD, model->params);
    memcpy(model->params->grad, gradient, model->params->trainable * sizeof(float));
    double norm = yt_gradient_norm(&o, model->params);
    double recorded = yt_json_number(yt_json_get(golden, "total_grad_norm"));
    assert_true(fabs(norm - recorded) <= 1e-4 * recorded);
    const struct yt_json *clipped = yt_json_get(golden, "clipped_first");
    for (size_t i = 0; i < yt_json_count(clipped); i++) {
        double got = element(gradient, yt_json_key(clipped, i), 0) * 10 / (norm + 1e-6);
        double want = at(clipped, i);
        if (!(fabs(got - want) <= 1e-3 * fabs(want) + 1e-8))
            fail_msg("%s: %.9g, recorded %.9g", yt_json_key(clipped, i), got, want);
    }
    yt_optimizer_release(&o);
}

/* Biases, kernels without the constant one of the DFL, which has no gradient, and norm scales. */
static void test_groups(void **state) {
    (void)state;
    int count[4] = {0};
    for (size_t i = 0; i < model->params->count; i++) count[model->params->items[i].kind]++;
    assert_int_equal(count[YT_PARAM_BIAS], at(yt_json_get(golden, "groups_AdamW"), 0));
    assert_int_equal(count[YT_PARAM_WEIGHT], at(yt_json_get(golden, "groups_AdamW"), 1) - 1);
    assert_int_equal(count[YT_PARAM_NORM], at(yt_json_get(golden, "groups_AdamW"), 2));
}

/* --- single elements --- */

static struct yt_params *three_scalars(void) {
    struct yt_params *params = yt_params_new();
    yt_params_add(params, "bias", YT_PARAM_BIAS, 1, (int[]){1});
    yt_params_add(params, "weight", YT_PARAM_WEIGHT, 4, (int[]){1, 1, 1, 1});
    yt_params_add(params, "norm", YT_PARAM_NORM, 1, (int[]){1});
    yt_params_add(params, "buffer", YT_PARAM_BUFFER, 1, (int[]){1});
    yt_params_allocate(params);
    for (int i = 0; i < 4; i++) *yt_params_value(params, i) = 1 + (float)i;
    return params;
}

/* Different rates for the groups, decay for weights only, momentum that changes, no clipping. */
static void test_formulas(void **state) {
    static const double lr[3] = {0.1, 0.02, 0.03}, g[4] = {0.5, -0.25, 2, -1};
    (void)state;
    for (int kind = YT_SGD; kind <= YT_ADAMW; kind++) {
        struct yt_params *params = three_scalars();
        struct yt_optimizer o;
        double p[4] = {1, 2, 3, 4}, e[4] = {1, 2, 3, 4}, m[3] = {0}, v[3] = {0};
        yt_optimizer_init(&o, (enum yt_optimizer_kind)kind, params);
        o.weight_decay = 0.1;
        o.clip = 0;
        for (int t = 1; t <= 4; t++) {
            struct yt_rates rates = {.lr = {lr[0], lr[1], lr[2]}, .momentum = 0.8 + 0.02 * t};
            for (int i = 0; i < 3; i++) *yt_params_grad(params, i) = (float)g[(i + t) % 4];
            yt_optimizer_step(&o, params, &rates, yt_gradient_norm(&o, params));
            double d = 0.9999 * (1 - exp(-t / 2000.0));
            for (int i = 0; i < 4; i++) {
                double gi = i < 3 ? g[(i + t) % 4] : 0, decay = i == 1 ? 0.1 : 0;
                if (i < 3 && kind == YT_ADAMW) {
                    p[i] *= 1 - lr[i] * decay;
                    m[i] = 0.9 * m[i] + 0.1 * gi;
                    v[i] = 0.999 * v[i] + 0.001 * gi * gi;
                    p[i] -= lr[i] / (1 - pow(0.9, t)) * m[i] /
                            (sqrt(v[i]) / sqrt(1 - pow(0.999, t)) + 1e-8);
                } else if (i < 3) {
                    gi += decay * p[i];
                    m[i] = t == 1 ? gi : rates.momentum * m[i] + gi;
                    p[i] -= lr[i] * (gi + rates.momentum * m[i]);
                }
                e[i] = d * e[i] + (1 - d) * p[i];
                assert_true(fabs(*yt_params_value(params, i) - p[i]) <= 1e-6 * fabs(p[i]));
                assert_true(fabs(o.ema[params->items[i].offset] - e[i]) <= 1e-6 * fabs(e[i]));
            }
        }
        yt_optimizer_release(&o);
        yt_params_free(params);
    }
}

static void test_norm_says_when_not_finite(void **state) {
    static const float bad[] = {NAN, INFINITY};
    (void)state;
    struct yt_params *params = three_scalars();
    struct yt_optimizer o;
    yt_optimizer_init(&o, YT_ADAMW, params);
    for (size_t i = 0; i < 2; i++) {
        *yt_params_grad(params, 2) = bad[i];
        assert_false(isfinite(yt_gradient_norm(&o, params)));
    }
    *yt_params_grad(params, 2) = 3e30f; /* its square is no float */
    assert_true(fabs(yt_gradient_norm(&o, params) / 3e30 - 1) < 1e-6);
    yt_optimizer_release(&o);
    yt_params_free(params);
}

static void test_threads_agree(void **state) {
    int before = yt_threads();
    float *want = yt_malloc(model->params->total * sizeof(float));
    struct yt_rates rates = {.lr = {0.01, 0.01, 0.01}, .momentum = 0.9};
    (void)state;
    for (int threads = 1; threads <= 3; threads++) {
        struct yt_optimizer o;
        yt_threads_set(threads);
        memcpy(model->params->value, start, model->params->total * sizeof(float));
        memcpy(model->params->grad, gradient, model->params->trainable * sizeof(float));
        yt_optimizer_init(&o, YT_ADAMW, model->params);
        yt_optimizer_step(&o, model->params, &rates, yt_gradient_norm(&o, model->params));
        if (threads == 1) memcpy(want, model->params->value, model->params->total * sizeof(float));
        assert_memory_equal(want, model->params->value, model->params->total * sizeof(float));
        yt_optimizer_release(&o);
    }
    yt_threads_set(before);
    free(want);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_groups),
        cmocka_unit_test(test_clipping),
        cmocka_unit_test(test_adamw),
        cmocka_unit_test(test_sgd),
        cmocka_unit_test(test_ema),
        cmocka_unit_test(test_formulas),
        cmocka_unit_test(test_norm_says_when_not_finite),
        cmocka_unit_test(test_threads_agree),
    };
    struct yt_json *file = yt_json_load(YT_TEST_DIR "/golden/golden_train.json");
    if (!file) {
        fprintf(stderr, "%s\n", yt_error());
        return 1;
    }
    golden = yt_json_get(file, "f64");
    compute_gradient(yt_json_get(file, "GT"));
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    yt_model_free(model);
    yt_json_free(file);
    free(gradient);
    free(start);
    return failed;
}
