/* Our tensors are the reference's: names and shapes of every scale (tests/golden/state_dict_*.txt),
 * and the parameter totals of the specification. */
#include "support/test.h"

#include "base/file.h"
#include "yolov10/fold.h"

static void check_names(const char *scale) {
    char *path = yt_format(YT_TEST_DIR "/golden/state_dict_%s.txt", scale);
    char *text = yt_file_read(path, 0, NULL);
    assert_non_null(text);
    struct yt_model *model = yt_model_new(yt_scale_find(scale), 80);
    size_t found = 0;
    char *rest = text;
    for (char *line; (line = strsep(&rest, "\n"));) {
        char name[160], want[64] = "", ours[64] = "";
        if (sscanf(line, "%159s %*s %63s", name, want) < 1) continue;
        if (strstr(name, ".dfl.") || strstr(name, "num_batches_tracked")) continue;
        int index = yt_params_find(model->params, name);
        if (index < 0) fail_msg("yolov10%s has no tensor %s", scale, name);
        const struct yt_param *param = &model->params->items[index];
        for (int i = 0; i < param->rank; i++)
            sprintf(ours + strlen(ours), "%s%d", i ? "x" : "", param->shape[i]);
        if (strcmp(ours, want) != 0)
            fail_msg("yolov10%s %s: %s, the reference has %s", scale, name, ours, want);
        found++;
    }
    assert_int_equal(found, model->params->count);
    yt_model_free(model);
    free(text);
    free(path);
}

static void test_names_and_shapes(void **state) {
    (void)state;
    for (int i = 0; yt_scale_at(i); i++) check_names(yt_scale_at(i)->name);
}

static size_t trainable(const struct yt_params *params) {
    return yt_params_elements(params, YT_PARAM_BIAS) + yt_params_elements(params, YT_PARAM_WEIGHT) +
           yt_params_elements(params, YT_PARAM_NORM);
}

/* Totals of the specification, section 1.2; they count the 16 constants of the DFL kernel. */
static void test_totals(void **state) {
    static const struct {
        const char *scale;
        int nc;
        size_t both_heads, folded_one2one;
    } totals[] = {
        {"n", 80, 2775520, 2299264},   {"n", 136, 2860376, 2341512},
        {"s", 80, 8128272, 7248960},   {"s", 136, 8171616, 7270632},
        {"m", 80, 16576768, 15359488}, {"m", 136, 16641616, 15391912},
        {"b", 80, 20574384, 19065792}, {"b", 136, 20660736, 19108968},
        {"l", 80, 25888688, 24371008}, {"l", 136, 25975040, 24414184},
        {"x", 80, 31808960, 29473568}, {"x", 136, 31916816, 29527496},
    };
    (void)state;
    for (size_t i = 0; i < YT_COUNT(totals); i++) {
        struct yt_model *model = yt_model_new(yt_scale_find(totals[i].scale), totals[i].nc);
        struct yt_params *folded = yt_fold_new(model, YT_HEAD_ONE2ONE);
        assert_int_equal(trainable(model->params) + 16, totals[i].both_heads);
        assert_int_equal(trainable(folded) + 16, totals[i].folded_one2one);
        yt_params_free(folded);
        yt_model_free(model);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names_and_shapes),
        cmocka_unit_test(test_totals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
