/* The parameters of a model in flat buffers: one array of values, one of gradients, and a record
 * for each tensor, named as PyTorch names it. Optimiser, clipping, EMA and checkpoints are loops
 * over the arrays.
 *
 *     int w = yt_params_add(params, "model.0.conv.weight", YT_PARAM_WEIGHT, 4, (int[]){16, 3, 3,
 * 3});
 *     ...
 *     yt_params_allocate(params);
 *     float *value = yt_params_value(params, w);
 *
 * Order in the arrays: biases, weights, norm weights (the reference's parameter groups 0, 1, 2),
 * then buffers (running statistics), which have no gradient. Every tensor starts at a multiple of
 * 16 floats; the gap is zero and stays zero.
 *
 * Shapes are PyTorch's (c_out, c_in/groups, kh, kw). Four-dimensional weights lie as the kernels
 * read them, (kh, kw, c_in/groups, c_out) with c_out contiguous; yt_params_export and
 * yt_params_import change the order.
 */
#ifndef YT_TENSOR_PARAMS_H
#define YT_TENSOR_PARAMS_H

#include "base/base.h"

enum yt_param_kind {
    YT_PARAM_BIAS,   /* batch norm shifts and convolution biases: no decay */
    YT_PARAM_WEIGHT, /* convolution kernels: weight decay */
    YT_PARAM_NORM,   /* batch norm scales: no decay */
    YT_PARAM_BUFFER, /* running statistics: not trained, but averaged by the EMA */
};
#define YT_PARAM_GROUPS 3

struct yt_param {
    char *name;
    enum yt_param_kind kind;
    int rank, shape[4];   /* PyTorch's */
    size_t offset, count; /* in the arrays, in floats */
    float *room;          /* yt_params_room; NULL: none yet */
    size_t room_floats;
};

struct yt_params {
    struct yt_param *items;
    size_t count, cap;
    float *value, *grad;     /* NULL before yt_params_allocate */
    size_t total, trainable; /* floats of value and of grad, gaps included */
    size_t group_begin[YT_PARAM_GROUPS], group_end[YT_PARAM_GROUPS];
};

struct yt_params *yt_params_new(void);
void yt_params_free(struct yt_params *params);

/* Index of the tensor; the one there is if the name is known (then kind and shape must agree). */
int yt_params_add(struct yt_params *params, const char *name, enum yt_param_kind kind, int rank,
                  const int *shape);
int yt_params_find(const struct yt_params *params, const char *name); /* -1 */
/* Lays the arrays out, zeroed. No yt_params_add of new names after this. */
void yt_params_allocate(struct yt_params *params);

float *yt_params_value(const struct yt_params *params, int index);
float *yt_params_grad(const struct yt_params *params, int index); /* NULL for buffers */

/* Memory for a tensor in another order, the same at every call and until the parameters are freed:
 * what networks of different sizes over the same parameters share. Asking for more than before
 * makes it anew. */
float *yt_params_room(struct yt_params *params, int index, size_t floats);

/* One tensor between an array laid out like params->value and PyTorch's element order. */
void yt_params_export(const struct yt_param *param, const float *array, float *out);
void yt_params_import(const struct yt_param *param, float *array, const float *in);

size_t yt_params_elements(const struct yt_params *params, enum yt_param_kind kind); /* no gaps */

#endif
