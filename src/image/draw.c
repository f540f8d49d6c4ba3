/* A dense page has no room for every label: each tries four places around its box and is left out
 * where all of them would cover labels that are there already. Frames are all drawn. */
#include "image/draw.h"

#include "image/canvas.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

struct pen {
    double line, font; /* pixels */
};

/* Sizes that suit a page: one pixel of frame for every 1400 pixels, within reason. */
static struct pen choose_pen(const struct yt_image *image) {
    double unit = fmin(fmax(YT_MAX(image->w, image->h) / 1400.0, 1), 4);
    return (struct pen){unit, 6 + 1.5 * unit};
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

/* Where labels are already. */
struct places {
    struct yt_box *boxes;
    size_t count;
};

static bool is_free(const struct places *taken, const struct yt_image *image,
                    const struct yt_box *place) {
    if (place->x1 < 0 || place->y1 < 0 || place->x2 > (float)image->w ||
        place->y2 > (float)image->h)
        return false;
    for (size_t i = 0; i < taken->count; i++) {
        const struct yt_box *other = &taken->boxes[i];
        if (place->x1 < other->x2 && other->x1 < place->x2 && place->y1 < other->y2 &&
            other->y1 < place->y2)
            return false;
    }
    return true;
}

/* Finds room for w x h beside `box`: above, below, to the right, to the left. */
static bool find_place(struct places *taken, const struct yt_image *image, const struct yt_box *box,
                       float w, float h, struct yt_box *place) {
    const float corners[4][2] = {
        {box->x1, box->y1 - h}, {box->x1, box->y2}, {box->x2, box->y1}, {box->x1 - w, box->y1}};
    for (int i = 0; i < 4; i++) {
        float x = corners[i][0], y = corners[i][1];
        *place = (struct yt_box){x, y, x + w, y + h};
        if (!is_free(taken, image, place)) continue;
        taken->boxes[taken->count++] = *place;
        return true;
    }
    return false;
}

static void draw_label(struct yt_canvas *canvas, const struct pen *pen, const struct yt_box *place,
                       const char *text, struct yt_color color) {
    const struct yt_color veil = {1, 1, 1, 0.5}; /* so that ink does not hide the letters */
    yt_canvas_fill(canvas, place->x1, place->y1, place->x2 - place->x1, place->y2 - place->y1,
                   veil);
    yt_canvas_text(canvas, place->x1, place->y2 - 0.2 * pen->font, pen->font, color, text);
}

struct yt_image *yt_draw_detections(const struct yt_image *image,
                                    const struct yt_detection *detections, size_t count,
                                    const char *const *names, size_t class_count) {
    struct yt_canvas *canvas = yt_canvas_new(image->w, image->h, image);
    if (!canvas) return NULL;
    struct pen pen = choose_pen(image);
    struct places taken = {yt_malloc(count * sizeof *taken.boxes + 1), 0};
    for (size_t i = 0; i < count; i++) {
        const struct yt_box *box = &detections[i].box;
        yt_canvas_rect(canvas, box->x1, box->y1, box->x2 - box->x1, box->y2 - box->y1, pen.line,
                       yt_palette(detections[i].cls));
    }
    for (size_t i = 0; i < count; i++) { /* after all frames, so that none crosses a label */
        char text[96];
        struct yt_box place;
        format_label(text, sizeof text, &detections[i], names, class_count);
        float w = (float)yt_canvas_text_width(canvas, pen.font, text), h = (float)pen.font;
        if (find_place(&taken, image, &detections[i].box, w, h, &place))
            draw_label(canvas, &pen, &place, text, yt_palette(detections[i].cls));
    }
    struct yt_image *out = yt_canvas_image(canvas);
    free(taken.boxes);
    yt_canvas_free(canvas);
    return out;
}
