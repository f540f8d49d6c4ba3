/* yt val: how good a detector is. */
#include "base/file.h"
#include "base/json.h"
#include "base/meter.h"
#include "base/threads.h"
#include "cli/adopt.h"
#include "cli/cli.h"
#include "cli/interrupt.h"
#include "eval/outcomes.h"
#include "eval/page_report.h"
#include "eval/report.h"
#include "report/curves.h"
#include "report/inspection.h"
#include "report/page.h"
#include "output/output.h"
#include "train/outcomes_file.h"
#include "train/page_options.h"
#include "train/runs.h"
#include "train/source.h"
#include "train/validate.h"
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

struct val {
    const struct yt_settings *settings;
    const struct yt_source *source;
    const struct yt_model *model;
    const char **names; /* of the data set's classes */
    int *ids;
    char *folder; /* the run's */
    struct yt_meter meter;
    struct yt_categories categories;
    struct yt_outcomes outcomes;
    struct yt_output output; /* with save_json */
    bool is_paged;           /* pages, rather than tiles */
    int max_det;
    struct yt_detection *kept;        /* max_det: those of a tile that are written */
    struct yt_inspection *inspection; /* with plots, of tiles */
};

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

static bool show_progress(void *user, int done, int batches) {
    struct val *val = user;
    (void)batches;
    yt_meter_at(&val->meter, (size_t)done);
    return !yt_interrupted();
}

/* Detections of a tile go to predictions.json in pixels of its page, as those of `yt predict`;
 * what neighbouring tiles both see is there twice. */
static void write_tile(void *user, const struct yt_validated *validated) {
    struct val *val = user;
    const struct yt_tile *tile = &val->source->tiles.items[validated->tile];
    double conf = isnan(val->settings->conf) ? 0.001 : val->settings->conf;
    size_t count = 0;
    for (size_t i = 0; i < validated->detection_count; i++) {
        struct yt_detection detection = validated->detections[i];
        if (!(detection.score > (float)conf)) continue;
        detection.box.x1 += (float)tile->x, detection.box.x2 += (float)tile->x;
        detection.box.y1 += (float)tile->y, detection.box.y2 += (float)tile->y;
        val->kept[count++] = detection;
    }
    const struct yt_page *source = &val->source->dataset.pages[tile->page];
    struct yt_output_page page = {
        .path = source->path, .id = source->id, .detections = val->kept, .count = count};
    yt_output_add(&val->output, page);
}

static void take_tile(void *user, const struct yt_validated *v) {
    struct val *val = user;
    yt_outcomes_add(&val->outcomes, val->source->tiles.items[v->tile].page, v->judged,
                    v->judged_count, v->labels, v->label_count);
    if (val->settings->save_json) write_tile(user, v);
    if (val->inspection)
        yt_inspection_add(val->inspection, v->tile, v->detections, v->detection_count, v->labels,
                          v->label_count);
}

static int write_outcomes(const struct val *val, const char *unit) {
    char *path = yt_path_join(val->folder, "outcomes.safetensors");
    int failed = yt_outcomes_save(path, &val->outcomes, &val->source->dataset, val->settings, unit);
    free(path);
    return failed;
}

static void report(const struct val *val, const struct yt_validation *result) {
    double per_image = 1e3 / (double)result->images;
    yt_report_print(stdout, &result->scores, val->names, val->settings->verbose);
    if (result->ignored)
        yt_info("%zu detections lie in ignore regions and count neither way", result->ignored);
    yt_info("Speed: %.1f ms preprocess, %.1f ms inference, %.1f ms postprocess an image",
            result->prepare_s * per_image, result->infer_s * per_image,
            result->match_s * per_image);
}

static bool is_both(const struct yt_settings *settings) {
    return strcmp(settings->head, "both") == 0;
}

/* What the head without NMS loses against the head that needs it. */
static void report_gap(const struct val *val, const struct yt_validation *result) {
    const struct yt_scores *one = &result->scores, *many = &result->other;
    yt_info("\nabove: the one-to-one head; below: the one-to-many head with NMS at IoU %g",
            val->settings->iou);
    yt_report_print(stdout, many, val->names, val->settings->verbose);
    yt_info("gap (one-to-one less one-to-many): P %+.4f, R %+.4f, mAP50 %+.4f, mAP50-95 %+.4f",
            one->precision - many->precision, one->recall - many->recall, one->map50 - many->map50,
            one->map - many->map);
}

/* metrics<suffix>.json and per_class<suffix>.csv. */
static int write_scores(const struct val *val, const struct yt_scores *scores, const char *suffix) {
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

static void add_score(struct yt_str *out, const char *name, double value) {
    yt_str_add(out, "%s[\"%s\", \"%.3f\"]", out->s[out->len - 1] == '[' ? "" : ", ", name, value);
}

/* Curves, confusion matrix, sample pictures, worst tiles, report.html. */
static int draw(const struct val *val, const struct yt_scores *scores) {
    struct yt_str status = {0};
    char date[32];
    if (!val->inspection) return 0;
    yt_date_text(date);
    yt_str_add(&status, "{\"title\": ");
    yt_json_quote(&status, val->folder);
    yt_str_add(&status,
               ", \"state\": \"validation\", \"version\": \"%s\", \"written\": \"%s\", "
               "\"lines\": [",
               YT_VERSION, date);
    add_score(&status, "mAP50", scores->map50);
    add_score(&status, "mAP50-95", scores->map);
    add_score(&status, "precision", scores->precision);
    add_score(&status, "recall", scores->recall);
    add_score(&status, "at the confidence", scores->confidence);
    yt_str_add(&status, "]}");
    int failed = yt_curves_write(val->folder, scores, val->names) ||
                 yt_inspection_write(val->inspection, val->folder) ||
                 yt_page_write(val->folder, status.s);
    yt_str_release(&status);
    if (!failed) yt_info("Pictures: %s/report.html holds them all", val->folder);
    return failed ? -1 : 0;
}

static struct yt_inspection *inspect(const struct val *val) {
    const struct yt_inspection_source source = {&val->source->dataset, &val->source->tiles,
                                                val->source->pages, val->names};
    return val->settings->plots ? yt_inspection_new(&source, val->model->nc) : NULL;
}

static void say_max_det(const struct val *val) {
    if (!val->settings->max_det)
        yt_info("max_det: %d (auto: a tile has up to %u labels)", val->max_det,
                yt_source_most_labels(val->source));
}

/* Returns as yt_validate. */
static int validate(struct val *val) {
    const struct yt_settings *settings = val->settings;
    enum yt_part part = part_of(settings);
    struct yt_validation result;
    struct yt_reading one2many = yt_cli_reading(settings, YT_ONE2MANY);
    struct yt_validate_options options = {
        .max_det = val->max_det,
        .other = is_both(settings) ? &one2many : NULL,
        .single_cls = settings->single_cls,
        .tile = take_tile,
        .progress = show_progress,
        .user = val,
    };
    struct yt_loader *loader =
        yt_source_val_loader(val->source, settings, part, settings->batch, 1);
    if (!loader) return -1;
    struct yt_detector *detector = yt_cli_open_detector(settings, val->model);
    yt_info("data: %s: %zu %s tiles", settings->data, val->source->split.count[part],
            settings->split_name);
    say_max_det(val);
    yt_meter_start(&val->meter, "validation, batch", (size_t)yt_loader_batches(loader));
    val->inspection = inspect(val);
    int status = yt_validate(detector, loader, &options, &result);
    yt_meter_hide(&val->meter);
    if (status == 0) {
        report(val, &result);
        status = write_outcomes(val, "tiles");
        if (status == 0) status = write_scores(val, &result.scores, "");
        if (status == 0) status = draw(val, &result.scores);
        if (is_both(settings) && status == 0) {
            report_gap(val, &result);
            status = write_scores(val, &result.other, "_one2many");
        }
        yt_validation_release(&result);
    }
    yt_inspection_free(val->inspection);
    yt_detector_free(detector);
    yt_loader_free(loader);
    return status;
}

/* --- whole pages ------------------------------------------------------------------------------ */

static void write_page(void *user, const struct yt_validated_page *page) {
    struct val *val = user;
    struct yt_output_page out = {.path = page->page->path,
                                 .id = page->page->id,
                                 .detections = page->detections,
                                 .count = page->detection_count};
    yt_output_add(&val->output, out);
}

static void take_page(void *user, const struct yt_validated_page *page) {
    struct val *val = user;
    uint32_t number = (uint32_t)(page->page - val->source->dataset.pages);
    yt_outcomes_add(&val->outcomes, number, page->detections, page->detection_count, page->labels,
                    page->label_count);
    if (val->settings->save_json) write_page(user, page);
}

static void report_pages(const struct val *val, const struct yt_page_validation *result) {
    double per_page = 1e3 / (double)result->pages;
    yt_report_print(stdout, &result->scores.reference, val->names, val->settings->verbose);
    yt_page_report_print(stdout, &result->scores, val->names);
    yt_info("%zu pages, %zu tiles (%zu blank)", result->pages, result->windows, result->blank);
    yt_info("Speed: %.1f ms preprocess, %.1f ms inference, %.1f ms postprocess, %.1f ms scoring a "
            "page",
            result->prepare_s * per_page, result->infer_s * per_page, result->merge_s * per_page,
            result->score_s * per_page);
}

static int write_page_scores(const struct val *val, const struct yt_page_scores *scores,
                             const char *suffix) {
    char *json = yt_format("%s/pages%s.json", val->folder, suffix);
    char *csv = yt_format("%s/pages_per_class%s.csv", val->folder, suffix);
    int failed = yt_page_report_write_json(json, scores, val->names) ||
                 yt_page_report_write_csv(csv, scores, val->names);
    free(json);
    free(csv);
    if (failed) return -1;
    yt_info("Results saved to %s (pages%s.json, pages_per_class%s.csv)", val->folder, suffix,
            suffix);
    return write_scores(val, &scores->reference, suffix);
}

/* Returns as yt_validate. */
static int measure_pages(struct val *val, struct yt_detector *detector,
                         const struct yt_validate_pages_options *options, const char *suffix) {
    struct yt_page_validation result;
    yt_meter_start(&val->meter, "validation, page",
                   yt_validation_pages(val->source, options->part));
    int status = yt_validate_pages(detector, val->source, options, &result);
    yt_meter_hide(&val->meter);
    if (status) return status;
    report_pages(val, &result);
    status = write_page_scores(val, &result.scores, suffix);
    yt_page_validation_release(&result);
    return status;
}

/* Returns as yt_validate. */
static int validate_pages(struct val *val) {
    const struct yt_settings *settings = val->settings;
    struct yt_page_options pages;
    if (yt_page_options_init(&pages, settings, val->names, val->model->nc, YT_VAL_CONF)) return -1;
    pages.predict.max_det = val->max_det;
    pages.predict.sliced = YT_SLICED_ALWAYS;
    struct yt_validate_pages_options options = {
        .part = part_of(settings),
        .predict = &pages.predict,
        .single_cls = settings->single_cls,
        .page = take_page,
        .progress = show_progress,
        .user = val,
    };
    say_max_det(val);
    struct yt_detector *detector = yt_cli_open_detector(settings, val->model);
    int status = measure_pages(val, detector, &options, "");
    if (status == 0) status = write_outcomes(val, "pages");
    if (status == 0 && is_both(settings)) {
        struct yt_reading one2many = yt_cli_reading(settings, YT_ONE2MANY);
        yt_detector_set_reading(detector, &one2many);
        yt_info("\nabove: the one-to-one head; below: the one-to-many head with NMS at IoU %g",
                settings->iou);
        options.page = NULL;
        status = measure_pages(val, detector, &options, "_one2many");
    }
    yt_detector_free(detector);
    yt_page_options_release(&pages);
    return status;
}

/* --- either ----------------------------------------------------------------------------------- */

static int measure(struct val *val) {
    return val->is_paged ? validate_pages(val) : validate(val);
}

static int validate_with_predictions(struct val *val) {
    if (!val->settings->save_json) return measure(val);
    struct yt_output_options options = {.categories = &val->categories};
    int status = yt_output_open(&val->output, val->folder, "json", &options);
    if (status) return status;
    status = measure(val);
    if (status == 0) return yt_output_close(&val->output);
    yt_output_abandon(&val->output);
    return status;
}

static int val_run(const struct yt_settings *settings, const struct yt_source *source,
                   const struct yt_model *model, bool is_paged) {
    if (check(settings, source, model)) return YT_EXIT_USAGE;
    size_t nc = (size_t)YT_MAX(source->dataset.nc, model->nc);
    struct val val = {.settings = settings, .source = source, .model = model, .is_paged = is_paged};
    val.max_det = yt_source_max_det(source, settings);
    val.names = yt_calloc(nc, sizeof *val.names);
    val.ids = yt_calloc(nc, sizeof *val.ids);
    for (int i = 0; i < (int)nc; i++) {
        bool known = i < source->dataset.nc;
        val.names[i] = known ? source->dataset.classes[i].name : model->names[i];
        val.ids[i] = known ? source->dataset.classes[i].id : model->category_ids[i];
    }
    val.categories = (struct yt_categories){val.names, val.ids, nc};
    yt_outcomes_init(&val.outcomes, (int)nc, (uint32_t)source->dataset.page_count);
    val.kept = yt_calloc((size_t)val.max_det, sizeof *val.kept);
    val.folder = yt_run_create(settings->project, settings->name ? settings->name : "val",
                               settings->exist_ok);
    int status = val.folder ? validate_with_predictions(&val) : -1;
    free(val.folder);
    yt_outcomes_release(&val.outcomes);
    free(val.kept);
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
        status = val_run(&settings, &source, model, is_paged);
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
