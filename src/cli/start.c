#include "cli/start.h"
#include "yolov10/table.h"
#include "yolov10/weights.h"

#include <string.h>

static const struct yt_scale *choose_scale(const struct yt_settings *settings) {
    if (strcmp(settings->model, "auto") != 0) return yt_scale_find(settings->model);
    return settings->weights ? yt_weights_scale(settings->weights) : yt_scale_find("n");
}

/* Layer by layer, or in its last line alone. */
static void say_model(const struct yt_model *model, bool verbose) {
    struct yt_str table = {0};
    yt_model_table(model, model->imgsz, &table);
    yt_info("%s%s", verbose ? "\n" : "", verbose ? table.s : strrchr(table.s, '\n') + 1);
    yt_str_release(&table);
}

struct yt_model *yt_cli_start_model(const struct yt_settings *settings,
                                    const struct yt_source *source, bool *folded) {
    const struct yt_scale *scale = choose_scale(settings);
    if (!scale) return NULL;
    struct yt_model *model = yt_model_new(scale, source->dataset.nc);
    for (int i = 0; i < model->nc; i++)
        yt_model_set_class(model, i, source->dataset.classes[i].name,
                           source->dataset.classes[i].id);
    model->imgsz = settings->imgsz;
    model->most_labels = (int)yt_source_most_labels(source);
    yt_model_init(model, (uint64_t)settings->seed);
    say_model(model, settings->verbose);
    *folded = false;
    if (!settings->weights) return model;
    struct yt_weights_report report;
    if (yt_weights_load(model, settings->weights, &report) != 0) {
        yt_model_free(model);
        return NULL;
    }
    yt_info("weights: %s: %d tensors taken (%d for the one-to-many head from the one-to-one "
            "head), %d left at their start values%s%s, %d of the file not used",
            settings->weights, report.taken, report.mirrored, report.left,
            report.left ? ", first " : "", report.first_left, report.unused);
    if (report.renamed)
        yt_warn("weights: %s: %d of %d classes have other names there (%s): what the class "
                "branches know is of other symbols",
                settings->weights, report.renamed, model->nc, report.first_renamed);
    *folded = report.folded;
    return model;
}
