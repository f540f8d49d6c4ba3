#include "fuzz/fuzz.h"
#include "support/folder.h"

#include <stdio.h>
#include <stdlib.h>

static void *folder;

static void leave(void) {
    test_folder_leave(&folder);
}

void fuzz_file(const char *name, const uint8_t *data, size_t size) {
    if (!folder && (test_folder_enter(&folder) || atexit(leave))) abort();
    FILE *f = fopen(name, "wb");
    if (!f || fwrite(data, 1, size, f) != size || fclose(f)) abort();
}
