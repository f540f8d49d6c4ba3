/* The loss once more, naively: every target against every anchor, in double, one anchor at a time,
 * and the random scenes that both are run on. */
#ifndef YT_TESTS_YOLOV10_REF_LOSS_H
#define YT_TESTS_YOLOV10_REF_LOSS_H

#include "base/rng.h"
#include "yolov10/loss.h"

/* Three levels (strides 8, 16, 32) of random logits with room for gradients; h and w are those of
 * the first level, multiples of 4. Pixel strides are larger than needed. */
struct ref_scene {
    struct yt_head_maps maps;
    struct yt_target *targets;
    int count, cap;
    struct yt_target *regions; /* to be ignored, by image */
    int region_count;
};
void ref_scene_init(struct ref_scene *scene, struct yt_rng *rng, int batch, int h, int w, int nc);
void ref_scene_release(struct ref_scene *scene);
/* A label of image `image`, centre and size in pixels. */
void ref_scene_label(struct ref_scene *scene, int image, int cls, double cx, double cy, double w,
                     double h);
/* `count` boxes in random images, centres anywhere, sides from 1 pixel to the input's. */
void ref_scene_label_randomly(struct ref_scene *scene, struct yt_rng *rng, int count);

/* Ignore regions; those of a lower image must come first. */
void ref_scene_ignore(struct ref_scene *scene, int image, int cls, double cx, double cy, double w,
                      double h);
/* `count` in each image. */
void ref_scene_ignore_randomly(struct ref_scene *scene, struct yt_rng *rng, int count);

/* What the oracle finds; by (image, anchor) where it is an array. */
struct ref_loss {
    float min_side;
    int *target;   /* -1: background */
    double *score; /* target scores */
    double *alpha; /* of CIoU in the box loss, a constant to the gradient */
    double z;
    double items[3]; /* times the gains 7.5, 0.5, 1.5 */
};
void ref_loss_init(struct ref_loss *ref, const struct ref_scene *scene,
                   const struct yt_assign_options *options);
void ref_loss_release(struct ref_loss *ref);

/* What anchor `a` of image `image` adds to the items (times the gains) if its logits were these.
 * `box` (64), `cls` (nc). Assignment, Z and alpha stay. */
void ref_loss_anchor(const struct ref_loss *ref, const struct ref_scene *scene, int image, int a,
                     const double *box, const double *cls, double items[3]);

/* Complete IoU of boxes (x1, y1, x2, y2); alpha NULL or where to store it. If fixed_alpha is not
 * negative, it is used instead. */
double ref_ciou(const double a[4], const double b[4], double fixed_alpha, double *alpha);

/* Logits of anchor a as doubles, and its centre (in cells) and stride. */
struct ref_anchor {
    double x, y, stride;
    size_t box_offset, cls_offset;
    const struct yt_head_level *level;
};
struct ref_anchor ref_anchor_at(const struct yt_head_maps *maps, int image, int a);
/* The predicted box in cells. */
void ref_decode(const double *logits, struct ref_anchor anchor, double box[4]);

#endif
