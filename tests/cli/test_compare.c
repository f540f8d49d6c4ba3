/* yt compare, on outcomes that are written here. */
#include "cli/ref_run.h"
#include "support/folder.h"
#include "support/test.h"
#include "base/file.h"
#include "base/rng.h"
#include "train/outcomes_file.h"

#include <string.h>

enum { PAGES = 8 };

static char *class_names[] = {"stem", "beam"};

/* Pages first .. first + PAGES - 1, two labels and two detections each; every `good`-th is right.
 */
static void write_run(const char *folder, int first, int good, const char *unit) {
    struct yt_settings settings;
    struct yt_outcomes outcomes;
    struct yt_page pages[PAGES] = {0};
    struct yt_class classes[] = {{class_names[0], 1}, {class_names[1], 2}};
    struct yt_dataset dataset = {.classes = classes, .nc = 2, .pages = pages, .page_count = PAGES};
    yt_settings_init(&settings);
    assert_int_equal(yt_settings_set(&settings, "data=somewhere"), 0);
    yt_outcomes_init(&outcomes, 2, PAGES);
    for (uint32_t i = 0; i < PAGES; i++) {
        pages[i].path = yt_format("data/page-%d.png", first + (int)i);
        const struct yt_label labels[] = {{{0, 0, 10, 10}, 0}, {{20, 0, 40, 10}, 1}};
        float off = i % (uint32_t)good ? 50 : 0;
        const struct yt_detection detections[] = {{{off, 0, off + 10, 10}, 0.9f, 0},
                                                  {{20, 0, 40, 10}, 0.5f, 1}};
        yt_outcomes_add(&outcomes, i, detections, 2, labels, 2);
    }
    assert_int_equal(yt_path_mkdirs(folder), 0);
    char *path = yt_path_join(folder, "outcomes.safetensors");
    if (yt_outcomes_save(path, &outcomes, &dataset, &settings, unit)) fail_msg("%s", yt_error());
    for (int i = 0; i < PAGES; i++) free(pages[i].path);
    free(path);
    yt_outcomes_release(&outcomes);
    yt_settings_release(&settings);
}

static void files_are_read_back(void **state) {
    (void)state;
    struct yt_outcomes_file file;
    write_run("back", 3, 2, "tiles");
    if (yt_outcomes_load("back/outcomes.safetensors", &file)) fail_msg("%s", yt_error());
    assert_int_equal(file.outcomes.count, 2 * PAGES);
    assert_int_equal(file.outcomes.truth_count, 2 * PAGES);
    assert_string_equal(file.pages[1], "page-4.png");
    assert_string_equal(file.classes[1], "beam");
    const struct yt_outcome *second = &file.outcomes.items[2], *third = &file.outcomes.items[3];
    assert_true(second->page == 1 && second->cls == 0 && second->score == 0.9f && second->tp == 0);
    assert_true(third->cls == 1 && third->tp == 0x3ff);
    yt_outcomes_file_release(&file);
}

static void differences_are_told(void **state) {
    (void)state;
    write_run("worse", 0, 4, "tiles");
    write_run("better", 0, 1, "tiles");
    ref_expect("compare worse better", 0, "B is above A in mAP50-95 in 100 % of the draws; *");
    ref_expect("compare worse better", 0, "stem");
    ref_expect("compare better better seed=3 verbose=false", 0, "may be chance");
}

static void what_cannot_be_compared(void **state) {
    (void)state;
    write_run("here", 0, 2, "tiles");
    write_run("there", 100, 2, "tiles");
    write_run("apart", 0, 2, "pages");
    assert_int_equal(yt_path_mkdirs("broken"), 0);
    test_folder_put("broken/outcomes.safetensors", "no tensors");
    ref_expect("compare", 1, "name two folders");
    ref_expect("compare here", 1, "name two folders");
    ref_expect("compare here nowhere", 2, "nowhere: has no outcomes.safetensors");
    ref_expect("compare here there", 2, "no page in common");
    ref_expect("compare here apart", 2, "one run was measured on tiles, the other on pages");
    ref_expect("compare here broken", 2, "broken/outcomes.safetensors");
    write_run("shifted", 4, 2, "tiles");
    struct ref_ran ran = ref_run("compare here shifted");
    assert_int_equal(ran.status, 0);
    assert_non_null(strstr(ran.err, "4 pages of A and 4 of B are left out"));
    ref_ran_release(&ran);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(files_are_read_back),
        cmocka_unit_test(differences_are_told),
        cmocka_unit_test(what_cannot_be_compared),
    };
    return cmocka_run_group_tests(tests, test_folder_enter, test_folder_leave);
}
