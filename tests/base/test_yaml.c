#include "base/yaml.h"
#include "base/str.h"
#include "support/folder.h"
#include "support/test.h"

static struct yt_yaml *parse(const char *text) {
    return yt_yaml_parse(text, strlen(text), "test");
}

static void test_tree(void **state) {
    (void)state;
    struct yt_yaml *yaml =
        parse("# comment\nlr0: 0.01\nname: \"1\"\nnames:\n  0: clef\n  1: 'note'\n"
              "list: [a, b]\nnothing:\n");
    assert_non_null(yaml);
    assert_int_equal(yaml->type, YT_YAML_MAP);
    assert_int_equal(yaml->count, 5);
    assert_string_equal(yaml->keys[0], "lr0");
    assert_int_equal(yaml->key_lines[0], 2);
    assert_string_equal(yaml->items[0]->text, "0.01");
    assert_false(yaml->items[0]->quoted);
    assert_true(yt_yaml_get(yaml, "name")->quoted);
    const struct yt_yaml *names = yt_yaml_get(yaml, "names");
    assert_int_equal(names->type, YT_YAML_MAP);
    assert_string_equal(names->keys[1], "1");
    assert_string_equal(names->items[1]->text, "note");
    assert_int_equal(names->items[1]->line, 6);
    const struct yt_yaml *list = yt_yaml_get(yaml, "list");
    assert_int_equal(list->type, YT_YAML_SEQUENCE);
    assert_int_equal(list->count, 2);
    assert_string_equal(yt_yaml_get(yaml, "nothing")->text, "");
    assert_null(yt_yaml_get(yaml, "absent"));
    assert_null(yt_yaml_get(list, "a"));
    assert_null(yt_yaml_get(NULL, "a"));
    yt_yaml_free(yaml);
    yt_yaml_free(NULL);
}

static void test_empty(void **state) {
    (void)state;
    static const char *const empties[] = {"", "# only a comment\n", "---\n", "\xef\xbb\xbf"};
    for (size_t i = 0; i < YT_COUNT(empties); i++) {
        struct yt_yaml *yaml = parse(empties[i]);
        assert_non_null(yaml);
        assert_int_equal(yaml->type, YT_YAML_MAP);
        assert_int_equal(yaml->count, 0);
        yt_yaml_free(yaml);
    }
}

static void test_alias(void **state) {
    (void)state;
    struct yt_yaml *yaml = parse("a: &x [1, {k: v}]\nb: *x\n");
    assert_non_null(yaml);
    const struct yt_yaml *copy = yt_yaml_get(yaml, "b");
    assert_int_equal(copy->count, 2);
    assert_string_equal(yt_yaml_get(copy->items[1], "k")->text, "v");
    assert_int_equal(copy->line, 2);
    yt_yaml_free(yaml);
}

static void check_refused(const char *text, const char *message) {
    assert_null(parse(text));
    assert_error_has(message);
}

static void test_refused(void **state) {
    (void)state;
    check_refused("a: 1\nb: 2\na: 3\n", "test:3: a: key given twice");
    check_refused("a: 1\n  b: 2\n", "test:2: ");
    check_refused("a: [1, 2\nb: 3\n", "test:");
    check_refused("a: \"open\nb: 1\n", "test:");
    check_refused("a: 1\n\tb: 2\n", "test:2: ");
    check_refused("a: *nowhere\n", "test:1: *nowhere: no such anchor above");
    check_refused("a: &x [*x]\n", "test:1: *x: no such anchor above");
    check_refused("a: 1\n---\nb: 2\n", "test:2: a second document");
    check_refused("? [a, b]\n: c\n", "test:1: a key must be a word");
    check_refused("a: \"x\\0y\"\n", "test:1: a string with a NUL character");
    check_refused("a: 1\nb: \xff\n", "test:");
    assert_null(yt_yaml_parse("a: \0\n", 5, "test"));
    assert_error_has("test:1: ");
    assert_null(yt_yaml_load("missing.yaml"));
    assert_error("missing.yaml: cannot open: No such file or directory");
}

static void test_hostile(void **state) {
    (void)state;
    struct yt_str text = {0};
    for (int i = 0; i < 10000; i++) yt_str_add(&text, "[");
    check_refused(text.s, "nested deeper than 64");
    text.len = 0;
    yt_str_add(&text, "a: &a [x, x, x, x, x, x, x, x, x]\n");
    for (char c = 'b'; c < 'k'; c++) {
        yt_str_add(&text, "%c: &%c [", c, c);
        for (int i = 0; i < 9; i++) yt_str_add(&text, "*%c%s", c - 1, i < 8 ? ", " : "]\n");
    }
    check_refused(text.s, "values"); /* nine to the tenth of them */
    yt_str_release(&text);
}

/* Every prefix is a tree or an error with a line, and never a crash. */
static void test_truncated(void **state) {
    (void)state;
    const char *text = "a: &x {b: [1, \"2\", 'three'], c: |\n  text\n}\nd: *x\n";
    for (size_t len = 0; len < strlen(text); len++) {
        struct yt_yaml *yaml = yt_yaml_parse(text, len, "cut");
        if (!yaml) assert_error_has("cut:");
        yt_yaml_free(yaml);
    }
}

static void check_scalar(const char *s, bool quoted) {
    struct yt_str out = {0};
    yt_str_add(&out, "key: ");
    yt_yaml_scalar(&out, s);
    yt_str_add(&out, "\n");
    struct yt_yaml *yaml = parse(out.s);
    assert_non_null(yaml);
    assert_string_equal(yaml->items[0]->text, s);
    assert_int_equal(yaml->items[0]->quoted, quoted);
    yt_yaml_free(yaml);
    yt_str_release(&out);
}

static void test_scalar(void **state) {
    (void)state;
    static const char *const plain[] = {"word", "runs/detect/train", "a-b", "x:y", "10x", "a#b"};
    static const char *const quoted[] = {
        "",   "true", "No",   "null", "~",  "1",  "1e-3", "- a",  "a: b", "a #b", " a",
        "a ", "[a]",  "a\nb", "\"",   "a:", "*x", "inf",  "None", "0x10", "'q'",  "%"};
    for (size_t i = 0; i < YT_COUNT(plain); i++) check_scalar(plain[i], false);
    for (size_t i = 0; i < YT_COUNT(quoted); i++) check_scalar(quoted[i], true);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tree),    cmocka_unit_test(test_empty),
        cmocka_unit_test(test_alias),   cmocka_unit_test(test_refused),
        cmocka_unit_test(test_hostile), cmocka_unit_test(test_truncated),
        cmocka_unit_test(test_scalar),
    };
    return cmocka_run_group_tests(tests, test_folder_enter, test_folder_leave);
}
