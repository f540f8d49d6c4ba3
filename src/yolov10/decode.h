/* From a head's raw maps to detections.
 *
 *     struct yt_decoder decoder = {0};
 *     int n = yt_decode_topk(&decoder, &maps, image, 300, false, detections);
 *     ... sorted by score; no threshold has been applied
 *     yt_decoder_release(&decoder);
 *
 * A decoder is memory to work in, kept between calls: one a thread. Boxes are in pixels of the
 * model's input and may reach beyond its borders.
 */
#ifndef YT_YOLOV10_DECODE_H
#define YT_YOLOV10_DECODE_H

#include "base/box.h"
#include "yolov10/head_maps.h"

struct yt_decoder {
    float *scores; /* of anchors, then of the selected anchors' classes */
    int *order;
    size_t scores_cap, order_cap;
};
void yt_decoder_release(struct yt_decoder *decoder);

/* YOLOv10's selection without NMS. The k = min(max_det, anchors) anchors
 * whose best class scores highest, then among all their classes the k best scores; so an anchor
 * may give several detections with different classes. Equal scores: the lower anchor number first,
 * then (second selection) the anchor selected first, then the lower class. A NaN score counts as
 * 0. Writes the detections, best first, and returns k.
 * one_class: those k anchors with the best class of each, the lower one of equals. */
int yt_decode_topk(struct yt_decoder *decoder, const struct yt_head_maps *maps, int image,
                   int max_det, bool one_class, struct yt_detection *out);

/* Everything: out (anchors, 4 + nc) = centre x, centre y, width, height in pixels, then the class
 * scores. */
void yt_decode_dense(const struct yt_head_maps *maps, int image, float *out);

#endif
