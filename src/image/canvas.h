/* Drawing in vectors on an image, for annotated pages and plots.
 *
 *     struct yt_canvas *canvas = yt_canvas_new(800, 600, NULL);
 *     if (!canvas) return -1;
 *     yt_canvas_line(canvas, 0, 0, 800, 600, 1.5, yt_palette(3));
 *     yt_canvas_text(canvas, 10, 20, 12, yt_color(0x000000), "from corner to corner");
 *     int failed = yt_canvas_save(canvas, "line.png");
 *     yt_canvas_free(canvas);
 *
 * Coordinates and sizes are in pixels, x to the right, y down, (0, 0) the top left corner of the
 * top left pixel. Drawing cannot fail once there is a canvas. */
#ifndef YT_IMAGE_CANVAS_H
#define YT_IMAGE_CANVAS_H

#include "image/image.h"

struct yt_canvas;

struct yt_color {
    double r, g, b, a; /* 0..1; a = 1 is opaque */
};
struct yt_color yt_color(unsigned rgb); /* 0xRRGGBB, opaque */
/* A colour for the i-th class or curve, dark enough for white paper; neighbours differ well. */
struct yt_color yt_palette(int i);

/* White, or a copy of `background` (then w and h must be its). NULL + yt_fail if there is no memory
 * or a side is above 32767. */
struct yt_canvas *yt_canvas_new(int w, int h, const struct yt_image *background);
void yt_canvas_free(struct yt_canvas *canvas);

void yt_canvas_line(struct yt_canvas *canvas, double x1, double y1, double x2, double y2,
                    double width, struct yt_color color);
/* A polyline through n points, xy = x0 y0 x1 y1 ...; NaN in either breaks it there. */
void yt_canvas_curve(struct yt_canvas *canvas, const double *xy, size_t n, double width,
                     struct yt_color color);
/* A frame whose line lies inside the rectangle. */
void yt_canvas_rect(struct yt_canvas *canvas, double x, double y, double w, double h, double width,
                    struct yt_color color);
void yt_canvas_fill(struct yt_canvas *canvas, double x, double y, double w, double h,
                    struct yt_color color);
/* UTF-8 text of `size` pixels that starts at x on the baseline y. */
void yt_canvas_text(struct yt_canvas *canvas, double x, double y, double size,
                    struct yt_color color, const char *text);
/* The same, reading upwards from (x, y), its baseline on the right. */
void yt_canvas_text_up(struct yt_canvas *canvas, double x, double y, double size,
                       struct yt_color color, const char *text);
/* How far it would reach to the right. */
double yt_canvas_text_width(struct yt_canvas *canvas, double size, const char *text);

/* What was drawn, three channels; the caller frees it. */
struct yt_image *yt_canvas_image(struct yt_canvas *canvas);
/* As a PNG file, whole or absent. */
int yt_canvas_save(struct yt_canvas *canvas, const char *path);

#endif
