/* What is printed and written can be read again. */
#include "support/test.h"
#include "support/folder.h"
#include "base/file.h"
#include "base/json.h"
#include "eval/report.h"
#include <math.h>

static const char *const names[] = {"stem", "say \"a, b\"", "beam"};

static struct yt_scores some_scores(void) {
    const struct yt_label labels[] = {{{0, 0, 9, 9}, 0}, {{20, 0, 29, 9}, 1}, {{40, 0, 49, 9}, 1}};
    const struct yt_detection detections[] = {
        {{0, 0, 9, 9}, 0.9f, 0}, {{20, 0, 29, 9}, 0.8f, 1}, {{0, 0, 1, 1}, NAN, 0}};
    struct yt_metrics *metrics = yt_metrics_new(3);
    yt_metrics_add(metrics, detections, 3, labels, 3);
    struct yt_scores scores;
    yt_metrics_compute(metrics, &scores);
    yt_metrics_free(metrics);
    return scores;
}

static void assert_number(const struct yt_json *json, const char *key, double expected) {
    double value = yt_json_number(yt_json_get(json, key));
    if (!(fabs(value - expected) < 1e-11)) fail_msg("%s: %g is not %g", key, value, expected);
}

static void metrics_json(void **state) {
    (void)state;
    struct yt_scores scores = some_scores();
    assert_int_equal(yt_report_write_json("metrics.json", &scores, names), 0);
    struct yt_json *json = yt_json_load("metrics.json");
    assert_non_null(json);
    assert_number(json, "mAP50", scores.map50);
    assert_number(json, "mAP50-95", scores.map);
    assert_number(json, "precision", scores.precision);
    assert_number(json, "recall", scores.recall);
    assert_number(json, "dropped", 1);
    const struct yt_json *classes = yt_json_get(json, "per_class");
    assert_int_equal(yt_json_count(classes), 2);
    const struct yt_json *row = yt_json_at(classes, 1);
    assert_string_equal(yt_json_string(yt_json_get(row, "class")), names[1]);
    assert_number(row, "images", 1);
    assert_number(row, "instances", 2);
    assert_number(row, "P", 1);
    assert_number(row, "R", 0.5);
    assert_number(row, "AP50", scores.classes[1].ap_at[0]);
    assert_number(row, "AP", scores.classes[1].ap);
    yt_json_free(json);
    yt_scores_release(&scores);
}

static void per_class_csv(void **state) {
    (void)state;
    struct yt_scores scores = some_scores();
    assert_int_equal(yt_report_write_csv("per_class.csv", &scores, names), 0);
    char *text = yt_file_read("per_class.csv", 0, NULL);
    assert_non_null(text);
    assert_non_null(strstr(text, "class,images,instances,P,R,AP50,AP\nstem,1,1,1,1,0.995,0.995\n"));
    assert_non_null(strstr(text, "\n\"say \"\"a, b\"\"\",1,2,1,0.5,"));
    free(text);
    yt_scores_release(&scores);
}

static void table(void **state) {
    (void)state;
    struct yt_scores scores = some_scores();
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);
    yt_report_print(out, &scores, names, true);
    fclose(out);
    assert_non_null(strstr(text, "Instances"));
    assert_non_null(strstr(text, "left out: 1 detections"));
    char name[32];
    int lines = 0;
    double images, instances, p, r, ap50, ap;
    for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n"))
        if (sscanf(line, "%31s %lf %lf %lf %lf %lf %lf", name, &images, &instances, &p, &r, &ap50,
                   &ap) == 7)
            lines++;
    assert_int_equal(lines, 2); /* "all", "stem"; the other's name has blanks */
    free(text);
    yt_scores_release(&scores);
}

static void nowhere_to_write(void **state) {
    (void)state;
    struct yt_scores scores = some_scores();
    assert_int_equal(yt_report_write_json("no/such/folder.json", &scores, names), -1);
    assert_error_has("no/such/folder.json");
    yt_scores_release(&scores);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(metrics_json),
        cmocka_unit_test(per_class_csv),
        cmocka_unit_test(table),
        cmocka_unit_test(nowhere_to_write),
    };
    return cmocka_run_group_tests(tests, test_folder_enter, test_folder_leave);
}
