/* The families of figures on a page whose figures are known, and the files that tell them. */
#include "support/test.h"
#include "base/file.h"
#include "base/json.h"
#include "eval/page_report.h"
#include "support/folder.h"
#include <math.h>

enum { STEM, HEAD, REST, NC };
static const char *const names[] = {"stem", "note, \"black\"", "rest"};

/* Three stems and a head are labelled; the stems are found 1 px off, the head is not found, a rest
 * is found that is not there. */
static struct yt_page_scores make(void) {
    struct yt_label labels[4];
    struct yt_detection found[5];
    for (int i = 0; i < 3; i++) {
        float x = 50.0f * (float)i;
        labels[i] = (struct yt_label){{x, 0, x + 2, 60}, STEM};
        found[i] = (struct yt_detection){{x + 1, 0, x + 3, 60}, 0.9f, STEM};
    }
    labels[3] = (struct yt_label){{0, 100, 20, 118}, HEAD};
    found[3] = (struct yt_detection){{200, 100, 220, 118}, 0.8f, REST};
    found[4] = (struct yt_detection){{0, 100, 20, 118}, NAN, HEAD};
    struct yt_page_metrics *metrics = yt_page_metrics_new(NC, 3);
    assert_int_equal(yt_page_metrics_add(metrics, found, 5, labels, 4), 0);
    assert_int_equal(yt_page_metrics_add(metrics, NULL, 0, NULL, 0), 0); /* an empty page */
    struct yt_page_scores scores;
    yt_page_metrics_compute(metrics, &scores);
    yt_page_metrics_free(metrics);
    return scores;
}

static void families(void **state) {
    (void)state;
    struct yt_page_scores s = make();
    assert_int_equal(s.reference.images, 2);
    assert_int_equal(s.reference.instances, 4);
    assert_int_equal(s.reference.dropped, 1);
    assert_true(s.reference.map50 == 0 && s.coco.ap[YT_COCO_ALL] == 0); /* IoU is a third */
    assert_int_equal(s.coco_cap, 100);
    assert_int_equal(s.obbanns.nclasses, 2); /* those detected: stem and rest */
    assert_int_equal(s.obbanns_corrected.nclasses, 2);
    assert_int_equal(s.pixels.nclasses, 1);
    assert_true(s.pixels.ap[0] == 1 && s.pixels.weighted[2] == 1);
    yt_page_scores_release(&s);
}

/* With exact boxes: the stems count three times, the missed head once. */
static void weighted(void **state) {
    (void)state;
    struct yt_label labels[4];
    struct yt_detection found[3];
    for (int i = 0; i < 4; i++) {
        float x = 50.0f * (float)i;
        labels[i] = (struct yt_label){{x, 0, x + 9, 60}, i < 3 ? STEM : HEAD};
        if (i < 3) found[i] = (struct yt_detection){labels[i].box, 0.9f, STEM};
    }
    struct yt_page_metrics *metrics = yt_page_metrics_new(NC, 200);
    yt_page_metrics_add(metrics, found, 3, labels, 4);
    struct yt_page_scores s;
    yt_page_metrics_compute(metrics, &s);
    assert_true(fabs(s.reference.map - 0.995 / 2) < 1e-9);
    assert_true(fabs(s.weighted_map - 0.995 * 3 / 4) < 1e-9);
    assert_true(fabs(s.coco.ap[YT_COCO_ALL] - 0.5) < 1e-9);
    assert_true(fabs(s.coco.weighted_ap - 0.75) < 1e-9);
    assert_true(fabs(s.obbanns.ap - 1) < 1e-9 && fabs(s.obbanns_corrected.ap - 0.5) < 1e-9);
    assert_int_equal(s.coco_cap, 600);
    yt_page_scores_release(&s);
    yt_page_metrics_free(metrics);
}

static double number(const struct yt_json *json, const char *family, const char *key) {
    return yt_json_number(yt_json_get(yt_json_get(json, family), key));
}

static void files(void **state) {
    (void)state;
    struct yt_page_scores s = make();
    assert_int_equal(yt_page_report_write_json("pages.json", &s, names), 0);
    assert_int_equal(yt_page_report_write_csv("pages.csv", &s, names), 0);
    struct yt_json *json = yt_json_load("pages.json");
    if (!json) fail_msg("%s", yt_error());
    assert_true(number(json, "thin", "AP_1px") == 1);
    assert_true(number(json, "reference", "mAP50") == 0);
    assert_true(number(json, "coco", "max_det") == 100);
    assert_true(number(json, "obbanns", "classes") == 2);
    yt_json_free(json);
    char *csv = yt_file_read("pages.csv", 0, NULL);
    assert_non_null(strstr(csv, "stem,3,0,0,0,0,0,0,0,0,1,1,1\n"));
    assert_non_null(strstr(csv, "\"note, \"\"black\"\"\",1,0,0,0,0,,,0,0,,,\n"));
    assert_null(strstr(csv, "rest"));
    free(csv);
    assert_int_equal(yt_page_report_write_json("nowhere/pages.json", &s, names), -1);
    FILE *out = fopen("screen.txt", "w");
    yt_page_report_print(out, &s, names);
    fclose(out);
    char *text = yt_file_read("screen.txt", 0, NULL);
    assert_non_null(strstr(text, "stem     1.000     1.000     1.000"));
    free(text);
    yt_page_scores_release(&s);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(families),
        cmocka_unit_test(weighted),
        cmocka_unit_test(files),
    };
    return cmocka_run_group_tests(tests, test_folder_enter, test_folder_leave);
}
