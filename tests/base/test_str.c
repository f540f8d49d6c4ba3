#include "base/str.h"
#include "support/test.h"

static void test_add(void **state) {
    (void)state;
    struct yt_str s = {0};
    char expected[4000] = "";
    for (int i = 0; i < 500; i++) {
        yt_str_add(&s, "%d,", i);
        sprintf(expected + strlen(expected), "%d,", i);
        assert_string_equal(s.s, expected);
        assert_int_equal(s.len, strlen(expected));
    }
    yt_str_append(&s, "a\0b", 3);
    assert_memory_equal(s.s + s.len - 3, "a\0b", 4);
    yt_str_release(&s);
    assert_null(s.s);
    yt_str_append(&s, NULL, 0);
    assert_string_equal(s.s, "");
    yt_str_release(&s);
}

static void check_csv_field(const char *field, const char *expected) {
    struct yt_str s = {0};
    yt_str_csv_field(&s, field);
    yt_str_csv_field(&s, "");
    assert_string_equal(s.s ? s.s : "", expected);
    yt_str_release(&s);
}

static void test_csv_field(void **state) {
    (void)state;
    check_csv_field("stem", "stem");
    check_csv_field("", "");
    check_csv_field("clef, G", "\"clef, G\"");
    check_csv_field("\"", "\"\"\"\"");
    check_csv_field("two\nlines", "\"two\nlines\"");
    check_csv_field("a;b 'c'", "a;b 'c'");
}

static void test_ends_with(void **state) {
    (void)state;
    assert_true(yt_str_ends_with("page.PNG", ".png"));
    assert_true(yt_str_ends_with(".png", ".png"));
    assert_false(yt_str_ends_with("png", ".png"));
    assert_false(yt_str_ends_with("page.png.txt", ".png"));
}

static void check_nearest(const char *word, const char *expected) {
    static const char *const keys[] = {"lr0", "lrf", "epochs", "batch", "patience", "hsv_h", "iou"};
    const char *got = yt_str_nearest(word, keys, YT_COUNT(keys));
    if (!expected)
        assert_null(got);
    else
        assert_string_equal(got, expected);
}

static void test_nearest(void **state) {
    (void)state;
    check_nearest("lr", "lr0");
    check_nearest("epoch", "epochs");
    check_nearest("eopchs", "epochs"); /* two swapped letters are one slip */
    check_nearest("batch_size", "batch");
    check_nearest("patien", "patience");
    check_nearest("hsv", "hsv_h");
    check_nearest("zzz", NULL);
    check_nearest("", NULL);
    check_nearest("a_word_that_is_longer_than_any_word_that_a_configuration_may_ever_have_as_key",
                  NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_add),
        cmocka_unit_test(test_csv_field),
        cmocka_unit_test(test_ends_with),
        cmocka_unit_test(test_nearest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
