/* Whether a box has a candidate at all, against the definition: try every anchor. */
#include "support/test.h"
#include "base/rng.h"
#include "yolov10/anchors.h"
#include "yolov10/assign.h"

#include <math.h>

static struct yt_head_maps levels(int w, int h) {
    struct yt_head_maps maps = {.batch = 1, .nc = 1, .levels = 3};
    for (int i = 0; i < 3; i++)
        maps.level[i] =
            (struct yt_head_level){.h = h / (8 << i), .w = w / (8 << i), .stride = (float)(8 << i)};
    return maps;
}

static bool has_anchor_inside(const struct yt_head_maps *maps, struct yt_box box, double side) {
    double cx = ((double)box.x1 + box.x2) / 2, cy = ((double)box.y1 + box.y2) / 2;
    double w = fmax((double)box.x2 - box.x1, side), h = fmax((double)box.y2 - box.y1, side);
    for (int i = 0; i < yt_anchors_count(maps); i++) {
        struct yt_anchor anchor = yt_anchor_at(maps, i);
        if (fabs(anchor.x - cx) < w / 2 - 1e-6 && fabs(anchor.y - cy) < h / 2 - 1e-6) return true;
    }
    return false;
}

static void as_defined(void **state) {
    (void)state;
    struct yt_head_maps maps = levels(128, 96);
    struct yt_rng rng = yt_rng_make(3, "candidates", 0, 0);
    int found[2] = {0};
    for (int i = 0; i < 4000; i++) {
        const float sides[] = {0, 6, 16};
        struct yt_assign_options options = {.topk = 1, .min_side = sides[i % 3]};
        float x = (float)yt_rng_uniform(&rng, 0, 127), y = (float)yt_rng_uniform(&rng, 0, 95);
        float w = (float)yt_rng_uniform(&rng, 0.5, 14), h = (float)yt_rng_uniform(&rng, 0.5, 14);
        struct yt_box box = {x, y, fminf(x + w, 128), fminf(y + h, 96)};
        bool expected = has_anchor_inside(&maps, box, (double)sides[i % 3]);
        if (yt_assign_has_candidate(&options, &maps, box) != expected)
            fail_msg("%g %g %g %g, min_side %g", box.x1, box.y1, box.x2, box.y2, sides[i % 3]);
        found[expected]++;
    }
    assert_true(found[0] > 400 && found[1] > 400);
}

/* Strictly inside: centres lie at 4, 12, ... and 8, 24, ... */
static void edges_do_not_count(void **state) {
    (void)state;
    struct yt_head_maps maps = levels(64, 64);
    struct yt_assign_options plain = {.topk = 1};
    assert_false(yt_assign_has_candidate(&plain, &maps, (struct yt_box){4, 0, 8, 64}));
    assert_true(yt_assign_has_candidate(&plain, &maps, (struct yt_box){4, 0, 8.01f, 64}));
    assert_false(yt_assign_has_candidate(&plain, &maps, (struct yt_box){0, 0, 0, 0}));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(as_defined),
        cmocka_unit_test(edges_do_not_count),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
