/* States on disk: what is saved is loaded; of a thousand flipped bits and a thousand cuts every one
 * is noticed, and the state before is taken. */
#include "support/folder.h"
#include "support/test.h"

#include "base/file.h"
#include "base/rng.h"
#include "train/state.h"

#include <unistd.h>

#define PATH "last.safetensors"
enum { VALUES = 3000, PLACES = 1000 };

/* As much of a model as a state asks for. */
static struct yt_params *params;
static struct yt_model model;
static struct yt_optimizer optimizer;
static struct yt_unlearnt unlearnt;
static struct yt_progress progress;

static void fill(float *out, size_t count, uint64_t what) {
    struct yt_rng rng = yt_rng_make(1, "state", what, 0);
    for (size_t i = 0; i < count; i++) out[i] = (float)yt_rng_normal(&rng);
}

/* Everything that a state holds, as a function of `step`. */
static void stand_at(int64_t step) {
    fill(params->value, params->total, (uint64_t)step * 10);
    fill(params->grad, params->trainable, (uint64_t)step * 10 + 1);
    fill(optimizer.m, params->trainable, (uint64_t)step * 10 + 2);
    fill(optimizer.v, params->trainable, (uint64_t)step * 10 + 3);
    fill(optimizer.ema, params->total, (uint64_t)step * 10 + 4);
    optimizer.steps = step + 7;
    progress = (struct yt_progress){
        .epochs = 9, .epoch = 2, .batch = 1, .step = step, .items = {0.1, -0.2}, .seconds = 1e-3};
    progress.lost_labels = 3 * step;
    progress.seen_labels = 1LL << 33;
    progress.guard.norms[100] = 0x1.fffffffffffffp3;
    progress.guard.believed = 1LL << 40;
}

static void assert_stands_at(int64_t step) {
    struct yt_progress got = progress;
    float *value = yt_malloc(params->total * sizeof *value), *v = yt_malloc(VALUES * sizeof *v);
    memcpy(value, params->value, params->total * sizeof *value);
    memcpy(v, optimizer.v, VALUES * sizeof *v);
    assert_int_equal(optimizer.steps, step + 7);
    stand_at(step);
    assert_int_equal(got.step, step);
    assert_int_equal(got.lost_labels, progress.lost_labels);
    assert_int_equal(got.seen_labels, progress.seen_labels);
    assert_memory_equal(&got.guard, &progress.guard, sizeof got.guard);
    assert_memory_equal(got.items, progress.items, sizeof got.items);
    assert_memory_equal(value, params->value, params->total * sizeof *value);
    assert_memory_equal(v, optimizer.v, VALUES * sizeof *v);
    free(value);
    free(v);
}

static int load(void) {
    return yt_state_load(PATH, &model, &optimizer, &unlearnt, &progress);
}

/* Two states, of steps 1 and 2. */
static void save_two(void) {
    for (int step = 1; step <= 2; step++) {
        stand_at(step);
        assert_int_equal(yt_state_save(PATH, &model, &optimizer, &unlearnt, &progress), 0);
    }
    assert_false(yt_path_exists(PATH ".next"));
}

static void test_round_trip(void **state) {
    (void)state;
    save_two();
    stand_at(5);
    assert_int_equal(load(), 0);
    assert_stands_at(2);
    assert_int_equal(rename(PATH ".previous", PATH), 0);
    assert_int_equal(load(), 0);
    assert_stands_at(1);
}

static void put(const char *bytes, size_t len) {
    unlink(PATH); /* it may share its data with the previous one */
    FILE *f = fopen(PATH, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(bytes, 1, len, f), len);
    fclose(f);
}

/* Damages the newest in a random place; whatever it was, the previous one is taken. */
static void damage(bool cut) {
    size_t len;
    save_two();
    char *bytes = yt_file_read(PATH, 0, &len);
    struct yt_rng rng = yt_rng_make(2, cut ? "cut" : "flip", 0, 0);
    int kept = dup(STDERR_FILENO); /* a thousand warnings need not be read */
    assert_non_null(freopen("stderr.txt", "w", stderr));
    for (int i = 0; i < PLACES; i++) {
        size_t at = (size_t)yt_rng_below(&rng, len);
        char bit = (char)(1 << yt_rng_below(&rng, 8));
        bytes[at] ^= cut ? 0 : bit;
        put(bytes, cut ? at : len);
        bytes[at] ^= cut ? 0 : bit;
        stand_at(5);
        if (load() != 0) fail_msg("byte %zu: %s", at, yt_error());
        if (progress.step != 1) fail_msg("byte %zu: the damaged state was taken", at);
    }
    assert_stands_at(1);
    dup2(kept, STDERR_FILENO);
    close(kept);
    free(bytes);
}

static void test_flipped(void **state) {
    (void)state;
    damage(false);
}

static void test_cut(void **state) {
    (void)state;
    damage(true);
}

/* Both damaged: one line that names the newest, its tensor and bytes; nothing is changed. */
static void test_both_damaged(void **state) {
    (void)state;
    size_t len;
    save_two();
    char *bytes = yt_file_read(PATH, 0, &len);
    bytes[len - 1] ^= 1;
    put(bytes, len);
    free(bytes);
    assert_int_equal(truncate(PATH ".previous", 4000), 0);
    stand_at(5);
    assert_int_equal(load(), -1);
    assert_error_has("last.safetensors: v is damaged between bytes");
    assert_stands_at(5);
}

static int enter(void **state) {
    params = yt_params_new();
    yt_params_add(params, "w", YT_PARAM_WEIGHT, 1, (int[]){VALUES});
    yt_params_add(params, "running", YT_PARAM_BUFFER, 1, (int[]){50});
    yt_params_allocate(params);
    model = (struct yt_model){.scale = yt_scale_find("n"), .params = params};
    yt_unlearnt_init(&unlearnt, 1);
    yt_optimizer_init(&optimizer, YT_ADAMW, params);
    return test_folder_enter(state);
}

static int leave(void **state) {
    yt_unlearnt_release(&unlearnt);
    yt_optimizer_release(&optimizer);
    yt_params_free(params);
    return test_folder_leave(state);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_flipped),
        cmocka_unit_test(test_cut),
        cmocka_unit_test(test_both_damaged),
    };
    return cmocka_run_group_tests(tests, enter, leave);
}
