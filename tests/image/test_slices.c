/* The grid of windows against SAHI's published examples and against its scan, written naively. */
#include "support/test.h"
#include "image/slices.h"

static void assert_slice(const struct yt_slice *s, int x1, int y1, int x2, int y2) {
    assert_int_equal(s->x1, x1);
    assert_int_equal(s->y1, y1);
    assert_int_equal(s->x2, x2);
    assert_int_equal(s->y2, y2);
}

static void page_of_deepscores(void **state) {
    (void)state;
    struct yt_slices slices = {0};
    assert_int_equal(yt_slices_grid(&slices, 2772, 1960, 640, 640, 0.2, 0.2), 0);
    assert_int_equal(slices.count, 24);
    assert_slice(&slices.items[0], 0, 0, 640, 640);
    assert_slice(&slices.items[1], 512, 0, 1152, 640);
    assert_slice(&slices.items[23], 1320, 2132, 1960, 2772);
    assert_int_equal(yt_slices_grid(&slices, 2772, 1960, 640, 640, 0.2, 0.5), 0);
    assert_int_equal(slices.count, 36);
    yt_slices_release(&slices);
}

static void small_images(void **state) {
    (void)state;
    struct yt_slices slices = {0};
    assert_int_equal(yt_slices_grid(&slices, 600, 600, 640, 640, 0.2, 0.2), 0);
    assert_int_equal(slices.count, 1);
    assert_slice(&slices.items[0], 0, 0, 600, 600);
    assert_int_equal(yt_slices_grid(&slices, 1000, 640, 640, 640, 0.2, 0.2), 0);
    assert_int_equal(slices.count, 2);
    assert_slice(&slices.items[0], 0, 0, 640, 640);
    assert_slice(&slices.items[1], 0, 360, 640, 1000);
    yt_slices_release(&slices);
}

/* SAHI's scan in its own terms: unclamped windows until one passes the edge. */
static size_t scan(struct yt_slice *out, int height, int width, int size_h, int size_w, int share_h,
                   int share_w) {
    size_t count = 0;
    int y_max = 0;
    for (int y = 0; y_max < height; y = y_max - share_h) {
        y_max = y + size_h;
        int x_max = 0;
        for (int x = 0; x_max < width; x = x_max - share_w) {
            x_max = x + size_w;
            int right = YT_MIN(width, x_max), bottom = YT_MIN(height, y_max);
            bool over = x_max > width || y_max > height;
            out[count++] = (struct yt_slice){over ? YT_MAX(0, right - size_w) : x,
                                             over ? YT_MAX(0, bottom - size_h) : y, right, bottom};
        }
    }
    return count;
}

static void equals_the_scan(void **state) {
    (void)state;
    static struct yt_slice expected[4096];
    struct yt_slices slices = {0};
    for (int i = 0; i < 400; i++) {
        int height = 1 + i * 37 % 911, width = 1 + i * 53 % 877;
        int size_h = 32 + i * 7 % 300, size_w = 32 + i * 11 % 300;
        double share_h = i % 7 / 10.0, share_w = i % 5 / 6.0;
        assert_int_equal(yt_slices_grid(&slices, height, width, size_h, size_w, share_h, share_w),
                         0);
        size_t count = scan(expected, height, width, size_h, size_w, (int)(share_h * size_h),
                            (int)(share_w * size_w));
        assert_int_equal(slices.count, count);
        assert_memory_equal(slices.items, expected, count * sizeof *expected);
    }
    yt_slices_release(&slices);
}

/* As many rows and columns as SAHI's grid; distances differ by a pixel at most; every neighbour
 * shares what was asked for; the page is covered. */
static void balanced_grid(void **state) {
    (void)state;
    struct yt_slices even = {0}, sahi = {0};
    for (int i = 0; i < 300; i++) {
        int height = 1 + i * 37 % 2911, width = 1 + i * 53 % 2877, size = 64 + i * 7 % 600;
        double share = i % 7 / 10.0;
        assert_int_equal(yt_slices_balanced(&even, height, width, size, size, share, share), 0);
        assert_int_equal(yt_slices_grid(&sahi, height, width, size, size, share, share), 0);
        assert_int_equal(even.count, sahi.count);
        const struct yt_slice *last = &even.items[even.count - 1];
        assert_slice(&even.items[0], 0, 0, YT_MIN(size, width), YT_MIN(size, height));
        assert_slice(last, YT_MAX(0, width - size), YT_MAX(0, height - size), width, height);
        int shortest = width, longest = 0;
        for (size_t k = 1; k < even.count && even.items[k].y1 == 0; k++) {
            int step = even.items[k].x1 - even.items[k - 1].x1;
            shortest = YT_MIN(shortest, step), longest = YT_MAX(longest, step);
        }
        assert_true(longest - shortest <= 1);
        assert_true(longest <= size - (int)(share * size));
    }
    yt_slices_release(&even);
    yt_slices_release(&sahi);
}

static void refusals(void **state) {
    (void)state;
    struct yt_slices slices = {0};
    assert_int_equal(yt_slices_grid(&slices, 640, 640, 640, 640, 1.0, 0.2), -1);
    assert_int_equal(yt_slices_grid(&slices, 640, 640, 640, 640, 0.2, -0.1), -1);
    assert_int_equal(yt_slices_grid(&slices, 640, 640, 0, 640, 0.2, 0.2), -1);
    assert_int_equal(yt_slices_grid(&slices, 640, 0, 640, 640, 0.2, 0.2), -1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(page_of_deepscores), cmocka_unit_test(small_images),
        cmocka_unit_test(equals_the_scan),    cmocka_unit_test(balanced_grid),
        cmocka_unit_test(refusals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
