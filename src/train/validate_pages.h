/* Validation on whole pages: each page of a list on tiles, merged, and scored against all labels of
 * the page (eval/page_scores.h). What a user of the detector gets, where validate.h measures tiles.
 *
 *     struct yt_page_validation result;
 *     if (yt_validate_pages(detector, source, &options, &result)) return -1;
 *     ... result.scores.reference.map50 ...
 *     yt_page_validation_release(&result);
 */
#ifndef YT_TRAIN_VALIDATE_PAGES_H
#define YT_TRAIN_VALIDATE_PAGES_H

#include "eval/page_scores.h"
#include "infer/predict.h"
#include "train/source.h"

/* The threshold where settings have none: COCO's figures want weak detections too. */
#define YT_VAL_CONF 0.001f

/* One page, in its pixels; lent during the call. */
struct yt_validated_page {
    const struct yt_page *page;
    const struct yt_image *image;
    const struct yt_detection *detections; /* by descending score */
    size_t detection_count;
    const struct yt_label *labels;
    size_t label_count;
};

struct yt_validate_pages_options {
    enum yt_part part;
    const struct yt_predict_options *predict;
    bool single_cls; /* whatever class a detection has, it is taken for class 0 */
    /* Callbacks, with `user`; may be NULL. `progress` returns false to stop. */
    void (*page)(void *user, const struct yt_validated_page *page);
    bool (*progress)(void *user, int pages_done, int pages);
    void *user;
};

struct yt_page_validation {
    struct yt_page_scores scores;
    size_t pages, windows, blank;
    size_t capped; /* windows that gave max_det detections */
    /* Seconds for all pages: waiting for the page, cutting and fitting; the network; decoding and
     * merging; scoring. */
    double prepare_s, infer_s, merge_s, score_s;
};

/* How many pages have tiles in the list. */
size_t yt_validation_pages(const struct yt_source *source, enum yt_part part);

/* Warns of caps that were hit, with the page that was hit most. Returns as yt_validate: 0; 1 when
 * `progress` stopped it, and then there is nothing to release; -1 + yt_fail, also where tiles of
 * one page are in several lists, so that no page is only validated. */
int yt_validate_pages(struct yt_detector *detector, const struct yt_source *source,
                      const struct yt_validate_pages_options *options,
                      struct yt_page_validation *result);
void yt_page_validation_release(struct yt_page_validation *result);

#endif
