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
    if (strcmp(settings->head, "one2one"))
        return yt_fail_null("head: %s: detections come from the one-to-one head only; leave it out",
                            settings->head);
    struct yt_model *model = yt_model_open(settings->weights);
    if (!model) return NULL;
    if (!yt_settings_where(settings, "imgsz") && model->imgsz > 0) settings->imgsz = model->imgsz;
    yt_info("weights: %s: yolov10%s, %d classes, at %d px", settings->weights, model->scale->name,
            model->nc, settings->imgsz);
    return model;
}
