/* yt val on tiles: each tile is an image, as in training. */
#include "base/file.h"
#include "base/json.h"
#include "cli/adopt.h"
#include "cli/val.h"
#include "eval/report.h"
#include "infer/cap.h"
#include "report/curves.h"
#include "report/page.h"
#include "train/validate.h"

#include <stdlib.h>

/* --- one tile --------------------------------------------------------------------------------- */

/* Detections of a tile go to predictions.json in pixels of its page, as those of `yt predict`;
 * what neighbouring tiles both see is there twice. */
static void write_tile(struct yt_val *val, const struct yt_validated *validated) {
    const struct yt_tile *tile = &val->source->tiles.items[validated->tile];
    size_t count = 0;
    for (size_t i = 0; i < validated->detection_count; i++) {
        struct yt_detection detection = validated->detections[i];
        if (!(detection.score > val->conf)) continue;
        detection.box.x1 += (float)tile->x, detection.box.x2 += (float)tile->x;
        detection.box.y1 += (float)tile->y, detection.box.y2 += (float)tile->y;
        val->kept[count++] = detection;
    }
    const struct yt_page *page = &val->source->dataset.pages[tile->page];
    struct yt_output_page out = {
        .path = page->path, .id = page->id, .detections = val->kept, .count = count};
    yt_output_add(&val->output, out);
}

static bool is_capped(const struct yt_val *val, const struct yt_validated *v) {
    return v->detection_count == (size_t)val->max_det &&
           v->detections[v->detection_count - 1].score > val->conf;
}

static void take_tile(void *user, const struct yt_validated *v) {
    struct yt_val *val = user;
    uint32_t page = val->source->tiles.items[v->tile].page;
    val->capped[page] += is_capped(val, v);
    yt_outcomes_add(&val->outcomes, page, v->judged, v->judged_count, v->labels, v->label_count);
    if (val->settings->save_json) write_tile(val, v);
    if (val->inspection)
        yt_inspection_add(val->inspection, v->tile, v->detections, v->detection_count, v->labels,
                          v->label_count);
}

/* --- what is said and written ----------------------------------------------------------------- */

static void warn_of_cap(const struct yt_val *val) {
    const struct yt_dataset *dataset = &val->source->dataset;
    struct yt_cap cap = {0};
    for (size_t i = 0; i < dataset->page_count; i++)
        yt_cap_add(&cap, yt_path_name(dataset->pages[i].path), val->capped[i]);
    yt_cap_warn(&cap, val->max_det);
}

static void report(const struct yt_val *val, const struct yt_validation *result) {
    double per_image = 1e3 / (double)result->images;
    yt_report_print(stdout, &result->scores, val->names, val->settings->verbose);
    if (result->ignored)
        yt_info("%zu detections lie in ignore regions and count neither way", result->ignored);
    yt_info("Speed: %.1f ms preprocess, %.1f ms inference, %.1f ms postprocess an image",
            result->prepare_s * per_image, result->infer_s * per_image,
            result->match_s * per_image);
    warn_of_cap(val);
}

/* What the head without NMS loses against the head that needs it. */
static void report_gap(const struct yt_val *val, const struct yt_validation *result) {
    const struct yt_scores *one = &result->scores, *many = &result->other;
    yt_info("\nabove: the one-to-one head; below: the one-to-many head with NMS at IoU %g",
            val->settings->iou);
    yt_report_print(stdout, many, val->names, val->settings->verbose);
    yt_info("gap (one-to-one less one-to-many): P %+.4f, R %+.4f, mAP50 %+.4f, mAP50-95 %+.4f",
            one->precision - many->precision, one->recall - many->recall, one->map50 - many->map50,
            one->map - many->map);
}

static void add_score(struct yt_str *out, const char *name, double value) {
    yt_str_add(out, "%s[\"%s\", \"%.3f\"]", out->s[out->len - 1] == '[' ? "" : ", ", name, value);
}

/* Curves, confusion matrix, sample pictures, worst tiles, report.html. */
static int draw(const struct yt_val *val, const struct yt_scores *scores) {
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

static int write_results(const struct yt_val *val, const struct yt_validation *result) {
    report(val, result);
    if (yt_val_write_outcomes(val, "tiles") || yt_val_write_scores(val, &result->scores, "") ||
        draw(val, &result->scores))
        return -1;
    if (!yt_val_is_both(val)) return 0;
    report_gap(val, result);
    return yt_val_write_scores(val, &result->other, "_one2many");
}

/* --- all of them ------------------------------------------------------------------------------ */

/* Returns as yt_val_tiles. */
static int measure(struct yt_val *val, struct yt_loader *loader) {
    const struct yt_settings *settings = val->settings;
    struct yt_validation result;
    struct yt_reading one2many = yt_cli_reading(settings, YT_ONE2MANY);
    struct yt_validate_options options = {
        .max_det = val->max_det,
        .other = yt_val_is_both(val) ? &one2many : NULL,
        .single_cls = settings->single_cls,
        .tile = take_tile,
        .progress = yt_val_progress,
        .user = val,
    };
    struct yt_detector *detector = yt_cli_open_detector(settings, val->model);
    yt_meter_start(&val->meter, "validation, batch", (size_t)yt_loader_batches(loader));
    int status = yt_validate(detector, loader, &options, &result);
    yt_meter_hide(&val->meter);
    if (status == 0) {
        status = write_results(val, &result);
        yt_validation_release(&result);
    }
    yt_detector_free(detector);
    return status;
}

int yt_val_tiles(struct yt_val *val) {
    const struct yt_source *source = val->source;
    const struct yt_settings *settings = val->settings;
    const struct yt_inspection_source inspected = {&source->dataset, &source->tiles, source->pages,
                                                   val->names};
    struct yt_loader *loader =
        yt_source_val_loader(source, settings, val->part, settings->batch, 1);
    if (!loader) return -1;
    yt_info("data: %s: %zu %s tiles", settings->data, source->split.count[val->part],
            settings->split_name);
    val->kept = yt_calloc((size_t)val->max_det, sizeof *val->kept);
    val->capped = yt_calloc(source->dataset.page_count, sizeof *val->capped);
    if (settings->plots) val->inspection = yt_inspection_new(&inspected, val->model->nc);
    int status = measure(val, loader);
    yt_inspection_free(val->inspection);
    free(val->capped);
    free(val->kept);
    yt_loader_free(loader);
    return status;
}
