/* labels/PAGE.txt: a line "class cx cy w h" a symbol, in fractions of the image's width and height;
 * a label file as YOLO trainers read it. */
#include "output/formats.h"

static int page(struct yt_writer *writer, const struct yt_output_page *page, struct yt_str *text) {
    (void)writer;
    double w = page->image->w, h = page->image->h;
    for (size_t i = 0; i < page->count; i++) {
        const struct yt_box *box = &page->detections[i].box;
        yt_str_add(text, "%d %g %g %g %g\n", page->detections[i].cls,
                   ((double)box->x1 + box->x2) / 2 / w, ((double)box->y1 + box->y2) / 2 / h,
                   ((double)box->x2 - box->x1) / w, ((double)box->y2 - box->y1) / h);
    }
    return 0;
}

const struct yt_format yt_format_yolo = {
    .name = "yolo",
    .file = "labels/PAGE.txt",
    .summary = "labels as YOLO trainers read them",
    .page = page,
};
