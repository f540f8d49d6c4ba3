/* Random boxes for the tests of this folder, and the golden files as arrays. */
#ifndef YT_TESTS_EVAL_REF_BOXES_H
#define YT_TESTS_EVAL_REF_BOXES_H

#include "base/box.h"
#include "base/json.h"
#include "base/rng.h"

/* On a square page of `page_px`: mostly small boxes, some long ones, corners on whole pixels, so
 * that exact ties of overlap and position happen. */
struct yt_box ref_random_box(struct yt_rng *rng, int page_px);
/* A box near `box`, as a detector would give it. */
struct yt_box ref_nearby_box(struct yt_rng *rng, struct yt_box box);

/* tests/golden/NAME; fails the test if it cannot be read. */
struct yt_json *ref_golden(const char *name);
double ref_number(const struct yt_json *array, size_t i);
/* From [x1, y1, x2, y2, class] and [x1, y1, x2, y2, score, class]. */
struct yt_label ref_label(const struct yt_json *row);
struct yt_detection ref_detection(const struct yt_json *row);

#endif
