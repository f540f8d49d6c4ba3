/* The sparse assigner against the dense oracle, and its rules one by one. */
#include "support/test.h"
#include "base/threads.h"
#include "yolov10/anchors.h"
#include "yolov10/ref_loss.h"

#include <math.h>

static struct yt_assign_options options(int topk) {
    return (struct yt_assign_options){.topk = topk, .alpha = 0.5f, .beta = 6};
}

/* Returns how many anchors are assigned. */
static int compare_with(const struct ref_scene *scene, struct yt_assign_options o) {
    struct yt_assigner assigner;
    struct ref_loss ref;
    yt_assigner_init(&assigner, &o);
    ref_loss_init(&ref, scene, &o);
    yt_assign(&assigner, &scene->maps, scene->targets, scene->count);
    int total = scene->maps.batch * yt_anchors_count(&scene->maps), assigned = 0;
    int *positives = yt_calloc((size_t)scene->count + 1, sizeof *positives);
    double sum = 0;
    for (int i = 0; i < total; i++) {
        struct yt_assigned got = assigner.assigned[i];
        if (got.target != ref.target[i] ||
            fabs(got.score - ref.score[i]) > 2e-5 * ref.score[i] + 1e-7)
            fail_msg("anchor %d: target %d score %g, expected %d %g", i, got.target, got.score,
                     ref.target[i], ref.score[i]);
        assigned += got.target >= 0;
        sum += got.score;
        if (got.score > 0) positives[got.target]++;
    }
    assert_true(fabs(assigner.score_sum - sum) <= 1e-12 * sum);
    if (scene->count)
        assert_memory_equal(positives, assigner.positives,
                            (size_t)scene->count * sizeof *positives);
    free(positives);
    ref_loss_release(&ref);
    yt_assigner_release(&assigner);
    return assigned;
}

static int compare(const struct ref_scene *scene, int topk) {
    return compare_with(scene, options(topk));
}

static void test_random_scenes(void **state) {
    (void)state;
    static const struct {
        int batch, h, w, nc, boxes;
    } cases[] = {{1, 8, 8, 3, 1}, {2, 8, 12, 1, 10}, {3, 12, 8, 136, 40}, {2, 16, 16, 3, 200},
                 {1, 4, 4, 3, 8}, {4, 8, 8, 5, 3},   {1, 20, 24, 3, 30},  {2, 8, 8, 2, 100}};
    int assigned = 0;
    for (size_t i = 0; i < 6 * YT_COUNT(cases); i++) {
        size_t c = i % YT_COUNT(cases);
        struct yt_rng rng = yt_rng_make(2, "assign", i, 0);
        struct ref_scene scene;
        ref_scene_init(&scene, &rng, cases[c].batch, cases[c].h, cases[c].w, cases[c].nc);
        ref_scene_label_randomly(&scene, &rng, cases[c].boxes);
        compare(&scene, 1);
        compare(&scene, 3);
        assigned += compare(&scene, 10);
        ref_scene_release(&scene);
    }
    assert_true(assigned > 500);
}

static void test_no_targets(void **state) {
    (void)state;
    struct yt_rng rng = yt_rng_make(3, "assign", 0, 0);
    struct ref_scene scene;
    ref_scene_init(&scene, &rng, 2, 8, 8, 3);
    assert_int_equal(compare(&scene, 10), 0);
    ref_scene_label(&scene, 1, 0, 30, 30, 40, 40); /* image 0 stays empty */
    assert_int_equal(compare(&scene, 10), 10);
    ref_scene_release(&scene);
}

/* Makes every predicted distance of every anchor `cells`. */
static void predict(struct ref_scene *scene, int cells) {
    for (int l = 0; l < 3; l++) {
        const struct yt_head_level *level = &scene->maps.level[l];
        for (int i = 0; i < level->h * level->w; i++)
            for (int c = 0; c < 64; c++)
                ((float *)level->box)[i * level->box_ld + c] = c % 16 == cells ? 30 : 0;
    }
}

/* As music: two pixels wide or high, dots, and a few ordinary boxes. */
static void label_thinly(struct ref_scene *scene, struct yt_rng *rng, int count) {
    const struct yt_head_level *l = &scene->maps.level[0];
    for (int i = 0; i < count; i++) {
        double thin = yt_rng_uniform(rng, 0.5, 6), side = yt_rng_uniform(rng, 3, 60);
        ref_scene_label(scene, i % scene->maps.batch, (int)yt_rng_below(rng, 3),
                        yt_rng_uniform(rng, 0, 8.0 * l->w), yt_rng_uniform(rng, 0, 8.0 * l->h),
                        i % 3 ? thin : side, i % 3 == 1 ? side : thin);
    }
}

static void test_thin_boxes(void **state) {
    (void)state;
    static const struct yt_assign_options cases[] = {
        {1, 0.5f, 6, 16, 0},        {10, 0.5f, 6, 16, 0},    {10, 0.5f, 6, 0, 0.2f},
        {1, 0.5f, 6, 16, 0.2f},     {10, 0.5f, 6, 16, 0.2f}, {10, 0.5f, 6, 40, 1},
        {3, 0.5f, 6, 7.5f, 0.003f},
    };
    int narrow = 0, widened = 0;
    for (size_t i = 0; i < 5 * YT_COUNT(cases); i++) {
        struct yt_rng rng = yt_rng_make(9, "assign", i, 0);
        struct ref_scene scene;
        ref_scene_init(&scene, &rng, 2, 16, 12, 3);
        label_thinly(&scene, &rng, 60);
        ref_scene_label_randomly(&scene, &rng, 10);
        struct yt_assign_options o = cases[i % YT_COUNT(cases)];
        widened += compare_with(&scene, o);
        o.min_side = o.fallback = 0;
        narrow += compare_with(&scene, o);
        ref_scene_release(&scene);
    }
    assert_true(widened > narrow + 500);
}

/* What the fallback promises: no label without an anchor, as long as there is room about it. */
static void test_every_label_is_learnt(void **state) {
    (void)state;
    struct yt_assign_options o = {1, 0.5f, 6, 16, 0.2f};
    struct yt_assigner assigner;
    yt_assigner_init(&assigner, &o);
    for (uint64_t i = 0; i < 20; i++) {
        struct yt_rng rng = yt_rng_make(10, "assign", i, 0);
        struct ref_scene scene;
        ref_scene_init(&scene, &rng, 1, 16, 16, 3);
        for (int k = 0; k < 3; k++) ref_scene_label(&scene, 0, k, 64, 60, 2, 50); /* a chord */
        label_thinly(&scene, &rng, 20);
        yt_assign(&assigner, &scene.maps, scene.targets, scene.count);
        for (int t = 0; t < scene.count; t++) assert_true(assigner.positives[t] >= 1);
        ref_scene_release(&scene);
    }
    yt_assigner_release(&assigner);
}

/* A dot between four boxes that learn all anchors about it. */
static void test_anchors_are_spared(void **state) {
    (void)state;
    struct yt_assign_options o = {30, 0.5f, 6, 0, 0.2f};
    struct yt_assigner assigner;
    yt_assigner_init(&assigner, &o);
    struct yt_rng rng = yt_rng_make(12, "assign", 0, 0);
    struct ref_scene scene;
    ref_scene_init(&scene, &rng, 1, 16, 16, 3);
    predict(&scene, 3);
    for (int k = 0; k < 4; k++)
        ref_scene_label(&scene, 0, k % 3, 56 + k % 2 * 16, 56 + k / 2 * 16, 26, 26);
    ref_scene_label(&scene, 0, 0, 64, 64, 2, 2);
    yt_assign(&assigner, &scene.maps, scene.targets, scene.count);
    for (int t = 0; t < scene.count; t++) assert_true(assigner.positives[t] >= 1);
    compare_with(&scene, o);
    yt_assigner_release(&assigner);
    ref_scene_release(&scene);
}

/* Thirty equal boxes, 25 places. */
static void test_fallback_ends_where_all_is_taken(void **state) {
    (void)state;
    struct yt_assign_options o = {1, 0.5f, 6, 0, 0.5f};
    struct yt_rng rng = yt_rng_make(11, "assign", 0, 0);
    struct ref_scene scene;
    ref_scene_init(&scene, &rng, 1, 16, 16, 3);
    for (int k = 0; k < 30; k++) ref_scene_label(&scene, 0, k % 3, 64, 64, 2, 2); /* no centre */
    assert_int_equal(compare_with(&scene, o), 25);
    ref_scene_release(&scene);
}

/* A 3-pixel box away from all centres, a box that ends exactly on centres, one beyond each border,
 * and one whose corners sum to less than 0. */
static void test_boxes_at_the_limits(void **state) {
    (void)state;
    struct yt_rng rng = yt_rng_make(4, "assign", 0, 0);
    struct ref_scene scene;
    ref_scene_init(&scene, &rng, 1, 8, 8, 3);
    predict(&scene, 1);
    ref_scene_label(&scene, 0, 0, 32, 32, 3, 3);
    assert_int_equal(compare(&scene, 10), 0);
    ref_scene_label(&scene, 0, 1, 28, 28, 16, 16); /* 20..36: on centres, one strictly inside */
    assert_int_equal(compare(&scene, 10), 1 + 1);  /* and one of stride 16 at (24, 24) */
    ref_scene_label(&scene, 0, 2, 1, 32, 40, 30);
    ref_scene_label(&scene, 0, 2, 63, 32, 40, 30);
    ref_scene_label(&scene, 0, 2, 32, 1, 30, 40);
    ref_scene_label(&scene, 0, 2, 32, 63, 30, 40);
    int before = compare(&scene, 10);
    ref_scene_label(&scene, 0, 1, -30, -1, 80, 20); /* -70..10, -11..9: sum -62, (4, 4) inside */
    assert_int_equal(compare(&scene, 10), before);
    ref_scene_release(&scene);
}

/* Equal boxes, of equal and of different classes: the first of equals gets the anchors that
 * several claim. */
static void test_duplicates(void **state) {
    (void)state;
    for (uint64_t seed = 0; seed < 5; seed++) {
        struct yt_rng rng = yt_rng_make(5, "assign", seed, 0);
        struct ref_scene scene;
        ref_scene_init(&scene, &rng, 1, 12, 12, 3);
        for (int i = 0; i < 12; i++) ref_scene_label(&scene, 0, i % 2, 40, 50, 60, 40);
        for (int i = 0; i < 12; i++) ref_scene_label(&scene, 0, i % 3, 60, 50, 60, 30);
        compare(&scene, 1);
        compare(&scene, 10);
        ref_scene_release(&scene);
    }
}

/* A thin box that no prediction fits: CIoU <= 0 everywhere, so every metric is 0 and the ten
 * places go to anchors 0..9 of the first row (at y = 4, x = 4, 12, ..., 76). */
static void test_places_without_metric_go_to_the_lowest_anchors(void **state) {
    (void)state;
    struct yt_rng rng = yt_rng_make(6, "assign", 0, 0);
    struct ref_scene scene;
    ref_scene_init(&scene, &rng, 1, 16, 16, 3);
    predict(&scene, 12);
    ref_scene_label(&scene, 0, 1, 64, 4, 124, 1); /* anchors 0..15 inside */
    struct yt_assign_options o = options(10);
    struct yt_assigner assigner;
    yt_assigner_init(&assigner, &o);
    yt_assign(&assigner, &scene.maps, scene.targets, scene.count);
    for (int a = 0; a < yt_anchors_count(&scene.maps); a++) {
        assert_int_equal(assigner.assigned[a].target, a < 10 ? 0 : -1);
        assert_true(assigner.assigned[a].score == 0);
    }
    assert_int_equal(assigner.positives[0], 0);
    yt_assigner_release(&assigner);
    compare(&scene, 10);
    ref_scene_release(&scene);
}

static void test_same_bits_for_any_threads(void **state) {
    (void)state;
    struct yt_rng rng = yt_rng_make(7, "assign", 0, 0);
    struct ref_scene scene;
    ref_scene_init(&scene, &rng, 5, 16, 12, 4);
    ref_scene_label_randomly(&scene, &rng, 150);
    struct yt_assign_options o = options(10);
    struct yt_assigner one, many;
    yt_assigner_init(&one, &o);
    yt_assigner_init(&many, &o);
    yt_threads_set(1);
    yt_assign(&one, &scene.maps, scene.targets, scene.count);
    size_t cells = 5 * (size_t)yt_anchors_count(&scene.maps);
    for (int threads = 2; threads <= 3; threads++) {
        yt_threads_set(threads);
        yt_assign(&many, &scene.maps, scene.targets, scene.count);
        assert_memory_equal(one.assigned, many.assigned, cells * sizeof *one.assigned);
        assert_true(one.score_sum == many.score_sum);
    }
    yt_threads_set(0);
    yt_assigner_release(&one);
    yt_assigner_release(&many);
    ref_scene_release(&scene);
}

/* Memory stays where it is while batches are no larger than the largest seen. */
static void test_memory_is_kept(void **state) {
    (void)state;
    struct yt_rng rng = yt_rng_make(8, "assign", 0, 0);
    struct ref_scene scene;
    ref_scene_init(&scene, &rng, 2, 8, 8, 4);
    ref_scene_label_randomly(&scene, &rng, 50);
    struct yt_assign_options o = options(10);
    struct yt_assigner assigner;
    yt_assigner_init(&assigner, &o);
    yt_assigner_reserve(&assigner, 2, yt_anchors_count(&scene.maps), 50);
    struct yt_assigner before = assigner;
    for (int count = 50; count >= 0; count -= 10)
        yt_assign(&assigner, &scene.maps, scene.targets, count);
    before.score_sum = assigner.score_sum;
    assert_memory_equal(&before, &assigner, sizeof before);
    yt_assigner_release(&assigner);
    ref_scene_release(&scene);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random_scenes),
        cmocka_unit_test(test_thin_boxes),
        cmocka_unit_test(test_every_label_is_learnt),
        cmocka_unit_test(test_anchors_are_spared),
        cmocka_unit_test(test_fallback_ends_where_all_is_taken),
        cmocka_unit_test(test_no_targets),
        cmocka_unit_test(test_boxes_at_the_limits),
        cmocka_unit_test(test_duplicates),
        cmocka_unit_test(test_places_without_metric_go_to_the_lowest_anchors),
        cmocka_unit_test(test_same_bits_for_any_threads),
        cmocka_unit_test(test_memory_is_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
