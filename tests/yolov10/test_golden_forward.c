/* Every layer of every scale against the reference's values in double precision
 * (tests/golden/golden_forward.json), in the training form with running statistics and folded. */
#include "support/test.h"
#include "yolov10/ref_model.h"

#include "base/json.h"
#include "yolov10/decode.h"
#include "yolov10/fold.h"

#include <math.h>

#define LAYER_TOLERANCE 1e-5 /* of the layer's standard deviation */
#define BOX_TOLERANCE_PX 1e-3

static struct yt_json *golden;

static double number(const struct yt_json *json, const char *key) {
    const struct yt_json *value = yt_json_get(json, key);
    assert_non_null(value);
    return yt_json_number(value);
}

struct moments {
    double mean, std, min, max;
};

static struct moments moments(const double *v, size_t count) {
    struct moments m = {0, 0, INFINITY, -INFINITY};
    for (size_t i = 0; i < count; i++) {
        m.mean += v[i] / (double)count;
        m.min = fmin(m.min, v[i]);
        m.max = fmax(m.max, v[i]);
    }
    for (size_t i = 0; i < count; i++) m.std += (v[i] - m.mean) * (v[i] - m.mean);
    m.std = sqrt(m.std / (double)(count - 1));
    return m;
}

static void assert_close(double got, double want, double tolerance, const char *what, int layer) {
    if (!(fabs(got - want) <= tolerance))
        fail_msg("%s of layer %d: %.9g, recorded %.9g, off by %.2g of at most %.2g", what, layer,
                 got, want, fabs(got - want), tolerance);
}

/* Compares `count` values in the recorded order with {mean, std, min, max, idx, val}. */
static void check_values(const double *v, size_t count, const struct yt_json *want,
                         double tolerance, int layer) {
    struct moments m = moments(v, count);
    assert_close(m.mean, number(want, "mean"), tolerance, "mean", layer);
    double std = number(want, "std"); /* biased or not differs by less than this */
    assert_close(m.std, std, tolerance + std / (double)count, "std", layer);
    assert_close(m.min, number(want, "min"), tolerance, "min", layer);
    assert_close(m.max, number(want, "max"), tolerance, "max", layer);
    const struct yt_json *idx = yt_json_get(want, "idx"), *val = yt_json_get(want, "val");
    assert_int_equal(yt_json_count(idx), 5);
    for (size_t i = 0; i < 5; i++) {
        size_t at = (size_t)yt_json_number(yt_json_at(idx, i));
        assert_true(at < count);
        assert_close(v[at], yt_json_number(yt_json_at(val, i)), tolerance, "element", layer);
    }
}

static void check_map(const struct yt_map *map, const struct yt_json *want, int layer) {
    size_t count = ref_elements(map);
    double *v = yt_malloc(count * sizeof(*v));
    for (size_t i = 0; i < count; i++) v[i] = ref_at(map, i);
    check_values(v, count, want, LAYER_TOLERANCE * number(want, "std"), layer);
    free(v);
}

/* Box and class logits of a level, joined along channels as the reference stores them. */
static void check_raw(const struct yt_node *box, const struct yt_node *cls,
                      const struct yt_json *want, int layer) {
    size_t pixels = (size_t)box->value.h * (size_t)box->value.w, n = (size_t)box->value.n;
    size_t nb = (size_t)box->value.c, nc = (size_t)cls->value.c, count = n * (nb + nc) * pixels;
    double *v = yt_malloc(count * sizeof(*v));
    for (size_t i = 0; i < count; i++) {
        size_t image = i / pixels / (nb + nc), c = i / pixels % (nb + nc), p = i % pixels;
        v[i] = c < nb ? ref_at(&box->value, (image * nb + c) * pixels + p)
                      : ref_at(&cls->value, (image * nc + c - nb) * pixels + p);
    }
    check_values(v, count, want, LAYER_TOLERANCE * number(want, "std"), layer);
    free(v);
}

/* (batch, 4 + nc, anchors) as recorded: boxes in pixels, then scores. */
static void check_decoded(const struct yt_head_maps *maps, const struct yt_json *want) {
    size_t anchors = 0, row = 4 + (size_t)maps->nc;
    for (int i = 0; i < maps->levels; i++)
        anchors += (size_t)maps->level[i].h * (size_t)maps->level[i].w;
    float *dense = yt_malloc(anchors * row * sizeof(float));
    double *v = yt_malloc((size_t)maps->batch * anchors * row * sizeof(*v));
    for (int image = 0; image < maps->batch; image++) {
        yt_decode_dense(maps, image, dense);
        for (size_t a = 0; a < anchors; a++)
            for (size_t c = 0; c < row; c++)
                v[((size_t)image * row + c) * anchors + a] = dense[a * row + c];
    }
    check_values(v, (size_t)maps->batch * anchors * row, want, BOX_TOLERANCE_PX, 23);
    free(dense);
    free(v);
}

static void check_top(const struct yt_head_maps *maps, const struct yt_json *images) {
    struct yt_decoder decoder = {0};
    struct yt_detection *top = yt_malloc(300 * sizeof(*top));
    for (int image = 0; image < maps->batch; image++) {
        assert_int_equal(yt_decode_topk(&decoder, maps, image, 300, false, top), 300);
        const struct yt_json *rows = yt_json_at(images, (size_t)image);
        for (size_t i = 0; i < yt_json_count(rows); i++) {
            double want[6];
            for (size_t j = 0; j < 6; j++)
                want[j] = yt_json_number(yt_json_at(yt_json_at(rows, i), j));
            struct yt_box b = top[i].box;
            assert_close((b.x1 + b.x2) / 2, want[0], BOX_TOLERANCE_PX, "centre x", 23);
            assert_close((b.y1 + b.y2) / 2, want[1], BOX_TOLERANCE_PX, "centre y", 23);
            assert_close(b.x2 - b.x1, want[2], BOX_TOLERANCE_PX, "width", 23);
            assert_close(b.y2 - b.y1, want[3], BOX_TOLERANCE_PX, "height", 23);
            assert_close(top[i].score, want[4], 1e-6, "score", 23);
            assert_int_equal(top[i].cls, (int)want[5]);
        }
    }
    free(top);
    yt_decoder_release(&decoder);
}

static void check_graph(const struct ref_graph *r, const struct yt_json *want) {
    for (int i = 0; i < YT_LAYERS; i++)
        check_map(&r->network.layer[i]->value, yt_json_at(yt_json_get(want, "layers"), (size_t)i),
                  i);
    for (int level = 0; level < YT_LEVELS_MAX; level++) {
        size_t l = (size_t)level;
        const struct yt_network *n = &r->network;
        check_raw(n->box[YT_ONE2ONE][level], n->cls[YT_ONE2ONE][level],
                  yt_json_at(yt_json_get(want, "o2o_raw"), l), 23);
        check_raw(n->box[YT_ONE2MANY][level], n->cls[YT_ONE2MANY][level],
                  yt_json_at(yt_json_get(want, "o2m_raw"), l), 23);
    }
    struct yt_head_maps one2one = yt_network_maps(&r->network, YT_ONE2ONE);
    struct yt_head_maps one2many = yt_network_maps(&r->network, YT_ONE2MANY);
    check_decoded(&one2one, yt_json_get(want, "o2o_decoded"));
    check_decoded(&one2many, yt_json_get(want, "o2m_decoded"));
    check_top(&one2one, yt_json_get(want, "top5"));
}

static void check_scale(const char *key, const char *scale, int nc) {
    const struct yt_json *want = yt_json_get(golden, key);
    assert_non_null(want);
    struct yt_model *model = ref_model_new(scale, nc);
    struct ref_graph r = ref_graph_new(model->params, model, YT_GRAPH_EVAL, false, YT_MEMORY_KEEP);
    yt_graph_forward(r.g);
    check_graph(&r, want);
    yt_graph_free(r.g);

    struct yt_params *folded = yt_fold_new(model, YT_HEAD_BOTH);
    yt_fold(model, model->params->value, folded);
    r = ref_graph_new(folded, model, YT_GRAPH_EVAL, true, YT_MEMORY_KEEP);
    yt_graph_forward(r.g);
    check_graph(&r, want);
    yt_graph_free(r.g);
    yt_params_free(folded);
    yt_model_free(model);
}

static void test_n(void **state) {
    (void)state;
    check_scale("n_nc80", "n", 80);
}

static void test_n_136_classes(void **state) {
    (void)state;
    check_scale("n_nc136", "n", 136);
}

static void test_s(void **state) {
    (void)state;
    check_scale("s_nc80", "s", 80);
}

static void test_m(void **state) {
    (void)state;
    check_scale("m_nc80", "m", 80);
}

static void test_b(void **state) {
    (void)state;
    check_scale("b_nc80", "b", 80);
}

static void test_l(void **state) {
    (void)state;
    check_scale("l_nc80", "l", 80);
}

static void test_x(void **state) {
    (void)state;
    check_scale("x_nc80", "x", 80);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_n), cmocka_unit_test(test_n_136_classes),
        cmocka_unit_test(test_s), cmocka_unit_test(test_m),
        cmocka_unit_test(test_b), cmocka_unit_test(test_l),
        cmocka_unit_test(test_x),
    };
    golden = yt_json_load(YT_TEST_DIR "/golden/golden_forward.json");
    if (!golden) {
        fprintf(stderr, "%s\n", yt_error());
        return 1;
    }
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    yt_json_free(golden);
    return failed;
}
