#include "ref_pages.h"
#include "base/file.h"
#include "base/rng.h"
#include "base/str.h"
#include "image/image.h"
#include "support/test.h"

void ref_write_page(const char *path, int w, int h) {
    struct yt_image *image = yt_image_new(w, h, 1);
    struct yt_rng rng = yt_rng_make(1, path, 0, 0);
    for (int i = 0; i < w * h; i++) image->data[i] = (uint8_t)yt_rng_next(&rng);
    assert_int_equal(yt_image_write_png(image, path), 0);
    yt_image_free(image);
}

static void write_part(const char *folder, const char *json, int first_score, int scores, int w,
                       int h, int boxes) {
    struct yt_str images = {0}, annotations = {0};
    struct yt_rng rng = yt_rng_make(2, json, 0, 0);
    for (int i = 0, annotation = 0; i < 2 * scores; i++) {
        char *name = yt_format("lg-%d-aug-%s--page-1.png", first_score + i / 2,
                               i % 2 ? "gonville" : "emmentaler");
        char *path = yt_format("%s/images/%s", folder, name);
        ref_write_page(path, w, h);
        yt_str_add(&images, "%s{\"id\": %d, \"filename\": \"%s\", \"width\": %d, \"height\": %d}",
                   i ? ", " : "", i, name, w, h);
        for (int b = 0; b < boxes; b++, annotation++) {
            double side = b % 7 ? 30 : 1; /* some of less than a square pixel */
            double x = yt_rng_uniform(&rng, 0, w - 30), y = yt_rng_uniform(&rng, 0, h - 30);
            yt_str_add(&annotations,
                       "%s\"%d\": {\"a_bbox\": [%.9g, %.9g, %.9g, %.9g], \"cat_id\": [\"%d\"], "
                       "\"img_id\": \"%d\"}",
                       annotation ? ", " : "", annotation, x, y,
                       x + yt_rng_uniform(&rng, 0.5, side), y + yt_rng_uniform(&rng, 0.5, side),
                       1 + b % 2, i);
        }
        free(path);
        free(name);
    }
    char *text = yt_format(
        "{\"categories\": {\"1\": {\"name\": \"brace\", \"annotation_set\": \"deepscores\"}, "
        "\"137\": {\"name\": \"brace\", \"annotation_set\": \"muscima++\"}, "
        "\"2\": {\"name\": \"stem\", \"annotation_set\": \"deepscores\"}},\n"
        "\"images\": [%s],\n\"annotations\": {%s}}",
        images.s, annotations.s ? annotations.s : "");
    char *path = yt_path_join(folder, json);
    assert_int_equal(yt_file_write(path, text, strlen(text)), 0);
    free(path);
    free(text);
    yt_str_release(&annotations);
    yt_str_release(&images);
}

void ref_write_ds2(const char *folder, int scores, int w, int h, int boxes) {
    char *images = yt_path_join(folder, "images");
    assert_int_equal(yt_path_mkdirs(images), 0);
    free(images);
    write_part(folder, "deepscores_train.json", 1, scores, w, h, boxes);
    write_part(folder, "deepscores_test.json", 100, 1, w, h, boxes);
}
