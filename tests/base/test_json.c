#include "base/json.h"
#include "base/str.h"
#include "support/folder.h"
#include "support/test.h"

#include <math.h>

/* --- streaming ------------------------------------------------------------------------------ */

/* Writes the tokens down, so that a test compares with one string. */
static int record(void *user, const struct yt_json_token *t) {
    struct yt_str *log = user;
    static const char *const marks[] = {[YT_JSON_MAP] = "{",
                                        [YT_JSON_MAP_END] = "}",
                                        [YT_JSON_ARRAY] = "[",
                                        [YT_JSON_ARRAY_END] = "]",
                                        [YT_JSON_NULL] = "null"};
    yt_str_add(log, "%d", t->depth);
    if (t->event == YT_JSON_NUMBER)
        yt_str_add(log, "%s=%g ", t->text, t->number);
    else if (t->event == YT_JSON_STRING)
        yt_str_add(log, "'%s' ", t->text);
    else if (t->event == YT_JSON_KEY)
        yt_str_add(log, "%s: ", t->text);
    else if (t->event == YT_JSON_BOOL)
        yt_str_add(log, "%s ", t->boolean ? "true" : "false");
    else
        yt_str_add(log, "%s ", marks[t->event]);
    return 0;
}

static void test_stream(void **state) {
    (void)state;
    test_folder_put(
        "a.json", "{\"a\": [1, -2.5e1, true],\n \"b\\u00e9\": {\"c\": null, \"d\": \"x\\ny\"}}\n");
    struct yt_str log = {0};
    assert_int_equal(yt_json_stream("a.json", record, &log), 0);
    assert_string_equal(log.s, "0{ 1a: 1[ 21=1 2-2.5e1=-25 2true 1] 1b\xc3\xa9: 1{ 2c: 2null "
                               "2d: 2'x\ny' 1} 0} ");
    yt_str_release(&log);
}

static int count_numbers(void *user, const struct yt_json_token *t) {
    double *sums = user;
    if (t->event != YT_JSON_NUMBER) return 0;
    sums[0]++;
    sums[1] += t->number;
    return 0;
}

/* Tokens that lie across the borders of the reader's chunks. */
static void test_stream_large(void **state) {
    (void)state;
    struct yt_str text = {0};
    yt_str_add(&text, "[");
    double sum = 0;
    for (int i = 0; i < 100000; i++) {
        yt_str_add(&text, "%s%d", i ? ",\n" : "", i);
        sum += i;
    }
    yt_str_add(&text, "]");
    test_folder_put("large.json", text.s);
    double sums[2] = {0};
    assert_int_equal(yt_json_stream("large.json", count_numbers, sums), 0);
    assert_true(sums[0] == 100000 && sums[1] == sum);
    text.s[text.len - 3] = 'x'; /* the last number's last digit but one: line 100000 */
    test_folder_put("large.json", text.s);
    assert_int_equal(yt_json_stream("large.json", count_numbers, sums), -1);
    assert_error_has("large.json:100000:");
    yt_str_release(&text);
}

static int refuse(void *user, const struct yt_json_token *t) {
    (void)user;
    return t->event == YT_JSON_STRING ? yt_fail("no %s here", t->text) : 0;
}

static void test_stream_errors(void **state) {
    (void)state;
    assert_int_equal(yt_json_stream("missing.json", refuse, NULL), -1);
    assert_error("missing.json: cannot open: No such file or directory");
    test_folder_put("a.json", "[1,\n2,\n  \"x\"]");
    assert_int_equal(yt_json_stream("a.json", refuse, NULL), -1);
    assert_error_has("a.json:3:");
    assert_error_has(": no x here");
}

/* Every prefix of a document is an error, and never a crash. */
static void test_truncated(void **state) {
    (void)state;
    const char *text = "{\"a\": [1, {\"b\": \"c\\u00e9\"}, null], \"d\": true}";
    for (size_t len = 0; len < strlen(text); len++) {
        assert_null(yt_json_parse(text, len, "cut"));
        assert_error_has("cut:1:");
    }
    assert_null(yt_json_parse(text, 20, "cut"));
    assert_error("cut:1:21: the file ends in the middle; is it complete?");
}

/* --- trees ---------------------------------------------------------------------------------- */

static struct yt_json *parse(const char *text) {
    return yt_json_parse(text, strlen(text), "test");
}

static void test_tree(void **state) {
    (void)state;
    struct yt_json *json = parse("{\"n\": 1.5, \"s\": \"x\", \"l\": [true, null, {}], \"e\": []}");
    assert_non_null(json);
    assert_int_equal(yt_json_type(json), YT_JSON_MAP);
    assert_int_equal(yt_json_count(json), 4);
    assert_string_equal(yt_json_key(json, 2), "l");
    assert_true(yt_json_number(yt_json_get(json, "n")) == 1.5);
    assert_string_equal(yt_json_string(yt_json_get(json, "s")), "x");
    const struct yt_json *list = yt_json_get(json, "l");
    assert_int_equal(yt_json_count(list), 3);
    assert_true(yt_json_bool(yt_json_at(list, 0)));
    assert_int_equal(yt_json_type(yt_json_at(list, 1)), YT_JSON_NULL);
    assert_int_equal(yt_json_type(yt_json_at(list, 2)), YT_JSON_MAP);
    assert_int_equal(yt_json_count(yt_json_get(json, "e")), 0);
    yt_json_free(json);
}

static void test_tree_of_other_types(void **state) {
    (void)state;
    struct yt_json *json = parse("[\"1\", 2]");
    assert_null(yt_json_at(json, 2));
    assert_null(yt_json_key(json, 0));
    assert_null(yt_json_get(json, "a"));
    assert_true(isnan(yt_json_number(yt_json_at(json, 0))));
    assert_null(yt_json_string(yt_json_at(json, 1)));
    assert_false(yt_json_bool(yt_json_at(json, 1)));
    assert_int_equal(yt_json_type(NULL), YT_JSON_NULL);
    assert_true(isnan(yt_json_number(NULL)));
    yt_json_free(json);
    yt_json_free(NULL);
}

static void check_refused(const char *text, const char *message) {
    assert_null(parse(text));
    assert_error_has(message);
}

static void test_refused(void **state) {
    (void)state;
    check_refused("", "test:1:1: the file ends in the middle");
    check_refused("{\"a\": 1,\n \"b\": {\"x\": 1, \"y\": 2, \"x\": 3}}", "x: key given twice");
    check_refused("[1] [2]", "test:1:");
    check_refused("[1,\n2,\nx]", "test:3:");
    check_refused("[NaN]", "test:1:");
    check_refused("[\"a\\u0000b\"]", "NUL");
    check_refused("[\"\xff\xfe\"]", "test:1:"); /* not UTF-8 */
    check_refused("[\"\xc3\"]", "test:1:");
    assert_null(yt_json_parse("[1\0]", 4, "test"));
    struct yt_str deep = {0};
    for (int i = 0; i < 100000; i++) yt_str_add(&deep, "[");
    check_refused(deep.s, "nested deeper than 256");
    yt_str_release(&deep);
}

static void test_golden_file(void **state) {
    (void)state;
    struct yt_json *json = yt_json_load(YT_TEST_DIR "/golden/golden_train.json");
    assert_non_null(json);
    assert_int_equal(yt_json_type(json), YT_JSON_MAP);
    yt_json_free(json);
}

/* --- writing -------------------------------------------------------------------------------- */

static void test_quote(void **state) {
    (void)state;
    const char *hard = "a\"b\\c\n\t\x01\x7f/\xc3\xa9";
    struct yt_str out = {0};
    yt_str_add(&out, "[");
    yt_json_quote(&out, hard);
    yt_str_add(&out, "]");
    struct yt_json *json = parse(out.s);
    assert_non_null(json);
    assert_string_equal(yt_json_string(yt_json_at(json, 0)), hard);
    yt_json_free(json);
    yt_str_release(&out);
}

static void check_float(float value, const char *expected) {
    struct yt_str out = {0};
    yt_json_float(&out, value);
    assert_string_equal(out.s, expected);
    yt_str_release(&out);
}

static void test_float(void **state) {
    (void)state;
    check_float(0, "0");
    check_float(120, "120");
    check_float(-0.1f, "-0.1");
    check_float(16777217, "16777216");
    check_float(1.f / 3, "0.33333334");
    check_float(1e-20f, "1e-20");
    check_float(NAN, "null");
    check_float(-INFINITY, "null");
    struct yt_str out = {0};
    for (uint32_t i = 0, bits = 1; i < 20000; i++, bits = bits * 2654435761u + 12345) {
        float value;
        memcpy(&value, &bits, 4);
        out.len = 0;
        yt_json_float(&out, value);
        if (isfinite(value)) assert_true(strtof(out.s, NULL) == value);
    }
    yt_str_release(&out);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_stream),        cmocka_unit_test(test_stream_large),
        cmocka_unit_test(test_stream_errors), cmocka_unit_test(test_truncated),
        cmocka_unit_test(test_tree),          cmocka_unit_test(test_tree_of_other_types),
        cmocka_unit_test(test_refused),       cmocka_unit_test(test_golden_file),
        cmocka_unit_test(test_quote),         cmocka_unit_test(test_float),
    };
    return cmocka_run_group_tests(tests, test_folder_enter, test_folder_leave);
}
