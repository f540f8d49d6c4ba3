/* How settings want pages looked at: tiles, thresholds, merging. For prediction, validation on
 * pages, and training alike.
 *
 *     struct yt_page_options pages;
 *     int max_det = yt_max_det(settings, model->most_labels);
 *     if (yt_page_options_init(&pages, settings, names, nc, 0.25f, max_det)) return -1;
 *     struct yt_predictor *predictor = yt_predictor_new(detector, &pages.predict);
 *     ...
 *     yt_page_options_release(&pages);
 */
#ifndef YT_TRAIN_PAGE_OPTIONS_H
#define YT_TRAIN_PAGE_OPTIONS_H

#include "config/settings.h"
#include "infer/predict.h"

struct yt_page_options {
    struct yt_predict_options predict; /* refers to `rules` */
    struct yt_stitch_rule *rules;      /* nc */
};

/* Detections of one input at most: max_det=, or where that is auto, 300 as in the reference, and
 * three times most_labels where that is more: the labels that one tile of the data has at most; 0:
 * unknown. */
int yt_max_det(const struct yt_settings *settings, int most_labels);

/* names[0 .. nc-1] are the model's classes; conf is the threshold where settings have none. All
 * classes are kept. -1 + yt_fail when stitch= makes no sense, and then there is nothing to release.
 */
int yt_page_options_init(struct yt_page_options *pages, const struct yt_settings *settings,
                         const char *const *names, int nc, float conf, int max_det);
void yt_page_options_release(struct yt_page_options *pages);

#endif
