/* Validation on small data sets, against its parts put together in another way. */
#include "base/file.h"
#include "base/json.h"
#include "base/rng.h"
#include "base/str.h"
#include "support/folder.h"
#include "support/test.h"
#include "tensor/ops.h"
#include "train/source.h"
#include "train/validate.h"
#include "yolov10/weights.h"

#include <math.h>

enum { NC = 3, MAX_DET = 30, PICTURES = 5 };

static const struct yt_loss_gains gains = {.box = 7.5f, .cls = 0.5f, .dfl = 1.5f};

/* Five pictures of three shapes with a few labels each, as a YOLO data set. */
static void write_pictures(void) {
    static const int sizes[PICTURES][2] = {{96, 64}, {64, 96}, {80, 80}, {96, 64}, {50, 90}};
    struct yt_rng rng = yt_rng_make(3, "test_validate", 0, 0);
    yt_path_mkdirs("set/images");
    yt_path_mkdirs("set/labels");
    for (int i = 0; i < PICTURES; i++) {
        struct yt_image *image = yt_image_new(sizes[i][0], sizes[i][1], 1);
        for (int k = 0; k < image->w * image->h; k++) image->data[k] = (uint8_t)yt_rng_next(&rng);
        char *png = yt_format("set/images/%d.png", i), *txt = yt_format("set/labels/%d.txt", i);
        struct yt_str lines = {0};
        for (int k = 0; k < 2 + i; k++)
            yt_str_add(&lines, "%d %.4f %.4f %.4f %.4f\n", k % NC, yt_rng_uniform(&rng, 0.3, 0.7),
                       yt_rng_uniform(&rng, 0.3, 0.7), yt_rng_uniform(&rng, 0.1, 0.5),
                       yt_rng_uniform(&rng, 0.1, 0.5));
        assert_int_equal(yt_image_write_png(image, png), 0);
        test_folder_put(txt, lines.s);
        yt_str_release(&lines);
        yt_image_free(image);
        free(png);
        free(txt);
    }
    test_folder_put("set/data.yaml", "train: images\nval: images\nnames: [a, b, c]\n");
}

static void open_source(struct yt_settings *settings, struct yt_source *source, const char *data,
                        const char *imgsz) {
    yt_settings_init(settings);
    char *word = yt_format("data=%s", data);
    assert_int_equal(yt_settings_set(settings, word), 0);
    assert_int_equal(yt_settings_set(settings, imgsz), 0);
    assert_int_equal(yt_settings_set(settings, "workers=1"), 0);
    if (yt_source_open(source, settings)) fail_msg("%s", yt_error());
    free(word);
}

struct seen {
    struct yt_metrics *metrics;
    const struct yt_source *source;
    size_t tiles, labels;
    int stop_after;
};

/* Half a pixel of the input may be lost to an odd border, as in the reference. */
static bool is_near(float a, float b) {
    return fabsf(a - b) < 1;
}

/* The labels must be those of the data set, gone through the input and back. */
static void see(void *user, const struct yt_validated *v) {
    struct seen *seen = user;
    const struct yt_tile *tile = &seen->source->tiles.items[v->tile];
    assert_int_equal(v->label_count, tile->label_count);
    for (size_t i = 0; i < v->label_count; i++) {
        const struct yt_label *given = &seen->source->tiles.labels[tile->label_begin + i];
        assert_int_equal(v->labels[i].cls, given->cls);
        assert_true(is_near(v->labels[i].box.y1, given->box.y1));
        assert_true(is_near(v->labels[i].box.y2, given->box.y2));
    }
    for (size_t i = 0; i < v->detection_count; i++) {
        struct yt_box box = v->detections[i].box;
        assert_true(box.x1 >= 0 && box.y1 >= 0);
        assert_true(box.x2 <= (float)tile->w && box.y2 <= (float)tile->h);
        if (i) assert_true(v->detections[i].score <= v->detections[i - 1].score);
    }
    yt_metrics_add(seen->metrics, v->detections, v->detection_count, v->labels, v->label_count);
    seen->tiles++;
    seen->labels += v->label_count;
}

static bool go_on(void *user, int done, int batches) {
    const struct seen *seen = user;
    assert_true(done >= 1 && done <= batches);
    return done != seen->stop_after;
}

/* The loss of both heads on every batch, from the network in its training form. */
static void expect_loss(const struct yt_model *model, const struct yt_source *source,
                        const struct yt_settings *settings, double loss[YT_ITEMS]) {
    struct yt_loader *loader = yt_source_val_loader(source, settings, YT_VAL, 2, 1);
    const struct yt_batch *batch;
    for (int i = 0; i < YT_ITEMS; i++) loss[i] = 0;
    while (!yt_loader_next(loader, &batch) && batch) {
        struct yt_graph *g = yt_graph_new(model->params, YT_GRAPH_EVAL);
        struct yt_net net = {g, model->params, false};
        struct yt_network network;
        yt_network_build(&net, yt_input(g, batch->n, batch->h, batch->w, 3), model->scale, NC,
                         YT_HEAD_BOTH, &network);
        assert_int_equal(yt_graph_plan(g, YT_MEMORY_KEEP), 0);
        yt_bytes_to_floats(batch->images, &network.images->value);
        yt_graph_forward(g);
        for (int head = 0; head < YT_HEADS; head++) {
            struct yt_loss of_head;
            float items[3];
            struct yt_head_maps maps = yt_network_maps(&network, (enum yt_head)head);
            yt_loss_init_head(&of_head, (enum yt_head)head, gains);
            const struct yt_truth truth = yt_truth_of(batch);
            yt_detection_loss(&of_head, &maps, &truth, items);
            for (int i = 0; i < 3; i++)
                loss[3 * head + i] += (double)items[i] / yt_loader_batches(loader);
            yt_loss_release(&of_head);
        }
        yt_graph_free(g);
    }
    yt_loader_free(loader);
}

static void equals_its_parts(void **state) {
    (void)state;
    struct yt_settings settings;
    struct yt_source source;
    write_pictures();
    open_source(&settings, &source, "set/data.yaml", "imgsz=64");
    struct yt_model *model = yt_model_new(yt_scale_find("n"), NC);
    yt_model_init(model, 1);
    struct yt_detector *detector = yt_detector_new(model, model->params->value, YT_HEAD_BOTH);
    /* an endless stream: two validations, and the second is the same */
    struct yt_loader *loader = yt_source_val_loader(&source, &settings, YT_VAL, 2, 0);
    for (int round = 0; round < 2; round++) {
        struct seen seen = {.metrics = yt_metrics_new(NC), .source = &source};
        struct yt_validate_options options = {
            .max_det = MAX_DET, .gains = &gains, .tile = see, .progress = go_on, .user = &seen};
        struct yt_validation result;
        assert_int_equal(yt_validate(detector, loader, &options, &result), 0);
        assert_int_equal(seen.tiles, PICTURES);
        assert_int_equal(result.images, PICTURES);
        assert_int_equal(seen.labels, 2 + 3 + 4 + 5 + 6);

        struct yt_scores scores;
        yt_metrics_compute(seen.metrics, &scores);
        assert_true(scores.map50 == result.scores.map50 && scores.map == result.scores.map);
        yt_scores_release(&scores);
        double loss[YT_ITEMS];
        expect_loss(model, &source, &settings, loss);
        for (int i = 0; i < YT_ITEMS; i++) {
            assert_true(loss[i] > 0);
            assert_true(fabs((double)result.loss[i] / loss[i] - 1) < 1e-4);
        }
        yt_validation_release(&result);
        yt_metrics_free(seen.metrics);
    }
    yt_loader_free(loader);
    yt_detector_free(detector);
    yt_model_free(model);
    yt_source_close(&source);
    yt_settings_release(&settings);
}

/* A second reading gives what validating with it alone gives, and leaves the first as it is. */
static void both_heads_in_one_pass(void **state) {
    (void)state;
    struct yt_settings settings;
    struct yt_source source;
    open_source(&settings, &source, "set/data.yaml", "imgsz=64");
    struct yt_model *model = yt_model_new(yt_scale_find("n"), NC);
    yt_model_init(model, 1);
    int bias = yt_params_find(model->params, "model.23.cv3.0.2.bias");
    yt_params_value(model->params, bias)[0] = 3; /* heads differ */
    struct yt_detector *detector = yt_detector_new(model, model->params->value, YT_HEAD_BOTH);
    struct yt_loader *loader = yt_source_val_loader(&source, &settings, YT_VAL, 2, 0);
    struct yt_reading many = {.head = YT_ONE2MANY, .one_class = true, .nms = 0.7};
    struct yt_validate_options options = {.max_det = MAX_DET, .other = &many};
    struct yt_validation both, one, alone;
    assert_int_equal(yt_validate(detector, loader, &options, &both), 0);
    options.other = NULL;
    assert_int_equal(yt_validate(detector, loader, &options, &one), 0);
    yt_detector_set_reading(detector, &many);
    assert_int_equal(yt_validate(detector, loader, &options, &alone), 0);
    assert_int_equal(both.scores.detections, one.scores.detections);
    assert_int_equal(both.other.detections, alone.scores.detections);
    assert_int_equal(both.other.instances, both.scores.instances);
    assert_true(both.scores.map == one.scores.map && both.other.map == alone.scores.map);
    assert_true(both.other.detections != both.scores.detections);
    yt_validation_release(&both);
    yt_validation_release(&one);
    yt_validation_release(&alone);
    yt_loader_free(loader);
    yt_detector_free(detector);
    yt_model_free(model);
    yt_source_close(&source);
    yt_settings_release(&settings);
}

static void can_be_stopped(void **state) {
    (void)state;
    struct yt_settings settings;
    struct yt_source source;
    open_source(&settings, &source, "set/data.yaml", "imgsz=64");
    struct yt_model *model = yt_model_new(yt_scale_find("n"), NC);
    yt_model_init(model, 1);
    struct yt_detector *detector = yt_detector_new(model, model->params->value, YT_HEAD_ONE2ONE);
    struct yt_loader *loader = yt_source_val_loader(&source, &settings, YT_VAL, 2, 1);
    struct seen seen = {.stop_after = 1};
    struct yt_validate_options options = {.max_det = MAX_DET, .progress = go_on, .user = &seen};
    struct yt_validation result;
    assert_int_equal(yt_validate(detector, loader, &options, &result), 1);
    yt_loader_free(loader);
    yt_detector_free(detector);
    yt_model_free(model);
    yt_source_close(&source);
    yt_settings_release(&settings);
}

/* --- real weights and pictures, with the reference's detections for labels ---------------------
 */

static void copy_photograph(const char *folder, const char *name, const struct yt_json *expected) {
    size_t len;
    char *from = yt_format("%s/%s", folder, name), *to = yt_format("coco/images/%s", name);
    char *stem = yt_path_stem(name), *txt = yt_format("coco/labels/%s.txt", stem);
    char *bytes = yt_file_read(from, 0, &len);
    int w, h, c;
    assert_non_null(bytes);
    assert_int_equal(yt_file_write(to, bytes, len), 0);
    assert_int_equal(yt_image_probe(to, &w, &h, &c), 0);
    const struct yt_json *rows = yt_json_get(expected, "detections");
    struct yt_str lines = {0};
    for (size_t i = 0; i < yt_json_count(rows); i++) {
        double v[6];
        for (size_t k = 0; k < 6; k++) v[k] = yt_json_number(yt_json_at(yt_json_at(rows, i), k));
        yt_str_add(&lines, "%g %f %f %f %f\n", v[5], (v[0] + v[2]) / 2 / w, (v[1] + v[3]) / 2 / h,
                   (v[2] - v[0]) / w, (v[3] - v[1]) / h);
    }
    test_folder_put(txt, lines.s);
    yt_str_release(&lines);
    free(bytes);
    free(txt);
    free(stem);
    free(to);
    free(from);
}

static void write_photographs(const char *folder) {
    char *expected = yt_format("%s/expected_yolov10n.json", folder);
    struct yt_json *json = yt_json_load(expected);
    assert_non_null(json);
    yt_path_mkdirs("coco/images");
    yt_path_mkdirs("coco/labels");
    for (size_t i = 0; i < yt_json_count(json); i++)
        copy_photograph(folder, yt_json_key(json, i), yt_json_at(json, i));
    struct yt_str yaml = {0};
    yt_str_add(&yaml, "train: images\nval: images\nnames:\n");
    for (int i = 0; i < 80; i++) yt_str_add(&yaml, "  %d: class %d\n", i, i);
    test_folder_put("coco/data.yaml", yaml.s);
    yt_str_release(&yaml);
    yt_json_free(json);
    free(expected);
}

static void finds_what_the_reference_finds(void **state) {
    (void)state;
    char *weights =
        yt_format("%s/../../shared/weights/yolov10n-coco-fused.safetensors", YT_TEST_DIR);
    char *folder = yt_format("%s/../../shared/images/coco", YT_TEST_DIR);
    if (!yt_path_exists(weights) || !yt_path_exists(folder)) {
        printf("skipped: %s is not there\n", weights);
        free(weights);
        free(folder);
        skip();
    }
    struct yt_settings settings;
    struct yt_source source;
    write_photographs(folder);
    open_source(&settings, &source, "coco/data.yaml", "imgsz=640");
    struct yt_model *model = yt_model_open(weights);
    assert_non_null(model);
    struct yt_detector *detector = yt_detector_new(model, model->params->value, YT_HEAD_ONE2ONE);
    struct yt_loader *loader = yt_source_val_loader(&source, &settings, YT_VAL, 16, 1);
    struct yt_validate_options options = {.max_det = 300};
    struct yt_validation result;
    assert_int_equal(yt_validate(detector, loader, &options, &result), 0);
    assert_int_equal(result.scores.instances, 14);
    /* Inputs are a border larger than those that the labels come from. */
    assert_true(result.scores.map50 > 0.95 && result.scores.map > 0.85);
    yt_validation_release(&result);
    yt_loader_free(loader);
    yt_detector_free(detector);
    yt_model_free(model);
    yt_source_close(&source);
    yt_settings_release(&settings);
    free(weights);
    free(folder);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equals_its_parts),
        cmocka_unit_test(both_heads_in_one_pass),
        cmocka_unit_test(can_be_stopped),
        cmocka_unit_test(finds_what_the_reference_finds),
    };
    return cmocka_run_group_tests(tests, test_folder_enter, test_folder_leave);
}
