#include "train/page_options.h"
#include "base/threads.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_DET = 300, MAX_DET_TIMES = 3 };

int yt_max_det(const struct yt_settings *settings, int most_labels) {
    if (settings->max_det > 0) return settings->max_det;
    return YT_MAX(MAX_DET, MAX_DET_TIMES * most_labels);
}

static enum yt_sliced sliced_of(const struct yt_settings *settings) {
    if (!strcmp(settings->sliced, "auto")) return YT_SLICED_AUTO;
    return strcmp(settings->sliced, "true") ? YT_SLICED_NEVER : YT_SLICED_ALWAYS;
}

/* merge=page has its own metric; the method is then of no use. */
static struct yt_merge merge_of(const struct yt_settings *settings) {
    struct yt_merge how = {.threshold = settings->merge_threshold,
                           .class_agnostic = settings->agnostic_nms};
    bool nms = !strcmp(settings->merge, "nms"), is_auto = !strcmp(settings->merge_metric, "auto");
    how.method = nms                               ? YT_MERGE_NMS
                 : !strcmp(settings->merge, "nmm") ? YT_MERGE_NMM
                                                   : YT_MERGE_GREEDYNMM;
    bool ios = is_auto ? !nms : !strcmp(settings->merge_metric, "IOS");
    how.metric = ios ? YT_OVERLAP_IOS : YT_OVERLAP_IOU;
    return how;
}

/* A tile a thread: more at once are no faster, and memory has to be got and cleared for them (a
 * page on two threads: 1.87 s with 2, 2.14 s with 16). */
static int batch_of(const struct yt_settings *settings) {
    return yt_settings_where(settings, "batch") ? settings->batch
                                                : YT_MIN(settings->batch, yt_threads());
}

int yt_page_options_init(struct yt_page_options *pages, const struct yt_settings *settings,
                         const char *const *names, int nc, float conf, int max_det) {
    pages->rules = yt_calloc((size_t)nc, sizeof *pages->rules);
    if (yt_stitch_parse(settings->stitch ? settings->stitch : "none", names, nc, pages->rules)) {
        yt_page_options_release(pages);
        return -1;
    }
    pages->predict = (struct yt_predict_options){
        .imgsz = settings->imgsz,
        .batch = batch_of(settings),
        .max_det = max_det,
        .conf = isnan(settings->conf) ? conf : (float)settings->conf,
        .sliced = sliced_of(settings),
        .slice_size = settings->slice_size,
        .overlap_h = settings->overlap_height,
        .overlap_w = settings->overlap_width,
        .is_balanced = !strcmp(settings->grid, "balanced"),
        .whole_pass = settings->whole_pass,
        .merge_page = !strcmp(settings->merge, "page"),
        .stitch = pages->rules,
        .merge = merge_of(settings),
    };
    return 0;
}

void yt_page_options_release(struct yt_page_options *pages) {
    free(pages->rules);
    pages->rules = NULL;
}
