/* Fitting an image into the network's input: scaled to fit, centred, the rest a border; and the way
 * back for boxes.
 *
 *     struct yt_letterbox fit = yt_letterbox_fit(page->w, page->h, 640, 640, true, 32);
 *     struct yt_image *input = yt_image_new(fit.out_w, fit.out_h, page->c);
 *     yt_letterbox_apply(&fit, page, input, YT_LETTERBOX_BORDER);
 *     ... box = yt_letterbox_to_source(&fit, box);
 *
 * A plan is pure arithmetic on sizes: it owns nothing and cannot fail. The two ways to make one
 * are YOLOv10's: of prediction, and of training and validation. They round differently. */
#ifndef YT_IMAGE_LETTERBOX_H
#define YT_IMAGE_LETTERBOX_H

#include "base/box.h"
#include "image/image.h"

#define YT_LETTERBOX_BORDER 114

struct yt_letterbox {
    int source_w, source_h;
    int w, h;         /* the source is resized to this, ... */
    int left, top;    /* ... put here, ... */
    int out_w, out_h; /* ... in an input of this size */
    /* Labels go forward by x * scale_x + shift_x. The shift is half the padding, which may end in
     * .5 while the pixels moved by a whole number: labels can be half a pixel off, as in the
     * reference. */
    float scale_x, scale_y, shift_x, shift_y;
    /* Boxes go back by (x - back_x) / gain, one gain for both axes. */
    float gain, back_x, back_y;
};

/* For prediction: into w x h. enlarge: small images are scaled up to fit. stride, if not 0: the
 * padding keeps only what is needed for sides that are multiples of it. */
struct yt_letterbox yt_letterbox_fit(int source_w, int source_h, int w, int h, bool enlarge,
                                     int stride);

/* For training and validation: the longer side becomes imgsz, sides rounded up, then padded to
 * w x h, which must hold that. */
struct yt_letterbox yt_letterbox_load(int source_w, int source_h, int imgsz, int w, int h);

/* The input size of a validation group whose images have height/width ratios from min_ratio to
 * max_ratio. With half a stride of padding built in: a square group at 640 gives 672 x 672. */
void yt_letterbox_group(double min_ratio, double max_ratio, int imgsz, int stride, int *w, int *h);

/* out: out_w x out_h with the source's channels. */
void yt_letterbox_apply(const struct yt_letterbox *fit, const struct yt_image *source,
                        struct yt_image *out, uint8_t border);

/* From pixels of the source to pixels of the input, not clipped. */
struct yt_box yt_letterbox_to_input(const struct yt_letterbox *fit, struct yt_box box);
/* From pixels of the input to pixels of the source, clipped to it. */
struct yt_box yt_letterbox_to_source(const struct yt_letterbox *fit, struct yt_box box);

#endif
