/* NMS, NMM and GREEDYNMM against SAHI's own results, against the quadratic method on pages, and for
 * time. */
#include "support/test.h"
#include <inttypes.h>
#include "eval/detections.h"
#include "eval/merge.h"
#include "eval/ref_boxes.h"
#include "base/rng.h"
#include "support/golden.h"
#include <math.h>

static const char *const METHODS[] = {"NMS", "NMM", "GREEDYNMM"};
static const char *const METRICS[] = {"IOU", "IOS"};

static void golden_merges(void **state) {
    (void)state;
    struct yt_json *golden = ref_golden("golden_sahi.json");
    const struct yt_json *rows = yt_json_get(golden, "boxes_xyxy_score_cls");
    const struct yt_json *out = yt_json_get(golden, "out");
    int compared = 0;
    for (int k = 0; k < 24; k++) {
        struct yt_merge how = {.method = (enum yt_merge_method)(k / 8),
                               .metric = (enum yt_overlap)(k / 4 % 2),
                               .threshold = k / 2 % 2 ? 0.1 : 0.5,
                               .class_agnostic = k % 2};
        char *name = yt_format("%s_%s_%g_%s", METHODS[how.method], METRICS[how.metric],
                               how.threshold, how.class_agnostic ? "agnostic" : "perclass");
        const struct yt_json *expected = yt_json_get(out, name);
        free(name);
        if (!expected) continue; /* IOU was not recorded at 0.1 */
        struct yt_detection detections[64];
        size_t count = yt_json_count(rows);
        assert_true(count <= YT_COUNT(detections));
        for (size_t i = 0; i < count; i++) detections[i] = ref_detection(yt_json_at(rows, i));
        count = yt_merge(&how, detections, count);
        assert_int_equal(count, yt_json_count(expected));
        for (size_t i = 0; i < count; i++) {
            struct yt_detection row = ref_detection(yt_json_at(expected, i));
            assert_memory_equal(&detections[i], &row, sizeof row);
        }
        compared++;
    }
    assert_int_equal(compared, 18);
    yt_json_free(golden);
}

/* --- 500 random cases, made as tools/golden/sahi_cases.py makes them ---------------------------
 */

static int draw(const char *key, uint64_t i, int n) {
    return (int)(yt_golden_u(key, i) * n);
}

static size_t make_case(int number, struct yt_detection *detections) {
    char *key = yt_format("sahi-case:%d", number);
    size_t count = 2 + (size_t)draw(key, 0, 70);
    for (size_t k = 0; k < count; k++) {
        uint64_t i = 1 + 6 * k;
        float x = (float)draw(key, i, 100) / 2, y = (float)draw(key, i + 1, 100) / 2;
        float w = (float)draw(key, i + 2, 50) / 2, h = (float)draw(key, i + 3, 50) / 2;
        float score = (float)(1 + draw(key, i + 4, 24)) / 32;
        detections[k] = (struct yt_detection){{x, y, x + w, y + h}, score, draw(key, i + 5, 2)};
    }
    free(key);
    return count;
}

static struct yt_merge case_settings(int number) {
    static const double thresholds[] = {0.1, 0.5, 0.3, 0.7};
    return (struct yt_merge){.method = (enum yt_merge_method)(number % 3),
                             .metric = (enum yt_overlap)(number / 3 % 2),
                             .threshold = thresholds[number / 6 % 4],
                             .class_agnostic = number / 24 % 2};
}

static uint64_t hash_of(const struct yt_detection *detections, size_t count) {
    float rows[72][6];
    for (size_t i = 0; i < count; i++) {
        const struct yt_detection *d = &detections[i];
        const float row[] = {d->box.x1, d->box.y1, d->box.x2, d->box.y2, d->score, (float)d->cls};
        memcpy(rows[i], row, sizeof row);
    }
    return yt_hash(rows, count * sizeof *rows);
}

static void recorded_cases(void **state) {
    (void)state;
    FILE *file = fopen(YT_TEST_DIR "/golden/sahi_cases.txt", "r");
    assert_non_null(file);
    int number, cases = 0;
    size_t expected_count;
    uint64_t expected_hash;
    while (fscanf(file, "%d %zu %" SCNx64, &number, &expected_count, &expected_hash) == 3) {
        struct yt_detection detections[72];
        struct yt_merge how = case_settings(number);
        size_t count = yt_merge(&how, detections, make_case(number, detections));
        if (count != expected_count || hash_of(detections, count) != expected_hash)
            fail_msg("case %d: %zu boxes left, SAHI leaves %zu", number, count, expected_count);
        cases++;
    }
    fclose(file);
    assert_int_equal(cases, 500);
}

/* --- pages: equal to the quadratic method, and fast --------------------------------------------
 */

/* A page of objects, each found a few times, as overlapping tiles find it. */
static struct yt_detection *make_page(size_t count, int page_px) {
    struct yt_rng rng = yt_rng_make(3, "page", count, 0);
    struct yt_detection *detections = yt_malloc(count * sizeof *detections);
    for (size_t i = 0; i < count; i++) {
        bool again = i > 0 && yt_rng_below(&rng, 3) > 0;
        struct yt_detection *d = &detections[i];
        *d =
            again ? detections[i - 1] : (struct yt_detection){.box = ref_random_box(&rng, page_px)};
        if (again) d->box = ref_nearby_box(&rng, d->box);
        if (!again) d->cls = (int)yt_rng_below(&rng, 3);
        d->score = (float)yt_rng_uniform(&rng, 0, 1);
    }
    return detections;
}

/* SAHI's NMM in two phases, without a grid: groups first, then merging. Scores differ, boxes are
 * sorted by score; one class. */
static size_t naive_nmm(const struct yt_merge *how, struct yt_detection *boxes, size_t count) {
    size_t *owner = yt_malloc(count * sizeof *owner), kept = 0;
    for (size_t i = 0; i < count; i++) owner[i] = count;
    for (size_t i = 0; i < count; i++) {
        if (owner[i] == count) owner[i] = i;
        bool spreads = owner[i] == i || how->method == YT_MERGE_NMM;
        for (size_t j = i + 1; j < count && spreads; j++)
            if (owner[j] == count &&
                yt_box_overlap(how->metric, &boxes[i].box, &boxes[j].box) >= (float)how->threshold)
                owner[j] = owner[i];
    }
    for (size_t i = 0; i < count; i++)
        if (owner[i] == i) boxes[kept++] = boxes[i];
    free(owner);
    return kept;
}

static int by_score_of_copy(const void *a, const void *b) {
    float x = ((const struct yt_detection *)a)->score, y = ((const struct yt_detection *)b)->score;
    return (x < y) - (x > y);
}

/* Whatever the method does with the boxes that it takes, the keepers are those of the quadratic
 * method: as many, with the same scores. */
static void keepers_of_a_page(void **state) {
    (void)state;
    enum { COUNT = 1500 };
    for (int k = 0; k < 6; k++) {
        struct yt_merge how = {(enum yt_merge_method)(k % 3), (enum yt_overlap)(k / 3), 0.4, true};
        struct yt_detection *boxes = make_page(COUNT, 400), *naive = make_page(COUNT, 400);
        qsort(naive, COUNT, sizeof *naive, by_score_of_copy);
        size_t kept = yt_merge(&how, boxes, COUNT), expected = naive_nmm(&how, naive, COUNT);
        assert_int_equal(kept, expected);
        for (size_t i = 0; i < kept; i++) {
            assert_float_equal(boxes[i].score, naive[i].score, 0);
            if (how.method == YT_MERGE_NMS)
                assert_memory_equal(&boxes[i], &naive[i], sizeof boxes[i]);
        }
        assert_in_range(kept, 100, COUNT - 100);
        free(boxes);
        free(naive);
    }
}

static void thousands_of_boxes(void **state) {
    (void)state;
    enum { COUNT = 33000 };
    for (int method = 0; method < 3; method++) {
        struct yt_merge how = {(enum yt_merge_method)method, YT_OVERLAP_IOS, 0.5, false};
        struct yt_detection *boxes = make_page(COUNT, 2000);
        double start = yt_now();
        size_t kept = yt_merge(&how, boxes, COUNT);
        double seconds = yt_now() - start;
        print_message("%s: %d boxes to %zu in %.0f ms\n", METHODS[method], COUNT, kept,
                      seconds * 1e3);
        assert_true(seconds <
                    10); /* under 0.1 s in a release build; slow sanitizers need the rest */
        free(boxes);
    }
}

static void corner_cases(void **state) {
    (void)state;
    struct yt_merge how = {YT_MERGE_GREEDYNMM, YT_OVERLAP_IOS, 0.5, false};
    assert_int_equal(yt_merge(&how, NULL, 0), 0);
    struct yt_detection boxes[] = {
        {{0, 0, 0, 5}, 0.5f, 0},   {{0, 0, 0, 5}, 0.4f, 0}, /* no area: nothing overlaps it */
        {{0, 0, 9, 9}, NAN, 0},    {{NAN, 0, 9, 9}, 1, 0},    {{0, 0, INFINITY, 9}, 1, 0},
        {{20, 0, 30, 9}, 0.3f, 1}, {{20, 0, 30, 9}, 0.3f, 1},
    };
    assert_int_equal(yt_merge(&how, boxes, YT_COUNT(boxes)), 3);
    assert_float_equal(boxes[0].score, 0.5f, 0);
    assert_int_equal(boxes[2].cls, 1);
}

static void sorting_is_stable(void **state) {
    (void)state;
    struct yt_detection boxes[] = {
        {.score = 0.2f, .cls = 0}, {.score = 0.9f, .cls = 1}, {.score = 0.2f, .cls = 2},
        {.score = 0.9f, .cls = 3}, {.score = 0.5f, .cls = 4},
    };
    yt_detections_sort(boxes, YT_COUNT(boxes));
    static const int order[] = {1, 3, 4, 0, 2};
    for (size_t i = 0; i < YT_COUNT(boxes); i++) assert_int_equal(boxes[i].cls, order[i]);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(golden_merges),     cmocka_unit_test(recorded_cases),
        cmocka_unit_test(keepers_of_a_page), cmocka_unit_test(thousands_of_boxes),
        cmocka_unit_test(corner_cases),      cmocka_unit_test(sorting_is_stable),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
