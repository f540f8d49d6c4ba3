#include "eval/pixels.h"
#include "eval/class_mean.h"
#include "eval/detections.h"
#include "eval/grid.h"
#include "eval/ranking.h"
#include <math.h>
#include <stdlib.h>

#define THIN_PX 6.0f
#define THIN_ASPECT 3.0f
#define ALONG_MIN 0.5f

const int yt_pixels_k[YT_PIXELS_COUNT] = {1, 2, 4};

struct yt_pixels {
    int nc;
    size_t *thin; /* labels of the class that are thin */
    struct yt_ranking *ranking;
};

struct yt_pixels *yt_pixels_new(int nc) {
    struct yt_pixels *pixels = yt_calloc(1, sizeof *pixels);
    pixels->nc = nc;
    pixels->thin = yt_calloc((size_t)nc, sizeof *pixels->thin);
    pixels->ranking = yt_ranking_new(nc);
    return pixels;
}

void yt_pixels_free(struct yt_pixels *pixels) {
    if (!pixels) return;
    yt_ranking_free(pixels->ranking);
    free(pixels->thin);
    free(pixels);
}

static bool is_thin(const struct yt_box *box) {
    float w = box->x2 - box->x1, h = box->y2 - box->y1;
    return YT_MIN(w, h) <= THIN_PX && YT_MAX(w, h) >= THIN_ASPECT * YT_MIN(w, h);
}

static float interval_iou(float a1, float a2, float b1, float b2) {
    float both = YT_MIN(a2, b2) - YT_MAX(a1, b1), whole = YT_MAX(a2, b2) - YT_MIN(a1, b1);
    return whole > 0 && both > 0 ? both / whole : 0;
}

/* The larger distance of an edge across the label; infinite where the two do not fit along it. */
static float distance(const struct yt_box *label, const struct yt_box *box) {
    float dx = YT_MAX(fabsf(label->x1 - box->x1), fabsf(label->x2 - box->x2));
    float dy = YT_MAX(fabsf(label->y1 - box->y1), fabsf(label->y2 - box->y2));
    bool upright = label->x2 - label->x1 < label->y2 - label->y1;
    float along = upright ? interval_iou(label->y1, label->y2, box->y1, box->y2)
                          : interval_iou(label->x1, label->x2, box->x1, box->x2);
    if (along < ALONG_MIN) return INFINITY;
    return upright ? dx : dy;
}

/* What one detection claims at each k; taken[label] has the same bits. */
static uint16_t claim(struct yt_grid *grid, const struct yt_label *labels, uint16_t *taken,
                      const struct yt_detection *detection) {
    float reach = (float)yt_pixels_k[YT_PIXELS_COUNT - 1];
    struct yt_box near = {detection->box.x1 - reach, detection->box.y1 - reach,
                          detection->box.x2 + reach, detection->box.y2 + reach};
    size_t found = yt_grid_query(grid, &near);
    uint16_t right = 0;
    for (int k = 0; k < YT_PIXELS_COUNT; k++) {
        int64_t best = -1;
        float best_distance = INFINITY;
        for (size_t j = 0; j < found; j++) {
            size_t i = grid->found[j];
            if (labels[i].cls != detection->cls || taken[i] >> k & 1) continue;
            float d = distance(&labels[i].box, &detection->box);
            if (d > (float)yt_pixels_k[k] || d >= best_distance) continue;
            best_distance = d;
            best = (int64_t)i;
        }
        if (best < 0) continue;
        taken[best] |= (uint16_t)(1u << k);
        right |= (uint16_t)(1u << k);
    }
    return right;
}

void yt_pixels_add(struct yt_pixels *pixels, const struct yt_detection *detections,
                   size_t ndetections, const struct yt_label *labels, size_t nlabels) {
    size_t valid;
    struct yt_detection *sorted = yt_detections_ranked(detections, ndetections, &valid);
    struct yt_grid *grid = yt_grid_new(labels, sizeof *labels, nlabels);
    uint16_t *taken = yt_calloc(nlabels + 1, sizeof *taken);
    for (size_t i = 0; i < valid; i++)
        yt_ranking_add_detection(pixels->ranking, sorted[i].cls, sorted[i].score,
                                 claim(grid, labels, taken, &sorted[i]));
    for (size_t i = 0; i < nlabels; i++) {
        yt_ranking_add_label(pixels->ranking, labels[i].cls);
        pixels->thin[labels[i].cls] += is_thin(&labels[i].box);
    }
    free(taken);
    yt_grid_free(grid);
    free(sorted);
}

static void average(struct yt_pixel_scores *scores) {
    for (int k = 0; k < YT_PIXELS_COUNT; k++) {
        struct yt_class_mean ap = {0};
        for (size_t c = 0; c < scores->nclasses; c++)
            yt_class_mean_add(&ap, scores->classes[c].ap[k], scores->classes[c].instances);
        scores->ap[k] = yt_class_mean(&ap);
        scores->weighted[k] = yt_class_mean_weighted(&ap);
    }
}

void yt_pixels_compute(struct yt_pixels *pixels, struct yt_pixel_scores *scores) {
    *scores = (struct yt_pixel_scores){0};
    scores->classes = yt_calloc((size_t)pixels->nc, sizeof *scores->classes);
    for (int c = 0; c < pixels->nc; c++) {
        size_t labels = yt_ranking_labels(pixels->ranking, c);
        if (!labels || 2 * pixels->thin[c] < labels) continue;
        struct yt_pixel_class *cls = &scores->classes[scores->nclasses++];
        *cls = (struct yt_pixel_class){.cls = c, .instances = labels};
        yt_ranking_ap(pixels->ranking, c, YT_PIXELS_COUNT, cls->ap);
    }
    average(scores);
}

void yt_pixel_scores_release(struct yt_pixel_scores *scores) {
    free(scores->classes);
    *scores = (struct yt_pixel_scores){0};
}
