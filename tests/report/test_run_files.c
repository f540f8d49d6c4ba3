/* The files that show what a run looked like: figures are those of the scores, mistakes are counted
 * as the header says, pictures have their sizes, and the page holds what the folder holds. */
#include "data/ref_pages.h"
#include "support/folder.h"
#include "support/test.h"

#include "base/file.h"
#include "image/image.h"
#include "report/curves.h"
#include "report/inspection.h"
#include "report/labels.h"
#include "report/matrix.h"
#include "report/page.h"
#include "report/results_plot.h"

static char *read(const char *path) {
    char *text = yt_file_read(path, 0, NULL);
    if (!text) fail_msg("%s", yt_error());
    return text;
}

static void assert_has(const char *path, const char *part) {
    char *text = read(path);
    if (!strstr(text, part)) fail_msg("%s: no \"%s\" in:\n%.2000s", path, part, text);
    free(text);
}

static void assert_picture(const char *path, int w, int h) {
    int got_w, got_h, c;
    if (yt_image_probe(path, &got_w, &got_h, &c) != 0) fail_msg("%s", yt_error());
    assert_int_equal(got_w, w);
    assert_int_equal(got_h, h);
}

static struct yt_label label_at(float x, int cls) {
    return (struct yt_label){{x, 10, x + 10, 20}, cls};
}
static struct yt_detection found_at(float x, int cls, float score) {
    return (struct yt_detection){{x, 10, x + 10, 20}, score, cls};
}

/* Two classes: of the first everything is found, of the second half. */
static void test_curves(void **state) {
    (void)state;
    const char *const names[] = {"clef, \"G\"", "rest", "absent"};
    struct yt_metrics *metrics = yt_metrics_new(3);
    struct yt_label labels[] = {label_at(0, 0), label_at(50, 1), label_at(100, 1)};
    struct yt_detection found[] = {found_at(0, 0, 0.9f), found_at(50, 1, 0.5f)};
    struct yt_scores scores;
    yt_metrics_add(metrics, found, 2, labels, 3);
    yt_metrics_compute(metrics, &scores);
    assert_int_equal(yt_curves_write(".", &scores, names), 0);
    assert_has("R_curve.csv", "confidence,mean,\"clef, \"\"G\"\"\",rest\n0.0000,0.75,1,0.5\n");
    assert_has("R_curve.csv", "\n0.9499,0,0,0\n");
    assert_has("F1_curve.csv", "\n0.0000,0.8333,1,0.6667\n");
    assert_has("PR_curve.csv", "\n0.0000,1,1,1\n");
    assert_has("PR_curve.csv", "\n1.0000,0,0,0\n");
    assert_picture("P_curve.png", 700, 700);
    yt_scores_release(&scores);
    yt_metrics_free(metrics);
}

static void test_matrix(void **state) {
    (void)state;
    const char *const names[] = {"a", "b"};
    struct yt_confusion confusion;
    struct yt_label labels[] = {label_at(0, 0), label_at(50, 0), label_at(100, 1)};
    struct yt_detection found[] = {found_at(0, 0, 0.9f), found_at(50, 1, 0.8f),
                                   found_at(300, 1, 0.7f)};
    yt_confusion_init(&confusion, 2, 0.25f);
    yt_confusion_add(&confusion, found, 3, labels, 3);
    yt_confusion_add(&confusion, NULL, 0, labels + 2, 1);
    assert_int_equal(yt_matrix_write(".", &confusion, names), 0);
    char *csv = read("confusion_matrix.csv"), *pairs = read("confusions.csv");
    assert_string_equal(csv, "predicted \\ true,a,b,background\na,1,0,0\nb,1,0,1\n"
                             "background,0,2,0\n");
    assert_string_equal(pairs, "true,predicted,count,share\nb,background,2,1.0000\n"
                               "a,b,1,0.5000\nbackground,b,1,1.0000\n");
    assert_true(yt_path_exists("confusion_matrix.png"));
    free(csv);
    free(pairs);
    yt_confusion_release(&confusion);
}

/* --- a validation of pages on disk --- */

static struct yt_dataset dataset;
static struct yt_tiles tiles;

static struct yt_inspection *inspect(struct yt_pages *pages, const char **names) {
    for (int c = 0; c < dataset.nc; c++) names[c] = dataset.classes[c].name;
    const struct yt_inspection_source source = {&dataset, &tiles, pages, names};
    return yt_inspection_new(&source, dataset.nc);
}

/* Tile 0: one of three labels is found, one detection is of the wrong class, one not counted for
 * its score. Tile 1: all right. */
static void test_inspection(void **state) {
    (void)state;
    const char **names = yt_calloc((size_t)dataset.nc, sizeof *names);
    struct yt_pages *pages = yt_pages_new(&dataset, 0);
    struct yt_inspection *inspection = inspect(pages, names);
    struct yt_label labels[] = {label_at(0, 0), label_at(20, 1), label_at(40, 1)};
    struct yt_detection found[] = {found_at(1, 0, 0.9f), found_at(1, 0, 0.8f),
                                   found_at(20, 0, 0.7f), found_at(40, 1, 0.2f)};
    yt_inspection_add(inspection, 1, found, 1, labels, 1);
    yt_inspection_add(inspection, 0, found, 4, labels, 3);
    assert_int_equal(yt_inspection_write(inspection, "."), 0);
    char *index = read("worst_tiles/index.csv"), line[256];
    snprintf(line, sizeof line, "file,tile,labels,missed,wrong\n01.png,\"%s 0,0\",3,2,2\n",
             yt_path_name(dataset.pages[tiles.items[0].page].path));
    assert_string_equal(index, line); /* the tile without mistakes is not there */
    assert_picture("worst_tiles/01.png", 2 * tiles.items[0].w, 2 * tiles.items[0].h);
    assert_picture("val_batch0_labels.png", 2 * 484 + 4, 480 + 15 + 4 + 4);
    assert_true(yt_path_exists("val_batch0_pred.png"));
    assert_false(yt_path_exists("val_batch1_pred.png"));
    yt_inspection_free(inspection);
    /* A better validation afterwards takes the old pictures away. */
    inspection = inspect(pages, names);
    yt_inspection_add(inspection, 1, found, 1, labels, 1);
    assert_int_equal(yt_inspection_write(inspection, "."), 0);
    assert_false(yt_path_exists("worst_tiles/01.png"));
    yt_inspection_free(inspection);
    yt_pages_free(pages);
    free(names);
    free(index);
}

/* A picture that vanished is one line, not a crash. */
static void test_page_gone(void **state) {
    (void)state;
    const char **names = yt_calloc((size_t)dataset.nc, sizeof *names);
    struct yt_pages *pages = yt_pages_new(&dataset, 0);
    struct yt_inspection *inspection = inspect(pages, names);
    struct yt_label label = label_at(0, 0);
    const char *path = dataset.pages[tiles.items[0].page].path;
    yt_inspection_add(inspection, 0, NULL, 0, &label, 1);
    assert_int_equal(rename(path, "hidden.png"), 0);
    assert_int_equal(yt_inspection_write(inspection, "."), -1);
    assert_error_has(path);
    assert_int_equal(rename("hidden.png", path), 0);
    yt_inspection_free(inspection);
    yt_pages_free(pages);
    free(names);
}

static void test_labels(void **state) {
    (void)state;
    uint32_t list[] = {0, 1};
    assert_int_equal(yt_labels_draw("labels.png", &dataset, &tiles, list, 2), 0);
    assert_true(yt_path_exists("labels.png"));
}

static void test_results(void **state) {
    (void)state;
    test_folder_put("results.csv", "  epoch,   a,  b\n  1, 0.5, nan\n  2, 0.7, 3\n");
    assert_int_equal(yt_results_plot("results.csv", "results.png"), 0);
    assert_picture("results.png", 5 * 320, 240);
    test_folder_put("short.csv", "epoch,a\n1\n\n");
    assert_int_equal(yt_results_plot("short.csv", "results.png"), 0);
    assert_int_equal(yt_results_plot("absent.csv", "results.png"), -1);
    assert_error_has("absent.csv");
}

/* results.csv has zeros before the first validation: they are drawn as little as no number is. The
 * training loss of that epoch, which is 0 too, is. */
static void test_results_before_validation(void **state) {
    (void)state;
    static const char header[] = "epoch,train/cls_oo,metrics/mAP50(B),val/box_oo,val/cls_oo\n";
    char *text = yt_format("%s1,0,0,0,0\n2,0.5,0,0.1,0.4\n3,0.4,0.2,0,0.3\n", header);
    test_folder_put("zeros.csv", text);
    free(text);
    text = yt_format("%s1,0,nan,nan,nan\n2,0.5,0,0.1,0.4\n3,0.4,0.2,0,0.3\n", header);
    test_folder_put("none.csv", text);
    free(text);
    size_t zeros_len, none_len;
    assert_int_equal(yt_results_plot("zeros.csv", "zeros.png"), 0);
    assert_int_equal(yt_results_plot("none.csv", "none.png"), 0);
    char *zeros = yt_file_read("zeros.png", 0, &zeros_len);
    char *none = yt_file_read("none.png", 0, &none_len);
    assert_int_equal(zeros_len, none_len);
    assert_memory_equal(zeros, none, none_len);
    free(zeros);
    free(none);
}

/* Text from the folder cannot end the script that it is packed into. */
static void test_page(void **state) {
    (void)state;
    int closed = 0;
    assert_int_equal(yt_path_mkdirs("run"), 0);
    test_folder_put("run/results.csv", "epoch,x\n1,2\n");
    test_folder_put("run/args.yaml", "name: </script><script>alert(1)</script>\n");
    test_folder_put("run/labels.png", "no PNG, but packed as it is");
    assert_int_equal(yt_page_write("run", "{\"title\": \"t\", \"lines\": []}"), 0);
    assert_has("run/report.html", "\"results.csv\":\"epoch,x\\n1,2\\n\"");
    assert_has("run/report.html", "\"labels.png\":\"data:image/png;base64,bm8gUE5H");
    char *page = read("run/report.html");
    for (const char *at = page; (at = strstr(at, "</script>")); at++) closed++;
    assert_int_equal(closed, 2);
    assert_null(strstr(page, "{{"));
    assert_null(strstr(page, "=\"http")); /* nothing is fetched */
    free(page);
}

static int enter(void **state) {
    if (test_folder_enter(state) != 0) return -1;
    ref_write_ds2("ds2", 1, 96, 64, 6);
    struct yt_tiles_options options = {
        .slice_h = 64, .slice_w = 64, .overlap_h = 0.2, .overlap_w = 0.2, .empty = 1};
    return yt_dataset_open(&dataset, "ds2", NULL) || yt_tiles_init(&tiles, &dataset, &options);
}

static int leave(void **state) {
    yt_tiles_release(&tiles);
    yt_dataset_release(&dataset);
    return test_folder_leave(state);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_curves),
        cmocka_unit_test(test_matrix),
        cmocka_unit_test(test_inspection),
        cmocka_unit_test(test_page_gone),
        cmocka_unit_test(test_labels),
        cmocka_unit_test(test_results),
        cmocka_unit_test(test_results_before_validation),
        cmocka_unit_test(test_page),
    };
    return cmocka_run_group_tests(tests, enter, leave);
}
