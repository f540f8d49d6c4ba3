/* Loss items and gradients against the dense oracle in double, gradients by finite differences. */
#include "support/test.h"
#include "base/threads.h"
#include "yolov10/anchors.h"
#include "yolov10/dfl.h"
#include "yolov10/ref_loss.h"

#include <math.h>

static void init_with(struct yt_loss *loss, const struct yt_assign_options *assign) {
    yt_loss_init(loss, &(struct yt_loss_options){.assign = *assign, 7.5f, 0.5f, 1.5f});
}

static void run(struct yt_loss *loss, const struct yt_head_maps *maps,
                const struct ref_scene *scene, float items[3]) {
    const struct yt_truth truth = {scene->targets, scene->count, scene->regions,
                                   scene->region_count};
    yt_detection_loss(loss, maps, &truth, items);
}

static struct yt_assign_options plain(int topk) {
    return (struct yt_assign_options){.topk = topk, .alpha = 0.5f, .beta = 6};
}

static void init(struct yt_loss *loss, int topk) {
    struct yt_assign_options assign = plain(topk);
    init_with(loss, &assign);
}

static void compare_items(const float got[3], const double expected[3]) {
    for (int i = 0; i < 3; i++)
        if (!(fabs(got[i] - expected[i]) <= 1e-5 * fabs(expected[i])))
            fail_msg("item %d: %.9g, expected %.9g", i, got[i], expected[i]);
}

static double objective(const struct ref_loss *ref, const struct ref_scene *scene, int image, int a,
                        const double *box, const double *cls) {
    double items[3];
    ref_loss_anchor(ref, scene, image, a, box, cls, items);
    return (items[0] + items[1] + items[2]) * scene->maps.batch;
}

/* Squares of the numeric gradient and of its difference to what the loss wrote. */
struct error {
    double norm, difference;
};

static void add_error(struct error *error, double got, double expected) {
    error->norm += expected * expected;
    error->difference += (got - expected) * (got - expected);
}

/* Differentiates the oracle by every logit of one anchor. */
static void differentiate(const struct ref_loss *ref, const struct ref_scene *scene, int image,
                          int a, struct error *box_error, struct error *cls_error) {
    const double step = 1e-4;
    struct ref_anchor anchor = ref_anchor_at(&scene->maps, image, a);
    double logits[64 + 136], *box = logits, *cls = logits + 64;
    int nc = scene->maps.nc;
    for (int i = 0; i < 64; i++) box[i] = anchor.level->box[anchor.box_offset + (size_t)i];
    for (int c = 0; c < nc; c++) cls[c] = anchor.level->cls[anchor.cls_offset + (size_t)c];
    for (int i = 0; i < 64 + nc; i++) {
        double at = logits[i];
        logits[i] = at + step;
        double up = objective(ref, scene, image, a, box, cls);
        logits[i] = at - step;
        double down = objective(ref, scene, image, a, box, cls);
        logits[i] = at;
        double numeric = (up - down) / (2 * step);
        if (i < 64)
            add_error(box_error, anchor.level->dbox[anchor.box_offset + (size_t)i], numeric);
        else
            add_error(cls_error, anchor.level->dcls[anchor.cls_offset + (size_t)(i - 64)], numeric);
    }
}

static void compare_gradients(const struct ref_loss *ref, const struct ref_scene *scene) {
    struct error box = {0, 0}, cls = {0, 0};
    int anchors = yt_anchors_count(&scene->maps);
    for (int i = 0; i < scene->maps.batch * anchors; i++) {
        struct error anchor_box = {0, 0}, anchor_cls = {0, 0};
        differentiate(ref, scene, i / anchors, i % anchors, &anchor_box, &anchor_cls);
        if (ref->target[i] < 0) assert_true(anchor_box.difference == 0); /* exactly 0 */
        /* 1e-4 of each anchor's gradient, whose target score is a float; 1e-5 of all */
        assert_true(anchor_box.difference <= 1e-8 * anchor_box.norm + 1e-14);
        assert_true(anchor_cls.difference <= 1e-8 * anchor_cls.norm);
        box.norm += anchor_box.norm;
        box.difference += anchor_box.difference;
        cls.norm += anchor_cls.norm;
        cls.difference += anchor_cls.difference;
    }
    assert_true(box.difference <= 1e-10 * box.norm);
    assert_true(cls.difference <= 1e-10 * cls.norm);
    assert_true(cls.norm > 0);
    if (scene->count) assert_true(box.norm > 0);
}

static void compare_with(const struct ref_scene *scene, const struct yt_assign_options *assign,
                         bool gradients) {
    struct yt_loss loss;
    struct ref_loss ref;
    float items[3];
    init_with(&loss, assign);
    ref_loss_init(&ref, scene, assign);
    run(&loss, &scene->maps, scene, items);
    compare_items(items, ref.items);
    if (gradients) compare_gradients(&ref, scene);
    ref_loss_release(&ref);
    yt_loss_release(&loss);
}

static void compare(const struct ref_scene *scene, int topk, bool gradients) {
    struct yt_assign_options assign = plain(topk);
    compare_with(scene, &assign, gradients);
}

static void test_random_scenes(void **state) {
    (void)state;
    static const struct {
        int batch, h, w, nc, boxes;
        bool gradients;
    } cases[] = {
        {1, 8, 8, 3, 3, true},   {2, 8, 12, 1, 10, true},    {3, 8, 8, 136, 40, false},
        {1, 4, 4, 136, 8, true}, {2, 16, 16, 3, 200, false}, {1, 8, 8, 3, 60, true},
        {2, 8, 8, 3, 1, true}, /* one image of the two without a label */
        {1, 8, 8, 3, 0, true},
    };
    for (size_t i = 0; i < 2 * YT_COUNT(cases); i++) {
        size_t c = i % YT_COUNT(cases);
        struct yt_rng rng = yt_rng_make(1, "loss", i, 0);
        struct ref_scene scene;
        ref_scene_init(&scene, &rng, cases[c].batch, cases[c].h, cases[c].w, cases[c].nc);
        ref_scene_label_randomly(&scene, &rng, cases[c].boxes);
        /* at least one label large enough for every scale of random prediction */
        if (cases[c].boxes)
            ref_scene_label(&scene, 0, 0, 4.1 * cases[c].w, 4.1 * cases[c].h, 28, 25);
        compare(&scene, 1, cases[c].gradients && i == c);
        compare(&scene, 10, cases[c].gradients && i > c);
        ref_scene_release(&scene);
    }
}

/* Anchors beside their boxes, and scores that no prediction earned. */
static void test_thin_boxes(void **state) {
    (void)state;
    static const struct yt_assign_options widened = {10, 0.5f, 6, 16, 0.2f};
    struct yt_rng rng = yt_rng_make(5, "loss", 0, 0);
    struct ref_scene scene;
    ref_scene_init(&scene, &rng, 2, 8, 8, 3);
    for (int i = 0; i < 8; i++)
        ref_scene_label(&scene, i % 2, i % 3, 8 * i, 30, i % 3 ? 2 : 30, i % 3 ? 25 : 2.5);
    compare_with(&scene, &widened, true);
    ref_scene_release(&scene);
}

/* Ignore regions of all shapes, over each other, over labels of their class and of others, thin
 * ones between the anchors, in both images; with boxes as they are and widened. */
static void test_ignore_regions(void **state) {
    (void)state;
    static const struct yt_assign_options cases[] = {{10, 0.5f, 6, 0, 0}, {1, 0.5f, 6, 16, 0.2f}};
    for (size_t i = 0; i < 6; i++) {
        struct yt_rng rng = yt_rng_make(6, "loss", i, 0);
        struct ref_scene scene;
        ref_scene_init(&scene, &rng, 2, 8, 8, 3);
        ref_scene_label_randomly(&scene, &rng, 12);
        ref_scene_label(&scene, 0, 0, 30, 30, 28, 25);
        compare_with(&scene, &cases[i % 2], false);
        float before[3], after[3];
        struct yt_loss loss;
        init_with(&loss, &cases[i % 2]);
        run(&loss, &scene.maps, &scene, before);
        ref_scene_ignore_randomly(&scene, &rng, 10);
        ref_scene_ignore(&scene, 1, 0, 30, 30, 40, 40);
        ref_scene_ignore(&scene, 1, 0, 36, 30, 40, 2);
        compare_with(&scene, &cases[i % 2], i < 2);
        run(&loss, &scene.maps, &scene, after);
        assert_true(after[1] < 0.98f * before[1]);
        assert_true(after[0] == before[0] && after[2] == before[2]);
        yt_loss_release(&loss);
        ref_scene_release(&scene);
    }
}

/* What the loss must leave alone stays: channels beyond 64 and beyond nc. Without room for
 * gradients the items are the same. */
static void test_writes_only_its_channels(void **state) {
    (void)state;
    struct yt_rng rng = yt_rng_make(2, "loss", 0, 0);
    struct ref_scene scene;
    ref_scene_init(&scene, &rng, 2, 8, 8, 3);
    ref_scene_label_randomly(&scene, &rng, 20);
    for (int l = 0; l < 3; l++) {
        struct yt_head_level *level = &scene.maps.level[l];
        for (int i = 0; i < 2 * level->h * level->w * level->box_ld; i++) level->dbox[i] = 77;
        for (int i = 0; i < 2 * level->h * level->w * level->cls_ld; i++) level->dcls[i] = 77;
    }
    struct yt_loss loss;
    float items[3], without[3];
    init(&loss, 10);
    run(&loss, &scene.maps, &scene, items);
    struct yt_head_maps maps = scene.maps;
    for (int l = 0; l < 3; l++) {
        struct yt_head_level *level = &maps.level[l];
        for (int i = 0; i < 2 * level->h * level->w * level->box_ld; i++)
            assert_true((level->dbox[i] == 77) == (i % level->box_ld >= 64));
        for (int i = 0; i < 2 * level->h * level->w * level->cls_ld; i++)
            assert_true((level->dcls[i] == 77) == (i % level->cls_ld >= 3));
        level->dbox = level->dcls = NULL;
    }
    run(&loss, &maps, &scene, without);
    assert_memory_equal(items, without, sizeof items);
    yt_loss_release(&loss);
    ref_scene_release(&scene);
}

static void test_same_bits_for_any_threads(void **state) {
    (void)state;
    struct ref_scene scenes[2];
    float items[2][3];
    for (int threads = 1; threads <= 3; threads++) {
        struct ref_scene *scene = &scenes[threads > 1];
        struct yt_rng rng = yt_rng_make(3, "loss", 0, 0);
        ref_scene_init(scene, &rng, 3, 16, 12, 20);
        ref_scene_label_randomly(scene, &rng, 60);
        struct yt_loss loss;
        init(&loss, 10);
        yt_threads_set(threads);
        run(&loss, &scene->maps, scene, items[threads > 1]);
        yt_loss_release(&loss);
        if (threads == 1) continue;
        assert_memory_equal(items[0], items[1], sizeof items[0]);
        for (int l = 0; l < 3; l++) {
            const struct yt_head_level *a = &scenes[0].maps.level[l], *b = &scenes[1].maps.level[l];
            size_t pixels = 3 * (size_t)(a->h * a->w);
            assert_memory_equal(a->dbox, b->dbox, pixels * (size_t)a->box_ld * sizeof(float));
            assert_memory_equal(a->dcls, b->dcls, pixels * (size_t)a->cls_ld * sizeof(float));
        }
        ref_scene_release(scene);
    }
    yt_threads_set(0);
    ref_scene_release(&scenes[0]);
}

/* Distances outside of what the bins can say count as 0 and as 14.99. Logits far apart, whose
 * softmax vanishes in float, keep a finite loss. */
static void test_distances_are_clamped(void **state) {
    (void)state;
    static const float target[4] = {-3, 20, 14.995f, 7.25f};
    static const double clamped[4] = {0, 14.99, 14.99, 7.25};
    float logits[YT_DFL_LOGITS], gradient[YT_DFL_LOGITS];
    double expected = 0;
    for (int i = 0; i < YT_DFL_LOGITS; i++) logits[i] = (float)(i * 37 % 11 - 5) * 30;
    struct yt_dfl dfl;
    yt_dfl_read(&dfl, logits);
    yt_dfl_backward(&dfl, target, 4, (float[4]){0}, gradient);
    for (int side = 0; side < 4; side++) {
        const float *x = logits + side * 16;
        double sum = 0, total = 0;
        for (int j = 0; j < 16; j++) sum += exp(x[j] - 150.0);
        for (int j = 0; j < 16; j++) {
            double weight = fmax(0, 1 - fabs(clamped[side] - j));
            expected += weight * (log(sum) + 150 - x[j]) / 4;
            double slope = exp(x[j] - 150.0) / sum - weight;
            assert_true(fabs(gradient[side * 16 + j] - slope) < 2e-6);
            total += gradient[side * 16 + j];
        }
        assert_true(fabs(total) < 2e-6);
    }
    assert_true(fabs(yt_dfl_loss(&dfl, logits, target) - expected) < 1e-6 * expected);
}

static void test_nan_reaches_the_items(void **state) {
    (void)state;
    struct yt_rng rng = yt_rng_make(4, "loss", 0, 0);
    struct ref_scene scene;
    ref_scene_init(&scene, &rng, 1, 8, 8, 3);
    ref_scene_label_randomly(&scene, &rng, 5);
    ((float *)scene.maps.level[1].cls)[2] = NAN;
    struct yt_loss loss;
    float items[3];
    init(&loss, 10);
    run(&loss, &scene.maps, &scene, items);
    assert_true(isnan(items[1]));
    assert_true(isnan(scene.maps.level[1].dcls[2]));
    yt_loss_release(&loss);
    ref_scene_release(&scene);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random_scenes),
        cmocka_unit_test(test_thin_boxes),
        cmocka_unit_test(test_ignore_regions),
        cmocka_unit_test(test_writes_only_its_channels),
        cmocka_unit_test(test_same_bits_for_any_threads),
        cmocka_unit_test(test_distances_are_clamped),
        cmocka_unit_test(test_nan_reaches_the_items),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
