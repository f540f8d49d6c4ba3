#include "train/validate_pages.h"

#include "base/file.h"
#include "infer/cap.h"

#include <stdlib.h>

struct validator {
    const struct yt_source *source;
    const struct yt_validate_pages_options *options;
    struct yt_page_validation *result;
    struct yt_predictor *predictor;
    struct yt_page_metrics *metrics;
    struct yt_cap windows, coco;
    struct yt_detection *detections; /* of a page */
    struct yt_label *labels;
    size_t detection_cap, label_cap;
};

/* --- the pages of a list ---------------------------------------------------------------------- */

/* One flag a page; to free. */
static bool *pages_of(const struct yt_source *source, enum yt_part part) {
    bool *pages = yt_calloc(source->dataset.page_count + 1, sizeof *pages);
    for (size_t i = 0; i < source->split.count[part]; i++)
        pages[source->tiles.items[source->split.tiles[part][i]].page] = true;
    return pages;
}

static size_t count_pages(const struct yt_source *source, const bool *pages) {
    size_t count = 0;
    for (size_t i = 0; i < source->dataset.page_count; i++) count += pages[i];
    return count;
}

size_t yt_validation_pages(const struct yt_source *source, enum yt_part part) {
    bool *pages = pages_of(source, part);
    size_t count = count_pages(source, pages);
    free(pages);
    return count;
}

static int check_apart(const struct yt_source *source, enum yt_part part, const bool *pages) {
    for (int other = 0; other < YT_PARTS; other++)
        for (size_t i = 0; i < source->split.count[other]; i++) {
            uint32_t page = source->tiles.items[source->split.tiles[other][i]].page;
            if (other == (int)part || !pages[page]) continue;
            return yt_fail("%s: its tiles are in the %s and in the %s list, so it cannot be "
                           "validated as a page; use split=score or split=page",
                           yt_path_name(source->dataset.pages[page].path), yt_part_names[part],
                           yt_part_names[other]);
        }
    return 0;
}

/* The most labels that one class has on one page. */
static size_t most_labels(const struct yt_dataset *dataset, const bool *pages) {
    size_t most = 0, *counts = yt_calloc((size_t)dataset->nc, sizeof *counts);
    for (size_t i = 0; i < dataset->page_count; i++) {
        const struct yt_page *page = &dataset->pages[i];
        for (uint32_t k = 0; pages[i] && k < page->label_count; k++) {
            size_t *count = &counts[dataset->labels[page->label_begin + k].cls];
            most = YT_MAX(most, ++*count);
        }
        for (int c = 0; c < dataset->nc; c++) counts[c] = 0;
    }
    free(counts);
    return most;
}

/* --- caps ------------------------------------------------------------------------------------- */

static void warn_of_caps(const struct validator *v) {
    yt_cap_warn(&v->windows, v->options->predict->max_det);
    if (v->coco.total)
        yt_warn("COCO's figures leave out %zu detections on %zu pages that were beyond %d of a "
                "class on a page (most: %s, %zu)",
                v->coco.total, v->coco.images, v->result->scores.coco_cap, v->coco.worst,
                v->coco.most);
}

/* --- one page --------------------------------------------------------------------------------- */

static void take_detections(struct validator *v, const struct yt_prediction *found) {
    v->detections =
        yt_grow(v->detections, &v->detection_cap, found->count + 1, sizeof *v->detections);
    for (size_t i = 0; i < found->count; i++) {
        v->detections[i] = found->detections[i];
        if (v->options->single_cls) v->detections[i].cls = 0;
    }
}

static void take_labels(struct validator *v, const struct yt_page *page) {
    const struct yt_page_label *labels = v->source->dataset.labels + page->label_begin;
    v->labels = yt_grow(v->labels, &v->label_cap, page->label_count + 1, sizeof *v->labels);
    for (uint32_t i = 0; i < page->label_count; i++)
        v->labels[i] = (struct yt_label){
            {(float)labels[i].x1, (float)labels[i].y1, (float)labels[i].x2, (float)labels[i].y2},
            labels[i].cls};
}

static void score_page(struct validator *v, const struct yt_page *page,
                       const struct yt_image *image, const struct yt_prediction *found) {
    take_detections(v, found);
    take_labels(v, page);
    size_t beyond =
        yt_page_metrics_add(v->metrics, v->detections, found->count, v->labels, page->label_count);
    yt_cap_add(&v->windows, yt_path_name(page->path), (size_t)found->capped);
    yt_cap_add(&v->coco, yt_path_name(page->path), beyond);
    struct yt_validated_page validated = {page,         image,     v->detections,
                                          found->count, v->labels, page->label_count};
    if (v->options->page) v->options->page(v->options->user, &validated);
}

static int add_page(struct validator *v, uint32_t index) {
    double start = yt_now();
    const struct yt_page *page = &v->source->dataset.pages[index];
    const struct yt_image *image = yt_pages_lend(v->source->pages, index);
    if (!image) return -1;
    struct yt_prediction found;
    double ready = yt_now();
    int failed = yt_predict(v->predictor, image, &found);
    double predicted = yt_now();
    if (!failed) score_page(v, page, image, &found);
    yt_pages_return(v->source->pages, index);
    if (failed) return -1;
    v->result->pages++;
    v->result->windows += (size_t)found.windows;
    v->result->blank += (size_t)found.blank;
    v->result->prepare_s += ready - start + found.prepare_s;
    v->result->infer_s += found.infer_s;
    v->result->merge_s += found.merge_s;
    v->result->score_s += yt_now() - predicted;
    return 0;
}

/* --- all of them ------------------------------------------------------------------------------ */

/* Returns as yt_validate_pages. */
static int add_pages(struct validator *v, const bool *pages, int count) {
    const struct yt_validate_pages_options *o = v->options;
    int done = 0;
    for (uint32_t i = 0; i < v->source->dataset.page_count; i++) {
        if (!pages[i]) continue;
        if (add_page(v, i)) return -1;
        if (o->progress && !o->progress(o->user, ++done, count)) return 1;
    }
    return 0;
}

int yt_validate_pages(struct yt_detector *detector, const struct yt_source *source,
                      const struct yt_validate_pages_options *options,
                      struct yt_page_validation *result) {
    struct validator v = {.source = source, .options = options, .result = result};
    *result = (struct yt_page_validation){0};
    bool *pages = pages_of(source, options->part);
    int status = check_apart(source, options->part, pages);
    if (status == 0) {
        int nc = YT_MAX(source->dataset.nc, yt_detector_model(detector)->nc);
        v.predictor = yt_predictor_new(detector, options->predict);
        v.metrics = yt_page_metrics_new(nc, most_labels(&source->dataset, pages));
        status = add_pages(&v, pages, (int)count_pages(source, pages));
    }
    if (status == 0) {
        double start = yt_now();
        yt_page_metrics_compute(v.metrics, &result->scores);
        result->score_s += yt_now() - start;
        result->capped = v.windows.total;
        warn_of_caps(&v);
    }
    yt_predictor_free(v.predictor);
    yt_page_metrics_free(v.metrics);
    free(v.detections);
    free(v.labels);
    free(pages);
    return status;
}

void yt_page_validation_release(struct yt_page_validation *result) {
    yt_page_scores_release(&result->scores);
}
