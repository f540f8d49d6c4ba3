/* The detector's graphs: the same answers whatever the batch, the order of shapes, the threads. */
#include "infer/ref_detector.h"
#include "support/folder.h"
#include "support/test.h"

#include "base/threads.h"
#include "eval/merge.h"
#include "tensor/safetensors.h"
#include "yolov10/decode.h"
#include "yolov10/fold.h"
#include "yolov10/weights.h"

#include <math.h>

enum { NC = 5, MAX_DET = 50 };

static struct yt_model *model;

static int setup(void **state) {
    model = ref_random_model(NC);
    return test_folder_enter(state);
}

static int teardown(void **state) {
    yt_model_free(model);
    return test_folder_leave(state);
}

/* Writes image `which` as the i-th of the input. */
static void fill(const struct yt_map *input, int i, int which) {
    size_t floats = (size_t)input->h * (size_t)input->w * 3;
    for (size_t k = 0; k < floats; k++)
        input->p[(size_t)i * floats + k] = (float)((k * (size_t)(2 * which + 3)) % 251) / 250;
}

/* Detects on images first .. first + n - 1. */
static void detect(struct yt_detector *detector, int first, int n, int h, int w,
                   struct yt_detection *out, int *counts) {
    const struct yt_map *input = yt_detector_begin(detector, n, h, w);
    if (!input) fail_msg("%s", yt_error());
    for (int i = 0; i < n; i++) fill(input, i, first + i);
    yt_detector_run(detector);
    yt_detector_decode(detector, MAX_DET, out, counts);
}

static void assert_same(const struct yt_detection *a, const struct yt_detection *b, int count) {
    assert_memory_equal(a, b, (size_t)count * sizeof *a);
}

static void batch_equals_single_images(void **state) {
    (void)state;
    struct yt_detector *detector = yt_detector_new(model, model->params->value, YT_HEAD_ONE2ONE);
    static struct yt_detection batch[3 * MAX_DET], single[MAX_DET];
    int counts[3], count;
    detect(detector, 0, 3, 96, 64, batch, counts);
    for (int i = 0; i < 3; i++) {
        detect(detector, i, 1, 96, 64, single, &count);
        assert_int_equal(count, MAX_DET);
        assert_int_equal(counts[i], count);
        assert_same(batch + i * MAX_DET, single, count);
    }
    assert_memory_not_equal(batch, single, sizeof single); /* images do differ */
    yt_detector_free(detector);
}

/* A small input, larger ones, more shapes than are kept, and the small one again. */
static void shapes_do_not_disturb_each_other(void **state) {
    (void)state;
    struct yt_detector *detector = yt_detector_new(model, model->params->value, YT_HEAD_ONE2ONE);
    static struct yt_detection first[MAX_DET], again[MAX_DET], other[4 * MAX_DET];
    int count, counts[4];
    detect(detector, 0, 1, 64, 96, first, &count);
    for (int i = 0; i < 12; i++)
        detect(detector, i, 1 + i % 4, 32 + 32 * (i % 3), 64 + 32 * (i % 2), other, counts);
    detect(detector, 0, 1, 64, 96, again, &count);
    assert_same(first, again, count);
    yt_detector_free(detector);
}

/* Both heads of one run, plainly and through NMS, against the maps read by hand. */
/* Bytes follow the largest shape that was met, and a smaller one takes none. */
static void bytes_are_those_of_the_largest_shape(void **state) {
    (void)state;
    struct yt_detector *detector = yt_detector_new(model, model->params->value, YT_HEAD_BOTH);
    size_t weights = yt_detector_bytes(detector);
    assert_true(weights > yt_params_elements(model->params, YT_PARAM_WEIGHT) * sizeof(float));
    assert_non_null(yt_detector_begin(detector, 2, 96, 96));
    size_t large = yt_detector_bytes(detector);
    assert_true(large > weights + 2 * 96 * 96 * 3 * sizeof(float));
    assert_non_null(yt_detector_begin(detector, 1, 64, 96));
    assert_int_equal(yt_detector_bytes(detector), large);
    yt_detector_free(detector);
}

static void heads_are_read_as_asked(void **state) {
    (void)state;
    struct yt_detector *detector = yt_detector_new(model, model->params->value, YT_HEAD_BOTH);
    static struct yt_detection out[MAX_DET], expected[10 * MAX_DET];
    struct yt_decoder decoder = {0};
    int count;
    detect(detector, 0, 1, 96, 96, out, &count);
    for (int i = 0; i < 8; i++) {
        struct yt_reading how = {
            .head = i & 1 ? YT_ONE2MANY : YT_ONE2ONE, .one_class = i & 2, .nms = i & 4 ? 0.4 : 0};
        struct yt_head_maps maps = yt_detector_maps(detector, how.head);
        int wanted = how.nms > 0 ? 144 + 36 + 9 : MAX_DET;
        wanted = yt_decode_topk(&decoder, &maps, 0, wanted, how.one_class, expected);
        struct yt_merge merge = {YT_MERGE_NMS, YT_OVERLAP_IOU, 0.4, false};
        if (how.nms > 0) wanted = YT_MIN((int)yt_merge(&merge, expected, (size_t)wanted), MAX_DET);
        yt_detector_set_reading(detector, &how);
        assert_true(yt_detector_reading(detector).head == how.head);
        yt_detector_decode(detector, MAX_DET, out, &count);
        assert_int_equal(count, wanted);
        assert_same(out, expected, count);
    }
    yt_decoder_release(&decoder);
    yt_detector_free(detector);
    detector = yt_detector_new(model, model->params->value, YT_HEAD_ONE2MANY); /* alone */
    detect(detector, 0, 1, 96, 96, out, &count);
    assert_int_equal(count, MAX_DET);
    yt_detector_free(detector);
}

static void few_anchors(void **state) {
    (void)state;
    struct yt_detector *detector = yt_detector_new(model, model->params->value, YT_HEAD_ONE2ONE);
    static struct yt_detection out[MAX_DET];
    int count;
    detect(detector, 0, 1, 32, 32, out, &count); /* 16 + 4 + 1 anchors */
    assert_int_equal(count, 21);
    yt_detector_free(detector);
}

static void update_takes_new_values(void **state) {
    (void)state;
    const struct yt_params *params = model->params;
    float *other = yt_malloc(params->total * sizeof *other);
    for (size_t i = 0; i < params->total; i++) other[i] = params->value[i] * 1.01f;
    struct yt_detector *detector = yt_detector_new(model, params->value, YT_HEAD_ONE2ONE);
    struct yt_detector *fresh = yt_detector_new(model, other, YT_HEAD_BOTH);
    static struct yt_detection before[MAX_DET], after[MAX_DET], expected[MAX_DET];
    int count;
    detect(detector, 0, 1, 64, 64, before, &count);
    yt_detector_update(detector, other);
    detect(detector, 0, 1, 64, 64, after, &count);
    detect(fresh, 0, 1, 64, 64, expected, &count);
    assert_same(after, expected, count);
    assert_memory_not_equal(before, after, sizeof before);
    yt_detector_free(detector);
    yt_detector_free(fresh);
    free(other);
}

static void bit_equal_for_any_threads(void **state) {
    (void)state;
    static struct yt_detection one[3 * MAX_DET], two[3 * MAX_DET];
    int counts[3];
    yt_threads_set(1);
    struct yt_detector *a = yt_detector_new(model, model->params->value, YT_HEAD_ONE2ONE);
    detect(a, 0, 3, 96, 96, one, counts);
    yt_threads_set(2);
    struct yt_detector *b = yt_detector_new(model, model->params->value, YT_HEAD_ONE2ONE);
    detect(b, 0, 3, 96, 96, two, counts);
    assert_same(one, two, 3 * MAX_DET);
    yt_detector_free(a);
    yt_detector_free(b);
}

static void too_large_is_an_error(void **state) {
    (void)state;
    struct yt_detector *detector = yt_detector_new(model, model->params->value, YT_HEAD_ONE2ONE);
    static struct yt_detection out[MAX_DET];
    int count;
    assert_null(yt_detector_begin(detector, 200, 3200, 3200));
    assert_error_has("200 images of 3200x3200: ");
    detect(detector, 0, 1, 64, 64, out, &count); /* and life goes on */
    assert_int_equal(count, MAX_DET);
    yt_detector_free(detector);
}

static void assert_folded_equal(const struct yt_params *a, const struct yt_params *b) {
    assert_int_equal(a->total, b->total);
    assert_memory_equal(a->value, b->value, a->total * sizeof(float));
}

/* A folded file becomes a model in training form and is folded again: the file's own numbers. */
static void folded_file_survives(void **state) {
    (void)state;
    char *path = ref_shared("weights/yolov10n-coco-fused.safetensors");
    if (!path) skip();
    struct yt_model *coco = yt_model_open(path);
    if (!coco) fail_msg("%s", yt_error());
    assert_string_equal(coco->scale->name, "n");
    assert_int_equal(coco->nc, 80);
    struct yt_params *folded = yt_fold_new(coco, YT_HEAD_ONE2ONE);
    yt_fold(coco, coco->params->value, folded);

    struct yt_safetensors *file = yt_safetensors_open(path);
    double worst = 0;
    for (size_t i = 0; i < folded->count; i++) {
        const struct yt_param *param = &folded->items[i];
        const struct yt_tensor_info *info = yt_safetensors_find(file, param->name);
        if (!info) fail_msg("%s is not in the file", param->name);
        assert_int_equal(info->count, param->count);
        float *theirs = yt_malloc(param->count * sizeof *theirs);
        float *ours = yt_malloc(param->count * sizeof *ours);
        yt_safetensors_read(file, info, theirs);
        yt_params_export(param, folded->value, ours);
        for (size_t k = 0; k < param->count; k++)
            worst = fmax(worst, fabs((double)ours[k] - theirs[k]) / fmax(fabs(theirs[k]), 1e-3));
        free(theirs);
        free(ours);
    }
    assert_true(worst < 3e-7);

    assert_int_equal(yt_weights_save(coco, coco->params->value, 0, NULL, "unfolded.safetensors"),
                     0);
    struct yt_model *again = yt_model_open("unfolded.safetensors");
    if (!again) fail_msg("%s", yt_error());
    struct yt_params *refolded = yt_fold_new(again, YT_HEAD_ONE2ONE);
    yt_fold(again, again->params->value, refolded);
    assert_folded_equal(folded, refolded);
    assert_memory_equal(coco->dfl_bins, again->dfl_bins, sizeof coco->dfl_bins);
    yt_params_free(refolded);
    yt_model_free(again);
    yt_safetensors_close(file);
    yt_params_free(folded);
    yt_model_free(coco);
    free(path);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(batch_equals_single_images),
        cmocka_unit_test(shapes_do_not_disturb_each_other),
        cmocka_unit_test(bytes_are_those_of_the_largest_shape),
        cmocka_unit_test(heads_are_read_as_asked),
        cmocka_unit_test(few_anchors),
        cmocka_unit_test(update_takes_new_values),
        cmocka_unit_test(bit_equal_for_any_threads),
        cmocka_unit_test(too_large_is_an_error),
        cmocka_unit_test(folded_file_survives),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
