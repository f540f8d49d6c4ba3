#include "image/letterbox.h"

#include <math.h>

/* Centres w x h in out_w x out_h: halves of the padding, and where the pixels go. */
static void centre(struct yt_letterbox *fit) {
    double half_x = (fit->out_w - fit->w) / 2.0, half_y = (fit->out_h - fit->h) / 2.0;
    fit->left = (int)rint(half_x - 0.1); /* .5 goes to the right and the bottom */
    fit->top = (int)rint(half_y - 0.1);
    fit->shift_x = (float)half_x;
    fit->shift_y = (float)half_y;
}

struct yt_letterbox yt_letterbox_fit(int source_w, int source_h, int w, int h, bool enlarge,
                                     int stride) {
    YT_ASSERT(source_w > 0 && source_h > 0 && w > 0 && h > 0);
    double r = YT_MIN((double)h / source_h, (double)w / source_w);
    if (!enlarge) r = YT_MIN(r, 1.0);
    struct yt_letterbox fit = {.source_w = source_w, .source_h = source_h};
    fit.w = YT_MAX((int)rint(source_w * r), 1);
    fit.h = YT_MAX((int)rint(source_h * r), 1);
    fit.out_w = stride ? fit.w + (w - fit.w) % stride : w;
    fit.out_h = stride ? fit.h + (h - fit.h) % stride : h;
    fit.scale_x = fit.scale_y = (float)r;
    centre(&fit);
    double gain = YT_MIN((double)fit.out_h / source_h, (double)fit.out_w / source_w);
    fit.gain = (float)gain;
    fit.back_x = (float)rint((fit.out_w - source_w * gain) / 2 - 0.1);
    fit.back_y = (float)rint((fit.out_h - source_h * gain) / 2 - 0.1);
    return fit;
}

struct yt_letterbox yt_letterbox_load(int source_w, int source_h, int imgsz, int w, int h) {
    YT_ASSERT(source_w > 0 && source_h > 0 && imgsz > 0);
    double r = (double)imgsz / YT_MAX(source_w, source_h);
    struct yt_letterbox fit = {.source_w = source_w, .source_h = source_h};
    fit.w = YT_MIN((int)ceil(source_w * r), imgsz);
    fit.h = YT_MIN((int)ceil(source_h * r), imgsz);
    YT_ASSERT(fit.w <= w && fit.h <= h);
    fit.out_w = w, fit.out_h = h;
    fit.scale_x = (float)((double)fit.w / source_w);
    fit.scale_y = (float)((double)fit.h / source_h);
    centre(&fit);
    fit.gain = fit.scale_y; /* the height's, for both axes */
    fit.back_x = (float)fit.left;
    fit.back_y = (float)fit.top;
    return fit;
}

void yt_letterbox_group(double min_ratio, double max_ratio, int imgsz, int stride, int *w, int *h) {
    double shape_w = min_ratio > 1 ? 1 / min_ratio : 1, shape_h = max_ratio < 1 ? max_ratio : 1;
    *w = (int)ceil(shape_w * imgsz / stride + 0.5) * stride;
    *h = (int)ceil(shape_h * imgsz / stride + 0.5) * stride;
}

void yt_letterbox_apply(const struct yt_letterbox *fit, const struct yt_image *source,
                        struct yt_image *out, uint8_t border) {
    YT_ASSERT(source->w == fit->source_w && source->h == fit->source_h);
    YT_ASSERT(out->w == fit->out_w && out->h == fit->out_h);
    if (fit->w < out->w || fit->h < out->h) yt_image_fill(out, border);
    yt_image_resize_into(source, out, fit->left, fit->top, fit->w, fit->h);
}

struct yt_box yt_letterbox_to_input(const struct yt_letterbox *fit, struct yt_box box) {
    return (struct yt_box){
        box.x1 * fit->scale_x + fit->shift_x,
        box.y1 * fit->scale_y + fit->shift_y,
        box.x2 * fit->scale_x + fit->shift_x,
        box.y2 * fit->scale_y + fit->shift_y,
    };
}

static float back(float x, float shift, float gain, int size) {
    return fminf(fmaxf((x - shift) / gain, 0), (float)size);
}

struct yt_box yt_letterbox_to_source(const struct yt_letterbox *fit, struct yt_box box) {
    return (struct yt_box){
        back(box.x1, fit->back_x, fit->gain, fit->source_w),
        back(box.y1, fit->back_y, fit->gain, fit->source_h),
        back(box.x2, fit->back_x, fit->gain, fit->source_w),
        back(box.y2, fit->back_y, fit->gain, fit->source_h),
    };
}
