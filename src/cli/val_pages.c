/* yt val sliced=true: whole pages, their tiles merged as `yt predict` merges them. */
#include "cli/adopt.h"
#include "cli/val.h"
#include "eval/page_report.h"
#include "eval/report.h"
#include "train/page_options.h"
#include "train/validate_pages.h"

#include <stdlib.h>

static void take_page(void *user, const struct yt_validated_page *v) {
    struct yt_val *val = user;
    uint32_t number = (uint32_t)(v->page - val->source->dataset.pages);
    yt_outcomes_add(&val->outcomes, number, v->detections, v->detection_count, v->labels,
                    v->label_count);
    struct yt_output_page out = {.path = v->page->path,
                                 .id = v->page->id,
                                 .detections = v->detections,
                                 .count = v->detection_count};
    if (val->settings->save_json) yt_output_add(&val->output, out);
}

static void report(const struct yt_val *val, const struct yt_page_validation *result) {
    double per_page = 1e3 / (double)result->pages;
    yt_report_print(stdout, &result->scores.reference, val->names, val->settings->verbose);
    yt_page_report_print(stdout, &result->scores, val->names);
    yt_info("%zu pages, %zu tiles (%zu blank)", result->pages, result->windows, result->blank);
    yt_info("Speed: %.1f ms preprocess, %.1f ms inference, %.1f ms postprocess, %.1f ms scoring a "
            "page",
            result->prepare_s * per_page, result->infer_s * per_page, result->merge_s * per_page,
            result->score_s * per_page);
}

static int write_scores(const struct yt_val *val, const struct yt_page_scores *scores,
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
    return yt_val_write_scores(val, &scores->reference, suffix);
}

/* Returns as yt_val_pages. */
static int measure(struct yt_val *val, struct yt_detector *detector,
                   const struct yt_validate_pages_options *options, const char *suffix) {
    struct yt_page_validation result;
    yt_meter_start(&val->meter, "validation, page", yt_validation_pages(val->source, val->part));
    int status = yt_validate_pages(detector, val->source, options, &result);
    yt_meter_hide(&val->meter);
    if (status) return status;
    report(val, &result);
    status = write_scores(val, &result.scores, suffix);
    yt_page_validation_release(&result);
    return status;
}

/* The same pages once more, through the other head; yt compare is for the first one's outcomes. */
static int measure_one2many(struct yt_val *val, struct yt_detector *detector,
                            struct yt_validate_pages_options options) {
    struct yt_reading one2many = yt_cli_reading(val->settings, YT_ONE2MANY);
    yt_detector_set_reading(detector, &one2many);
    yt_info("\nabove: the one-to-one head; below: the one-to-many head with NMS at IoU %g",
            val->settings->iou);
    options.page = NULL;
    return measure(val, detector, &options, "_one2many");
}

int yt_val_pages(struct yt_val *val) {
    const struct yt_settings *settings = val->settings;
    struct yt_page_options pages;
    if (yt_page_options_init(&pages, settings, val->names, val->model->nc, val->conf, val->max_det))
        return -1;
    pages.predict.sliced = YT_SLICED_ALWAYS;
    struct yt_validate_pages_options options = {
        .part = val->part,
        .predict = &pages.predict,
        .single_cls = settings->single_cls,
        .page = take_page,
        .progress = yt_val_progress,
        .user = val,
    };
    struct yt_detector *detector = yt_cli_open_detector(settings, val->model);
    int status = measure(val, detector, &options, "");
    if (status == 0) status = yt_val_write_outcomes(val, "pages");
    if (status == 0 && yt_val_is_both(val)) status = measure_one2many(val, detector, options);
    yt_detector_free(detector);
    yt_page_options_release(&pages);
    return status;
}
