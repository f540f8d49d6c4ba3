/* Panels: marks at round numbers, curves where their points are, nothing that data can break. */
#include "support/test.h"

#include "plot/chart.h"

#include <math.h>

static void steps_are_round(void **state) {
    (void)state;
    assert_true(yt_nice_step(1, 5) == 0.2);
    assert_true(yt_nice_step(100, 4) == 50);
    assert_true(yt_nice_step(163, 6) == 50);
    assert_true(fabs(yt_nice_step(3e-5, 3) - 1e-5) < 1e-12);
    assert_true(yt_nice_step(0, 5) == 1 && yt_nice_step(NAN, 5) == 1);
}

/* Pixels of about this colour. */
static int count_color(struct yt_canvas *canvas, int r, int g, int b) {
    struct yt_image *image = yt_canvas_image(canvas);
    int count = 0;
    for (int i = 0; i < image->w * image->h; i++) {
        const uint8_t *p = image->data + 3 * i;
        count += abs(p[0] - r) < 30 && abs(p[1] - g) < 30 && abs(p[2] - b) < 30;
    }
    yt_image_free(image);
    return count;
}

static int red_of(const double *x, const double *y, size_t n) {
    struct yt_series series = {NULL, x, y, n, yt_color(0xff0000), 3};
    struct yt_chart chart = yt_chart_of("title", "x", &series, 1);
    struct yt_canvas *canvas = yt_canvas_new(400, 300, NULL);
    assert_non_null(canvas);
    yt_chart_draw(canvas, (struct yt_panel){0, 0, 400, 300}, &chart);
    int red = count_color(canvas, 255, 0, 0);
    yt_canvas_free(canvas);
    return red;
}

/* A level curve is as long as the axes are wide, times its width; a gap is left out. */
static void curves_are_drawn(void **state) {
    (void)state;
    double x[101], y[101];
    for (int i = 0; i < 101; i++) x[i] = i, y[i] = 7;
    int whole = red_of(x, y, 101);
    assert_true(whole > 330 * 2 && whole < 345 * 4);
    for (int i = 40; i < 60; i++) y[i] = NAN;
    int broken = red_of(x, y, 101);
    assert_true(broken > 0.75 * whole && broken < 0.85 * whole);
    assert_true(red_of(x, y, 1) > 8); /* one point is a dot */
    assert_int_equal(red_of(x, y, 0), 0);
    for (int i = 0; i < 101; i++) y[i] = i % 2 ? INFINITY : NAN;
    assert_int_equal(red_of(x, y, 101), 0);
}

/* The shade grows with the value, and the row on top is the first. */
static void grids_are_shaded(void **state) {
    (void)state;
    const size_t values[4] = {100, 0, 0, 1}; /* left: top dark, bottom empty */
    struct yt_canvas *canvas = yt_canvas_new(300, 300, NULL);
    yt_heat_draw(canvas, (struct yt_panel){0, 0, 300, 300}, "grid", values, 2, 2, 1, 1);
    struct yt_image *image = yt_canvas_image(canvas);
    const uint8_t *dark = image->data + 3 * (300 * 80 + 100);
    const uint8_t *empty = image->data + 3 * (300 * 210 + 100);
    const uint8_t *light = image->data + 3 * (300 * 210 + 230);
    assert_true(dark[0] < 30 && dark[2] > 80);
    assert_true(empty[0] > 200);
    assert_true(light[0] > dark[0] && light[0] < 250);
    yt_image_free(image);
    yt_canvas_free(canvas);
    assert_true(yt_heat_color(-1).r == 1 && yt_heat_color(2).b == yt_heat_color(1).b);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(steps_are_round),
        cmocka_unit_test(curves_are_drawn),
        cmocka_unit_test(grids_are_shaded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
