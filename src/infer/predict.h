/* Detection on a whole image: a photograph, or a page of music that is larger than the model's
 * input.
 *
 *     struct yt_predictor *predictor = yt_predictor_new(detector, &options);
 *     struct yt_prediction found;
 *     if (yt_predict(predictor, page, &found)) return -1;
 *     ... found.detections[0 .. found.count - 1], in pixels of the page ...
 *     yt_predictor_free(predictor);
 *
 * Whole: the image is fitted into the model's input (image/letterbox.h, sides cut to what the
 * stride needs); YOLOv10 needs no NMS, so what the model says is what comes out.
 *
 * On tiles: a grid of windows (image/slices.h), each fitted into the input alike; windows whose
 * pixels are all equal are skipped. Boxes are clipped to their window, those without an area are
 * dropped, and what neighbouring windows both saw is merged (eval/merge.h). With whole_pass the
 * page, fitted into one input, is one window more.
 *
 * Either way: scores strictly above the threshold, order by descending score.
 */
#ifndef YT_INFER_PREDICT_H
#define YT_INFER_PREDICT_H

#include "eval/merge.h"
#include "eval/merge_page.h"
#include "image/image.h"
#include "infer/detector.h"

enum yt_sliced {
    YT_SLICED_AUTO, /* where the image is larger than a window in width or height */
    YT_SLICED_ALWAYS,
    YT_SLICED_NEVER,
};

struct yt_predict_options {
    int imgsz;           /* side of the model's input, a multiple of 32 */
    int batch;           /* windows that are run at once, at most */
    int max_det;         /* detections of one window (or whole image) at most */
    float conf;          /* the threshold */
    const bool *classes; /* which to keep, one flag a class; NULL: all. Lent */
    enum yt_sliced sliced;
    int slice_size;              /* side of the windows, pixels of the image; 0: never sliced */
    double overlap_h, overlap_w; /* shares of a window that its neighbours repeat */
    bool is_balanced;            /* windows at even distances rather than on SAHI's grid */
    bool whole_pass;             /* where sliced: look at the whole image too */
    /* How the windows' detections are merged: for the page as a whole, or as SAHI does. */
    bool merge_page;
    const struct yt_stitch_rule *stitch; /* with merge_page: by class, lent; NULL: none */
    struct yt_merge merge;               /* with merge_page, threshold and class_agnostic count */
};

struct yt_prediction {
    const struct yt_detection *detections; /* the predictor's, until its next prediction */
    size_t count;
    int windows, blank; /* blank: of the windows, those skipped */
    int capped; /* windows that gave max_det detections above the threshold: maybe not all */
    /* Seconds: cutting and fitting; the network; decoding and merging. */
    double prepare_s, infer_s, merge_s;
};

/* What all windows of an image saw, before it is merged. The predictor's, until its next
 * prediction. */
struct yt_sightings {
    struct yt_detection *detections; /* in pixels of the image */
    uint32_t *window_of;             /* detections[i] was seen through windows[window_of[i]] */
    size_t count;
    struct yt_box *windows;
};

struct yt_predictor;

/* The detector is lent, options are copied. */
struct yt_predictor *yt_predictor_new(struct yt_detector *detector,
                                      const struct yt_predict_options *options);
void yt_predictor_free(struct yt_predictor *predictor);

/* -1 + yt_fail when the network does not fit in memory or the grid cannot be. Allocates nothing for
 * images of a size that it has met, but for lists that grow to the largest page. */
int yt_predict(struct yt_predictor *predictor, const struct yt_image *image,
               struct yt_prediction *prediction);

/* The same without merging: prediction->count is that of the sightings, and prediction->detections
 * are NULL. */
int yt_predict_sightings(struct yt_predictor *predictor, const struct yt_image *image,
                         struct yt_prediction *prediction, struct yt_sightings *sightings);

#endif
