/* One training step on one batch: forward, the losses of both heads, backward. Gradients are added
 * to those in model->params; the optimiser comes after (optimizer.h).
 *
 * The graphs are planned when a batch size is first seen; after that a step allocates nothing. A
 * smaller last batch uses the memory of the full one.
 */
#ifndef YT_TRAIN_STEP_H
#define YT_TRAIN_STEP_H

#include "data/loader.h"
#include "yolov10/loss.h"
#include "yolov10/model.h"
#include "yolov10/network.h"

#define YT_ITEMS                                                                                   \
    6 /* box_om cls_om dfl_om box_oo cls_oo dfl_oo: with gains, not times the batch                \
       */
extern const char *const yt_item_names[YT_ITEMS];

struct yt_step {
    struct yt_model *model;
    struct yt_loss loss[YT_HEADS];
    struct {
        struct yt_graph *g;
        struct yt_network network;
    } graphs[2];
    double forward_s, loss_s, backward_s; /* accumulated */
};

/* What a run sets of the loss (yolov10/loss.h, assign.h). */
struct yt_loss_gains {
    float box, cls, dfl;
    float assign_min_side, assign_fallback;
};

/* Plans for full batches of (batch, imgsz, imgsz, 3). -1 + yt_fail when they do not fit in memory.
 */
int yt_step_init(struct yt_step *step, struct yt_model *model, struct yt_loss_gains gains,
                 int batch, int imgsz);
void yt_step_release(struct yt_step *step);
size_t yt_step_bytes(const struct yt_step *step);
double yt_step_flops(const struct yt_step *step); /* of a forward of a full batch */

/* -1 + yt_fail only when a second batch size cannot be planned. */
int yt_step_run(struct yt_step *step, const struct yt_batch *batch, float items[YT_ITEMS]);

/* For a model that was loaded folded: gives its batch norms the statistics of this batch, leaving
 * the function as it is (op_bn_act.c). The memory of the step is used. */
int yt_step_calibrate(struct yt_step *step, const struct yt_batch *batch);

/* What the loss reads of a batch; lent. */
struct yt_truth yt_truth_of(const struct yt_batch *batch);

/* The loss items of one head's maps against a batch's targets, shared with validation. */
void yt_loss_init_head(struct yt_loss *loss, enum yt_head head, struct yt_loss_gains gains);

#endif
