/* Folding for inference: every convolution takes over its batch norm,
 *
 *     w' = w * gamma/sqrt(var + eps),  b' = beta - mean * gamma/sqrt(var + eps),
 *
 * and RepVGGDW becomes one 7x7 convolution (its 3x3, zero-padded, added). The function is
 * unchanged.
 */
#ifndef YT_YOLOV10_FOLD_H
#define YT_YOLOV10_FOLD_H

#include "yolov10/model.h"
#include "yolov10/network.h"

/* Parameters of the folded form with the given heads (YT_HEAD_*); allocated, to be filled by
 * yt_fold. */
struct yt_params *yt_fold_new(const struct yt_model *model, unsigned heads);
/* values: laid out like model->params->value (the raw weights or their EMA). */
void yt_fold(const struct yt_model *model, const float *values, struct yt_params *folded);

#endif
