/* YOLOv10's detection loss of one head: classification (binary cross entropy), boxes (CIoU) and
 * distances (DFL), on the anchors that the assigner chose. Training adds the losses of the two
 * heads; only `topk` of the assigner differs.
 *
 * With t the target scores, Z = max(sum t, 1) over the whole batch, and the sums over all images:
 *
 *     cls = sum over anchors and classes BCE(sigmoid(logit), t) / Z
 *     box = sum over assigned anchors t (1 - CIoU(predicted, target)) / Z,  boxes in cells
 *     dfl = sum over assigned anchors t DFL(logits, distances to the target's sides) / Z
 *     loss = (gain_box box + gain_cls cls + gain_dfl dfl) * batch
 *
 * t, Z and the assignment are constants to the gradient.
 *
 * Ignore regions say: what there is of this class is neither labelled nor background, as a symbol
 * of which a sliver is seen (data/tiles.h). The cls sum leaves out the term of anchor a and class c
 * if a would be a candidate (assign.h) of a label of class c with the box of a region of class c,
 * and does not itself learn a label of class c with a score above 0. The other classes of the
 * anchor, boxes, distances and Z are as without regions.
 *
 *     struct yt_loss loss;
 *     yt_loss_init(&loss, &(struct yt_loss_options){.assign = {.topk = 10, .alpha = 0.5f, .beta =
 * 6}, .box = 7.5f, .cls = 0.5f, .dfl = 1.5f}); yt_detection_loss(&loss, &maps, &truth, items);
 *     ... loss.assigner.positives[i] == 0: nothing learns target i
 *     yt_loss_release(&loss);
 *
 * Bit-equal for any number of threads. Allocates nothing once it has seen the largest batch.
 */
#ifndef YT_YOLOV10_LOSS_H
#define YT_YOLOV10_LOSS_H

#include "yolov10/assign.h"

struct yt_loss_options {
    struct yt_assign_options assign;
    float box, cls, dfl; /* gains */
};

struct yt_loss {
    struct yt_loss_options options;
    struct yt_assigner assigner; /* holds the last call's assignment */
    /* private */
    double *row_sums;          /* (batch, rows of all levels): classes against background */
    struct yt_loss_sums *sums; /* (batch): what assigned anchors add */
    size_t row_sums_cap, sums_cap;
};

void yt_loss_init(struct yt_loss *loss, const struct yt_loss_options *options);
void yt_loss_release(struct yt_loss *loss);
/* Makes room, so that yt_detection_loss allocates nothing up to this number of targets a batch. */
void yt_loss_reserve(struct yt_loss *loss, const struct yt_head_maps *maps, int targets);

/* What a batch is labelled with. Those of one image stand together among the regions, and may stand
 * anywhere among the targets (see yt_assign). */
struct yt_truth {
    const struct yt_target *targets;
    int count;
    const struct yt_target *regions; /* to be ignored */
    int region_count;
};
/* items: gain_box*box, gain_cls*cls, gain_dfl*dfl (not times batch). Overwrites every level's dbox
 * and dcls, where they are not NULL, with the gradient of `loss` above. */
void yt_detection_loss(struct yt_loss *loss, const struct yt_head_maps *maps,
                       const struct yt_truth *truth, float items[3]);

#endif
