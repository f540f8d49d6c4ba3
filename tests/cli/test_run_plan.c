/* yt plan on the sample: it says what yt train would do, and writes nothing. */
#include "cli/ref_run.h"
#include "support/folder.h"
#include "support/test.h"
#include "base/file.h"

#include <string.h>

#define SMALL                                                                                      \
    "plan data=" YT_TEST_DIR "/../samples/engraved imgsz=64 slice_size=128 batch=4 fraction=0.05 " \
    "verbose=false model=n "

static void plans_say_what_a_run_takes(void **state) {
    (void)state;
    ref_expect(SMALL "epochs=7", 0, "in 7 epochs");
    ref_expect(SMALL "epochs=7", 0, "expected: about");
    ref_expect(SMALL "epochs=2 optimizer=SGD lr0=0.02", 0, "the run ends before it does");
    ref_expect(SMALL "session=2", 0, "the run pauses every 2 hours");
    assert_false(yt_path_exists("runs"));
}

/* Validation is counted where it is planned: each second epoch, and the last ten. */
static void plans_count_validations(void **state) {
    (void)state;
    ref_expect(SMALL "epochs=7", 0, "for 7 epochs, 7 of them validated on ");
    ref_expect(SMALL "epochs=20 val_period=2", 0, "for 20 epochs, 15 of them validated on ");
    ref_expect(SMALL "epochs=20 val_period=2", 0, " GiB to validate; ");
    struct ref_ran ran = ref_run(SMALL "epochs=7 val=false");
    assert_int_equal(ran.status, 0);
    assert_non_null(strstr(ran.out, "for 7 epochs\n"));
    assert_null(strstr(ran.out, "validated on"));
    ref_ran_release(&ran);
}

static void faults_are_those_of_train(void **state) {
    (void)state;
    ref_expect("plan", 2, "data: is not set");
    ref_expect("plan data=nowhere", 2, "nowhere");
    ref_expect(SMALL "weights=none.safetensors", 2, "none.safetensors");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plans_say_what_a_run_takes),
        cmocka_unit_test(plans_count_validations),
        cmocka_unit_test(faults_are_those_of_train),
    };
    return cmocka_run_group_tests(tests, test_folder_enter, test_folder_leave);
}
