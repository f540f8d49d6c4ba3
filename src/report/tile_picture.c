#include "report/tile_picture.h"

#include "image/canvas.h"

#include <math.h>
#include <stdio.h>

#define ENLARGE 2
#define FONT 11

struct style {
    struct yt_color color;
    double width;
    bool named;
};

static void draw_one(struct yt_canvas *canvas, const struct yt_marked *marked,
                     const struct style *style, const char *const *names) {
    const struct yt_detection *d = &marked->detection;
    double x = (double)d->box.x1 * ENLARGE, y = (double)d->box.y1 * ENLARGE;
    double w = (double)d->box.x2 * ENLARGE - x, h = (double)d->box.y2 * ENLARGE - y;
    char text[96];
    yt_canvas_rect(canvas, x, y, w, h, style->width, style->color);
    if (!style->named) return;
    if (isnan(d->score))
        snprintf(text, sizeof text, "%s", names[d->cls]);
    else
        snprintf(text, sizeof text, "%s %.0f", names[d->cls], 100 * (double)d->score);
    /* names of what was missed stand above their box, of what was seen below */
    double baseline = isnan(d->score) ? y - 2 : y + h + FONT - 1;
    yt_canvas_text(canvas, x, YT_MAX(baseline, (double)FONT), FONT, style->color, text);
}

static struct yt_canvas *enlarged(const struct yt_image *image) {
    struct yt_image *large = yt_image_new(image->w * ENLARGE, image->h * ENLARGE, image->c);
    yt_image_resize_into(image, large, 0, 0, large->w, large->h);
    struct yt_canvas *canvas = yt_canvas_new(large->w, large->h, large);
    yt_image_free(large);
    return canvas;
}

int yt_tile_picture(const char *path, const struct yt_image *image, const struct yt_marked *marked,
                    size_t detection_count, size_t label_count, const char *const *names) {
    const struct style right = {{0.17, 0.55, 0.2, 0.8}, 1, false};
    const struct style wrong = {yt_color(0xd06000), 2, true};
    const struct style missed = {yt_color(0xd00020), 2, true};
    struct yt_canvas *canvas = enlarged(image);
    if (!canvas) return -1;
    for (size_t i = 0; i < detection_count + label_count; i++)
        if (marked[i].right) draw_one(canvas, &marked[i], &right, names);
    for (size_t i = 0; i < detection_count + label_count; i++)
        if (!marked[i].right)
            draw_one(canvas, &marked[i], i < detection_count ? &wrong : &missed, names);
    int failed = yt_canvas_save(canvas, path);
    yt_canvas_free(canvas);
    return failed;
}
