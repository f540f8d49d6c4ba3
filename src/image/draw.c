/* A dense page has no room for every label: each tries four places around its box and is left out
 * where all of them would cover what must be seen. Frames are all drawn. What is taken is kept in a
 * map with a byte for CELL x CELL pixels. */
#include "image/draw.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct pen {
    double line, font; /* pixels */
};

/* Sizes that suit a page: one pixel of frame for every 2000 pixels, within reason. */
static struct pen choose_pen(const struct yt_image *image) {
    double unit = fmin(fmax(YT_MAX(image->w, image->h) / 2000.0, 1), 4);
    return (struct pen){unit, 6 + 2 * unit};
}

static struct yt_color color_of(const struct yt_detection *detection, const int *groups,
                                size_t class_count) {
    bool known = detection->cls >= 0 && (size_t)detection->cls < class_count;
    return yt_palette(known ? groups[detection->cls] : detection->cls);
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

/* --- what is taken ------------------------------------------------------------------------------
 */

enum { CELL = 3 };

struct map {
    int w, h;
    uint8_t *taken;
};

/* The cells of a box, cut to the map: left and top inclusive, right and bottom exclusive. */
static void cells_of(const struct map *map, const struct yt_box *box, int cells[4]) {
    cells[0] = (int)fmaxf(box->x1 / CELL, 0);
    cells[1] = (int)fmaxf(box->y1 / CELL, 0);
    cells[2] = (int)fminf(box->x2 / CELL + 1, (float)map->w);
    cells[3] = (int)fminf(box->y2 / CELL + 1, (float)map->h);
}

static void take(struct map *map, struct yt_box box) {
    int c[4];
    cells_of(map, &box, c);
    for (int y = c[1]; y < c[3]; y++)
        if (c[2] > c[0]) memset(map->taken + (size_t)y * map->w + c[0], 1, (size_t)(c[2] - c[0]));
}

static bool is_free(const struct map *map, const struct yt_box *box) {
    int c[4];
    if (box->x1 < 0 || box->y1 < 0 || box->x2 > (float)(map->w * CELL) ||
        box->y2 > (float)(map->h * CELL))
        return false;
    cells_of(map, box, c);
    for (int y = c[1]; y < c[3]; y++)
        if (c[2] > c[0] && memchr(map->taken + (size_t)y * map->w + c[0], 1, (size_t)(c[2] - c[0])))
            return false;
    return true;
}

/* A small symbol is taken whole, of a large one the frame. */
static void take_symbol(struct map *map, const struct yt_box *box, double font) {
    float line = 1;
    if (box->x2 - box->x1 < 4 * font && box->y2 - box->y1 < 4 * font) {
        take(map, *box);
        return;
    }
    take(map, (struct yt_box){box->x1, box->y1, box->x2, box->y1 + line});
    take(map, (struct yt_box){box->x1, box->y2 - line, box->x2, box->y2});
    take(map, (struct yt_box){box->x1, box->y1, box->x1 + line, box->y2});
    take(map, (struct yt_box){box->x2 - line, box->y1, box->x2, box->y2});
}

/* Finds room for w x h beside `box`: above, below, to the right, to the left. A cell's distance
 * keeps it off the box's own frame. */
static bool find_place(struct map *map, const struct yt_box *box, float w, float h,
                       struct yt_box *place) {
    const float corners[4][2] = {{box->x1, box->y1 - h - CELL},
                                 {box->x1, box->y2 + CELL},
                                 {box->x2 + CELL, box->y1},
                                 {box->x1 - w - CELL, box->y1}};
    for (int i = 0; i < 4; i++) {
        float x = corners[i][0], y = corners[i][1];
        *place = (struct yt_box){x, y, x + w, y + h};
        if (!is_free(map, place)) continue;
        take(map, *place);
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

/* The length of a name's first word: "notehead" of noteheadBlackOnLine, "rest" of rest8th. */
static size_t first_word(const char *name) {
    return strspn(name, "abcdefghijklmnopqrstuvwxyz");
}

int *yt_class_groups(const char *const *names, size_t count) {
    int *groups = yt_calloc(count + 1, sizeof *groups), next = 0;
    for (size_t i = 0; i < count; i++) {
        size_t len = first_word(names[i]), k = 0;
        while (k < i && (first_word(names[k]) != len || strncmp(names[k], names[i], len) || !len))
            k++;
        groups[i] = k < i ? groups[k] : next++;
    }
    return groups;
}

static void draw(struct yt_canvas *canvas, const struct yt_image *image, struct map *map,
                 const struct yt_detection *detections, size_t count, const char *const *names,
                 size_t class_count, const int *groups) {
    struct pen pen = choose_pen(image);
    for (size_t i = 0; i < count; i++) {
        const struct yt_box *box = &detections[i].box;
        yt_canvas_rect(canvas, box->x1, box->y1, box->x2 - box->x1, box->y2 - box->y1, pen.line,
                       color_of(&detections[i], groups, class_count));
        take_symbol(map, box, pen.font);
    }
    for (size_t i = 0; i < count; i++) { /* after all frames, so that none crosses a label */
        char text[96];
        struct yt_box place;
        format_label(text, sizeof text, &detections[i], names, class_count);
        float w = (float)yt_canvas_text_width(canvas, pen.font, text), h = (float)pen.font;
        if (find_place(map, &detections[i].box, w, h, &place))
            draw_label(canvas, &pen, &place, text, color_of(&detections[i], groups, class_count));
    }
}

struct yt_image *yt_draw_detections(const struct yt_image *image,
                                    const struct yt_detection *detections, size_t count,
                                    const char *const *names, size_t class_count) {
    struct yt_canvas *canvas = yt_canvas_new(image->w, image->h, image);
    if (!canvas) return NULL;
    struct map map = {image->w / CELL, image->h / CELL, NULL};
    map.taken = yt_calloc((size_t)map.w * (size_t)map.h + 1, 1);
    int *groups = yt_class_groups(names, class_count);
    draw(canvas, image, &map, detections, count, names, class_count, groups);
    struct yt_image *out = yt_canvas_image(canvas);
    free(groups);
    free(map.taken);
    yt_canvas_free(canvas);
    return out;
}
