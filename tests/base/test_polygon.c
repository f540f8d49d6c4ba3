/* Clipping of convex polygons, against points thrown at them. */
#include "base/polygon.h"
#include "base/rng.h"
#include "support/test.h"

#include <math.h>

/* Inside, for corners in either order round the polygon. */
static bool holds(const struct yt_polygon *p, double x, double y) {
    int left = 0, right = 0;
    for (int i = 0; i < p->count; i++) {
        int k = (i + 1) % p->count;
        double side = ((double)p->x[k] - p->x[i]) * (y - p->y[i]) -
                      ((double)p->y[k] - p->y[i]) * (x - p->x[i]);
        left += side > 0;
        right += side < 0;
    }
    return p->count > 2 && (left == 0 || right == 0);
}

/* A rectangle at any angle. */
static struct yt_polygon random_rectangle(struct yt_rng *rng) {
    double x = yt_rng_uniform(rng, 0, 100), y = yt_rng_uniform(rng, 0, 100);
    double a = yt_rng_uniform(rng, 1, 50), b = yt_rng_uniform(rng, 1, 20);
    double c = cos(yt_rng_uniform(rng, 0, 7)), s = sqrt(1 - c * c);
    static const int signs[4][2] = {{-1, -1}, {1, -1}, {1, 1}, {-1, 1}};
    struct yt_polygon p = {.count = 4};
    for (int i = 0; i < 4; i++) {
        p.x[i] = (float)(x + signs[i][0] * a * c - signs[i][1] * b * s);
        p.y[i] = (float)(y + signs[i][0] * a * s + signs[i][1] * b * c);
    }
    return p;
}

static void test_clip(void **state) {
    (void)state;
    struct yt_rng rng = yt_rng_make(1, "polygon", 0, 0);
    const struct yt_box box = {20, 30, 70, 60};
    int inside = 0, empty = 0;
    for (int i = 0; i < 200; i++) {
        struct yt_polygon whole = random_rectangle(&rng), cut = yt_polygon_clip(&whole, box);
        empty += cut.count == 0;
        for (int k = 0; k < 200; k++) {
            double x = yt_rng_uniform(&rng, 0, 100), y = yt_rng_uniform(&rng, 0, 100);
            bool in_box = x > 20 && x < 70 && y > 30 && y < 60;
            bool expected = in_box && holds(&whole, x, y);
            assert_int_equal(holds(&cut, x, y), expected);
            inside += expected;
        }
        if (!cut.count) continue;
        struct yt_box bounds = yt_polygon_bounds(&cut), all = yt_polygon_bounds(&whole);
        assert_true(bounds.x1 > 19.999f && bounds.x2 < 70.001f && bounds.y1 > 29.999f);
        assert_true(bounds.x1 >= all.x1 - 1e-3f && bounds.y2 <= all.y2 + 1e-3f);
    }
    assert_true(inside > 500 && empty > 10);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_clip)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
