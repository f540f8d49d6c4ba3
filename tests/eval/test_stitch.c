/* Stitching: labels that are cut by tiles come back as they were, neighbours stay apart, and rules
 * are read as they are written. */
#include "support/test.h"
#include "base/rng.h"
#include "eval/merge_page.h"

enum { PAGE_W = 1960, PAGE_H = 2772, TILE = 640, STEP = 512, PIECES_MAX = 20000 };

static const char *const names[] = {"staff", "beam", "brace", "notehead"};
enum { STAFF, BEAM, BRACE, HEAD, NC };

static struct yt_box windows[64];
static size_t window_count;
static struct yt_detection pieces[PIECES_MAX];
static uint32_t window_of[PIECES_MAX];
static size_t piece_count;

static int lay_windows(void **state) {
    (void)state;
    window_count = 0;
    for (int y = 0;; y += STEP) {
        int y1 = YT_MIN(y, PAGE_H - TILE);
        for (int x = 0;; x += STEP) {
            int x1 = YT_MIN(x, PAGE_W - TILE);
            windows[window_count++] =
                (struct yt_box){(float)x1, (float)y1, (float)(x1 + TILE), (float)(y1 + TILE)};
            if (x1 == PAGE_W - TILE) break;
        }
        if (y1 == PAGE_H - TILE) return 0;
    }
}

/* Adds what each window sees of an object, if that is a tenth of it. */
static void see(struct yt_box box, int cls, float score) {
    for (uint32_t w = 0; w < window_count; w++) {
        const struct yt_box *v = &windows[w];
        struct yt_box part = {YT_MAX(box.x1, v->x1), YT_MAX(box.y1, v->y1), YT_MIN(box.x2, v->x2),
                              YT_MIN(box.y2, v->y2)};
        float area = (box.x2 - box.x1) * (box.y2 - box.y1);
        if (part.x1 >= part.x2 || part.y1 >= part.y2) continue;
        if ((part.x2 - part.x1) * (part.y2 - part.y1) < area / 10) continue;
        assert_true(piece_count < PIECES_MAX);
        window_of[piece_count] = w;
        pieces[piece_count++] = (struct yt_detection){part, score, cls};
    }
}

static size_t merge(const char *rules_text) {
    struct yt_stitch_rule rules[NC];
    if (yt_stitch_parse(rules_text, names, NC, rules)) fail_msg("%s", yt_error());
    struct yt_merge_page how = {PAGE_W, PAGE_H, 0.5, false, rules};
    size_t left = yt_merge_page(&how, pieces, window_of, piece_count, windows);
    piece_count = 0;
    return left;
}

static bool is_there(struct yt_box box, int cls, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (pieces[i].cls == cls && !memcmp(&pieces[i].box, &box, sizeof box)) return true;
    return false;
}

static const char *const rules = "staff: horizontal 1, beam: horizontal, brace: vertical";

static void cut_labels_come_back(void **state) {
    (void)state;
    struct yt_box boxes[400];
    int classes[400];
    size_t count = 0;
    struct yt_rng rng = yt_rng_make(1, "labels", 0, 0);
    for (int y = 100; y < PAGE_H - 200; y += 160) { /* a system every 160 px */
        float top = (float)y;
        classes[count] = STAFF, boxes[count++] = (struct yt_box){93, top, 1867, top + 68};
        classes[count] = BRACE, boxes[count++] = (struct yt_box){60, top, 80, top + 150};
        for (int x = 100; x < 1500; x += 350) {
            float x1 = (float)(x + (int)yt_rng_below(&rng, 40)), w = (float)yt_rng_below(&rng, 290);
            float y1 = top + 80 + (float)yt_rng_below(&rng, 20);
            classes[count] = BEAM, boxes[count++] = (struct yt_box){x1, y1, x1 + 20 + w, y1 + 25};
            classes[count] = HEAD, boxes[count++] = (struct yt_box){x1, top, x1 + 21, top + 18};
        }
    }
    for (size_t i = 0; i < count; i++) see(boxes[i], classes[i], 0.9f);
    assert_true(piece_count > 2 * count);
    assert_int_equal(merge(rules), count);
    for (size_t i = 0; i < count; i++) assert_true(is_there(boxes[i], classes[i], count));
}

static void without_rules_pieces_stay(void **state) {
    (void)state;
    see((struct yt_box){93, 100, 1867, 168}, STAFF, 0.9f);
    assert_int_equal(merge("none"), 3); /* of four; the last two windows share more than half */
}

static void neighbours_stay_apart(void **state) {
    (void)state;
    /* two beams that nearly touch inside the strip that two windows share, and one below them */
    struct yt_box left = {400, 300, 560, 312}, right = {565, 300, 800, 312};
    struct yt_box below = {400, 330, 800, 342};
    see(left, BEAM, 0.9f);
    see(right, BEAM, 0.8f);
    see(below, BEAM, 0.7f);
    size_t count = merge(rules);
    assert_int_equal(count, 3);
    assert_true(is_there(left, BEAM, count) && is_there(right, BEAM, count));
    assert_true(is_there(below, BEAM, count));
}

/* A staff's piece that ends early is still its piece, as far as the gap reaches; a beam's is not.
 */
static void gap(void **state) {
    (void)state;
    for (int cls = STAFF; cls <= BEAM; cls++)
        for (int far = 0; far < 2; far++) {
            float begin = far ? 525 : 515; /* 65 px and 55 px behind the first one's end */
            pieces[0] = (struct yt_detection){{100, 100, 460, 160}, 0.9f, cls};
            pieces[1] = (struct yt_detection){{begin, 100, 1152, 160}, 0.8f, cls};
            window_of[0] = 0, window_of[1] = 1;
            piece_count = 2;
            size_t count = merge(rules);
            assert_int_equal(count, cls == STAFF && !far ? 1 : 2);
            if (count == 1) assert_true(pieces[0].box.x2 == 1152 && pieces[0].score == 0.9f);
        }
}

static void rules_as_written(void **state) {
    (void)state;
    struct yt_stitch_rule parsed[NC];
    assert_int_equal(yt_stitch_parse("brace:vertical,staff:horizontal 2.5", names, NC, parsed), 0);
    assert_true(parsed[BRACE].is_on && parsed[BRACE].axis == YT_VERTICAL);
    assert_true(parsed[STAFF].is_on && parsed[STAFF].gap == 2.5f && !parsed[BEAM].is_on);
    assert_int_equal(yt_stitch_parse("default", names, NC, parsed), 0);
    assert_true(parsed[STAFF].gap == 1 && parsed[BEAM].is_on && !parsed[HEAD].is_on);
    assert_int_equal(yt_stitch_parse("none", names, NC, parsed), 0);
    assert_false(parsed[STAFF].is_on);
    assert_int_equal(yt_stitch_parse("staf: horizontal", names, NC, parsed), -1);
    assert_error_has("staf: the model has no such class");
    static const char *const wrong[] = {"staff", "staff: diagonal", "staff: horizontal -1",
                                        "staff: horizontal 1 2",
                                        "staff: horizontal,,beam: horizontal"};
    for (size_t i = 0; i < YT_COUNT(wrong); i++) {
        assert_int_equal(yt_stitch_parse(wrong[i], names, NC, parsed), -1);
        assert_error_has("must be \"class: horizontal\"");
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cut_labels_come_back),  cmocka_unit_test(without_rules_pieces_stay),
        cmocka_unit_test(neighbours_stay_apart), cmocka_unit_test(gap),
        cmocka_unit_test(rules_as_written),
    };
    return cmocka_run_group_tests(tests, lay_windows, NULL);
}
