/* PAGE.png: the image with its symbols drawn on it (image/draw.h), at picture_scale= of its size:
 * the larger, the more labels find room. */
#include "image/draw.h"
#include "output/formats.h"

#include <math.h>
#include <stdlib.h>

static struct yt_image *resized(const struct yt_image *image, double scale) {
    int w = YT_MAX((int)lrint(image->w * scale), 1), h = YT_MAX((int)lrint(image->h * scale), 1);
    struct yt_image *out = yt_image_new(w, h, image->c);
    yt_image_resize_into(image, out, 0, 0, w, h);
    return out;
}

static struct yt_image *draw(const struct yt_output_options *options,
                             const struct yt_output_page *page) {
    const struct yt_categories *categories = options->categories;
    double scale = options->picture_scale;
    if (scale == 1)
        return yt_draw_detections(page->image, page->detections, page->count, categories->names,
                                  categories->count);
    struct yt_image *image = resized(page->image, scale);
    struct yt_detection *detections = yt_calloc(page->count + 1, sizeof *detections);
    float sx = (float)image->w / (float)page->image->w,
          sy = (float)image->h / (float)page->image->h;
    for (size_t i = 0; i < page->count; i++) {
        const struct yt_box *box = &page->detections[i].box;
        detections[i] = page->detections[i];
        detections[i].box = (struct yt_box){box->x1 * sx, box->y1 * sy, box->x2 * sx, box->y2 * sy};
    }
    struct yt_image *drawn =
        yt_draw_detections(image, detections, page->count, categories->names, categories->count);
    free(detections);
    yt_image_free(image);
    return drawn;
}

static int page(struct yt_writer *writer, const struct yt_output_page *page, struct yt_str *text) {
    struct yt_image *drawn = draw(&writer->out->options, page);
    if (!drawn) return -1;
    int failed = yt_image_encode_png(drawn, text);
    yt_image_free(drawn);
    return failed;
}

const struct yt_format yt_format_png = {
    .name = "png",
    .file = "PAGE.png",
    .summary = "a picture of the image with its symbols",
    .page = page,
};
