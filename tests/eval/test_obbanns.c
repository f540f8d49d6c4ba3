/* The figures of DeepScoresV2's toolkit against those it gave itself (tests/golden), on pages made
 * as tools/golden/obbanns_cases.py makes them; and what the corrected figures correct. */
#include "support/test.h"
#include "eval/obbanns.h"
#include "eval/ref_boxes.h"
#include "support/golden.h"
#include <math.h>

enum { CASES = 8, CLASSES = 5, PAGES = 5, MANY = 200 };

struct page {
    struct yt_label labels[MANY];
    struct yt_detection found[MANY];
    size_t nlabels, nfound;
};
struct stream {
    char key[32];
    uint64_t i;
};

static int below(struct stream *s, int n) {
    return (int)(yt_golden_u(s->key, s->i++) * n);
}

static double quarters(double v) {
    return trunc(v * 4) / 4;
}

static void make_page(struct stream *s, struct page *page, size_t *number, bool is_first) {
    static const int labelled[] = {0, 1, 2, 4};
    *page = (struct page){.nlabels = (size_t)below(s, 40)};
    for (size_t i = 0; i < page->nlabels; i++) {
        double x = below(s, 1200) / 4.0, y = below(s, 1200) / 4.0;
        double w = (4 + below(s, 120)) / 4.0, h = (4 + below(s, 120)) / 4.0;
        int cls = labelled[below(s, 4)];
        struct yt_box box = {(float)x, (float)y, (float)(x + w), (float)(y + h)};
        page->labels[i] = (struct yt_label){box, cls};
        for (int k = below(s, 4); k > 0; k--) {
            double dx = quarters((below(s, 17) - 8) * w / 32);
            double dy = quarters((below(s, 17) - 8) * h / 32);
            double dw = quarters((below(s, 17) - 8) * w / 32);
            double dh = quarters((below(s, 17) - 8) * h / 32);
            float score = (float)((double)((*number)++ * 7919 % 10007 + 1) / 16384);
            int said = below(s, 10) == 0 ? 3 : cls;
            struct yt_box near = {(float)(x + dx), (float)(y + dy), (float)(x + w + dw + fabs(dx)),
                                  (float)(y + h + dh + fabs(dy))};
            if (is_first || said == 4) continue;
            page->found[page->nfound++] = (struct yt_detection){near, score, said};
        }
    }
}

static void recorded_cases(void **state) {
    (void)state;
    struct yt_json *golden = ref_golden("obbanns_cases.json");
    assert_int_equal(yt_json_count(golden), CASES);
    static struct page page;
    for (int c = 0; c < CASES; c++) {
        struct stream s = {.i = 0};
        snprintf(s.key, sizeof s.key, "obbanns-case:%d", c);
        struct yt_obbanns *obbanns = yt_obbanns_new(CLASSES, false);
        size_t number = 0;
        for (int p = 0; p < PAGES; p++) {
            make_page(&s, &page, &number, p == 0);
            yt_obbanns_add(obbanns, page.found, page.nfound, page.labels, page.nlabels);
        }
        struct yt_obbanns_scores scores;
        yt_obbanns_compute(obbanns, &scores);
        const struct yt_json *expected = yt_json_at(golden, (size_t)c);
        assert_int_equal(scores.nclasses, yt_json_count(expected));
        double mean = 0;
        for (size_t k = 0; k < scores.nclasses; k++) {
            char name[8];
            snprintf(name, sizeof name, "%d", scores.classes[k].cls);
            const struct yt_json *row = yt_json_get(expected, name);
            assert_non_null(row);
            for (size_t t = 0; t < YT_IOU_COUNT; t++) {
                double ap = ref_number(row, t); /* a float */
                assert_true(fabs(scores.classes[k].ap_at[t] - ap) < 1e-7);
                mean += ap / YT_IOU_COUNT / (double)scores.nclasses;
            }
        }
        assert_true(fabs(scores.ap - mean) < 1e-6);
        yt_obbanns_scores_release(&scores);
        yt_obbanns_free(obbanns);
    }
    yt_json_free(golden);
}

static struct yt_obbanns_scores score(bool is_corrected, const struct yt_detection *found,
                                      size_t nfound, const struct yt_label *labels,
                                      size_t nlabels) {
    struct yt_obbanns *obbanns = yt_obbanns_new(CLASSES, is_corrected);
    yt_obbanns_add(obbanns, found, nfound, labels, nlabels);
    struct yt_obbanns_scores scores;
    yt_obbanns_compute(obbanns, &scores);
    yt_obbanns_free(obbanns);
    return scores;
}

/* A weak detection takes the label of a strong one; corrected, it does not. */
static void ascending_order_is_the_toolkits(void **state) {
    (void)state;
    const struct yt_label labels[] = {{{0, 0, 10, 10}, 0}, {{50, 0, 60, 10}, 1}};
    const struct yt_detection found[] = {{{0, 0, 10, 10}, 0.9f, 0}, {{5, 0, 10, 10}, 0.1f, 0}};
    struct yt_obbanns_scores theirs = score(false, found, 2, labels, 2);
    assert_int_equal(theirs.nclasses, 1); /* class 1 was not detected */
    assert_true(theirs.classes[0].ap_at[0] == 0.5 && theirs.classes[0].ap_at[1] == 0);
    struct yt_obbanns_scores ours = score(true, found, 2, labels, 2);
    assert_int_equal(ours.nclasses, 2);
    assert_true(ours.classes[0].ap == 1 && ours.classes[1].ap == 0 && ours.ap == 0.5);
    yt_obbanns_scores_release(&theirs);
    yt_obbanns_scores_release(&ours);
}

static void weighted_by_instances(void **state) {
    (void)state;
    const struct yt_label labels[] = {
        {{0, 0, 10, 10}, 0}, {{20, 0, 30, 10}, 0}, {{40, 0, 50, 10}, 0}, {{60, 0, 70, 10}, 1}};
    struct yt_detection found[4];
    for (size_t i = 0; i < 3; i++) found[i] = (struct yt_detection){labels[i].box, 0.5f, 0};
    found[3] = (struct yt_detection){{NAN, 0, 1, 1}, 0.5f, 1};
    struct yt_obbanns_scores scores = score(true, found, 4, labels, 4);
    assert_true(fabs(scores.ap - 0.5) < 1e-12 && fabs(scores.weighted_ap - 0.75) < 1e-12);
    yt_obbanns_scores_release(&scores);
    scores = score(false, NULL, 0, NULL, 0);
    assert_true(scores.nclasses == 0 && scores.ap == 0);
    yt_obbanns_scores_release(&scores);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(recorded_cases),
        cmocka_unit_test(ascending_order_is_the_toolkits),
        cmocka_unit_test(weighted_by_instances),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
