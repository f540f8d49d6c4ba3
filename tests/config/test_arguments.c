#include "config/arguments.h"
#include "support/folder.h"
#include "support/test.h"

static void test_read(void **state) {
    (void)state;
    struct yt_settings s;
    yt_settings_init(&s);
    test_folder_put("a.yaml", "epochs: 3\nbatch: 2\nlr0: 0.5\n");
    test_folder_put("b.yml", "batch: 5\n");
    char *words[] = {"lr0=0.25",      "a.yaml", "--exist-ok=true", "--imgsz",   "320",
                     "--name=x--y=z", "b.yml",  "--data",          "music.yaml"};
    assert_int_equal(yt_arguments_read(&s, YT_COUNT(words), words), 0);
    assert_true(s.epochs == 3 && s.batch == 5 && s.lr0 == 0.25 && s.exist_ok && s.imgsz == 320);
    assert_string_equal(s.name, "x--y=z");
    assert_string_equal(s.data, "music.yaml"); /* the key's value, no configuration */
    assert_string_equal(yt_settings_where(&s, "epochs"), "a.yaml:1");
    assert_string_equal(yt_settings_where(&s, "lr0"), "command line");
    yt_settings_release(&s);
}

static void check_refused(char *word, const char *message) {
    struct yt_settings s;
    yt_settings_init(&s);
    assert_int_equal(yt_arguments_read(&s, 1, &word), -1);
    assert_error(message);
    yt_settings_release(&s);
}

static void test_refused(void **state) {
    (void)state;
    check_refused("page.png",
                  "command line: page.png: must be key=value or a configuration (.yaml)");
    check_refused("none.yaml", "none.yaml: cannot open: No such file or directory");
    check_refused("--epochs", "command line: --epochs: no value after it");
    check_refused("--lr=3", "command line: lr: unknown key (did you mean lr0?)");
    check_refused("cfg=x.yaml", "command line: cfg: x.yaml: must be 0 or empty: write the file's "
                                "name alone, without cfg=");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_read),
        cmocka_unit_test(test_refused),
    };
    return cmocka_run_group_tests(tests, test_folder_enter, test_folder_leave);
}
