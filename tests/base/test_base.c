/* Errors, growth, arenas, what a container allows. */
#include "base/base.h"
#include "base/cgroup.h"
#include "base/file.h"
#include "base/threads.h"
#include "support/folder.h"
#include "support/test.h"

static void test_errors(void **state) {
    (void)state;
    assert_int_equal(yt_fail("a %d", 1), -1);
    assert_error("a 1");
    assert_int_equal(yt_fail("again: %s", yt_error()), -1); /* the message as its own argument */
    assert_error("again: a 1");
    assert_int_equal(yt_fail_in("file:%d", 7), -1);
    assert_error("file:7: again: a 1");
    assert_null(yt_fail_null("gone"));
    char *copy = yt_error_take();
    assert_string_equal(copy, "gone");
    assert_error("");
    free(copy);
}

static void test_error_is_per_thread(void **state) {
    (void)state;
    yt_fail("mine");
#pragma omp parallel num_threads(2)
    {
#pragma omp single nowait
        yt_fail("one thread's");
    }
    const char *error = yt_error();
    assert_true(!strcmp(error, "mine") || !strcmp(error, "one thread's"));
    yt_fail("%05000d", 1); /* longer than the buffer: cut, not overrun */
    assert_true(strlen(yt_error()) > 1000 && strlen(yt_error()) < 5000);
}

static void test_grow(void **state) {
    (void)state;
    int *items = NULL;
    size_t cap = 0;
    for (int i = 0; i < 1000; i++) {
        items = yt_grow(items, &cap, (size_t)i + 1, sizeof *items);
        items[i] = i;
    }
    for (int i = 0; i < 1000; i++) assert_int_equal(items[i], i);
    assert_true(cap >= 1000 && cap < 3000);
    free(items);
}

static void test_arena(void **state) {
    (void)state;
    static const size_t sizes[] = {0, 1, 4096, 100000, (2 << 20) - 1, 2 << 20, (7 << 20) + 5};
    for (size_t i = 0; i < YT_COUNT(sizes); i++) {
        char *p = yt_arena_map(sizes[i], "test");
        assert_non_null(p);
        assert_int_equal((uintptr_t)p % (sizes[i] < 2 << 20 ? 4096 : 2 << 20), 0);
        for (size_t j = 0; j < sizes[i]; j++)
            if (p[j]) fail_msg("byte %zu of %zu is not zero", j, sizes[i]);
        memset(p, 1, sizes[i]);
        yt_arena_unmap(p, sizes[i]);
    }
    yt_arena_unmap(NULL, 5);
}

static void test_arena_is_touched(void **state) {
    (void)state;
    size_t bytes = 64 << 20, before = yt_resident_bytes();
    void *p = yt_arena_map(bytes, "test");
    assert_true(yt_resident_bytes() >= before + bytes * 9 / 10);
    assert_true(yt_resident_peak_bytes() >= before + bytes * 9 / 10);
    yt_arena_unmap(p, bytes);
    assert_true(yt_resident_bytes() < before + bytes / 2);
}

static void test_arena_too_large(void **state) {
    (void)state;
    assert_null(yt_arena_map((size_t)1 << 50, "training plan"));
    assert_error_has("training plan: needs 1073741824 MiB of memory, ");
    assert_null(yt_arena_map(SIZE_MAX, "training plan"));
}

static void put(const char *path, const char *text) {
    char *dir = yt_path_dir(path);
    assert_int_equal(yt_path_mkdirs(dir), 0);
    test_folder_put(path, text);
    free(dir);
}

static void test_cgroup_v1(void **state) {
    (void)state;
    put("v1/list", "9:name=systemd:/\n4:memory:/a/b\n1:cpu,cpuacct:/c\n0::/\n");
    put("v1/memory/a/b/memory.limit_in_bytes", "9223372036854771712\n");
    put("v1/memory/a/b/memory.usage_in_bytes", "500\n");
    put("v1/memory/a/memory.limit_in_bytes", "1000\n");
    put("v1/memory/a/memory.usage_in_bytes", "700\n");
    put("v1/memory/a/memory.stat", "cache 9\ntotal_inactive_file 50\n");
    assert_int_equal(yt_cgroup_memory_left("v1", "v1/list"), 350);
    put("v1/cpu/c/cpu.cfs_quota_us", "150000\n");
    put("v1/cpu/c/cpu.cfs_period_us", "100000\n");
    put("v1/cpu/cpu.cfs_quota_us", "-1\n");
    assert_true(yt_cgroup_cpus("v1", "v1/list") == 1.5);
}

static void test_cgroup_v2(void **state) {
    (void)state;
    put("v2/list", "0::/x/y\n");
    assert_int_equal(yt_cgroup_memory_left("v2", "v2/list"), -1);
    assert_true(yt_cgroup_cpus("v2", "v2/list") == 0);
    put("v2/x/y/memory.max", "max\n");
    put("v2/x/y/memory.current", "10\n");
    put("v2/x/memory.max", "4096\n");
    put("v2/x/memory.current", "5000\n");
    assert_int_equal(yt_cgroup_memory_left("v2", "v2/list"), 0);
    put("v2/x/y/cpu.max", "400000 100000\n");
    put("v2/x/cpu.max", "200000 100000\n");
    put("v2/cpu.max", "max 100000\n");
    assert_true(yt_cgroup_cpus("v2", "v2/list") == 2);
    assert_int_equal(yt_cgroup_memory_left("v2", "nowhere"), -1);
}

static void test_threads(void **state) {
    (void)state;
    assert_true(yt_threads_available() >= 1);
    yt_threads_set(3);
    assert_int_equal(yt_threads(), 3);
    setenv("OMP_NUM_THREADS", "5", 1);
    yt_threads_set(0);
    assert_int_equal(yt_threads(), 5);
    unsetenv("OMP_NUM_THREADS");
    yt_threads_set(0);
    assert_int_equal(yt_threads(), yt_threads_available());
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_errors),
        cmocka_unit_test(test_error_is_per_thread),
        cmocka_unit_test(test_grow),
        cmocka_unit_test(test_arena),
        cmocka_unit_test(test_arena_is_touched),
        cmocka_unit_test(test_arena_too_large),
        cmocka_unit_test(test_cgroup_v1),
        cmocka_unit_test(test_cgroup_v2),
        cmocka_unit_test(test_threads),
    };
    return cmocka_run_group_tests(tests, test_folder_enter, test_folder_leave);
}
