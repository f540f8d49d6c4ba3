/* yt val: how good a detector is. */
#include "base/file.h"
#include "base/threads.h"
#include "cli/adopt.h"
#include "cli/cli.h"
#include "cli/interrupt.h"
#include "cli/val.h"
#include "eval/report.h"
#include "train/outcomes_file.h"
#include "train/runs.h"
#include "train/validate_pages.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* What the labels of a run's validation tiles follow from. */
static const char *const run_keys[] = {"data",
                                       "annotation_set",
                                       "classes",
                                       "single_cls",
                                       "fraction",
                                       "split",
                                       "val_fraction",
                                       "test_fraction",
                                       "seed",
                                       "imgsz",
                                       "slice_size",
                                       "overlap_height",
                                       "overlap_width",
                                       "min_area_ratio",
                                       "empty",
                                       "sliced",
                                       "compat",
                                       "ignore_regions",
                                       "one_class_per_anchor",
                                       NULL};

/* --- for both ways of measuring --------------------------------------------------------------- */

bool yt_val_is_both(const struct yt_val *val) {
    return strcmp(val->settings->head, "both") == 0;
}

bool yt_val_progress(void *user, int done, int all) {
    struct yt_val *val = user;
    (void)all;
    yt_meter_at(&val->meter, (size_t)done);
    return !yt_interrupted();
}

int yt_val_write_outcomes(const struct yt_val *val, const char *unit) {
    char *path = yt_path_join(val->folder, "outcomes.safetensors");
    int failed = yt_outcomes_save(path, &val->outcomes, &val->source->dataset, val->settings, unit);
    free(path);
    return failed;
}

int yt_val_write_scores(const struct yt_val *val, const struct yt_scores *scores,
                        const char *suffix) {
    char *json = yt_format("%s/metrics%s.json", val->folder, suffix);
    char *csv = yt_format("%s/per_class%s.csv", val->folder, suffix);
    int failed = yt_report_write_json(json, scores, val->names) ||
                 yt_report_write_csv(csv, scores, val->names);
    free(json);
    free(csv);
    if (!failed)
        yt_info("Results saved to %s (metrics%s.json, per_class%s.csv, outcomes.safetensors%s)",
                val->folder, suffix, suffix, val->settings->save_json ? ", predictions.json" : "");
    return failed ? -1 : 0;
}

/* --- the run ---------------------------------------------------------------------------------- */

static enum yt_part part_of(const struct yt_settings *settings) {
    int part = 0;
    while (strcmp(yt_part_names[part], settings->split_name)) part++;
    return (enum yt_part)part;
}

static int check(const struct yt_settings *settings, const struct yt_source *source,
                 const struct yt_model *model) {
    if (!settings->single_cls && model->nc != source->dataset.nc)
        return yt_fail("%s: finds %d classes, and %s has %d; use weights that were trained on this "
                       "data",
                       settings->weights, model->nc, settings->data, source->dataset.nc);
    for (int i = 0; i < model->nc && model->is_named && !settings->single_cls; i++)
        if (strcmp(model->names[i], source->dataset.classes[i].name) != 0)
            return yt_fail("%s: its class %d is %s, that of %s is %s; use weights that were "
                           "trained on these classes",
                           settings->weights, i, model->names[i], settings->data,
                           source->dataset.classes[i].name);
    if (!source->split.count[part_of(settings)])
        return yt_fail("%s: has no %s tiles; choose another split_name= or split=", settings->data,
                       settings->split_name);
    return 0;
}

static void say_max_det(const struct yt_val *val) {
    if (!val->settings->max_det)
        yt_info("max_det: %d (auto: a tile has up to %u labels)", val->max_det,
                yt_source_most_labels(val->source));
}

/* The data set's classes; where it has fewer than the model, with single_cls, the model's too. */
static void init_classes(struct yt_val *val) {
    const struct yt_dataset *dataset = &val->source->dataset;
    size_t nc = (size_t)YT_MAX(dataset->nc, val->model->nc);
    val->names = yt_calloc(nc, sizeof *val->names);
    val->ids = yt_calloc(nc, sizeof *val->ids);
    for (int i = 0; i < (int)nc; i++) {
        bool known = i < dataset->nc;
        val->names[i] = known ? dataset->classes[i].name : val->model->names[i];
        val->ids[i] = known ? dataset->classes[i].id : val->model->category_ids[i];
    }
    val->categories = (struct yt_categories){val->names, val->ids, nc};
    yt_outcomes_init(&val->outcomes, (int)nc, (uint32_t)dataset->page_count);
}

static int measure(struct yt_val *val, bool is_paged) {
    say_max_det(val);
    return is_paged ? yt_val_pages(val) : yt_val_tiles(val);
}

/* Returns as yt_val_tiles. */
static int measure_and_save(struct yt_val *val, bool is_paged) {
    if (!val->settings->save_json) return measure(val, is_paged);
    struct yt_output_options options = {.categories = &val->categories};
    int status = yt_output_open(&val->output, val->folder, "json", &options);
    if (status) return status;
    status = measure(val, is_paged);
    if (status == 0) return yt_output_close(&val->output);
    yt_output_abandon(&val->output);
    return status;
}

static int validate(const struct yt_settings *settings, const struct yt_source *source,
                    const struct yt_model *model, bool is_paged) {
    if (check(settings, source, model)) return YT_EXIT_USAGE;
    struct yt_val val = {
        .settings = settings,
        .source = source,
        .model = model,
        .part = part_of(settings),
        .max_det = yt_source_max_det(source, settings),
        .conf = isnan(settings->conf) ? YT_VAL_CONF : (float)settings->conf,
    };
    init_classes(&val);
    val.folder = yt_run_create(settings->project, settings->name ? settings->name : "val",
                               settings->exist_ok);
    int status = val.folder ? measure_and_save(&val, is_paged) : -1;
    free(val.folder);
    yt_outcomes_release(&val.outcomes);
    free(val.ids);
    free(val.names);
    if (status > 0) return YT_EXIT_SIGNAL + yt_interrupted();
    return status ? YT_EXIT_DATA : YT_EXIT_OK;
}

static int run(int count, char **words) {
    struct yt_settings settings;
    struct yt_source source;
    if (yt_cli_parse(&settings, count, words)) return YT_EXIT_USAGE;
    yt_threads_set(settings.threads);
    yt_interrupt_watch();
    int status = YT_EXIT_USAGE;
    bool is_paged = !strcmp(settings.sliced, "true"); /* asked for here, not by the run */
    struct yt_model *model = NULL;
    if (!yt_cli_adopt_run(&settings, run_keys)) {
        status = YT_EXIT_DATA;
        model = yt_cli_open_model(&settings);
    }
    if (model && !yt_source_open(&source, &settings)) {
        status = validate(&settings, &source, model, is_paged);
        yt_source_close(&source);
    }
    yt_model_free(model);
    yt_settings_release(&settings);
    return status;
}

const struct yt_command yt_cmd_val = {
    .name = "val",
    .summary = "measure a detector on labelled data",
    .about =
        "Measures precision, recall and mAP of weights= on the tiles of data= that "
        "split_name= lists, and writes metrics.json and per_class.csv into project/name. With "
        "sliced=true it measures whole pages, tiles merged as predict merges them, in the "
        "arithmetic of YOLO trainers, of COCO and of DeepScoresV2's toolkit, and writes pages.json "
        "and pages_per_class.csv too. "
        "Without weights= it takes the best ones of the latest run in project=; what data they "
        "were trained on, and how it was split, comes from that run unless it is given.",
    .groups = (const char *const[]){"run", "model", "data", "slice", "val", "pages", NULL},
    .run = run,
};
