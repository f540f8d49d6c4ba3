/* Training on tiles whose gradients cannot be used, from the words of the user to the last line: a
 * tile without any ink on black. With random weights every batch norm of the network divides by the
 * standard deviation of nothing, so its gradient is 1e20 in the scale n and not finite in b. */
#include "cli/ref_run.h"
#include "support/folder.h"
#include "support/test.h"
#include "base/file.h"
#include "cli/cli.h"
#include "image/image.h"
#include "train/guard.h"

#include <string.h>

/* Weights held still and tiles as they are, one a step: norms then depend on the tile alone. */
#define STILL                                                                                      \
    "imgsz=32 batch=1 nbs=1 epochs=1 shuffle=false lr0=0 warmup_bias_lr=0 warmup_epochs=0 "        \
    "optimizer=SGD degrees=0 scale=0 translate=0 hsv_h=0 hsv_s=0 hsv_v=0 val=false plots=false "   \
    "save=false patience=0 threads=1 verbose=false "

/* Images 000.png, ... of noise, one label each; `count` of them, those from `first` to `last`
 * black. */
static void write_data(const char *folder, int count, int first, int last) {
    char *yaml = yt_format("%s/data.yaml", folder), *images = yt_format("%s/images", folder);
    char *labels = yt_format("%s/labels", folder);
    struct yt_image *image = yt_image_new(32, 32, 1);
    if (yt_path_mkdirs(images) || yt_path_mkdirs(labels)) fail_msg("%s", yt_error());
    for (int i = 0; i < count; i++) {
        bool black = i >= first && i <= last;
        char *png = yt_format("%s/%03d.png", images, i), *txt = yt_format("%s/%03d.txt", labels, i);
        for (int k = 0; k < 32 * 32; k++)
            image->data[k] = black ? 0 : (uint8_t)((k * 73 + k * k * (i % 7 + 1)) % 251);
        if (yt_image_write_png(image, png)) fail_msg("%s", yt_error());
        test_folder_put(txt, "0 0.5 0.5 0.5 0.5\n");
        free(png);
        free(txt);
    }
    test_folder_put(yaml, "path: .\ntrain: images\nval: images\nnames: [a]\n");
    yt_image_free(image);
    free(labels);
    free(images);
    free(yaml);
}

static void blacken(const char *path) {
    struct yt_image *image = yt_image_new(32, 32, 1);
    if (yt_image_write_png(image, path)) fail_msg("%s", yt_error());
    yt_image_free(image);
}

static void assert_has(const char *text, const char *part) {
    if (!strstr(text, part)) fail_msg("\"%s\" is not in \"%s\"", part, text);
}

static size_t count(const char *text, const char *part) {
    size_t found = 0;
    for (const char *at = text; (at = strstr(at, part)); at++) found++;
    return found;
}

static void assert_logged(const char *path, const char *line) {
    char *log = yt_file_read(path, 0, NULL);
    if (!log) fail_msg("%s", yt_error());
    assert_int_equal(count(log, "left_out"), 1);
    assert_has(log, line);
    free(log);
}

static void one_that_is_not_finite(void **state) {
    (void)state;
    write_data("one", 4, 2, 2);
    struct ref_ran ran = ref_run("train data=one/data.yaml model=b name=one " STILL);
    if (ran.status != YT_EXIT_OK) fail_msg("%s", ran.err);
    assert_has(ran.err, "warning: step 2: the gradient is not finite; the step is left out. Tiles: "
                        "002.png@0,0\n");
    assert_has(ran.out, "optimiser steps left out: 1 with gradients that were not finite, 0 "
                        "outliers; log.jsonl names their tiles. The run never had to go back");
    assert_logged("runs/detect/one/log.jsonl",
                  "\"left_out\":\"not finite\",\"tiles\":[\"002.png@0,0\"]}\n");
    ref_ran_release(&ran);
}

/* One, once there are norms to compare with, and ten in a row behind it: back to the state of the
 * beginning, where they come again, three times. */
static void outliers(void **state) {
    (void)state;
    enum { ALONE = YT_GUARD_NORMS, FIRST = ALONE + 2, LAST = FIRST + YT_GUARD_PATIENCE - 1 };
    write_data("many", LAST + 1, FIRST, LAST);
    blacken("many/images/101.png");
    struct ref_ran ran = ref_run("train data=many/data.yaml model=n name=many " STILL);
    assert_int_equal(ran.status, YT_EXIT_NUMERIC);
    assert_has(ran.err, "warning: step 101: the gradient's norm is ");
    assert_int_equal(count(ran.err, "; the step is left out. Tiles: 101.png@0,0\n"),
                     1 + YT_GUARD_ROLLBACKS);
    assert_has(ran.err, "Tiles: 112.png@0,0\n");
    assert_int_equal(count(ran.err, "step 113: 10 steps in a row were left out: back to step 0 "
                                    "(epoch 1)"),
                     YT_GUARD_ROLLBACKS);
    assert_has(ran.err, "learning rates times 0.125");
    assert_has(ran.err, "yt: step 113: 10 steps in a row had gradients that cannot be used, and "
                        "going back 3 times did not help");
    assert_has(ran.out, "optimiser steps left out: 0 with gradients that were not finite, 44 "
                        "outliers");
    assert_has(ran.out, "the run went back to an earlier state 3 times");
    char *log = yt_file_read("runs/detect/many/log.jsonl", 0, NULL);
    assert_non_null(log);
    assert_int_equal(count(log, "\"left_out\":\"outlier\",\"tiles\":[\""), 44);
    free(log);
    ref_ran_release(&ran);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_that_is_not_finite),
        cmocka_unit_test(outliers),
    };
    return cmocka_run_group_tests(tests, test_folder_enter, test_folder_leave);
}
