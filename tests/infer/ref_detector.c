#include "infer/ref_detector.h"

#include "base/file.h"
#include "base/rng.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Batch norms off the identity; boxes a few cells wide; scores that differ. */
static float shift(const struct yt_param *param, size_t i, struct yt_rng *rng) {
    if (strstr(param->name, ".bn.")) return (float)yt_rng_uniform(rng, 0, 0.3);
    if (param->kind != YT_PARAM_BIAS) return 0;
    bool is_box = strstr(param->name, "cv2.") != NULL;
    return is_box ? -0.7f * (float)(i % YT_DFL_BINS) : (float)yt_rng_uniform(rng, 0, 1);
}

struct yt_model *ref_random_model(int nc) {
    struct yt_model *model = yt_model_new(yt_scale_find("n"), nc);
    yt_model_init(model, 7);
    struct yt_rng rng = yt_rng_make(7, "ref_random_model", 0, 0);
    for (size_t i = 0; i < model->params->count; i++) {
        const struct yt_param *param = &model->params->items[i];
        float *value = model->params->value + param->offset;
        for (size_t k = 0; k < param->count; k++) value[k] += shift(param, k, &rng);
    }
    return model;
}

struct yt_image *ref_page(int w, int h, int blank_from) {
    struct yt_image *page = yt_image_new(w, h, 1);
    yt_image_fill(page, 255);
    struct yt_rng rng = yt_rng_make(11, "ref_page", 0, 0);
    for (int mark = 0; mark < w * blank_from / 100; mark++) {
        int x = (int)yt_rng_below(&rng, (uint64_t)w);
        int y = (int)yt_rng_below(&rng, (uint64_t)blank_from);
        int width = 1 + (int)yt_rng_below(&rng, 12), height = 1 + (int)yt_rng_below(&rng, 4);
        int right = YT_MIN(x + width, w), bottom = YT_MIN(y + height, blank_from);
        uint8_t ink = (uint8_t)yt_rng_below(&rng, 200);
        for (int row = y; row < bottom; row++)
            memset(page->data + (size_t)row * (size_t)w + x, ink, (size_t)(right - x));
    }
    return page;
}

char *ref_shared(const char *name) {
    char *path = yt_format("%s/../../shared/%s", YT_TEST_DIR, name);
    if (yt_path_exists(path)) return path;
    printf("skipped: %s is not there\n", path);
    free(path);
    return NULL;
}
