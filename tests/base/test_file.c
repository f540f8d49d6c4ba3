#include "base/file.h"
#include "support/folder.h"
#include "support/test.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static void check_content(const char *path, const char *expected) {
    size_t len;
    char *text = yt_file_read(path, 0, &len);
    assert_non_null(text);
    assert_string_equal(text, expected);
    assert_int_equal(len, strlen(expected));
    free(text);
}

static size_t count_files(void) {
    static const char *const any[] = {"", NULL};
    struct yt_paths paths = {0};
    if (yt_paths_find(&paths, ".", any, false)) return 0;
    size_t count = paths.count;
    yt_paths_release(&paths);
    return count;
}

static void test_read(void **state) {
    (void)state;
    test_folder_put("small", "12345");
    check_content("small", "12345");
    char *all = yt_file_read("small", 5, NULL); /* a limit that it just keeps */
    assert_non_null(all);
    free(all);
    assert_null(yt_file_read("small", 4, NULL));
    assert_error("small: larger than 4 bytes; is this the right file?");
    assert_null(yt_file_read("missing", 0, NULL));
    assert_error("missing: cannot open: No such file or directory");
    assert_null(yt_file_read(".", 0, NULL));
    assert_error(".: cannot read: Is a directory");
    size_t len; /* a file without a size */
    char *status = yt_file_read("/proc/self/status", 0, &len);
    assert_true(len > 100);
    free(status);
}

static void test_replace(void **state) {
    (void)state;
    size_t before = count_files();
    assert_int_equal(yt_file_write("new", "one", 3), 0);
    check_content("new", "one");
    struct yt_file file;
    assert_int_equal(yt_file_create(&file, "new"), 0);
    fprintf(file.stream, "two");
    fflush(file.stream);
    check_content("new", "one"); /* until the commit */
    assert_int_equal(yt_file_commit(&file), 0);
    check_content("new", "two");
    assert_int_equal(yt_file_create(&file, "new"), 0);
    fprintf(file.stream, "three");
    yt_file_abandon(&file);
    check_content("new", "two");
    assert_int_equal(count_files(), before + 1); /* no temporary is left */
}

static void test_full_disk(void **state) {
    (void)state;
    assert_int_equal(yt_file_write("/dev/full", "abc", 3), -1);
    assert_error("/dev/full: cannot write: No space left on device");
    assert_true(yt_path_exists("/dev/full"));
}

/* A limit on the size of files is the full disk that a test can have for a regular file. */
static void test_full_disk_keeps_the_old_file(void **state) {
    (void)state;
    assert_int_equal(yt_file_write("kept", "old", 3), 0);
    size_t before = count_files();
    signal(SIGXFSZ, SIG_IGN);
    struct rlimit old, small;
    getrlimit(RLIMIT_FSIZE, &old);
    small = old;
    small.rlim_cur = 10000;
    setrlimit(RLIMIT_FSIZE, &small);
    char *much = yt_calloc(1, 1 << 20);
    int in_one_call = yt_file_write("kept", much, 1 << 20);
    struct yt_file file;
    int created = yt_file_create(&file, "kept");
    for (int i = 0; i < 1000; i++) fwrite(much, 1, 100, file.stream);
    int in_pieces = yt_file_commit(&file);
    setrlimit(RLIMIT_FSIZE, &old);
    free(much);
    assert_int_equal(in_one_call, -1);
    assert_int_equal(created, 0);
    assert_int_equal(in_pieces, -1);
    assert_error_has("kept: cannot write: ");
    check_content("kept", "old");
    assert_int_equal(count_files(), before);
}

static void test_unwritable(void **state) {
    (void)state;
    assert_int_equal(yt_file_write("no/such/folder", "a", 1), -1);
    assert_error("no/such/folder: cannot write: No such file or directory");
    mkdir("is_folder", 0777);
    assert_int_equal(yt_file_write("is_folder", "a", 1), -1);
}

static void check_string(char *got, const char *expected) {
    assert_string_equal(got, expected);
    free(got);
}

static void test_paths(void **state) {
    (void)state;
    check_string(yt_path_join("a", "b"), "a/b");
    check_string(yt_path_join("a/", "b"), "a/b");
    check_string(yt_path_join("", "b"), "b");
    check_string(yt_path_join("a", "/b"), "/b");
    check_string(yt_path_dir("a/b/c"), "a/b");
    check_string(yt_path_dir("/c"), "/");
    check_string(yt_path_dir("c"), ".");
    assert_string_equal(yt_path_name("a/b.png"), "b.png");
    assert_string_equal(yt_path_name("b"), "b");
    check_string(yt_path_stem("a.d/page.1.png"), "page.1");
    check_string(yt_path_stem("a.d/page"), "page");
    check_string(yt_path_stem(".hidden"), ".hidden");
    char *here = yt_path_absolute("."), *file = yt_path_absolute("./x/y");
    assert_true(here[0] == '/');
    check_string(yt_path_join(here, "x/y"), file);
    free(here);
    free(file);
    check_string(yt_path_absolute("/x"), "/x");
}

static void test_mkdirs(void **state) {
    (void)state;
    assert_int_equal(yt_path_mkdirs("deep/er/and//deeper/"), 0);
    assert_true(yt_path_is_dir("deep/er/and/deeper"));
    assert_int_equal(yt_path_mkdirs("deep/er"), 0);
    test_folder_put("deep/file", "");
    assert_int_equal(yt_path_mkdirs("deep/file/x"), -1);
    assert_error("deep/file: cannot make the folder: File exists");
}

static void check_found(const char *source, bool recursive, const char *const *expected) {
    static const char *const images[] = {".png", ".jpg", NULL};
    struct yt_paths paths = {0};
    assert_int_equal(yt_paths_find(&paths, source, images, recursive), 0);
    size_t count = 0;
    for (; expected[count]; count++) {
        assert_true(count < paths.count);
        assert_string_equal(paths.items[count], expected[count]);
    }
    assert_int_equal(paths.count, count);
    yt_paths_release(&paths);
}

static void test_find(void **state) {
    (void)state;
    assert_int_equal(yt_path_mkdirs("find/sub"), 0);
    test_folder_put("find/b.png", "");
    test_folder_put("find/a.JPG", "");
    test_folder_put("find/._b.png", "");
    test_folder_put("find/notes", "");
    test_folder_put("find/page[1].png", "");
    test_folder_put("find/sub/c.png", "");
    test_folder_put("find/list.txt", "./b.png\r\n\nsub/c.png\n/abs/d.png");
    assert_int_equal(symlink("..", "find/sub/loop"), 0);
    check_found("find", false,
                (const char *[]){"find/a.JPG", "find/b.png", "find/page[1].png", NULL});
    check_found(
        "find", true,
        (const char *[]){"find/a.JPG", "find/b.png", "find/page[1].png", "find/sub/c.png", NULL});
    check_found("find/*.png", false, (const char *[]){"find/b.png", "find/page[1].png", NULL});
    check_found("find/page[1].png", false, (const char *[]){"find/page[1].png", NULL});
    check_found("find/notes", false, (const char *[]){"find/notes", NULL});
    check_found("find/list.txt", false,
                (const char *[]){"/abs/d.png", "find/b.png", "find/sub/c.png", NULL});
}

static void test_find_nothing(void **state) {
    (void)state;
    static const char *const none[] = {".tif", NULL};
    struct yt_paths paths = {0};
    assert_int_equal(yt_paths_find(&paths, "nowhere", none, true), -1);
    assert_error("nowhere: no such file or folder");
    assert_int_equal(yt_paths_find(&paths, ".", none, true), -1);
    assert_error(".: holds no file of a kind that is read");
    assert_int_equal(yt_paths_find(&paths, "*.nothing", none, true), -1);
    yt_paths_release(&paths);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_read),         cmocka_unit_test(test_replace),
        cmocka_unit_test(test_full_disk),    cmocka_unit_test(test_full_disk_keeps_the_old_file),
        cmocka_unit_test(test_unwritable),   cmocka_unit_test(test_paths),
        cmocka_unit_test(test_mkdirs),       cmocka_unit_test(test_find),
        cmocka_unit_test(test_find_nothing),
    };
    return cmocka_run_group_tests(tests, test_folder_enter, test_folder_leave);
}
