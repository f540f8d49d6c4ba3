/* The labels of one page of 64 x 48 in a YOLO txt file. */
#include "fuzz/fuzz.h"

#include "base/file.h"
#include "data/dataset.h"
#include "image/image.h"

#include <stdlib.h>

static void put_data_set(void) {
    static const char yaml[] = "path: .\ntrain: images\nval: images\nnames: [a, b, c]\n";
    struct yt_image *page = yt_image_new(64, 48, 1);
    fuzz_file("data.yaml", (const uint8_t *)yaml, sizeof(yaml) - 1);
    if (yt_path_mkdirs("images") || yt_path_mkdirs("labels")) abort();
    if (yt_image_write_png(page, "images/page.png")) abort();
    yt_image_free(page);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static int ready;
    struct yt_dataset dataset;
    if (!ready) put_data_set();
    ready = 1;
    fuzz_file("labels/page.txt", data, size);
    if (!yt_dataset_open(&dataset, "data.yaml", NULL)) yt_dataset_release(&dataset);
    return 0;
}
