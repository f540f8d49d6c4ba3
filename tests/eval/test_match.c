/* Matching against the rule written naively, in quadratic time, and the cases it must not break
 * on. */
#include "support/test.h"
#include "eval/match.h"
#include "eval/overlap.h"
#include "eval/ref_boxes.h"

enum { MANY = 200 };

/* One threshold at a time: claims, then per label the first claimant. */
static void naive(const struct yt_detection *detections, size_t ndetections,
                  const struct yt_label *labels, size_t nlabels, uint16_t *tp) {
    memset(tp, 0, ndetections * sizeof *tp);
    for (int t = 0; t < YT_IOU_COUNT; t++) {
        bool taken[MANY] = {0};
        for (size_t i = 0; i < ndetections; i++) {
            size_t best = 0;
            float best_iou = 0;
            for (size_t j = 0; j < nlabels; j++) {
                float iou = yt_box_iou(&detections[i].box, &labels[j].box);
                if (labels[j].cls != detections[i].cls || iou <= best_iou) continue;
                best = j;
                best_iou = iou;
            }
            if (best_iou < yt_iou_threshold(t) || taken[best]) continue;
            taken[best] = true;
            tp[i] |= (uint16_t)(1u << t);
        }
    }
}

static void equals_naive(void **state) {
    (void)state;
    size_t hits = 0;
    for (uint64_t round = 0; round < 200; round++) {
        struct yt_rng rng = yt_rng_make(1, "match", round, 0);
        struct yt_label labels[MANY];
        struct yt_detection detections[MANY];
        size_t nlabels = yt_rng_below(&rng, MANY), ndetections = yt_rng_below(&rng, MANY);
        for (size_t j = 0; j < nlabels; j++)
            labels[j] = (struct yt_label){ref_random_box(&rng, 150), (int)yt_rng_below(&rng, 2)};
        for (size_t i = 0; i < ndetections; i++) {
            struct yt_box box = ref_random_box(&rng, 150);
            if (nlabels) box = ref_nearby_box(&rng, labels[yt_rng_below(&rng, nlabels)].box);
            detections[i] = (struct yt_detection){box, 1, (int)yt_rng_below(&rng, 2)};
        }
        uint16_t tp[MANY], expected[MANY];
        yt_match(detections, ndetections, labels, nlabels, tp);
        naive(detections, ndetections, labels, nlabels, expected);
        assert_memory_equal(tp, expected, ndetections * sizeof *tp);
        for (size_t i = 0; i < ndetections; i++) hits += tp[i] & 1;
    }
    assert_true(hits > 1000); /* or the comparison was of nothing with nothing */
}

static void no_second_best(void **state) {
    (void)state;
    const struct yt_label labels[] = {{{0, 0, 10, 10}, 0}, {{0, 3, 10, 13}, 0}};
    const struct yt_detection detections[] = {{{0, 0, 10, 10}, 0.9f, 0}, {{0, 1, 10, 11}, 0.8f, 0}};
    uint16_t tp[2];
    yt_match(detections, 2, labels, 2, tp);
    assert_int_equal(tp[0], 0x3ff);
    /* It overlaps label 1 by 8/12, but label 0, which is taken, by 9/11. */
    assert_int_equal(tp[1], 0);
}

static void a_claim_is_by_threshold(void **state) {
    (void)state;
    const struct yt_label label = {{0, 0, 10, 10}, 0};
    const struct yt_detection detections[] = {{{0, 0, 10, 6}, 0.9f, 0}, {{0, 0, 10, 10}, 0.8f, 0}};
    uint16_t tp[2];
    yt_match(detections, 2, &label, 1, tp);
    assert_int_equal(tp[0], 0x003 | (yt_box_iou(&label.box, &detections[0].box) >= 0.6f) << 2);
    assert_int_equal(tp[0] | tp[1], 0x3ff);
    assert_int_equal(tp[0] & tp[1], 0);
}

static void nothing_to_match(void **state) {
    (void)state;
    const struct yt_detection detection = {{0, 0, 10, 10}, 0.9f, 0};
    const struct yt_label empty_box = {{5, 5, 5, 5}, 0}, other_class = {{0, 0, 10, 10}, 1};
    uint16_t tp = 1;
    yt_match(&detection, 1, NULL, 0, &tp);
    assert_int_equal(tp, 0);
    yt_match(&detection, 1, &empty_box, 1, &tp);
    assert_int_equal(tp, 0);
    yt_match(&detection, 1, &other_class, 1, &tp);
    assert_int_equal(tp, 0);
    yt_match(NULL, 0, &other_class, 1, &tp);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equals_naive),
        cmocka_unit_test(no_second_best),
        cmocka_unit_test(a_claim_is_by_threshold),
        cmocka_unit_test(nothing_to_match),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
