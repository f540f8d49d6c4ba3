/* The last bit of a label decides whether an anchor whose centre lies on its edge learns it. What a
 * line of a label file becomes, bit for bit as in the reference's own loader (recorded with its
 * augmentation off: cx, cy, w, h in single precision). */
#include "base/file.h"
#include "data/dataset.h"
#include "data/loader.h"
#include "image/image.h"
#include "support/folder.h"
#include "support/test.h"

enum { SIDE = 320 };

/* Edges on centres of anchors: 4 + 8 k pixels. */
static const char *const lines = "0 0.0375 0.0625 0.05 0.05\n"
                                 "1 0.075 0.075 0.075 0.125\n"
                                 "2 0.1625 0.2 0.2 0.025\n"
                                 "0 0.1375 0.3875 0.1 0.15\n"
                                 "1 0.2125 0.2625 0.2 0.3\n"
                                 "2 0.1515625 0.55 0.028125 0.025\n"
                                 "0 0.2625 0.6875 0.2 0.1\n"
                                 "1 0.475 0.1875 0.325 0.05\n"
                                 "2 0.4 0.6875 0.025 0.6\n"
                                 "0 0.875 0.875 0.175 0.075\n";
static const float recorded[][4] = {
    {0x1.333334p-5f, 0x1.00000p-4f, 0x1.99999ap-5f, 0x1.99999ap-5f},
    {0x1.333334p-4f, 0x1.333334p-4f, 0x1.333334p-4f, 0x1.00000p-3f},
    {0x1.4ccccep-3f, 0x1.99999ap-3f, 0x1.99999ap-3f, 0x1.99999ap-6f},
    {0x1.19999ap-3f, 0x1.8ccccep-2f, 0x1.999998p-4f, 0x1.333334p-3f},
    {0x1.b33334p-3f, 0x1.0ccccep-2f, 0x1.99999ap-3f, 0x1.333336p-2f},
    {0x1.366666p-3f, 0x1.19999ap-1f, 0x1.cccccp-6f, 0x1.99999ap-6f},
    {0x1.0ccccep-2f, 0x1.60000p-1f, 0x1.999996p-3f, 0x1.99999ap-4f},
    {0x1.e66666p-2f, 0x1.80000p-3f, 0x1.4ccccep-2f, 0x1.99999ap-5f},
    {0x1.99999ap-2f, 0x1.60000p-1f, 0x1.99998p-6f, 0x1.333334p-1f},
    {0x1.c0000p-1f, 0x1.c0000p-1f, 0x1.666666p-3f, 0x1.333334p-4f},
};

static void put_files(void) {
    uint8_t *pixels = calloc(SIDE * SIDE, 1);
    struct yt_image image = {.w = SIDE, .h = SIDE, .c = 1, .data = pixels};
    assert_int_equal(yt_path_mkdirs("images") || yt_path_mkdirs("labels"), 0);
    assert_int_equal(yt_image_write_png(&image, "images/a.png"), 0);
    free(pixels);
    test_folder_put("labels/a.txt", lines);
    test_folder_put("data.yaml", "path: .\ntrain: images\nval: images\nnames: [a, b, c]\n");
}

static void test_reference_bits(void **state) {
    (void)state;
    put_files();
    struct yt_dataset dataset;
    struct yt_tiles tiles;
    assert_int_equal(yt_dataset_open(&dataset, "data.yaml", NULL), 0);
    const struct yt_tiles_options whole = {.min_area_ratio = 0.1, .empty = 1};
    assert_int_equal(yt_tiles_init(&tiles, &dataset, &whole), 0);
    struct yt_pages *pages = yt_pages_new(&dataset, 0);
    const struct yt_loader_options options = {.is_training = true,
                                              .batch = 1,
                                              .imgsz = SIDE,
                                              .stride = 32,
                                              .workers = 1,
                                              .augment = {.min_side = 2, .border = 114},
                                              .epochs = 1};
    struct yt_loader *loader = yt_loader_new(&tiles, pages, (uint32_t[]){0}, 1, &options);
    const struct yt_batch *batch;
    assert_int_equal(yt_loader_next(loader, &batch), 0);
    assert_int_equal(batch->target_count, YT_COUNT(recorded));
    for (int i = 0; i < batch->target_count; i++) {
        const struct yt_target *t = &batch->targets[i];
        const float found[4] = {t->cx, t->cy, t->w, t->h};
        for (int k = 0; k < 4; k++)
            if (found[k] != recorded[i][k])
                fail_msg("line %d, number %d: %a, recorded %a", i + 1, k + 2, (double)found[k],
                         (double)recorded[i][k]);
    }
    yt_loader_free(loader);
    yt_pages_free(pages);
    yt_tiles_release(&tiles);
    yt_dataset_release(&dataset);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_reference_bits)};
    return cmocka_run_group_tests(tests, test_folder_enter, test_folder_leave);
}
