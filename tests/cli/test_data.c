/* The commands that tell of data, on the sample. */
#include "cli/ref_run.h"
#include "support/folder.h"
#include "support/test.h"
#include "base/file.h"

#include <string.h>

#define SAMPLE YT_TEST_DIR "/../samples/engraved"

/* The sum of a column of stats.csv, which has no quoted cells. */
static long sum_column(const char *text, int column) {
    long sum = 0;
    for (const char *line = strchr(text, '\n'); line && line[1]; line = strchr(line + 1, '\n')) {
        const char *cell = line + 1;
        for (int i = 0; i < column; i++) cell = strchr(cell, ',') + 1;
        sum += strtol(cell, NULL, 10);
    }
    return sum;
}

static void stats_count_labels(void **state) {
    (void)state;
    ref_expect("stats data=" SAMPLE " name=plain", 0, "noteheadBlackOnLine");
    ref_expect("stats data=" SAMPLE " name=wide verbose=false assign_min_side=16", 0,
               "Results saved to runs/detect/wide/stats.csv");
    ref_expect("stats data=" SAMPLE " name=all assign_fallback=0.1", 0, "labels in the others");
    static const char *const names[] = {"plain", "wide", "all"};
    long labels[3], unreached[3], left[3];
    for (int i = 0; i < 3; i++) {
        char *path = yt_format("runs/detect/%s/stats.csv", names[i]);
        char *text = yt_file_read(path, 0, NULL);
        assert_non_null(text);
        labels[i] = sum_column(text, 1);
        unreached[i] = sum_column(text, 7);
        left[i] = sum_column(text, 8);
        free(text);
        free(path);
    }
    assert_true(labels[0] > 2000 && labels[0] == labels[1]);
    assert_true(unreached[0] > labels[0] / 10 && unreached[0] == unreached[1]);
    assert_true(left[0] == unreached[0] && left[1] == 0 && left[2] == 0);
}

/* A name with a comma stays one cell. */
static void stats_quote_names(void **state) {
    (void)state;
    if (system("mkdir -p yolo/images yolo/labels && cp " SAMPLE
               "/images/lg-9100001-aug-emmentaler--page-1.png yolo/images/a.png"))
        fail();
    test_folder_put("yolo/labels/a.txt", "0 0.5 0.5 0.1 0.1\n");
    test_folder_put("yolo/data.yaml",
                    "path: .\ntrain: images\nval: images\nnames: ['clef, \"G\"', rest]\n");
    ref_expect("stats data=yolo/data.yaml name=quoted", 0, "Results saved to");
    char *text = yt_file_read("runs/detect/quoted/stats.csv", 0, NULL);
    assert_non_null(text);
    assert_non_null(strstr(text, "\n\"clef, \"\"G\"\"\",2,2,"));
    assert_non_null(strstr(text, "\nrest,0,"));
    free(text);
}

static void audits_find_leaks_and_copies(void **state) {
    (void)state;
    ref_expect("audit data=" SAMPLE, 0, "no two pages are the same file");
    ref_expect("audit data=" SAMPLE " split=tile", 0, "overlap a training tile");
    if (system("cp -r " SAMPLE " copy && chmod -R u+w copy && cd copy/images && "
               "cp lg-9100001-aug-emmentaler--page-1.png lg-9100001-aug-emmentaler--page-2.png"))
        fail();
    struct ref_ran ran = ref_run("audit data=copy");
    assert_int_equal(ran.status, 0);
    assert_non_null(strstr(ran.err, "1 pages are copies of others"));
    ref_ran_release(&ran);
    ref_expect("audit data=nowhere", 2, "nowhere");
    ref_expect("stats data=nowhere", 2, "nowhere");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stats_count_labels),
        cmocka_unit_test(stats_quote_names),
        cmocka_unit_test(audits_find_leaks_and_copies),
    };
    return cmocka_run_group_tests(tests, test_folder_enter, test_folder_leave);
}
