/* Selection and decoding against naive double versions. */
#include "support/test.h"
#include "yolov10/anchors.h"
#include "yolov10/decode.h"
#include "yolov10/ref_loss.h"
#include "yolov10/topk.h"

#include <math.h>

/* --- top-k --------------------------------------------------------------------------------- */

static const float *sort_keys;

static int by_key(const void *pa, const void *pb) {
    int a = *(const int *)pa, b = *(const int *)pb;
    if (sort_keys[a] != sort_keys[b]) return sort_keys[a] > sort_keys[b] ? -1 : 1;
    return (a > b) - (a < b);
}

static void test_topk_is_a_stable_sort(void **state) {
    (void)state;
    struct yt_rng rng = yt_rng_make(1, "topk", 0, 0);
    for (int i = 0; i < 300; i++) {
        int n = (int)yt_rng_below(&rng, 300), k = (int)yt_rng_below(&rng, 320);
        uint64_t values = i % 3 ? 5 : 100000; /* few values: many ties */
        float keys[300];
        int sorted[300], got[320];
        for (int j = 0; j < n; j++) {
            keys[j] = (float)yt_rng_below(&rng, values) - 2;
            sorted[j] = j;
        }
        sort_keys = keys;
        qsort(sorted, (size_t)n, sizeof *sorted, by_key);
        int expected = YT_MIN(k, n);
        assert_int_equal(yt_topk(keys, n, k, got), expected);
        if (expected) assert_memory_equal(got, sorted, (size_t)expected * sizeof *got);
    }
}

/* --- decoding ------------------------------------------------------------------------------- */

static void anchor_logits(struct ref_anchor anchor, double box[64]) {
    for (int i = 0; i < 64; i++) box[i] = anchor.level->box[anchor.box_offset + (size_t)i];
}

static void test_dense(void **state) {
    (void)state;
    struct yt_rng rng = yt_rng_make(2, "decode", 0, 0);
    struct ref_scene scene;
    ref_scene_init(&scene, &rng, 2, 8, 12, 3);
    int anchors = yt_anchors_count(&scene.maps);
    assert_int_equal(anchors, 8 * 12 + 4 * 6 + 2 * 3);
    float *out = yt_malloc((size_t)anchors * 7 * sizeof *out);
    yt_decode_dense(&scene.maps, 1, out);
    for (int a = 0; a < anchors; a++) {
        struct ref_anchor anchor = ref_anchor_at(&scene.maps, 1, a);
        double logits[64], box[4];
        anchor_logits(anchor, logits);
        ref_decode(logits, anchor, box);
        const double expected[4] = {(box[0] + box[2]) / 2, (box[1] + box[3]) / 2, box[2] - box[0],
                                    box[3] - box[1]};
        for (int i = 0; i < 4; i++)
            assert_true(fabs(out[a * 7 + i] - expected[i] * anchor.stride) < 1e-4);
        for (int c = 0; c < 3; c++) {
            double logit = anchor.level->cls[anchor.cls_offset + (size_t)c];
            assert_true(fabs(out[a * 7 + 4 + c] - 1 / (1 + exp(-logit))) < 2e-7);
        }
    }
    free(out);
    ref_scene_release(&scene);
}

/* The selection in the words of its definition, from the dense decoding: sorts everything. */
static int naive_topk(const struct yt_head_maps *maps, int image, int max_det,
                      struct yt_detection *out) {
    int anchors = yt_anchors_count(maps), nc = maps->nc, k = YT_MIN(max_det, anchors);
    float *dense = yt_malloc((size_t)(anchors * (4 + nc)) * sizeof *dense);
    float *keys = yt_calloc((size_t)(anchors * nc), sizeof *keys);
    int *rows = yt_malloc((size_t)anchors * sizeof *rows);
    int *order = yt_malloc((size_t)(k * nc) * sizeof *order);
    yt_decode_dense(maps, image, dense);
    for (int a = 0; a < anchors; a++) {
        rows[a] = a;
        for (int c = 0; c < nc; c++) keys[a] = fmaxf(keys[a], dense[a * (4 + nc) + 4 + c]);
    }
    sort_keys = keys;
    qsort(rows, (size_t)anchors, sizeof *rows, by_key);
    for (int i = 0; i < k * nc; i++) {
        order[i] = i;
        keys[i] = dense[rows[i / nc] * (4 + nc) + 4 + i % nc];
    }
    qsort(order, (size_t)(k * nc), sizeof *order, by_key);
    for (int i = 0; i < k; i++) {
        const float *b = dense + rows[order[i] / nc] * (4 + nc);
        out[i].box =
            (struct yt_box){b[0] - b[2] / 2, b[1] - b[3] / 2, b[0] + b[2] / 2, b[1] + b[3] / 2};
        out[i].score = keys[order[i]];
        out[i].cls = order[i] % nc;
    }
    free(dense);
    free(keys);
    free(rows);
    free(order);
    return k;
}

static void compare_topk(const struct yt_head_maps *maps, int max_det) {
    struct yt_decoder decoder = {0};
    struct yt_detection *got = yt_malloc((size_t)max_det * sizeof *got);
    struct yt_detection *expected = yt_malloc((size_t)max_det * sizeof *expected);
    for (int image = 0; image < maps->batch; image++) {
        int count = naive_topk(maps, image, max_det, expected);
        assert_int_equal(yt_decode_topk(&decoder, maps, image, max_det, false, got), count);
        for (int i = 0; i < count; i++) {
            assert_true(got[i].score == expected[i].score);
            assert_int_equal(got[i].cls, expected[i].cls);
            assert_true(fabsf(got[i].box.x1 - expected[i].box.x1) < 1e-3f);
            assert_true(fabsf(got[i].box.y1 - expected[i].box.y1) < 1e-3f);
            assert_true(fabsf(got[i].box.x2 - expected[i].box.x2) < 1e-3f);
            assert_true(fabsf(got[i].box.y2 - expected[i].box.y2) < 1e-3f);
        }
    }
    free(got);
    free(expected);
    yt_decoder_release(&decoder);
}

static void test_topk_of_random_maps(void **state) {
    (void)state;
    static const int cases[][4] = {
        /* h, w, nc, max_det */
        {8, 8, 3, 20}, {12, 8, 1, 50}, {8, 12, 136, 300}, {20, 20, 137, 300}, {8, 8, 7, 1},
    };
    for (size_t i = 0; i < YT_COUNT(cases); i++) {
        struct yt_rng rng = yt_rng_make(3, "decode", i, 0);
        struct ref_scene scene;
        ref_scene_init(&scene, &rng, 2, cases[i][0], cases[i][1], cases[i][2]);
        compare_topk(&scene.maps, cases[i][3]);
        ref_scene_release(&scene);
    }
}

/* Logits of a few values, among them ones whose scores round to 1: the order among equals. */
static void test_ties(void **state) {
    (void)state;
    struct yt_rng rng = yt_rng_make(4, "decode", 0, 0);
    struct ref_scene scene;
    ref_scene_init(&scene, &rng, 1, 12, 12, 9);
    for (int l = 0; l < 3; l++) {
        const struct yt_head_level *level = &scene.maps.level[l];
        for (int i = 0; i < level->h * level->w * level->cls_ld; i++)
            ((float *)level->cls)[i] = (float[]){-2, 0, 30, 31}[yt_rng_below(&rng, 4)];
    }
    compare_topk(&scene.maps, 30);
    ref_scene_release(&scene);
}

/* With one class an anchor: as many detections, each anchor once, its best class. */
static void test_one_class_an_anchor(void **state) {
    (void)state;
    enum { NC = 6, MAX_DET = 40 };
    struct yt_rng rng = yt_rng_make(6, "decode", 0, 0);
    struct ref_scene scene;
    ref_scene_init(&scene, &rng, 2, 8, 8, NC);
    struct yt_decoder decoder = {0};
    struct yt_detection all[MAX_DET], one[MAX_DET];
    int anchors = yt_anchors_count(&scene.maps);
    float *dense = yt_malloc((size_t)anchors * (4 + NC) * sizeof *dense);
    float *best = yt_malloc((size_t)anchors * sizeof *best);
    int *rows = yt_malloc((size_t)anchors * sizeof *rows);
    for (int image = 0; image < 2; image++) {
        yt_decode_dense(&scene.maps, image, dense);
        for (int a = 0; a < anchors; a++) {
            rows[a] = a;
            best[a] = 0;
            for (int c = 0; c < NC; c++) best[a] = fmaxf(best[a], dense[a * (4 + NC) + 4 + c]);
        }
        sort_keys = best;
        qsort(rows, (size_t)anchors, sizeof *rows, by_key);
        yt_decode_topk(&decoder, &scene.maps, image, MAX_DET, false, all);
        assert_int_equal(yt_decode_topk(&decoder, &scene.maps, image, MAX_DET, true, one), MAX_DET);
        for (int i = 0; i < MAX_DET; i++) {
            const float *row = dense + rows[i] * (4 + NC);
            assert_true(one[i].score == best[rows[i]] && row[4 + one[i].cls] == one[i].score);
            assert_true(fabsf(one[i].box.x1 + one[i].box.x2 - 2 * row[0]) < 1e-3f);
            assert_true(one[i].score <= all[i].score); /* other classes of good anchors are gone */
        }
        assert_true(one[0].score == all[0].score &&
                    one[MAX_DET - 1].score < all[MAX_DET - 1].score);
    }
    free(dense);
    free(best);
    free(rows);
    yt_decoder_release(&decoder);
    ref_scene_release(&scene);
}

/* A NaN score is no detection to prefer, and breaks nothing. */
static void test_nan_sorts_last(void **state) {
    (void)state;
    struct yt_rng rng = yt_rng_make(5, "decode", 0, 0);
    struct ref_scene scene;
    ref_scene_init(&scene, &rng, 1, 8, 8, 3);
    float *logits = (float *)scene.maps.level[0].cls;
    for (int c = 0; c < 3; c++) logits[c] = NAN;
    logits[scene.maps.level[0].cls_ld] = NAN;
    logits[scene.maps.level[0].cls_ld + 1] = 20;
    struct yt_decoder decoder = {0};
    struct yt_detection out[84];
    assert_int_equal(yt_decode_topk(&decoder, &scene.maps, 0, 300, false, out), 84);
    assert_int_equal(out[0].cls, 1);
    assert_true(out[0].score > 0.99f);
    for (int i = 1; i < 84; i++) assert_true(out[i].score <= out[i - 1].score);
    yt_decode_topk(&decoder, &scene.maps, 0, 300, true, out);
    assert_true(out[0].cls == 1 && out[0].score > 0.99f && out[83].score == 0);
    yt_decoder_release(&decoder);
    ref_scene_release(&scene);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_topk_is_a_stable_sort), cmocka_unit_test(test_dense),
        cmocka_unit_test(test_topk_of_random_maps),   cmocka_unit_test(test_ties),
        cmocka_unit_test(test_nan_sorts_last),        cmocka_unit_test(test_one_class_an_anchor),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
