/* COCO's twelve numbers against pycocotools' own (tests/golden/coco_cases.json), on labels and
 * detections made as tools/golden/coco_cases.py makes them. */
#include "support/test.h"
#include "eval/coco.h"
#include "eval/ref_boxes.h"
#include "support/golden.h"
#include <math.h>

enum { CLASSES = 4, MANY = 1024 };

static const struct {
    int images, labels, times, caps[YT_COCO_CAPS];
} cases[] = {
    {10, 30, 1, {1, 10, 100}}, {6, 60, 3, {1, 10, 100}}, {3, 200, 2, {5, 40, 300}},
    {4, 3, 4, {1, 10, 100}},   {5, 20, 0, {1, 10, 100}}, {20, 12, 2, {1, 2, 3}},
};

struct stream {
    char key[32];
    uint64_t i;
};

static double uniform(struct stream *s) {
    return yt_golden_u(s->key, s->i++);
}

static int below(struct stream *s, int n) {
    return (int)(uniform(s) * n);
}

static struct yt_coco_label make_label(struct stream *s) {
    static const int longest[] = {40, 160, 640};
    struct yt_coco_label label;
    label.x = below(s, 2000) / 4.0;
    label.y = below(s, 2000) / 4.0;
    int most = longest[below(s, 3)];
    label.w = (1 + below(s, most)) / 4.0;
    label.h = (1 + below(s, most)) / 4.0;
    label.area = label.w * label.h * (0.5 + uniform(s) / 2);
    label.cls = below(s, CLASSES - 1);
    label.crowd = below(s, 12) == 0;
    return label;
}

static struct yt_coco_detection make_detection(struct stream *s, const struct yt_coco_label *near) {
    double dx = (below(s, 9) - 4) / 16.0, dy = (below(s, 9) - 4) / 16.0;
    double dw = below(s, 4) / 8.0, dh = below(s, 4) / 8.0;
    bool other = below(s, 10) == 0;
    struct yt_coco_detection detection = {
        .x = near->x + dx * near->w,
        .y = near->y + dy * near->h,
        .w = near->w * (1 + dw),
        .h = near->h * (1 + dh),
        .score = below(s, 64) / 64.0,
        .cls = near->cls,
    };
    if (other) detection.cls = below(s, CLASSES);
    return detection;
}

static struct yt_coco_scores run_case(size_t number) {
    struct yt_coco *coco = yt_coco_new(CLASSES, cases[number].caps);
    struct stream s = {.i = 0};
    snprintf(s.key, sizeof s.key, "coco-case:%zu", number);
    for (int image = 0; image < cases[number].images; image++) {
        struct yt_coco_label labels[MANY];
        struct yt_coco_detection detections[MANY];
        size_t nlabels = (size_t)below(&s, cases[number].labels + 1), ndetections = 0;
        for (size_t i = 0; i < nlabels; i++) labels[i] = make_label(&s);
        for (size_t i = 0; i < nlabels; i++) {
            int times = below(&s, cases[number].times + 1);
            for (int k = 0; k < times; k++)
                detections[ndetections++] = make_detection(&s, &labels[i]);
        }
        assert_true(ndetections <= MANY);
        yt_coco_add(coco, detections, ndetections, labels, nlabels);
    }
    struct yt_coco_scores scores;
    yt_coco_compute(coco, &scores);
    yt_coco_free(coco);
    return scores;
}

static void close_to(const char *what, size_t number, double value, double expected) {
    if (!(fabs(value - expected) <= 1e-12))
        fail_msg("case %zu, %s: %.17g is not %.17g", number, what, value, expected);
}

static void equals_pycocotools(void **state) {
    (void)state;
    struct yt_json *golden = ref_golden("coco_cases.json");
    assert_int_equal(yt_json_count(golden), YT_COUNT(cases));
    for (size_t number = 0; number < YT_COUNT(cases); number++) {
        struct yt_coco_scores scores = run_case(number);
        const double stats[] = {
            scores.ap[YT_COCO_ALL],
            scores.ap50,
            scores.ap75,
            scores.ap[YT_COCO_SMALL],
            scores.ap[YT_COCO_MEDIUM],
            scores.ap[YT_COCO_LARGE],
            scores.recall[0],
            scores.recall[1],
            scores.recall[2],
            scores.recall_by_range[YT_COCO_SMALL],
            scores.recall_by_range[YT_COCO_MEDIUM],
            scores.recall_by_range[YT_COCO_LARGE],
        };
        const struct yt_json *expected = yt_json_get(yt_json_at(golden, number), "stats");
        for (size_t i = 0; i < YT_COUNT(stats); i++)
            close_to("stats", number, stats[i], ref_number(expected, i));
        const struct yt_json *classes = yt_json_get(yt_json_at(golden, number), "per_class");
        for (size_t c = 0; c < scores.nclasses; c++) {
            const struct yt_json *row = yt_json_at(classes, (size_t)scores.classes[c].cls);
            close_to("class ap", number, scores.classes[c].ap, ref_number(row, 0));
            close_to("class ap50", number, scores.classes[c].ap50, ref_number(row, 1));
        }
        yt_coco_scores_release(&scores);
    }
    yt_json_free(golden);
}

static void perfect_and_empty(void **state) {
    (void)state;
    static const int caps[] = {1, 10, 100};
    struct yt_coco *coco = yt_coco_new(2, caps);
    struct yt_coco_scores scores;
    yt_coco_compute(coco, &scores);
    assert_true(scores.ap[YT_COCO_ALL] == -1 && scores.recall[2] == -1);
    yt_coco_scores_release(&scores);

    const struct yt_coco_label labels[] = {{0, 0, 10, 10, 100, 0, false},
                                           {20, 0, 10, 10, 100, 0, false}};
    const struct yt_coco_detection detections[] = {{0, 0, 10, 10, 0.9, 0}, {20, 0, 10, 10, 0.8, 0}};
    yt_coco_add(coco, detections, 2, labels, 2);
    yt_coco_add(coco, NULL, 0, NULL, 0);
    yt_coco_compute(coco, &scores);
    close_to("ap", 0, scores.ap[YT_COCO_ALL], 1);
    close_to("recall at one a page", 0, scores.recall[0], 0.5);
    close_to("large", 0, scores.ap[YT_COCO_LARGE], -1);
    assert_int_equal(scores.capped, 0);
    yt_coco_scores_release(&scores);
    yt_coco_free(coco);
}

/* A found stem and a missed notehead: one range has the one, another the other. */
static void ranges_of_the_shorter_side(void **state) {
    (void)state;
    static const int caps[] = {1, 10, 100};
    struct yt_coco *coco = yt_coco_new(2, caps);
    const struct yt_coco_label labels[] = {{0, 0, 2, 50, 100, 0, false},
                                           {20, 0, 20, 18, 360, 1, false}};
    const struct yt_coco_detection found = {0, 0, 2, 50, 0.9, 0};
    yt_coco_add(coco, &found, 1, labels, 2);
    struct yt_coco_scores scores;
    yt_coco_compute(coco, &scores);
    close_to("hair", 0, scores.ap[YT_COCO_HAIR], 1);
    close_to("thin", 0, scores.ap[YT_COCO_THIN], -1);
    close_to("broad", 0, scores.ap[YT_COCO_BROAD], 0);
    close_to("weighted", 0, scores.weighted_ap, 0.5);
    yt_coco_scores_release(&scores);
    yt_coco_free(coco);
}

static void a_cap_that_is_hit_is_counted(void **state) {
    (void)state;
    static const int caps[] = {1, 1, 2};
    struct yt_coco *coco = yt_coco_new(2, caps);
    const struct yt_coco_detection d = {0, 0, 10, 10, 0.9, 0}, e = {0, 0, 10, 10, 0.9, 1};
    const struct yt_coco_detection detections[] = {d, d, d, e, d};
    yt_coco_add(coco, detections, 5, NULL, 0);
    struct yt_coco_scores scores;
    yt_coco_compute(coco, &scores);
    assert_int_equal(scores.capped, 2);
    yt_coco_scores_release(&scores);
    yt_coco_free(coco);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equals_pycocotools),
        cmocka_unit_test(perfect_and_empty),
        cmocka_unit_test(ranges_of_the_shorter_side),
        cmocka_unit_test(a_cap_that_is_hit_is_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
