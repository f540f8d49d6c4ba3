#include "cli/adopt.h"
#include "base/file.h"
#include "train/runs.h"
#include "yolov10/weights.h"

#include <stdlib.h>
#include <string.h>

static int find_weights(struct yt_settings *settings) {
    static const char *const best = "weights/best.safetensors";
    if (settings->weights) return 0;
    char *run = yt_run_latest(settings->project, best);
    if (!run)
        return yt_fail("weights: none given, and no run in %s has %s; train first, or name a file "
                       "with weights=",
                       settings->project, best);
    settings->weights = yt_path_join(run, best);
    free(run);
    return 0;
}

int yt_cli_adopt_run(struct yt_settings *settings, const char *const *keys) {
    if (find_weights(settings)) return -1;
    char *folder = yt_path_dir(settings->weights), *run = yt_path_join(folder, "..");
    char *args = yt_path_join(run, "args.yaml");
    int failed = 0;
    if (yt_path_exists(args)) {
        struct yt_settings trained;
        yt_settings_init(&trained);
        failed = yt_settings_load(&trained, args);
        if (!failed) yt_settings_inherit(settings, &trained, keys);
        yt_settings_release(&trained);
    }
    free(args);
    free(run);
    free(folder);
    return failed;
}

struct yt_model *yt_cli_open_model(struct yt_settings *settings) {
    struct yt_model *model = yt_model_open(settings->weights);
    if (!model) return NULL;
    if (!model->has_one2many && strcmp(settings->head, "one2one")) {
        yt_model_free(model);
        return yt_fail_null("%s: has the one-to-one head only; leave head=%s out",
                            settings->weights, settings->head);
    }
    if (!yt_settings_where(settings, "imgsz") && model->imgsz > 0) settings->imgsz = model->imgsz;
    yt_info("weights: %s: yolov10%s, %d classes, at %d px", settings->weights, model->scale->name,
            model->nc, settings->imgsz);
    return model;
}

struct yt_reading yt_cli_reading(const struct yt_settings *settings, enum yt_head head) {
    bool nms = settings->nms || head == YT_ONE2MANY;
    return (struct yt_reading){.head = head,
                               .one_class = settings->one_class_per_anchor,
                               .nms = nms ? YT_MAX(settings->iou, 1e-6) : 0,
                               .class_agnostic = settings->agnostic_nms};
}

struct yt_detector *yt_cli_open_detector(const struct yt_settings *settings,
                                         const struct yt_model *model) {
    bool both = !strcmp(settings->head, "both"), many = !strcmp(settings->head, "one2many");
    unsigned heads = both ? YT_HEAD_BOTH : many ? YT_HEAD_ONE2MANY : YT_HEAD_ONE2ONE;
    struct yt_reading reading = yt_cli_reading(settings, many ? YT_ONE2MANY : YT_ONE2ONE);
    struct yt_detector *detector = yt_detector_new(model, model->params->value, heads);
    yt_detector_set_reading(detector, &reading);
    return detector;
}
