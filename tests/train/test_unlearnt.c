/* Which labels no anchor learns: counted by class and head, and written a row an epoch and class.
 */
#include "base/file.h"
#include "support/folder.h"
#include "support/test.h"
#include "train/unlearnt.h"

static char *names[] = {"stem", "tie, or slur", "clef"};

static void assert_file(const char *expected) {
    char *text = yt_file_read("unlearnt.csv", 0, NULL);
    assert_string_equal(text, expected);
    free(text);
}

static void write_epoch(const struct yt_unlearnt *unlearnt, int epoch) {
    if (yt_unlearnt_write("unlearnt.csv", epoch, unlearnt, names)) fail_msg("%s", yt_error());
}

#define HEADER "epoch,class,labels,unlearnt_om,unlearnt_oo\n"

static void test_counts_and_rows(void **state) {
    (void)state;
    struct yt_target targets[] = {{.cls = 0}, {.cls = 1}, {.cls = 0}, {.cls = 0}};
    struct yt_batch batch = {.targets = targets, .target_count = 4};
    struct yt_step step = {0};
    step.loss[YT_ONE2MANY].assigner.positives = (int[]){0, 3, 10, 1};
    step.loss[YT_ONE2ONE].assigner.positives = (int[]){0, 1, 0, 1};
    struct yt_unlearnt unlearnt;
    yt_unlearnt_init(&unlearnt, 3);
    yt_unlearnt_add(&unlearnt, &step, &batch);
    yt_unlearnt_add(&unlearnt, &step, &batch);
    write_epoch(&unlearnt, 1);
    assert_file(HEADER "1,stem,6,2,4\n1,\"tie, or slur\",2,0,0\n");
    yt_unlearnt_clear(&unlearnt);
    batch.target_count = 1;
    yt_unlearnt_add(&unlearnt, &step, &batch);
    write_epoch(&unlearnt, 2);
    write_epoch(&unlearnt, 3);
    /* A run that went on from before the end of epoch 2 writes it again. */
    yt_unlearnt_add(&unlearnt, &step, &batch);
    write_epoch(&unlearnt, 2);
    assert_file(HEADER "1,stem,6,2,4\n1,\"tie, or slur\",2,0,0\n2,stem,2,2,2\n");
    yt_unlearnt_release(&unlearnt);
}

static void test_no_labels(void **state) {
    (void)state;
    struct yt_unlearnt unlearnt;
    yt_unlearnt_init(&unlearnt, 3);
    yt_unlearnt_print(&unlearnt, names);
    assert_int_equal(yt_unlearnt_write("none/unlearnt.csv", 1, &unlearnt, names), -1);
    assert_error_has("none/unlearnt.csv");
    yt_unlearnt_release(&unlearnt);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_counts_and_rows),
        cmocka_unit_test(test_no_labels),
    };
    return cmocka_run_group_tests(tests, test_folder_enter, test_folder_leave);
}
