/* The merge for pages: who wins at the borders of windows, against the quadratic method, and for
 * time. */
#include "support/test.h"
#include "base/rng.h"
#include "eval/merge_page.h"
#include "eval/ref_boxes.h"
#include <math.h>

/* Two windows side by side that share 100 px of a page of 500 x 300. */
static const struct yt_box pair[] = {{0, 0, 300, 300}, {200, 0, 500, 300}};
static const struct yt_merge_page plain = {.page_w = 500, .page_h = 300, .threshold = 0.5};

static void whole_beats_cut(void **state) {
    (void)state;
    struct yt_detection found[] = {
        {{270, 10, 300, 30}, 0.9f, 0}, /* cut at the first window's border, and sure */
        {{270, 10, 320, 30}, 0.4f, 0}, /* the second sees all of it */
        {{270, 10, 300, 30}, 0.8f, 1}, /* of another class */
    };
    static const uint32_t window_of[] = {0, 1, 0};
    size_t count = yt_merge_page(&plain, found, window_of, 3, pair);
    assert_int_equal(count, 2);
    assert_int_equal(found[0].cls, 1);
    assert_true(found[1].box.x2 == 320 && found[1].score == 0.4f);
}

static void page_edge_cuts_nothing(void **state) {
    (void)state;
    struct yt_detection found[] = {{{0, 10, 30, 30}, 0.9f, 0}, {{2, 10, 42, 30}, 0.95f, 0}};
    static const uint32_t window_of[] = {0, 0};
    assert_int_equal(yt_merge_page(&plain, found, window_of, 2, pair), 1);
    assert_true(found[0].score == 0.95f);
}

static void box_is_the_mean_of_whole_ones(void **state) {
    (void)state;
    struct yt_detection found[] = {
        {{250, 10, 270, 30}, 0.6f, 0},
        {{254, 10, 274, 34}, 0.3f, 0}, /* whole in both */
        {{250, 12, 300, 30}, 0.9f, 0}, /* cut: no part of it */
    };
    static const uint32_t window_of[] = {0, 1, 0};
    assert_int_equal(yt_merge_page(&plain, found, window_of, 3, pair), 1);
    assert_true(found[0].score == 0.6f);
    assert_true(fabsf(found[0].box.x1 - 251.333333f) < 1e-4f &&
                fabsf(found[0].box.x2 - 271.333333f) < 1e-4f);
    assert_true(fabsf(found[0].box.y2 - 31.333333f) < 1e-4f);
}

/* Two looks at a stem of 2 px that are 1.5 px apart are one; stems 9 px apart are two. */
static void thin_boxes(void **state) {
    (void)state;
    struct yt_detection found[] = {{{250, 10, 252, 60}, 0.6f, 0},
                                   {{251.5f, 10, 253.5f, 60}, 0.5f, 0},
                                   {{260, 10, 262, 60}, 0.4f, 0}};
    static const uint32_t window_of[] = {0, 1, 0};
    assert_int_equal(yt_merge_page(&plain, found, window_of, 3, pair), 2);
}

static void class_agnostic(void **state) {
    (void)state;
    struct yt_detection found[] = {{{20, 10, 40, 30}, 0.6f, 3}, {{21, 10, 41, 30}, 0.9f, 7}};
    static const uint32_t window_of[] = {0, 0};
    struct yt_merge_page how = plain;
    how.class_agnostic = true;
    assert_int_equal(yt_merge_page(&how, found, window_of, 2, pair), 1);
    assert_int_equal(found[0].cls, 7);
}

static void bad_input(void **state) {
    (void)state;
    struct yt_detection found[] = {
        {{NAN, 0, 9, 9}, 1, 0},        {{0, 0, 9, 9}, NAN, 0},
        {{0, 0, INFINITY, 9}, 1, 0},   {{9, 0, 3, 9}, 1, 0},
        {{50, 50, 50, 50}, 0.5f, 0}, /* zero-size: stays, alone */
        {{-90, -9, -80, -3}, 0.4f, 0}, {{9000, 9000, 9010, 9010}, 0, 0},
    };
    static const uint32_t window_of[7] = {0};
    assert_int_equal(yt_merge_page(&plain, found, window_of, YT_COUNT(found), pair), 3);
    assert_true(found[0].score == 0.5f && found[0].box.x1 == 50);
    assert_int_equal(yt_merge_page(&plain, NULL, NULL, 0, pair), 0);
}

/* --- pages ------------------------------------------------------------------------------------ */

enum { SIDE = 2000, WINDOW = 640, WINDOWS = 16 };

/* Windows of a page of SIDE x SIDE, and what they see of objects, each found a few times. */
static void make_page(size_t count, struct yt_detection *found, uint32_t *window_of,
                      struct yt_box *windows) {
    struct yt_rng rng = yt_rng_make(7, "page", count, 0);
    for (int w = 0; w < WINDOWS; w++) {
        float x = (float)(w % 4 * 453), y = (float)(w / 4 * 453);
        windows[w] = (struct yt_box){x, y, x + WINDOW, y + WINDOW};
    }
    struct yt_box box = {0};
    uint32_t w = 0;
    int cls = 0;
    for (size_t i = 0; i < count; i++) {
        bool again = i > 0 && yt_rng_below(&rng, 3) > 0;
        box = again ? ref_nearby_box(&rng, box) : ref_random_box(&rng, WINDOW);
        if (!again) cls = (int)yt_rng_below(&rng, 3);
        if (!again) w = (uint32_t)yt_rng_below(&rng, WINDOWS);
        float x = windows[w].x1, y = windows[w].y1;
        found[i] = (struct yt_detection){{YT_MAX(box.x1, 0) + x, YT_MAX(box.y1, 0) + y,
                                          YT_MAX(YT_MIN(box.x2, WINDOW), box.x1) + x,
                                          YT_MAX(YT_MIN(box.y2, WINDOW), box.y1) + y},
                                         (float)yt_rng_uniform(&rng, 0, 1),
                                         cls};
        window_of[i] = w;
    }
}

static bool is_cut(const struct yt_box *b, const struct yt_box *w) {
    float x = fmaxf(4, 0.02f * (b->x2 - b->x1)), y = fmaxf(4, 0.02f * (b->y2 - b->y1));
    return (w->x1 > 0 && b->x1 <= w->x1 + x) || (w->y1 > 0 && b->y1 <= w->y1 + y) ||
           (w->x2 < SIDE && b->x2 >= w->x2 - x) || (w->y2 < SIDE && b->y2 >= w->y2 - y);
}

struct look {
    struct yt_detection d;
    bool cut;
};

static int by_rank(const void *a, const void *b) {
    const struct look *p = a, *q = b;
    if (p->cut != q->cut) return p->cut - q->cut;
    return (p->d.score < q->d.score) - (p->d.score > q->d.score);
}

static void side_by_side(double *a1, double *a2) {
    double more = fmax(0, 8 - (*a2 - *a1)) / 2;
    *a1 -= more, *a2 += more;
}

static bool is_same(const struct look *a, const struct look *b) {
    double ax1 = a->d.box.x1, ax2 = a->d.box.x2, ay1 = a->d.box.y1, ay2 = a->d.box.y2;
    double bx1 = b->d.box.x1, bx2 = b->d.box.x2, by1 = b->d.box.y1, by2 = b->d.box.y2;
    side_by_side(&ax1, &ax2), side_by_side(&ay1, &ay2);
    side_by_side(&bx1, &bx2), side_by_side(&by1, &by2);
    double w = fmin(ax2, bx2) - fmax(ax1, bx1), h = fmin(ay2, by2) - fmax(ay1, by1);
    double both = fmax(w, 0) * fmax(h, 0);
    double area_a = (ax2 - ax1) * (ay2 - ay1), area_b = (bx2 - bx1) * (by2 - by1);
    return both >= 0.5 * (area_a + area_b - both) || (b->cut && both >= 0.5 * fmin(area_a, area_b));
}

/* Of all pairs; what is kept, by its score. */
static size_t quadratic(const struct yt_detection *found, const uint32_t *window_of, size_t count,
                        const struct yt_box *windows, float *scores) {
    struct look *looks = yt_malloc(count * sizeof *looks);
    for (size_t i = 0; i < count; i++)
        looks[i] = (struct look){found[i], is_cut(&found[i].box, &windows[window_of[i]])};
    qsort(looks, count, sizeof *looks, by_rank);
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        if (looks[i].d.cls < 0) continue;
        scores[kept++] = looks[i].d.score;
        for (size_t k = i + 1; k < count; k++)
            if (looks[k].d.cls == looks[i].d.cls && is_same(&looks[i], &looks[k]))
                looks[k].d.cls = -1;
    }
    free(looks);
    return kept;
}

static int descending(const void *a, const void *b) {
    float p = *(const float *)a, q = *(const float *)b;
    return (p < q) - (p > q);
}

static void equals_the_quadratic_method(void **state) {
    (void)state;
    enum { COUNT = 3000 };
    static struct yt_detection found[COUNT];
    static uint32_t window_of[COUNT];
    static float scores[COUNT];
    struct yt_box windows[WINDOWS];
    make_page(COUNT, found, window_of, windows);
    size_t expected = quadratic(found, window_of, COUNT, windows, scores);
    qsort(scores, expected, sizeof *scores, descending);
    struct yt_merge_page how = {SIDE, SIDE, 0.5, false, NULL};
    assert_int_equal(yt_merge_page(&how, found, window_of, COUNT, windows), expected);
    for (size_t i = 0; i < expected; i++) assert_true(found[i].score == scores[i]);
    assert_in_range(expected, COUNT / 10, COUNT - COUNT / 10);
}

static void thousands_of_boxes(void **state) {
    (void)state;
    enum { COUNT = 33000 };
    static struct yt_detection found[COUNT];
    static uint32_t window_of[COUNT];
    struct yt_box windows[WINDOWS];
    make_page(COUNT, found, window_of, windows);
    struct yt_stitch_rule rules[] = {{true, YT_HORIZONTAL, 1}, {true, YT_VERTICAL, 0}, {0}};
    struct yt_merge_page how = {SIDE, SIDE, 0.5, false, rules};
    double start = yt_now();
    size_t kept = yt_merge_page(&how, found, window_of, COUNT, windows);
    double seconds = yt_now() - start;
    print_message("%d boxes to %zu in %.0f ms\n", COUNT, kept, seconds * 1e3);
    assert_true(seconds < 10); /* about 0.1 s in a release build; slow sanitizers need the rest */
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whole_beats_cut),
        cmocka_unit_test(page_edge_cuts_nothing),
        cmocka_unit_test(box_is_the_mean_of_whole_ones),
        cmocka_unit_test(thin_boxes),
        cmocka_unit_test(class_agnostic),
        cmocka_unit_test(bad_input),
        cmocka_unit_test(equals_the_quadratic_method),
        cmocka_unit_test(thousands_of_boxes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
