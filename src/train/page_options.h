/* How settings want pages looked at: tiles, thresholds, merging. For prediction, validation on
 * pages, and training alike.
 *
 *     struct yt_page_options pages;
 *     if (yt_page_options_init(&pages, settings, names, nc, 0.25f)) return -1;
 *     struct yt_predictor *predictor = yt_predictor_new(detector, &pages.predict);
 *     ...
 *     yt_page_options_release(&pages);
 */
#ifndef YT_TRAIN_PAGE_OPTIONS_H
#define YT_TRAIN_PAGE_OPTIONS_H

#include "config/settings.h"
#include "infer/predict.h"

enum { YT_MAX_DET = 300 }; /* what max_det=auto is at least */

struct yt_page_options {
    struct yt_predict_options predict; /* refers to `rules` */
    struct yt_stitch_rule *rules;      /* nc */
};

/* names[0 .. nc-1] are the model's classes; conf is the threshold where settings have none. All
 * classes are kept. -1 + yt_fail when stitch= makes no sense, and then there is nothing to release.
 */
int yt_page_options_init(struct yt_page_options *pages, const struct yt_settings *settings,
                         const char *const *names, int nc, float conf);
void yt_page_options_release(struct yt_page_options *pages);

#endif
