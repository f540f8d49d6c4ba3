/* Scores from outcomes against those of yt_metrics on the same images, and the bootstrap. */
#include "support/test.h"
#include "base/rng.h"
#include "base/threads.h"
#include "eval/bootstrap.h"
#include "eval/metrics.h"

#include <math.h>

enum { NC = 5, PAGES = 12, TILES = 3, LABELS = 12 };

struct image {
    struct yt_label labels[LABELS];
    struct yt_detection detections[2 * LABELS];
};

/* Labels of the first four classes; detections near half of them, and as many anywhere. `skill`:
 * the share of detections that are good. */
static struct image make_image(uint64_t number, double skill) {
    struct image image;
    struct yt_rng rng = yt_rng_make(5, "outcomes", number, 0);
    for (int i = 0; i < LABELS; i++) {
        float x = (float)yt_rng_uniform(&rng, 0, 500), y = (float)yt_rng_uniform(&rng, 0, 500);
        image.labels[i] =
            (struct yt_label){{x, y, x + 30, y + 20}, (int)yt_rng_below(&rng, NC - 1)};
    }
    for (int i = 0; i < 2 * LABELS; i++) {
        const struct yt_label *label = &image.labels[i % LABELS];
        bool good = yt_rng_uniform(&rng, 0, 1) < skill;
        float off = (float)yt_rng_uniform(&rng, 0, good ? 8 : 200);
        image.detections[i] = (struct yt_detection){
            {label->box.x1 + off, label->box.y1, label->box.x2 + off, label->box.y2},
            (float)yt_rng_uniform(&rng, good ? 0.3 : 0, good ? 1 : 0.7),
            good ? label->cls : (int)yt_rng_below(&rng, NC)};
    }
    return image;
}

static void fill(struct yt_outcomes *outcomes, double skill) {
    yt_outcomes_init(outcomes, NC, PAGES);
    for (uint32_t i = 0; i < PAGES * TILES; i++) {
        struct image image = make_image(i, skill);
        yt_outcomes_add(outcomes, i / TILES, image.detections, 2 * LABELS, image.labels, LABELS);
    }
}

/* With each page in weights[] that often. */
static struct yt_scores expected_scores(const uint32_t *weights) {
    struct yt_metrics *metrics = yt_metrics_new(NC);
    struct yt_scores scores;
    for (uint32_t i = 0; i < PAGES * TILES; i++) {
        struct image image = make_image(i, 0.5);
        for (uint32_t k = 0; k < weights[i / TILES]; k++)
            yt_metrics_add(metrics, image.detections, 2 * LABELS, image.labels, LABELS);
    }
    yt_metrics_compute(metrics, &scores);
    yt_metrics_free(metrics);
    return scores;
}

static void compare_with_metrics(const uint32_t *weights, const uint32_t *shown, double tolerance) {
    struct yt_outcomes outcomes;
    double ap[NC];
    fill(&outcomes, 0.5);
    struct yt_ranked *ranking = yt_ranked_new(&outcomes);
    struct yt_ranked_scores scores = {.ap = ap};
    yt_ranked_score(ranking, weights, &scores);
    struct yt_scores expected = expected_scores(shown);
    assert_true(expected.map > 0.05 && expected.nclasses == NC - 1);
    assert_true(fabs(scores.map - expected.map) <= tolerance);
    assert_true(fabs(scores.map50 - expected.map50) <= tolerance);
    for (size_t i = 0; i < expected.nclasses; i++)
        assert_true(fabs(ap[expected.classes[i].cls] - expected.classes[i].ap) <= tolerance);
    assert_true(isnan(ap[NC - 1])); /* it has no labels */
    yt_scores_release(&expected);
    yt_ranked_free(ranking);
    yt_outcomes_release(&outcomes);
}

static void equal_to_metrics(void **state) {
    (void)state;
    uint32_t ones[PAGES], some[PAGES], twos[PAGES];
    for (uint32_t i = 0; i < PAGES; i++) ones[i] = 1, some[i] = i % 3 != 1, twos[i] = 2;
    compare_with_metrics(ones, ones, 1e-12);
    compare_with_metrics(some, some, 1e-12);
    compare_with_metrics(twos, ones, 1e-12);
}

static void no_labels_no_score(void **state) {
    (void)state;
    struct yt_outcomes outcomes;
    const uint32_t none[PAGES] = {0};
    fill(&outcomes, 0.5);
    struct yt_ranked *ranking = yt_ranked_new(&outcomes);
    struct yt_ranked_scores scores = {0};
    yt_ranked_score(ranking, none, &scores);
    assert_true(isnan(scores.map) && isnan(scores.map50));
    yt_ranked_free(ranking);
    yt_outcomes_release(&outcomes);
}

static void a_better_run_is_found(void **state) {
    (void)state;
    struct yt_outcomes weak, strong;
    struct yt_comparison c, again;
    fill(&weak, 0.4);
    fill(&strong, 0.7);
    yt_threads_set(1);
    yt_comparison_init(&c, &weak, &strong, 60, 1);
    yt_threads_set(3);
    yt_comparison_init(&again, &weak, &strong, 60, 1);
    assert_true(c.map.low > 0 && c.map.low <= c.map.high && c.better == 1);
    assert_true(c.map.low < c.map.b - c.map.a && c.map.b - c.map.a < c.map.high);
    assert_true(c.map.low == again.map.low && c.ap[1].high == again.ap[1].high);
    yt_comparison_release(&again);
    yt_comparison_release(&c);
    yt_comparison_init(&c, &weak, &weak, 20, 1);
    assert_true(c.map.low == 0 && c.map.high == 0 && c.better == 0);
    yt_comparison_release(&c);
    yt_outcomes_release(&weak);
    yt_outcomes_release(&strong);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equal_to_metrics),
        cmocka_unit_test(no_labels_no_score),
        cmocka_unit_test(a_better_run_is_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
