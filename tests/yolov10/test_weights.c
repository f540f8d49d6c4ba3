/* Weights files: ours, other people's in part, folded, wrapped, of other classes, damaged; and what
 * calibration does to a model that was loaded folded. */
#include "support/folder.h"
#include "support/test.h"
#include "yolov10/ref_model.h"

#include "base/file.h"
#include "tensor/ops.h"
#include "tensor/safetensors.h"
#include "yolov10/fold.h"
#include "yolov10/weights.h"

#include <math.h>

static struct yt_model *model; /* yolov10n with 3 classes */

/* --- files --- */

struct selection {
    const char *only;   /* names must hold this, or NULL */
    const char *except; /* names must not hold this, or NULL */
    const char *prefix; /* put before every name */
};

static bool is_selected(const struct selection *s, const char *name) {
    return (!s->only || strstr(name, s->only)) && (!s->except || !strstr(name, s->except));
}

/* A file without metadata, as other programs write them. */
static void write_foreign(const struct yt_params *params, const struct selection *s,
                          const char *path) {
    struct yt_safetensors_writer *writer = yt_safetensors_writer_new();
    float *data = yt_malloc(params->total * sizeof(float)), *at = data;
    for (size_t i = 0; i < params->count; i++) {
        const struct yt_param *param = &params->items[i];
        if (!is_selected(s, param->name)) continue;
        int64_t shape[4];
        for (int j = 0; j < param->rank; j++) shape[j] = param->shape[j];
        yt_params_export(param, params->value, at);
        char *name = yt_format("%s%s", s->prefix ? s->prefix : "", param->name);
        yt_safetensors_add(writer, name, YT_F32, param->rank, shape, at);
        free(name);
        at += param->count;
    }
    assert_int_equal(yt_safetensors_write(writer, path), 0);
    yt_safetensors_writer_free(writer);
    free(data);
}

static void assert_same_values(const struct yt_model *a, const struct yt_model *b) {
    assert_int_equal(a->params->total, b->params->total);
    assert_memory_equal(a->params->value, b->params->value, a->params->total * sizeof(float));
}

static void assert_report(const struct yt_weights_report *r, int taken, int left, int mismatch,
                          int unused, int mirrored) {
    if (r->taken != taken || r->left != left || r->mismatch != mismatch || r->unused != unused ||
        r->mirrored != mirrored)
        fail_msg("taken %d, left %d (first %s), mismatch %d, unused %d, mirrored %d", r->taken,
                 r->left, r->first_left, r->mismatch, r->unused, r->mirrored);
}

static int count_names(const struct yt_params *params, const char *part) {
    int count = 0;
    for (size_t i = 0; i < params->count; i++) count += strstr(params->items[i].name, part) != NULL;
    return count;
}

/* --- ours --- */

static void test_save_open_save(void **state) {
    (void)state;
    const char *extra[] = {"epoch", "7", NULL};
    size_t len_a, len_b;
    assert_int_equal(yt_weights_save(model, model->params->value, 42, extra, "a.safetensors"), 0);
    struct yt_model *opened = yt_model_open("a.safetensors");
    assert_non_null(opened);
    assert_same_values(model, opened);
    assert_string_equal(opened->names[1], "a \"clef\"");
    assert_int_equal(opened->category_ids[1], 17);
    assert_int_equal(opened->imgsz, 320);
    assert_int_equal(yt_weights_save(opened, opened->params->value, 42, extra, "b.safetensors"), 0);
    char *a = yt_file_read("a.safetensors", 0, &len_a),
         *b = yt_file_read("b.safetensors", 0, &len_b);
    assert_int_equal(len_a, len_b);
    assert_memory_equal(a, b, len_a);
    struct yt_safetensors *file = yt_safetensors_open("a.safetensors");
    assert_int_equal(yt_safetensors_count(file), 595); /* as PyTorch counts for scale n */
    assert_string_equal(yt_safetensors_metadata(file, "epoch"), "7");
    const struct yt_tensor_info *batches =
        yt_safetensors_find(file, "model.0.bn.num_batches_tracked");
    assert_int_equal(*(const int64_t *)yt_safetensors_bytes(file, batches), 42);
    yt_safetensors_close(file);
    assert_string_equal(yt_weights_scale("a.safetensors")->name, "n");
    free(a);
    free(b);
    yt_model_free(opened);
}

/* --- other people's --- */

static struct yt_model *fresh(int nc) {
    struct yt_model *m = yt_model_new(yt_scale_find("n"), nc);
    yt_model_init(m, 1);
    return m;
}

static void test_without_metadata(void **state) {
    (void)state;
    write_foreign(model->params, &(struct selection){.prefix = "model."}, "wrapped.safetensors");
    struct yt_model *opened = yt_model_open("wrapped.safetensors");
    assert_non_null(opened);
    assert_same_values(model, opened);
    assert_string_equal(opened->names[2], "2");
    yt_model_free(opened);
}

static void test_one_head(void **state) {
    (void)state;
    int total = (int)model->params->count, head = count_names(model->params, "model.23.cv");
    struct yt_weights_report report;
    write_foreign(model->params, &(struct selection){.except = "model.23.cv"}, "one.safetensors");
    struct yt_model *m = fresh(3);
    assert_int_equal(yt_weights_load(m, "one.safetensors", &report), 0);
    assert_report(&report, total, 0, 0, 0, head);
    float *many = yt_params_value(m->params, yt_params_find(m->params, "model.23.cv3.1.2.weight"));
    float *one =
        yt_params_value(m->params, yt_params_find(m->params, "model.23.one2one_cv3.1.2.weight"));
    assert_memory_equal(many, one, 3 * 80 * sizeof(float));
    yt_model_free(m);

    write_foreign(model->params, &(struct selection){.except = "one2one"}, "many.safetensors");
    m = fresh(3);
    assert_int_equal(yt_weights_load(m, "many.safetensors", &report), 0);
    assert_report(&report, total - head, head, 0, 0, 0);
    assert_null(yt_model_open("many.safetensors"));
    assert_error_has("one-to-one head");
    yt_model_free(m);
}

static void test_other_classes(void **state) {
    (void)state;
    struct yt_weights_report report;
    struct yt_model *m = fresh(5), *start = fresh(5);
    assert_int_equal(yt_weights_save(model, model->params->value, 0, NULL, "a.safetensors"), 0);
    assert_int_equal(yt_weights_load(m, "a.safetensors", &report), 0);
    /* 3 levels x 2 heads x (weight, bias) of the last class convolution */
    assert_report(&report, (int)m->params->count - 12, 12, 12, 0, 0);
    int index = yt_params_find(m->params, "model.23.cv3.0.2.bias");
    assert_memory_equal(yt_params_value(m->params, index), yt_params_value(start->params, index),
                        5 * sizeof(float));
    yt_model_free(start);
    yt_model_free(m);
}

static void test_parts(void **state) {
    (void)state;
    struct yt_weights_report report;
    int total = (int)model->params->count, some = count_names(model->params, "model.2.");
    write_foreign(model->params, &(struct selection){.only = "model.2."}, "part.safetensors");
    struct yt_model *m = fresh(3);
    assert_int_equal(yt_weights_load(m, "part.safetensors", &report), 0);
    assert_report(&report, some, total - some, 0, 0, 0);
    assert_false(report.folded);
    assert_string_equal(report.first_left, "model.0.conv.weight");
    assert_null(yt_model_open("part.safetensors"));
    write_foreign(model->params, &(struct selection){.prefix = "other."}, "other.safetensors");
    assert_int_equal(yt_weights_load(m, "other.safetensors", &report), -1);
    assert_error_has("other.safetensors: no tensor fits");
    write_foreign(model->params, &(struct selection){.except = "model.16.cv2.bn.running_var"},
                  "almost.safetensors");
    assert_null(yt_model_open("almost.safetensors"));
    assert_error_has("first model.16.cv2.bn.running_var");
    yt_model_free(m);
}

static void test_not_finite(void **state) {
    (void)state;
    struct yt_weights_report report;
    struct yt_model *m = fresh(3);
    static const float bad[] = {NAN, INFINITY, -INFINITY};
    for (size_t i = 0; i < YT_COUNT(bad); i++) {
        float *value = yt_params_value(model->params,
                                       yt_params_find(model->params, "model.8.cv1.conv.weight"));
        float kept = value[9];
        value[9] = bad[i];
        assert_int_equal(yt_weights_save(model, model->params->value, 0, NULL, "nan.safetensors"),
                         0);
        value[9] = kept;
        assert_int_equal(yt_weights_load(m, "nan.safetensors", &report), -1);
        assert_error_has("nan.safetensors: model.8.cv1.conv.weight: element");
        assert_null(yt_model_open("nan.safetensors"));
    }
    yt_model_free(m);
}

/* --- folded --- */

struct view {
    struct yt_graph *g;
    struct yt_network network;
};

static struct view view_new(struct yt_params *params, const struct yt_model *of,
                            enum yt_graph_mode mode, bool folded) {
    struct view v = {.g = yt_graph_new(params, mode)};
    struct yt_net net = {v.g, params, folded};
    yt_network_build(&net, yt_input(v.g, 2, 64, 96, 3), of->scale, of->nc, YT_HEAD_BOTH,
                     &v.network);
    assert_int_equal(yt_graph_plan(v.g, YT_MEMORY_REUSE), 0);
    ref_fill_map(&v.network.images->value, "some images");
    yt_graph_forward(v.g);
    return v;
}

static double difference(const struct yt_map *a, const struct yt_map *b) {
    double error = 0, size = 0;
    for (size_t i = 0; i < ref_elements(a); i++) {
        double x = ref_at(a, i), y = ref_at(b, i);
        error += (x - y) * (x - y);
        size += x * x;
    }
    return sqrt(error / size);
}

static void assert_same_function(const struct view *a, const struct view *b, double tolerance) {
    for (int head = 0; head < YT_HEADS; head++)
        for (int level = 0; level < YT_LEVELS_MAX; level++) {
            const struct yt_network *p = &a->network, *q = &b->network;
            double box = difference(&p->box[head][level]->value, &q->box[head][level]->value);
            double cls = difference(&p->cls[head][level]->value, &q->cls[head][level]->value);
            if (!(box <= tolerance && cls <= tolerance))
                fail_msg("head %d level %d: boxes off by %g, classes by %g", head, level, box, cls);
        }
}

static void write_folded(const struct selection *s, const char *path) {
    struct yt_params *folded = yt_fold_new(model, YT_HEAD_BOTH);
    yt_fold(model, model->params->value, folded);
    write_foreign(folded, s, path);
    yt_params_free(folded);
}

static void test_folded_file(void **state) {
    (void)state;
    struct yt_weights_report report;
    struct yt_model *m = fresh(3);
    write_folded(&(struct selection){0}, "folded.safetensors");
    assert_int_equal(yt_weights_load(m, "folded.safetensors", &report), 0);
    assert_true(report.folded);
    int without = 3 * count_names(m->params, ".cv1.2.conv1.conv.weight"); /* weight, mean, var */
    assert_true(without > 0);
    assert_report(&report, (int)m->params->count - without, 0, 0, 0, 0);
    struct view a = view_new(model->params, model, YT_GRAPH_EVAL, false);
    struct view b = view_new(m->params, m, YT_GRAPH_EVAL, false);
    assert_same_function(&a, &b, 1e-5);
    yt_graph_free(b.g);

    struct yt_model *opened = yt_model_open("folded.safetensors");
    assert_non_null(opened);
    b = view_new(opened->params, opened, YT_GRAPH_EVAL, false);
    assert_same_function(&a, &b, 1e-5);
    yt_graph_free(a.g);
    yt_graph_free(b.g);
    yt_model_free(opened);
    yt_model_free(m);
}

/* A tensor missing of a folded file is missing all the same. */
static void test_folded_in_part(void **state) {
    (void)state;
    static const char *const missing[] = {"model.4.cv1.conv.weight", "model.4.cv1.conv.bias",
                                          "model.22.m.0.cv1.2.conv.weight",
                                          "model.23.one2one_cv2.1.2.bias"};
    for (size_t i = 0; i < YT_COUNT(missing); i++) {
        write_folded(&(struct selection){.except = missing[i]}, "hole.safetensors");
        if (yt_model_open("hole.safetensors")) fail_msg("opened without %s", missing[i]);
        assert_error_has("missing, first model.");
    }
    write_folded(&(struct selection){.except = "model.23.cv"}, "one.safetensors");
    struct yt_model *opened = yt_model_open("one.safetensors");
    assert_non_null(opened);
    yt_model_free(opened);
}

/* After calibration on a batch, the evaluated function is what it was, and training on that batch
 * starts from it too. */
static void test_calibration(void **state) {
    (void)state;
    struct yt_weights_report report;
    struct yt_model *m = fresh(3);
    write_folded(&(struct selection){0}, "folded.safetensors");
    assert_int_equal(yt_weights_load(m, "folded.safetensors", &report), 0);
    struct view before = view_new(m->params, m, YT_GRAPH_EVAL, false);
    struct view training = view_new(m->params, m, YT_GRAPH_TRAIN, false);
    double apart = difference(&before.network.box[0][0]->value, &training.network.box[0][0]->value);
    assert_true(apart > 0.01); /* so that agreement below means something */
    yt_graph_free(training.g);
    yt_weights_load(m, "folded.safetensors", &report); /* the running statistics have moved */
    struct view calibrated = view_new(m->params, m, YT_GRAPH_CALIBRATE, false);
    assert_same_function(&before, &calibrated, 1e-4);
    struct view after = view_new(m->params, m, YT_GRAPH_EVAL, false);
    assert_same_function(&before, &after, 1e-4);
    training = view_new(m->params, m, YT_GRAPH_TRAIN, false);
    assert_same_function(&before, &training, 1e-4);
    yt_graph_free(before.g);
    yt_graph_free(calibrated.g);
    yt_graph_free(after.g);
    yt_graph_free(training.g);
    yt_model_free(m);
}

static int enter(void **state) {
    model = ref_model_new("n", 3);
    yt_model_set_class(model, 1, "a \"clef\"", 17);
    model->imgsz = 320;
    return test_folder_enter(state);
}

static int leave(void **state) {
    yt_model_free(model);
    return test_folder_leave(state);
}

/* The classes' names are compared where the file has as many, and told. */
static void test_other_names(void **state) {
    (void)state;
    struct yt_model *named = yt_model_new(yt_scale_find("n"), 3);
    struct yt_weights_report report;
    yt_model_init(named, 1);
    yt_model_set_class(named, 1, "stem", 42);
    assert_int_equal(yt_weights_save(named, named->params->value, 0, NULL, "names.safetensors"), 0);
    assert_int_equal(yt_weights_load(named, "names.safetensors", &report), 0);
    assert_int_equal(report.renamed, 0);
    yt_model_set_class(named, 1, "beam", 42);
    yt_model_set_class(named, 2, "tie", 43);
    assert_int_equal(yt_weights_load(named, "names.safetensors", &report), 0);
    assert_int_equal(report.renamed, 2);
    assert_string_equal(report.first_renamed, "class 1 is stem in the file and beam here");
    yt_model_free(named);
    named = yt_model_open("names.safetensors");
    assert_true(named && named->is_named);
    assert_string_equal(named->names[1], "stem");
    yt_model_free(named);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_save_open_save), cmocka_unit_test(test_without_metadata),
        cmocka_unit_test(test_one_head),       cmocka_unit_test(test_other_classes),
        cmocka_unit_test(test_parts),          cmocka_unit_test(test_not_finite),
        cmocka_unit_test(test_folded_file),    cmocka_unit_test(test_folded_in_part),
        cmocka_unit_test(test_calibration),    cmocka_unit_test(test_other_names),
    };
    return cmocka_run_group_tests(tests, enter, leave);
}
