#include "image/draw.h"

#include "image/canvas.h"

#include <math.h>
#include <stdio.h>

/* Sizes that suit a page: one pixel of frame for every 1400 pixels, within reason. */
struct pen {
    double line, font;
};

static struct pen choose_pen(const struct yt_image *image) {
    double unit = fmin(fmax(YT_MAX(image->w, image->h) / 1400.0, 1), 4);
    return (struct pen){unit, 3 + 4 * unit};
}

static void format_label(char *out, size_t size, const struct yt_detection *detection,
                         const char *const *names, size_t class_count) {
    char number[16];
    snprintf(number, sizeof number, "%d", detection->cls);
    bool named = detection->cls >= 0 && (size_t)detection->cls < class_count;
    const char *name = named ? names[detection->cls] : number;
    if (isnan(detection->score))
        snprintf(out, size, "%s", name);
    else
        snprintf(out, size, "%s %.0f", name, 100 * detection->score);
}

/* Above the box, or inside it at the page's top; on a veil of white so that ink does not hide it.
 */
static void draw_label(struct yt_canvas *canvas, const struct pen *pen, const struct yt_box *box,
                       const char *text, struct yt_color color) {
    double baseline = box->y1 >= pen->font ? box->y1 - 0.2 * pen->font : box->y1 + pen->font;
    struct yt_color veil = {1, 1, 1, 0.6};
    yt_canvas_fill(canvas, box->x1, baseline - 0.8 * pen->font,
                   yt_canvas_text_width(canvas, pen->font, text), pen->font, veil);
    yt_canvas_text(canvas, box->x1, baseline, pen->font, color, text);
}

struct yt_image *yt_draw_detections(const struct yt_image *image,
                                    const struct yt_detection *detections, size_t count,
                                    const char *const *names, size_t class_count) {
    struct yt_canvas *canvas = yt_canvas_new(image->w, image->h, image);
    if (!canvas) return NULL;
    struct pen pen = choose_pen(image);
    for (size_t i = 0; i < count; i++) {
        const struct yt_box *box = &detections[i].box;
        yt_canvas_rect(canvas, box->x1, box->y1, box->x2 - box->x1, box->y2 - box->y1, pen.line,
                       yt_palette(detections[i].cls));
    }
    for (size_t i = 0; i < count; i++) { /* after all frames, so that none crosses a label */
        char text[96];
        format_label(text, sizeof text, &detections[i], names, class_count);
        draw_label(canvas, &pen, &detections[i].box, text, yt_palette(detections[i].cls));
    }
    struct yt_image *out = yt_canvas_image(canvas);
    yt_canvas_free(canvas);
    return out;
}
