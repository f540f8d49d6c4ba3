#include "support/folder.h"

#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

int test_folder_enter(void **state) {
    const char *tmp = getenv("TMPDIR");
    char *folder;
    if (asprintf(&folder, "%s/yt-test-XXXXXX", tmp ? tmp : "/tmp") < 0) return -1;
    *state = folder;
    return mkdtemp(folder) && !chdir(folder) ? 0 : -1;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw) {
    (void)st, (void)type, (void)ftw;
    return remove(path);
}

int test_folder_leave(void **state) {
    char *folder = *state;
    int failed = chdir("/") || nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    free(folder);
    return failed;
}

void test_folder_put(const char *path, const char *text) {
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(text, 1, strlen(text), f), strlen(text));
    assert_int_equal(fclose(f), 0);
}
