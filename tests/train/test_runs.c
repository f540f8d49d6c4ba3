/* Folders of runs. */
#include "base/file.h"
#include "support/folder.h"
#include "support/test.h"
#include "train/runs.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static void assert_created(const char *name, bool exist_ok, const char *expected) {
    char *run = yt_run_create("runs/detect", name, exist_ok);
    if (!run) fail_msg("%s", yt_error());
    assert_string_equal(run, expected);
    assert_true(yt_path_is_dir(run));
    free(run);
}

static void names_are_numbered(void **state) {
    (void)state;
    assert_created("train", false, "runs/detect/train");
    assert_created("train", false, "runs/detect/train2");
    assert_created("train", false, "runs/detect/train3");
    assert_created("train", true, "runs/detect/train");
    assert_created("new", true, "runs/detect/new");
    assert_created("new/deep", false, "runs/detect/new/deep");
    test_folder_put("runs/detect/file", "");
    assert_created("file", false, "runs/detect/file2");
}

static void impossible_folder(void **state) {
    (void)state;
    test_folder_put("plain", "");
    assert_null(yt_run_create("plain", "train", false));
    assert_error_has("plain");
    assert_null(yt_run_create("plain", "train", true));
}

static void put_at(const char *path, time_t seconds) {
    test_folder_put(path, "x");
    struct timespec times[2] = {{.tv_sec = seconds}, {.tv_sec = seconds}};
    assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
}

static void latest_by_time_of_the_file(void **state) {
    (void)state;
    assert_null(yt_run_latest("nowhere", "best"));
    assert_error("nowhere: no run in it has a file best");
    static const char *const runs[] = {"p/train", "p/train2", "p/mine", "p/empty"};
    for (size_t i = 0; i < YT_COUNT(runs); i++) assert_int_equal(yt_path_mkdirs(runs[i]), 0);
    put_at("p/train/best", 2000);
    put_at("p/train2/best", 1000);
    put_at("p/mine/best", 1500);
    put_at("p/empty/other", 9000);
    put_at("p/best", 9000); /* of no run */
    char *latest = yt_run_latest("p", "best");
    assert_string_equal(latest, "p/train");
    free(latest);
    put_at("p/mine/best", 3000);
    latest = yt_run_latest("p", "best");
    assert_string_equal(latest, "p/mine");
    free(latest);
}

/* One process at a time; what a killed one left is cleared away, and nothing else. */
static void one_at_a_time(void **state) {
    (void)state;
    assert_int_equal(yt_path_mkdirs("locked/weights"), 0);
    test_folder_put("locked/weights/best.safetensors.99.tmp", "half");
    test_folder_put("locked/weights/best.safetensors", "whole");
    int lock = yt_run_lock("locked");
    assert_true(lock >= 0);
    assert_false(yt_path_exists("locked/weights/best.safetensors.99.tmp"));
    assert_true(yt_path_exists("locked/weights/best.safetensors"));
    test_folder_put("locked/weights/last.safetensors.98.tmp", "being written by the owner");
    assert_int_equal(yt_run_lock("locked"), -1);
    char owner[64];
    snprintf(owner, sizeof owner, "(process %ld on ", (long)getpid());
    assert_error_has("locked: another yt is training in this folder");
    assert_error_has(owner);
    assert_true(yt_path_exists("locked/weights/last.safetensors.98.tmp"));
    yt_run_unlock(lock);
    lock = yt_run_lock("locked");
    assert_true(lock >= 0);
    yt_run_unlock(lock);
    assert_int_equal(yt_run_lock("absent"), -1);
    assert_error_has("absent/lock: cannot open");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_at_a_time),
        cmocka_unit_test(names_are_numbered),
        cmocka_unit_test(impossible_folder),
        cmocka_unit_test(latest_by_time_of_the_file),
    };
    return cmocka_run_group_tests(tests, test_folder_enter, test_folder_leave);
}
