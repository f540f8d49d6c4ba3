/* A model that detects: folded for inference, with a planned graph for each shape of input that it
 * has met lately.
 *
 *     struct yt_detector *detector = yt_detector_new(model, model->params->value, YT_HEAD_ONE2ONE);
 *     const struct yt_map *input = yt_detector_begin(detector, 4, 640, 640);
 *     if (!input) return -1;
 *     ... write (4, 640, 640, 3) floats R, G, B in 0..1 to input->p ...
 *     yt_detector_run(detector);
 *     yt_detector_decode(detector, 300, detections, counts);
 *     ...
 *     yt_detector_free(detector);
 *
 * The weights are copied on folding: the model may train on, and yt_detector_update takes its new
 * weights over into the same graphs. Once a shape is known, a run allocates nothing; plans of
 * several shapes share the memory of the largest.
 */
#ifndef YT_INFER_DETECTOR_H
#define YT_INFER_DETECTOR_H

#include "base/box.h"
#include "tensor/kernels.h"
#include "yolov10/model.h"
#include "yolov10/network.h"

struct yt_detector;

/* values: laid out like model->params->value (the raw weights or their EMA). heads: YT_HEAD_*, what
 * is computed. The model is
 * lent: it must live as long as the detector. */
struct yt_detector *yt_detector_new(const struct yt_model *model, const float *values,
                                    unsigned heads);
void yt_detector_free(struct yt_detector *detector);
/* Folds other values of the same model. */
void yt_detector_update(struct yt_detector *detector, const float *values);

const struct yt_model *yt_detector_model(const struct yt_detector *detector);

/* Where the n images of h x w of the next run belong: (n, h, w, 3), dense. Sides are multiples of
 * 32. Anything in it from an earlier run is gone. NULL + yt_fail when the plan for this shape does
 * not fit in memory. */
const struct yt_map *yt_detector_begin(struct yt_detector *detector, int n, int h, int w);
void yt_detector_run(struct yt_detector *detector);
/* What it has taken of memory: its weights, and the plans of the shapes that it has met. */
size_t yt_detector_bytes(const struct yt_detector *detector);
/* The raw maps that the last run computed, valid until the next yt_detector_begin. */
struct yt_head_maps yt_detector_maps(const struct yt_detector *detector, enum yt_head head);

/* The graph of that run, for profiling. */
struct yt_graph *yt_detector_graph(const struct yt_detector *detector);

/* How detections are read from the maps (yolov10/decode.h). */
struct yt_reading {
    enum yt_head head;
    bool one_class; /* an anchor has its best class only */
    /* NMS (eval/merge.h) with this IoU among the best 10 * max_det of an image, 10 being the
     * anchors that an object has in the one-to-many head, which is of no use without; 0: none. */
    double nms;
    bool class_agnostic; /* of the NMS */
};
/* Until it is set: the one-to-one head, or else the other without NMS. The head must be among those
 * computed. */
void yt_detector_set_reading(struct yt_detector *detector, const struct yt_reading *reading);
struct yt_reading yt_detector_reading(const struct yt_detector *detector);

/* The detections of the last run's images, in pixels of the input, best first: those of image i are
 * out[i*max_det] .. out[i*max_det + counts[i] - 1]. NMS allocates while it works. */
void yt_detector_decode(struct yt_detector *detector, int max_det, struct yt_detection *out,
                        int *counts);

#endif
