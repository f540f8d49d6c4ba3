/* Runs a fuzzer over the files of a folder: replay FOLDER. */
#include "fuzz/fuzz.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

static void replay(const char *folder, const char *name) {
    static uint8_t bytes[1 << 20];
    char *path = NULL;
    if (asprintf(&path, "%s/%s", folder, name) < 0) abort();
    FILE *f = fopen(path, "rb");
    free(path);
    if (!f) abort();
    size_t size = fread(bytes, 1, sizeof(bytes), f);
    fclose(f);
    uint8_t *exact = malloc(size ? size : 1); /* so that a sanitizer sees a read behind the end */
    if (!exact) abort();
    for (size_t i = 0; i < size; i++) exact[i] = bytes[i];
    printf("%s\n", name);
    LLVMFuzzerTestOneInput(exact, size);
    free(exact);
}

int main(int argc, char **argv) {
    char folder[4096];
    if (argc != 2 || !realpath(argv[1], folder)) {
        fprintf(stderr, "usage: replay FOLDER\n");
        return 2;
    }
    struct dirent **names;
    int count = scandir(folder, &names, NULL, alphasort), replayed = 0;
    for (int i = 0; i < count; i++) {
        if (names[i]->d_name[0] != '.') replay(folder, names[i]->d_name), replayed++;
        free(names[i]);
    }
    if (count >= 0) free(names);
    printf("%d inputs\n", replayed);
    return replayed > 0 ? 0 : 1;
}
