/* A DeepScoresV2 JSON, with one page of 64 x 48 beside it, as page.png. */
#include "fuzz/fuzz.h"

#include "base/file.h"
#include "data/dataset.h"
#include "image/image.h"

#include <stdlib.h>

static void put_page(void) {
    struct yt_image *page = yt_image_new(64, 48, 1);
    yt_image_fill(page, 255);
    if (yt_path_mkdirs("images") || yt_image_write_png(page, "images/page.png")) abort();
    yt_image_free(page);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static int ready;
    struct yt_dataset dataset;
    fuzz_file("deepscores_train.json", data, size);
    if (!ready) put_page();
    ready = 1;
    const struct yt_dataset_options options = {.o_bbox = true};
    if (!yt_dataset_open(&dataset, ".", &options)) yt_dataset_release(&dataset);
    return 0;
}
