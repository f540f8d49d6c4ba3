/* Weights files: into a model, out of a model.
 *
 * Reading takes any safetensors file with the reference's tensor names (with or without a leading
 * "model."), whole or in part, in training form or folded, with one head or both:
 *   - a tensor whose name and shape match is taken, all others keep what they had;
 *   - a folded convolution (bias instead of batch norm) becomes the convolution and a batch norm
 *     that is the identity plus that bias, so the function is unchanged (see YT_GRAPH_CALIBRATE for
 *     what training does about its statistics);
 *   - where only the one-to-one head is there, the one-to-many head starts as its copy.
 */
#ifndef YT_YOLOV10_WEIGHTS_H
#define YT_YOLOV10_WEIGHTS_H

#include "yolov10/model.h"

struct yt_weights_report {
    int taken;    /* tensors of the model that the file gave */
    int left;     /* tensors of the model that keep their start values; not counted: the 3x3 of
                     RepVGGDW, which a folded file has within its 7x7 */
    int mismatch; /* of these, in the file with another shape */
    int unused;   /* tensors of the file that the model has no place for */
    int mirrored; /* of those taken: one-to-many tensors filled from the one-to-one head */
    bool folded;
    char first_left[160];    /* name of the first tensor left, "" if none */
    int renamed;             /* classes that the file gives another name, where it names as many */
    char first_renamed[160]; /* "class 3 is stem in the file and beam here", "" if none */
};

/* -1 + yt_fail when the file cannot be read, holds a NaN or infinity, or gives not a single
 * tensor. */
int yt_weights_load(struct yt_model *model, const char *path, struct yt_weights_report *report);

/* The scale that a weights file is of; NULL + yt_fail. */
const struct yt_scale *yt_weights_scale(const char *path);

/* The model that a weights file is of: scale, nc, names from its metadata, else from its shapes.
 * Everything must be there, or -1: for validation and prediction. */
struct yt_model *yt_model_open(const char *path);

/* Writes `values` (laid out like model->params->value: the raw weights or their EMA) in PyTorch's
 * names and shapes. `batches`: for num_batches_tracked. `extra` (may be NULL): further metadata,
 * NULL-terminated pairs key, value. Whole or absent. */
int yt_weights_save(const struct yt_model *model, const float *values, int64_t batches,
                    const char *const *extra, const char *path);

#endif
