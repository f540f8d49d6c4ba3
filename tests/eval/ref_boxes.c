#include "support/test.h"
#include "eval/ref_boxes.h"

struct yt_box ref_random_box(struct yt_rng *rng, int page_px) {
    uint64_t page = (uint64_t)page_px;
    float x = (float)yt_rng_below(rng, page), y = (float)yt_rng_below(rng, page);
    float w = 1 + (float)yt_rng_below(rng, 20), h = 1 + (float)yt_rng_below(rng, 20);
    uint64_t kind = yt_rng_below(rng, 12);
    if (kind == 0) w = 1 + (float)yt_rng_below(rng, page / 4); /* a beam */
    if (kind == 1) h = 1 + (float)yt_rng_below(rng, page / 4); /* a bar line */
    if (kind == 2) w = 0;
    return (struct yt_box){x, y, x + w, y + h};
}

struct yt_box ref_nearby_box(struct yt_rng *rng, struct yt_box box) {
    float dx = (float)yt_rng_below(rng, 7) - 3, dy = (float)yt_rng_below(rng, 7) - 3;
    float dw = (float)yt_rng_below(rng, 5), dh = (float)yt_rng_below(rng, 5);
    return (struct yt_box){box.x1 + dx, box.y1 + dy, box.x2 + dx + dw, box.y2 + dy + dh};
}

struct yt_json *ref_golden(const char *name) {
    char *path = yt_format("%s/golden/%s", YT_TEST_DIR, name);
    struct yt_json *json = yt_json_load(path);
    if (!json) fail_msg("%s", yt_error());
    free(path);
    return json;
}

double ref_number(const struct yt_json *array, size_t i) {
    return yt_json_number(yt_json_at(array, i));
}

static struct yt_box box_of(const struct yt_json *row) {
    return (struct yt_box){(float)ref_number(row, 0), (float)ref_number(row, 1),
                           (float)ref_number(row, 2), (float)ref_number(row, 3)};
}

struct yt_label ref_label(const struct yt_json *row) {
    return (struct yt_label){box_of(row), (int)ref_number(row, 4)};
}

struct yt_detection ref_detection(const struct yt_json *row) {
    return (struct yt_detection){box_of(row), (float)ref_number(row, 4), (int)ref_number(row, 5)};
}
