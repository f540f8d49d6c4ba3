/* A YOLOv10 model: its scale, its classes, and its parameters in the training form.
 *
 * Two ways to make one: yt_model_new + yt_model_init (random), or yt_model_open (a weights file).
 * Weights files are safetensors with PyTorch's tensor names and shapes; ours carry scale, classes
 * and more in their metadata, other people's are recognised by their shapes.
 */
#ifndef YT_YOLOV10_MODEL_H
#define YT_YOLOV10_MODEL_H

#include "tensor/params.h"
#include "yolov10/dfl.h"
#include "yolov10/scales.h"

struct yt_model {
    const struct yt_scale *scale;
    int nc;
    char **names;      /* nc class names */
    bool has_one2many; /* false: opened from a file without that head, and a copy stands for it */
    bool is_named;     /* false: opened from a file without names, which are numbers then */
    int *category_ids; /* nc ids that the data set uses for them */
    int imgsz;         /* side that it was trained at; 0: unknown */
    int most_labels;   /* that one input of its training data has; 0: unknown */
    /* The distances that the bins of box sides stand for when boxes are decoded: 0..15, but for
     * files that went through a quantisation, whose constants are off. Training has 0..15. */
    float dfl_bins[YT_DFL_BINS];
    struct yt_params *params;
};

/* Parameters allocated and zero; names "0", "1", ...; ids 0, 1, .... */
struct yt_model *yt_model_new(const struct yt_scale *scale, int nc);
void yt_model_free(struct yt_model *model);
void yt_model_set_class(struct yt_model *model, int cls, const char *name, int category_id);

/* Appends the classes as JSON, a list of [category id, name]: what files keep of them. */
struct yt_str;
void yt_model_write_classes(const struct yt_model *model, struct yt_str *out);

/* Random weights as PyTorch and the reference start them: kernels U(+-1/sqrt(fan_in)), batch norms
 * the identity with running variance 0.9, head biases by the expected number of objects; the
 * one-to-one head is a copy of the one-to-many head. */
void yt_model_init(struct yt_model *model, uint64_t seed);

#endif
