/* CIoU and its gradient: against double, finite differences, and by hand where it has corners. */
#include "support/test.h"
#include "yolov10/ciou.h"
#include "yolov10/ref_loss.h"

#include <math.h>

static struct yt_shape shape(double x1, double y1, double x2, double y2) {
    return yt_shape_of((struct yt_box){(float)x1, (float)y1, (float)x2, (float)y2});
}

static void corners(const struct yt_shape *s, double out[4]) {
    out[0] = s->box.x1;
    out[1] = s->box.y1;
    out[2] = s->box.x2;
    out[3] = s->box.y2;
}

static struct yt_shape random_shape(struct yt_rng *rng) {
    double x = yt_rng_uniform(rng, 0, 10), y = yt_rng_uniform(rng, 0, 10);
    return shape(x, y, x + yt_rng_uniform(rng, 0.3, 8), y + yt_rng_uniform(rng, 0.3, 8));
}

static void test_against_double(void **state) {
    (void)state;
    struct yt_rng rng = yt_rng_make(1, "ciou", 0, 0);
    int apart = 0;
    for (int i = 0; i < 2000; i++) {
        struct yt_shape a = random_shape(&rng), b = random_shape(&rng);
        double pa[4], pb[4], alpha;
        corners(&a, pa);
        corners(&b, pb);
        double expected = ref_ciou(pa, pb, -1, &alpha);
        float gradient[4];
        assert_true(fabs(yt_ciou(&a, &b) - expected) < 2e-6);
        assert_true(yt_ciou_gradient(&a, &b, gradient) == yt_ciou(&a, &b));
        for (int c = 0; c < 4; c++) {
            const double step = 1e-5;
            double up[4], down[4];
            memcpy(up, pa, sizeof up);
            memcpy(down, pa, sizeof down);
            up[c] += step;
            down[c] -= step;
            double numeric =
                (ref_ciou(up, pb, alpha, NULL) - ref_ciou(down, pb, alpha, NULL)) / (2 * step);
            if (fabs(gradient[c] - numeric) > 1e-5 * (1 + fabs(numeric)))
                fail_msg("case %d corner %d: %g, numeric %g", i, c, gradient[c], numeric);
        }
        apart += expected < 0;
    }
    assert_in_range(apart, 200, 1800); /* both kinds were seen */
}

static void test_of_equal_boxes_is_1(void **state) {
    (void)state;
    struct yt_shape a = shape(1, 2, 4, 7);
    assert_true(fabsf(yt_ciou(&a, &a) - 1) < 1e-6f);
}

/* Equal boxes: every minimum and maximum ties. Half of d inter/d side goes to `a`, the area's part
 * is whole: d IoU/d x2 = (1 + IoU)/u * h/2 - IoU/u * h = 0 with IoU = 1. */
static void test_ties_share_the_gradient(void **state) {
    (void)state;
    struct yt_shape a = shape(1, 2, 4, 7);
    float gradient[4];
    yt_ciou_gradient(&a, &a, gradient);
    for (int c = 0; c < 4; c++) assert_true(fabsf(gradient[c]) < 1e-6f);

    /* One tie only, on x2, squares of different size, so that the shape term is 0:
     * a = [0,2]^2 in b = [-2,2]^2: IoU 4/16, centres (1,1) and (0,0), c^2 = 32, rho^2 = 2 */
    a = shape(0, 0, 2, 2);
    struct yt_shape b = shape(-2, -2, 2, 2);
    yt_ciou_gradient(&a, &b, gradient);
    double by_area = -0.25 / 16 * 2, by_side = 1.25 / 16 * 2, by_centre = -2.0 / 64;
    double by_enclosing = 2.0 * 4 * 2 / (32 * 32);
    assert_true(fabs(gradient[0] - (by_centre - by_area - by_side)) < 1e-6);
    assert_true(fabs(gradient[2] - (by_centre + by_area + by_side / 2 + by_enclosing / 2)) < 1e-6);
}

/* Boxes that touch: the intersection's side is exactly 0 and still passes the gradient; a side
 * below 0 does not. a = [0,1]^2, b = [1+gap,2+gap]x[0,1]: IoU 0, d inter/d a.x2 = 1 * height. */
static void test_clamp_passes_at_zero(void **state) {
    (void)state;
    struct yt_shape a = shape(0, 0, 1, 1), touching = shape(1, 0, 2, 1), apart = shape(2, 0, 3, 1);
    float gradient[4];
    yt_ciou_gradient(&a, &touching, gradient);
    /* centres 1 apart, c^2 = 5: d(-rho^2/c^2)/d x2 = 1/5 with the enclosing box unmoved */
    assert_true(fabs(gradient[2] - (0.2 + 1.0 / 2)) < 1e-6);
    yt_ciou_gradient(&a, &apart, gradient);
    assert_true(fabs(gradient[2] - 2.0 / 10) < 1e-6);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_against_double),
        cmocka_unit_test(test_of_equal_boxes_is_1),
        cmocka_unit_test(test_ties_share_the_gradient),
        cmocka_unit_test(test_clamp_passes_at_zero),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
