/* Every command: its help, and what it says of words that make no sense. */
#include "cli/cli.h"
#include "cli/ref_run.h"
#include "support/folder.h"
#include "support/test.h"

#include <string.h>

static void help_is_everywhere(void **state) {
    (void)state;
    ref_expect("help", 0, "usage: yt COMMAND");
    ref_expect("--help", 0, "usage: yt COMMAND");
    ref_expect("--version", 0, "yt " YT_VERSION);
    for (const struct yt_command *const *c = yt_commands; *c; c++) {
        const char *name = (*c)->name;
        char *usage = yt_format("usage: yt %s", name);
        const char *const forms[] = {"help %s", "%s --help", "%s -h", "%s epochs=3 --help"};
        for (size_t i = 0; i < YT_COUNT(forms); i++) {
            const char *at = strstr(forms[i], "%s");
            char *words = yt_format("%.*s%s%s", (int)(at - forms[i]), forms[i], name, at + 2);
            ref_expect(words, 0, usage);
            free(words);
        }
        free(usage);
    }
}

static void nothing_is_a_usage_error(void **state) {
    (void)state;
    struct ref_ran ran = ref_run("");
    assert_int_equal(ran.status, YT_EXIT_USAGE);
    assert_non_null(strstr(ran.out, "usage: yt COMMAND"));
    ref_ran_release(&ran);
}

static void wrong_words_are_answered(void **state) {
    (void)state;
    ref_expect("trian", 1, "unknown command (did you mean train?)");
    ref_expect("frobnicate", 1, "`yt help` lists the commands");
    ref_expect("help epochz", 1, "did you mean epochs?");
    ref_expect("version 3", 1, "nothing can follow");
    ref_expect("bench", 1, "say what to measure");
    ref_expect("bench train weights=w.safetensors", 1, "weights is for infer");
    ref_expect("bench infer data=x", 1, "data is for train");
    ref_expect("bench ops lockstep=true", 1, "lockstep is for train, infer and peak");
    ref_expect("info", 1, "name a file");
    ref_expect("info none.safetensors", 2, "none.safetensors: cannot open");
}

/* Of every command that takes keys. */
static void wrong_keys_are_answered(void **state) {
    (void)state;
    static const struct {
        const char *words, *answer;
    } cases[] = {
        {"epocs=3", "command line: epocs: unknown key (did you mean epochs?)"},
        {"epochs=many", "epochs: many: must be a whole number from 1 to 1000000"},
        {"imgsz=-3", "imgsz: -3: must be"},
        {"none.yaml", "none.yaml"},
        {"wrong.yaml", "wrong.yaml:2: lr: unknown key (did you mean lr"},
        {"flipud=0.5", "a page upside down is no music"},
        {"--epochs", "no value after it"},
        {"stray", "must be key=value"},
    };
    test_folder_put("wrong.yaml", "epochs: 3\nlr: 0.1\n");
    for (const struct yt_command *const *c = yt_commands; *c; c++) {
        if (!(*c)->groups || !strcmp((*c)->name, "bench")) continue;
        for (size_t i = 0; i < YT_COUNT(cases); i++) {
            char *words = yt_format("%s %s", (*c)->name, cases[i].words);
            ref_expect(words, 1, cases[i].answer);
            free(words);
        }
    }
}

static void missing_things_are_named(void **state) {
    (void)state;
    ref_expect("train", 2, "data: is not set");
    ref_expect("train data=nowhere", 2, "nowhere");
    ref_expect("val", 1, "train first, or name a file with weights=");
    ref_expect("predict project=empty", 1, "train first, or name a file with weights=");
    ref_expect("predict weights=none.safetensors", 2, "none.safetensors");
    ref_expect("predict format=htlm", 1, "format: htlm: no such format (did you mean html?)");
    ref_expect("train resume=true", 1, "runs/detect");
}

static void other_trainers_words_are_known(void **state) {
    (void)state;
    ref_expect("predict format=torchscript device=cpu weights=none.safetensors", 2, "none.saf");
    struct ref_ran ran = ref_run("predict format=onnx device=cpu weights=none.safetensors");
    assert_non_null(strstr(ran.out, "keys that have no effect here: format, device"));
    ref_ran_release(&ran);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(help_is_everywhere),
        cmocka_unit_test(nothing_is_a_usage_error),
        cmocka_unit_test(wrong_words_are_answered),
        cmocka_unit_test(wrong_keys_are_answered),
        cmocka_unit_test(missing_things_are_named),
        cmocka_unit_test(other_trainers_words_are_known),
    };
    return cmocka_run_group_tests(tests, test_folder_enter, test_folder_leave);
}
