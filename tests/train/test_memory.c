/* A run takes its memory before the first step: over a thousand steps it does not grow. */
#include "data/ref_pages.h"
#include "support/folder.h"
#include "support/test.h"

#include "base/threads.h"
#include "train/trainer.h"

static void set(struct yt_settings *s, const char *assignment) {
    if (yt_settings_set(s, assignment) != 0) fail_msg("%s: %s", assignment, yt_error());
}

/* 400 tiles an epoch, one a step. After the first epoch every page is decoded and every list has
 * grown to the largest tile. */
static void test_thousand_steps(void **state) {
    (void)state;
    static const char *const keys[] = {
        "data=ds2",   "split=official", "slice_size=32", "imgsz=32",      "batch=1",
        "nbs=8",      "epochs=3",       "workers=1",     "empty=1",       "val=false",
        "patience=0", "save=false",     "plots=false",   "optimizer=SGD", "lr0=0.0001"};
    struct yt_settings settings;
    struct yt_source source;
    struct yt_trainer trainer;
    ref_write_ds2("ds2", 2, 256, 256, 20);
    yt_threads_set(1);
    yt_settings_init(&settings);
    for (size_t i = 0; i < YT_COUNT(keys); i++) set(&settings, keys[i]);
    if (yt_source_open(&source, &settings) != 0) fail_msg("%s", yt_error());
    struct yt_model *model = yt_model_new(yt_scale_find("n"), source.dataset.nc);
    yt_model_init(model, 5);
    if (yt_trainer_init(&trainer, &settings, &source, model, "run") != 0)
        fail_msg("%s", yt_error());
    trainer.progress.epochs = 1; /* a first stretch, then the rest */
    assert_int_equal(yt_trainer_run(&trainer), YT_TRAIN_DONE);
    size_t resident = yt_resident_bytes();
    trainer.progress.epochs = 3;
    assert_int_equal(yt_trainer_run(&trainer), YT_TRAIN_DONE);
    assert_true(trainer.progress.step >= 1000);
    long long grown = (long long)yt_resident_bytes() - (long long)resident;
    if (grown > 1 << 20) fail_msg("grew by %lld bytes in two epochs", grown);
    yt_trainer_release(&trainer);
    yt_model_free(model);
    yt_source_close(&source);
    yt_settings_release(&settings);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_thousand_steps)};
    return cmocka_run_group_tests(tests, test_folder_enter, test_folder_leave);
}
