/* A run that must learn: dark squares and discs on white, few enough to be known by heart. Falling
 * losses alone would not show boxes that are shifted, classes that are swapped, or an EMA that does
 * not follow; an mAP does. */
#include "support/folder.h"
#include "support/test.h"

#include "base/file.h"
#include "base/rng.h"
#include "base/str.h"
#include "base/threads.h"
#include "image/image.h"
#include "train/trainer.h"

#include <math.h>

enum { SIDE = 64, PICTURES = 6, SHAPES = 2 };

struct shape {
    int cls, x, y, size; /* 0: a square, 1: a disc; of the middle */
};

static bool covers(const struct shape *s, int x, int y) {
    double dx = fabs(x + 0.5 - s->x), dy = fabs(y + 0.5 - s->y), r = s->size / 2.0;
    return s->cls ? dx * dx + dy * dy <= r * r : fmax(dx, dy) <= r;
}

static void write_picture(int index) {
    struct yt_rng rng = yt_rng_make(9, "picture", (uint64_t)index, 0);
    struct yt_image *image = yt_image_new(SIDE, SIDE, 1);
    struct yt_str labels = {0};
    memset(image->data, 255, SIDE * SIDE);
    for (int k = 0; k < SHAPES; k++) { /* one in the left half, one in the right */
        struct shape s = {.cls = (int)yt_rng_below(&rng, 2), .size = 16};
        s.x = 16 + 32 * k + (int)yt_rng_below(&rng, 9) - 4;
        s.y = 14 + (int)yt_rng_below(&rng, 36);
        s.size += 2 * (int)yt_rng_below(&rng, 4);
        for (int y = 0; y < SIDE; y++)
            for (int x = 0; x < SIDE; x++)
                if (covers(&s, x, y)) image->data[y * SIDE + x] = 20;
        double scale = 1.0 / SIDE;
        yt_str_add(&labels, "%d %.6f %.6f %.6f %.6f\n", s.cls, s.x * scale, s.y * scale,
                   s.size * scale, s.size * scale);
    }
    char *png = yt_format("images/%d.png", index), *txt = yt_format("labels/%d.txt", index);
    assert_int_equal(yt_image_write_png(image, png), 0);
    test_folder_put(txt, labels.s);
    free(png);
    free(txt);
    yt_str_release(&labels);
    yt_image_free(image);
}

static void write_data(void) {
    assert_int_equal(yt_path_mkdirs("images"), 0);
    assert_int_equal(yt_path_mkdirs("labels"), 0);
    for (int i = 0; i < PICTURES; i++) write_picture(i);
    test_folder_put("data.yaml", "path: .\ntrain: images\nval: images\nnames: [square, disc]\n");
}

static void settings_init(struct yt_settings *s) {
    static const char *const given[] = {
        "data=data.yaml", "imgsz=64",        "batch=3",     "epochs=100",      "val=false",
        "nbs=3",          "optimizer=AdamW", "lr0=0.002",   "lrf=0.1",         "momentum=0.9",
        "patience=0",     "workers=1",       "plots=false", "warmup_epochs=0", "hsv_h=0",
        "hsv_s=0",        "hsv_v=0",         "degrees=0",   "scale=0",         "translate=0"};
    yt_settings_init(s);
    for (size_t i = 0; i < YT_COUNT(given); i++)
        if (yt_settings_set(s, given[i]) != 0) fail_msg("%s: %s", given[i], yt_error());
}

static void test_known_by_heart(void **state) {
    struct yt_settings settings;
    struct yt_source source;
    struct yt_trainer trainer;
    (void)state;
    yt_threads_set(1); /* pictures of 64 pixels are soonest done by one */
    write_data();
    settings_init(&settings);
    if (yt_source_open(&source, &settings) != 0) fail_msg("%s", yt_error());
    struct yt_model *model = yt_model_new(yt_scale_find("n"), 2);
    yt_model_init(model, 0);
    assert_int_equal(yt_trainer_init(&trainer, &settings, &source, model, "run"), 0);
    assert_int_equal(yt_trainer_run(&trainer), YT_TRAIN_DONE);
    double map50 = trainer.progress.metrics[2];
    /* 0.98 to 0.995 from three starts with AVX2 and AVX-512; shifted or swapped, it is near 0.
     * After 60 epochs it is anything from 0.5 to 0.98, as rounding has it. */
    if (!(map50 >= 0.9)) fail_msg("mAP50 %g after %d epochs", map50, settings.epochs);
    assert_true(yt_path_exists("run/weights/best.safetensors"));
    yt_trainer_release(&trainer);
    yt_model_free(model);
    yt_source_close(&source);
    yt_settings_release(&settings);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_known_by_heart)};
    return cmocka_run_group_tests(tests, test_folder_enter, test_folder_leave);
}
