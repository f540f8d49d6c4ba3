/* All that is said about a detector on whole pages, in one pass over them: the arithmetic of YOLO
 * trainers (metrics.h), COCO's (coco.h), that of DeepScoresV2's paper as published and corrected
 * (obbanns.h), and AP within pixels for thin classes (pixels.h).
 *
 *     struct yt_page_metrics *metrics = yt_page_metrics_new(nc, most);
 *     for every page: yt_page_metrics_add(metrics, detections, ndetections, labels, nlabels);
 *     struct yt_page_scores scores;
 *     yt_page_metrics_compute(metrics, &scores);
 *     ... scores.reference.map50, scores.coco.ap[YT_COCO_ALL] ...
 *     yt_page_scores_release(&scores);
 *     yt_page_metrics_free(metrics);
 */
#ifndef YT_EVAL_PAGE_SCORES_H
#define YT_EVAL_PAGE_SCORES_H

#include "eval/coco.h"
#include "eval/metrics.h"
#include "eval/obbanns.h"
#include "eval/pixels.h"

struct yt_page_metrics;

/* most: the most labels of one class on a page. COCO's cap on the detections of a class on a page
 * follows from it: three times as many, and at least 100. */
struct yt_page_metrics *yt_page_metrics_new(int nc, size_t most);
void yt_page_metrics_free(struct yt_page_metrics *metrics);
/* Adds a page. Returns how many of its detections were beyond COCO's cap. */
size_t yt_page_metrics_add(struct yt_page_metrics *metrics, const struct yt_detection *detections,
                           size_t ndetections, const struct yt_label *labels, size_t nlabels);

struct yt_page_scores {
    struct yt_scores reference;
    double weighted_map50, weighted_map; /* of the reference's, each class as often as labelled */
    struct yt_coco_scores coco;
    int coco_cap;
    struct yt_obbanns_scores obbanns, obbanns_corrected;
    struct yt_pixel_scores pixels;
};
void yt_page_metrics_compute(struct yt_page_metrics *metrics, struct yt_page_scores *scores);
void yt_page_scores_release(struct yt_page_scores *scores);

#endif
