/* What training does to a sample before the network sees it, as YOLOv10's trainer with mosaic off:
 * fit into the square input, rotate, scale and shift it about its centre, drop the labels that did
 * not survive, change hue, saturation and brightness.
 *
 *     struct yt_augment augment = {.hsv_h = 0.015, .hsv_s = 0.7, .hsv_v = 0.4, .degrees = 5,
 *                                  .translate = 0.1, .scale = 0.3, .min_side = 2, .border = 114};
 *     struct yt_rng rng = yt_rng_make(seed, "augment", epoch, sample);
 *     struct yt_marks marks = {.labels = labels, .label_count = count};
 *     kept = yt_augment_apply(&augment, &rng, tile, &marks, spare, out, out_labels, &regions,
 * &lost);
 *
 * Nothing is allocated and nothing fails; threads may share `augment`. The same rng gives the same
 * sample. Each draw is made whatever the other settings are, so switching one augmentation off
 * leaves the others as they were. Flips, shear, perspective, mosaic and mixup are left out on
 * purpose: they change what music means, or overlay it. */
#ifndef YT_AUGMENT_AUGMENT_H
#define YT_AUGMENT_AUGMENT_H

#include "base/polygon.h"
#include "base/rng.h"
#include "image/image.h"

struct yt_augment {
    double hsv_h, hsv_s, hsv_v; /* gains are drawn from 1 - x .. 1 + x */
    double degrees;             /* rotation, -x .. x, of the samples that are rotated */
    double upright;             /* the share of the samples that is not rotated */
    double translate;           /* shift, a fraction -x .. x of the input's side */
    double scale;               /* 1 - x .. 1 + x */
    double min_side;     /* pixels; labels at most this wide or high afterwards are dropped */
    bool ignore_dropped; /* labels that are dropped but seen become ignore regions */
    uint8_t border;      /* of what the sample does not cover */
};

/* What is marked on an image, in its pixels. Lent. */
struct yt_marks {
    const struct yt_label *labels; /* and behind them the ignore regions */
    size_t label_count, region_count;
    const struct yt_slant *slants; /* shapes of some of the labels, in their order */
    size_t slant_count;
};

/* Labels that an affine step dropped, by the first reason that applies. */
struct yt_augment_lost {
    size_t outside; /* nothing of the box is left in the input */
    size_t small;   /* min_side or less wide or high */
    size_t cut;     /* a tenth of its area or less is left */
    size_t thin;    /* 100 times as long as wide, or more */
};

/* The whole pipeline: a sample of any size becomes `out`, square, side imgsz. out_labels, with room
 * for all labels and regions, receives in pixels of `out`, clipped to it, the labels kept, whose
 * number is returned, and behind them *regions ignore regions. A label is the upright box around
 * the moved corners of its box; where the sample is rotated and the label has a slant, around what
 * the slant and the box share. `out` and `spare` (a scratch image) are imgsz x imgsz with memory
 * for three channels; they take the channels of `in`. Adds to *lost, which may be NULL. */
size_t yt_augment_apply(const struct yt_augment *augment, struct yt_rng *rng,
                        const struct yt_image *in, const struct yt_marks *marks,
                        struct yt_image *spare, struct yt_image *out, struct yt_label *out_labels,
                        size_t *regions, struct yt_augment_lost *lost);

/* --- affine.c ------------------------------------------------------------------------------ */

/* A map of the square input to itself: (x, y) goes to (m0 x + m1 y + m2, m3 x + m4 y + m5). */
struct yt_affine {
    float m[6];
    float scale; /* by which it enlarges, whatever it rotates */
};
/* Draws rotation, scale and shift about the centre of a side x side input. */
struct yt_affine yt_affine_draw(const struct yt_augment *augment, struct yt_rng *rng, int side);
bool yt_affine_is_identity(const struct yt_affine *affine);
/* The upright box around the four moved corners, clipped to side x side. */
struct yt_box yt_affine_box(const struct yt_affine *affine, struct yt_box box, int side);
/* The same of a shape, which must have a corner. */
struct yt_box yt_affine_shape(const struct yt_affine *affine, const struct yt_polygon *shape,
                              int side);
/* Whether the label of `before` still names what is seen in `after`, its image under `affine`;
 * otherwise counts the reason in *lost. */
bool yt_affine_keeps(const struct yt_affine *affine, struct yt_box before, struct yt_box after,
                     double min_side, struct yt_augment_lost *lost);

/* --- hsv.c --------------------------------------------------------------------------------- */

/* Gains of hue, saturation and value. */
struct yt_hsv_gains {
    double h, s, v;
};
struct yt_hsv_gains yt_hsv_draw(const struct yt_augment *augment, struct yt_rng *rng);
/* In place. A gray image has no hue and no saturation: only the value acts. */
void yt_hsv_apply(const struct yt_hsv_gains *gains, struct yt_image *image);

#endif
