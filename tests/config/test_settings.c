#include "base/file.h"
#include "base/yaml.h"
#include "config/settings.h"
#include "support/folder.h"
#include "support/test.h"

#include <math.h>

/* Loads `text` as the file c.yaml into fresh settings; the caller releases them. */
static int load(struct yt_settings *settings, const char *text) {
    yt_settings_init(settings);
    test_folder_put("c.yaml", text);
    return yt_settings_load(settings, "c.yaml");
}

static void check_refused(const char *text, const char *message) {
    struct yt_settings settings;
    assert_int_equal(load(&settings, text), -1);
    assert_error(message);
    yt_settings_release(&settings);
}

static void test_defaults(void **state) {
    (void)state;
    struct yt_settings s;
    yt_settings_init(&s);
    /* the reference's */
    assert_int_equal(s.epochs, 100);
    assert_int_equal(s.batch, 16);
    assert_true(s.lr0 == 0.01 && s.momentum == 0.937 && s.weight_decay == 5e-4);
    assert_true(s.box == 7.5 && s.cls == 0.5 && s.dfl == 1.5 && s.nbs == 64 && s.clip == 10);
    assert_string_equal(s.optimizer, "auto");
    assert_true(isnan(s.time) && isnan(s.session) && isnan(s.conf) && isnan(s.val_fraction));
    /* musicScanner's */
    assert_true(s.hsv_h == 0.015 && s.hsv_s == 0.7 && s.hsv_v == 0.4);
    assert_true(s.degrees == 5 && s.translate == 0.1 && s.scale == 0.3 && s.border == 114);
    /* ours */
    assert_true(s.threads == 0 && s.workers == -1 && s.cache == -1 && s.save_period == -1);
    assert_string_equal(s.project, "runs/detect");
    assert_true(!s.name && !s.data && !s.weights && !s.resume && !s.source);
    assert_int_equal(s.classes.count, 0);
    assert_null(yt_settings_where(&s, "lr0"));
    assert_int_equal(yt_settings_check(&s), 0);
    yt_settings_release(&s);
}

static void test_load(void **state) {
    (void)state;
    struct yt_settings s;
    assert_int_equal(load(&s, "# a run\ndata: music\nlr0: 1e-3\nepochs: 7\n\ncos_lr: yes\n"
                              "optimizer: adamw\nclasses: [3, 1]\nname: 'true'\nthreads: auto\n"
                              "cache: 512\nsliced: False\nresume: false\nconf: 0.25\n"),
                     0);
    assert_string_equal(s.data, "music");
    assert_true(s.lr0 == 1e-3 && s.epochs == 7 && s.cos_lr && s.conf == 0.25 && s.cache == 512);
    assert_string_equal(s.optimizer, "AdamW");
    assert_string_equal(s.sliced, "false");
    assert_string_equal(s.name, "true");
    assert_null(s.resume);
    assert_int_equal(s.classes.count, 2);
    assert_int_equal(s.classes.items[0], 3);
    assert_int_equal(s.classes.items[1], 1);
    assert_string_equal(yt_settings_where(&s, "lr0"), "c.yaml:3");
    assert_null(yt_settings_where(&s, "lrf"));
    /* the command line has the last word */
    assert_int_equal(yt_settings_set(&s, "lr0=0.5"), 0);
    assert_int_equal(yt_settings_set(&s, "classes=4,5,6"), 0);
    assert_int_equal(yt_settings_set(&s, "name="), 0);
    assert_int_equal(yt_settings_set(&s, "conf=none"), 0);
    assert_int_equal(yt_settings_set(&s, "data=a=b"), 0);
    assert_true(s.lr0 == 0.5 && s.classes.count == 3 && !s.name && isnan(s.conf));
    assert_string_equal(s.data, "a=b");
    assert_string_equal(yt_settings_where(&s, "lr0"), "command line");
    yt_settings_release(&s);
}

static void test_presets(void **state) {
    (void)state;
    struct yt_settings s;
    assert_int_equal(load(&s, "preset: seed-app\nconf: 0.7\n"), 0);
    assert_int_equal(yt_settings_check(&s), 0);
    assert_string_equal(s.merge, "nmm");
    assert_string_equal(s.merge_metric, "IOS");
    assert_true(s.merge_threshold == 0.1 && s.overlap_height == 0.2 && s.overlap_width == 0.5);
    assert_true(s.whole_pass && s.conf == 0.7); /* what is given wins */
    assert_string_equal(yt_settings_where(&s, "merge"), "preset=seed-app");
    yt_settings_release(&s);
    assert_int_equal(load(&s, "preset: seed-script\n"), 0);
    assert_int_equal(yt_settings_check(&s), 0);
    assert_string_equal(s.merge, "greedynmm");
    assert_true(s.merge_threshold == 0.5 && s.overlap_width == 0.3 && s.conf == 0.3);
    yt_settings_release(&s);
}

static void test_sections(void **state) {
    (void)state;
    struct yt_settings s;
    assert_int_equal(load(&s, "stitch:\n  staff: horizontal 1\n  brace: vertical\n"), 0);
    assert_string_equal(s.stitch, "staff: horizontal 1, brace: vertical");
    assert_int_equal(yt_settings_write(&s, "c.yaml"), 0);
    yt_settings_release(&s);
    yt_settings_init(&s);
    assert_int_equal(yt_settings_load(&s, "c.yaml"), 0);
    assert_string_equal(s.stitch, "staff: horizontal 1, brace: vertical");
    yt_settings_release(&s);
    check_refused("data:\n  a: b\n",
                  "c.yaml:1: data: a section; keys stand side by side, without sections");
}

static void test_unknown_keys(void **state) {
    (void)state;
    check_refused("data: x\n\nlr: 0.1\n", "c.yaml:3: lr: unknown key (did you mean lr0?)");
    check_refused("epoch: 3\n", "c.yaml:1: epoch: unknown key (did you mean epochs?)");
    check_refused("qqqqqq: 3\n", "c.yaml:1: qqqqqq: unknown key; `yt help` lists the keys");
    check_refused("augmentations:\n  blur: 1\n",
                  "c.yaml:1: augmentations: unknown key; `yt help` lists the keys");
    check_refused("lr0:\n  a: 1\n",
                  "c.yaml:1: lr0: a section; keys stand side by side, without sections");
    check_refused("- lr0\n", "c.yaml: must be a list of `key: value`");
    check_refused("lr0: 1\nlr0: 2\n", "c.yaml:2: lr0: key given twice");
    struct yt_settings s;
    yt_settings_init(&s);
    assert_int_equal(yt_settings_set(&s, "lr=1"), -1);
    assert_error("command line: lr: unknown key (did you mean lr0?)");
    assert_int_equal(yt_settings_set(&s, "train"), -1);
    assert_error("command line: train: must be key=value");
    assert_int_equal(yt_settings_set(&s, "=1"), -1);
    yt_settings_release(&s);
}

static void test_types_and_ranges(void **state) {
    (void)state;
    check_refused("epochs: ten\n",
                  "c.yaml:1: epochs: ten: must be a whole number from 1 to 1000000");
    check_refused("epochs: 2.5\n",
                  "c.yaml:1: epochs: 2.5: must be a whole number from 1 to 1000000");
    check_refused("epochs: 0\n", "c.yaml:1: epochs: 0: must be a whole number from 1 to 1000000");
    check_refused("epochs:\n",
                  "c.yaml:1: epochs: no value: must be a whole number from 1 to 1000000");
    check_refused("a_key: 1\nepochs: 3\n",
                  "c.yaml:1: a_key: unknown key; `yt help` lists the keys");
    check_refused("translate: 1.5\n", "c.yaml:1: translate: 1.5: must be a number from 0 to 0.9");
    check_refused("lr0: -1\n", "c.yaml:1: lr0: -1: must be a number from 0 to 10");
    check_refused("lr0: nan\n", "c.yaml:1: lr0: nan: must be a number from 0 to 10");
    check_refused("lr0: inf\n", "c.yaml:1: lr0: inf: must be a number from 0 to 10");
    check_refused("lr0: 0x1\n", "c.yaml:1: lr0: 0x1: must be a number from 0 to 10");
    check_refused("lr0: 0.1 0.2\n", "c.yaml:1: lr0: 0.1 0.2: must be a number from 0 to 10");
    check_refused("lr0: [0.1]\nepochs: x\n",
                  "c.yaml:2: epochs: x: must be a whole number from 1 to 1000000");
    check_refused("cos_lr: maybe\n", "c.yaml:1: cos_lr: maybe: must be true or false");
    check_refused("optimizer: Adam\n",
                  "c.yaml:1: optimizer: Adam: must be one of auto, SGD, AdamW");
    check_refused("classes: [1, x]\n", "c.yaml:1: classes: 1,x: must be whole numbers, as 0,3,5");
    check_refused("classes: [-1]\n", "c.yaml:1: classes: -1: must be whole numbers, as 0,3,5");
    check_refused("session: 0\n", "c.yaml:1: session: 0: must be a number from 0.0001 to 1000000 "
                                  "(or as 90min, 2h, 1d), or none");
    check_refused("threads: 0\n",
                  "c.yaml:1: threads: 0: must be a whole number from 1 to 4096, or auto");
}

static void test_times(void **state) {
    (void)state;
    struct yt_settings s;
    assert_int_equal(load(&s, "session: 2h\ntime: 90min\nstate_period: 30s\n"), 0);
    assert_true(s.session == 2 && s.time == 1.5 && s.state_period == 0.5);
    yt_settings_release(&s);
    assert_int_equal(load(&s, "session: 1.5d\n"), 0);
    assert_true(s.session == 36);
    yt_settings_release(&s);
    check_refused("session: 2 hours\n",
                  "c.yaml:1: session: 2 hours: must be a number from 0.0001 to "
                  "1000000 (or as 90min, 2h, 1d), or none");
    check_refused("lr0: 2h\n", "c.yaml:1: lr0: 2h: must be a number from 0 to 10");
}

static void test_flips_are_refused(void **state) {
    (void)state;
    check_refused(
        "epochs: 3\nfliplr: 0.5\n",
        "c.yaml:2: fliplr: 0.5: must be 0 or empty: a mirrored clef, flat or stem is another sign");
    static const char *const keys[] = {"flipud", "fliplr",     "shear", "perspective", "mosaic",
                                       "mixup",  "copy_paste", "bgr",   "multi_scale", "freeze"};
    for (size_t i = 0; i < YT_COUNT(keys); i++) {
        struct yt_settings s;
        char text[64];
        snprintf(text, sizeof text, "%s: 1\n", keys[i]);
        assert_int_equal(load(&s, text), -1);
        assert_error_has("must be 0 or empty: ");
        yt_settings_release(&s);
        static const char *const off[] = {"0", "0.0", "false", "None", ""};
        for (size_t j = 0; j < YT_COUNT(off); j++) {
            snprintf(text, sizeof text, "%s: %s\n", keys[i], off[j]);
            assert_int_equal(load(&s, text), 0);
            yt_settings_release(&s);
        }
    }
}

/* A whole file of the other trainers' layout with the values that musicScanner trained with. */
static const char *const foreign =
    "# YOLO trainer settings\n"
    "task: detect\nmode: train\n"
    "model: yolov10n.yaml\ndata: deepscore_sliced.yaml\nepochs: 20\ntime: 4.0\npatience: 100\n"
    "batch: 4\nimgsz: 640\nsave: True\nsave_period: -1\ncache: False\ndevice: 0\nworkers: 8\n"
    "project:\nname: # none\nexist_ok: False\npretrained: True\noptimizer: auto\nverbose: True\n"
    "seed: 0\ndeterministic: True\nsingle_cls: False\nrect: False\ncos_lr: False\n"
    "close_mosaic: 0\nresume: False\namp: True\nfraction: 1.0\nprofile: False\nfreeze: None\n"
    "multi_scale: False\noverlap_mask: True\nmask_ratio: 4\ndropout: 0.0\n"
    "val: True\nval_period: 1\nsplit: val\nsave_json: False\nsave_hybrid: False\nconf: # none\n"
    "iou: 0.7\nmax_det: 300\nhalf: False\ndnn: False\nplots: True\n"
    "source:\nvid_stride: 1\nstream_buffer: False\nvisualize: False\naugment: False\n"
    "agnostic_nms: False\nclasses:\nretina_masks: False\nembed:\nshow: False\n"
    "save_frames: False\nsave_txt: False\nsave_conf: False\nsave_crop: False\n"
    "show_labels: True\nshow_conf: True\nshow_boxes: True\nline_width:\nformat: torchscript\n"
    "keras: False\noptimize: False\nint8: False\ndynamic: False\nsimplify: False\nopset:\n"
    "workspace: 4\nnms: False\n"
    "lr0: 0.01\nlrf: 0.01\nmomentum: 0.937\nweight_decay: 0.0005\nwarmup_epochs: 3.0\n"
    "warmup_momentum: 0.8\nwarmup_bias_lr: 0.1\nbox: 7.5\ncls: 0.5\ndfl: 1.5\npose: 12.0\n"
    "kobj: 1.0\nlabel_smoothing: 0.0\nnbs: 64\nhsv_h: 0.015\nhsv_s: 0.7\nhsv_v: 0.4\n"
    "degrees: 5\ntranslate: 0.1\nscale: 0.3\nshear: 0.0\nperspective: 0.0\nflipud: 0.0\n"
    "fliplr: 0.0\nbgr: 0.0\nmosaic: 0.0\nmixup: 0.0\ncopy_paste: 0.0\n"
    "auto_augment: randaugment\nerasing: 0.4\ncrop_fraction: 1.0\n"
    "cfg:\ntracker: botsort.yaml\n";

static void test_foreign_file(void **state) {
    (void)state;
    struct yt_settings s;
    assert_int_equal(load(&s, foreign), 0);
    assert_string_equal(s.model, "n");
    assert_true(s.batch == 4 && s.time == 4 && s.epochs == 20 && s.workers == 8 && s.cache == -1);
    assert_string_equal(s.split, "auto"); /* `split: val` names the list, not the way to split */
    assert_string_equal(s.split_name, "val");
    assert_string_equal(yt_settings_where(&s, "split_name"), "c.yaml:39");
    assert_null(s.weights);
    assert_null(s.source);
    assert_null(s.name);
    assert_non_null(strstr(s.unused.s, "task, mode, device, pretrained, deterministic, rect"));
    assert_null(strstr(s.unused.s, "lr0"));
    assert_null(strchr(s.unused.s, '\n'));
    yt_settings_release(&s);
}

static void test_model_and_weights(void **state) {
    (void)state;
    struct yt_settings s;
    assert_int_equal(load(&s, "model: yolov10x\npretrained: coco.safetensors\n"), 0);
    assert_string_equal(s.model, "x");
    assert_string_equal(s.weights, "coco.safetensors");
    assert_int_equal(yt_settings_set(&s, "model=runs/best.safetensors"), 0);
    assert_string_equal(s.weights, "runs/best.safetensors");
    assert_string_equal(s.model, "x");
    assert_int_equal(yt_settings_set(&s, "model=M"), 0);
    assert_string_equal(s.model, "m");
    assert_int_equal(yt_settings_set(&s, "model=yolov8n"), -1);
    assert_error("command line: model: yolov8n: must be one of auto, n, s, m, b, l, x");
    assert_int_equal(yt_settings_set(&s, "model=yolov10"), -1);
    assert_int_equal(yt_settings_set(&s, "model=yolov10q"), -1);
    yt_settings_release(&s);
}

static char *show_all(const struct yt_settings *s) {
    size_t count;
    const struct yt_setting *rows = yt_settings_rows(&count);
    struct yt_str out = {0};
    for (size_t i = 0; i < count; i++) {
        yt_str_add(&out, "%s=", rows[i].name);
        yt_settings_show(s, &rows[i], &out);
        yt_str_add(&out, "\n");
    }
    return out.s;
}

static void test_write_reads_back(void **state) {
    (void)state;
    struct yt_settings s, back;
    assert_int_equal(load(&s, "data: 'a: b # c'\nname: 'true'\nlr0: 0.1234567890123\nlrf: 1e-9\n"
                              "classes: [1, 2]\ntime: 1.5\nproject: '7'\nsource: 'None'\n"),
                     0);
    assert_int_equal(yt_settings_write(&s, "args.yaml"), 0);
    yt_settings_init(&back);
    assert_int_equal(yt_settings_load(&back, "args.yaml"), 0);
    char *a = show_all(&s), *b = show_all(&back);
    assert_string_equal(a, b);
    assert_true(back.lr0 == 0.1234567890123 && back.time == 1.5 && back.classes.count == 2);
    assert_string_equal(back.data, "a: b # c");
    assert_string_equal(back.source, "None");
    assert_int_equal(back.unused.len, 0);
    free(a);
    free(b);
    yt_settings_release(&s);
    yt_settings_release(&back);
    assert_int_equal(yt_settings_load(&back, "missing.yaml"), -1);
    assert_error("missing.yaml: cannot open: No such file or directory");
}

static void test_inherit(void **state) {
    (void)state;
    static const char *const keys[] = {"data",  "imgsz", "lrf",  "classes",
                                       "split", "val",   "conf", NULL};
    struct yt_settings run, s;
    assert_int_equal(load(&run, "data: music\nimgsz: 320\nlrf: 0.5\nclasses: [2, 4]\n"
                                "split: page\nval: false\nbatch: 3\n"),
                     0);
    yt_settings_init(&s);
    assert_int_equal(yt_settings_set(&s, "imgsz=480"), 0);
    yt_settings_inherit(&s, &run, keys);
    assert_string_equal(yt_settings_where(&s, "data"), "c.yaml:1");
    yt_settings_release(&run);
    assert_string_equal(s.data, "music");
    assert_string_equal(s.split, "page");
    assert_true(s.lrf == 0.5 && !s.val && s.classes.count == 2 && s.classes.items[1] == 4);
    assert_int_equal(s.imgsz, 480); /* was set */
    assert_int_equal(s.batch, 16);  /* is not asked for */
    assert_true(isnan(s.conf) && !yt_settings_where(&s, "conf"));
    yt_settings_release(&s);

    assert_int_equal(load(&run, "classes: none\n"), 0);
    yt_settings_init(&s);
    yt_settings_inherit(&s, &run, keys);
    assert_null(s.classes.items); /* all, not none */
    yt_settings_release(&run);
    yt_settings_release(&s);
}

static void test_check(void **state) {
    (void)state;
    struct yt_settings s;
    assert_int_equal(load(&s, "imgsz: 650\nval_fraction: 0.2\ntest_fraction: 0.1\n"), 0);
    assert_int_equal(yt_settings_check(&s), 0);
    assert_int_equal(s.imgsz, 672);
    assert_int_equal(yt_settings_set(&s, "test_fraction=0.8"), 0);
    assert_int_equal(yt_settings_check(&s), -1);
    assert_error("val_fraction=0.2 and test_fraction=0.8 leave nothing to train on");
    yt_settings_release(&s);
}

/* What the table promises to those who print it. */
static void test_table(void **state) {
    (void)state;
    size_t count;
    const struct yt_setting *rows = yt_settings_rows(&count);
    for (size_t i = 0; i < count; i++) {
        assert_ptr_equal(yt_settings_find(rows[i].name), &rows[i]);
        assert_true(rows[i].group && rows[i].help && strlen(rows[i].help) > 10);
        assert_null(strchr(rows[i].help, '\n'));
        assert_int_equal(rows[i].type == YT_SETTING_CHOICE, rows[i].choices != NULL);
        bool is_number = rows[i].type == YT_SETTING_INT || rows[i].type == YT_SETTING_FLOAT;
        assert_int_equal(is_number, rows[i].max > rows[i].min);
        for (size_t j = 0; j + 1 < i; j++) /* a group stands together */
            if (!strcmp(rows[j].group, rows[i].group))
                assert_string_equal(rows[i - 1].group, rows[i].group);
    }
}

static void test_shipped_configurations(void **state) {
    (void)state;
    static const char *const files[] = {"dsv2.yaml", "omr.yaml", "quick.yaml"};
    for (size_t i = 0; i < YT_COUNT(files); i++) {
        struct yt_settings s;
        yt_settings_init(&s);
        char *path = yt_format(YT_TEST_DIR "/../configs/%s", files[i]);
        if (yt_settings_load(&s, path) || yt_settings_check(&s)) fail_msg("%s", yt_error());
        assert_int_equal(s.unused.len, 0);
        assert_non_null(s.data);
        free(path);
        yt_settings_release(&s);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_load),
        cmocka_unit_test(test_presets),
        cmocka_unit_test(test_sections),
        cmocka_unit_test(test_unknown_keys),
        cmocka_unit_test(test_types_and_ranges),
        cmocka_unit_test(test_times),
        cmocka_unit_test(test_flips_are_refused),
        cmocka_unit_test(test_foreign_file),
        cmocka_unit_test(test_model_and_weights),
        cmocka_unit_test(test_write_reads_back),
        cmocka_unit_test(test_inherit),
        cmocka_unit_test(test_check),
        cmocka_unit_test(test_table),
        cmocka_unit_test(test_shipped_configurations),
    };
    return cmocka_run_group_tests(tests, test_folder_enter, test_folder_leave);
}
