/* Panels of a figure: curves over axes, bars, and shaded grids, drawn into a rectangle of a canvas.
 *
 *     struct yt_series loss = {"loss", epochs, losses, n, yt_palette(1)};
 *     struct yt_chart chart = yt_chart_of("training loss", "epoch", &loss, 1);
 *     yt_chart_draw(canvas, (struct yt_panel){0, 0, 400, 300}, &chart);
 *
 * Everything is lent and only read. Drawing cannot fail. */
#ifndef YT_PLOT_CHART_H
#define YT_PLOT_CHART_H

#include "image/canvas.h"

struct yt_panel {
    double x, y, w, h; /* pixels of the canvas */
};

struct yt_series {
    const char *name;    /* in the legend; NULL: not there */
    const double *x, *y; /* n of each, x ascending; points that are not finite break the curve */
    size_t n;
    struct yt_color color;
    double width; /* pixels; 0: 1.5 */
};
struct yt_chart {
    const char *title, *x_label;
    double x_min, x_max, y_min, y_max; /* NAN: what the data needs */
    const struct yt_series *series;
    size_t count;
};

/* A chart whose axes follow from the data. */
struct yt_chart yt_chart_of(const char *title, const char *x_label, const struct yt_series *series,
                            size_t count);
void yt_chart_draw(struct yt_canvas *canvas, struct yt_panel panel, const struct yt_chart *chart);

/* A horizontal bar for each of `count` values, on a logarithmic scale, with its name and value. */
void yt_bars_draw(struct yt_canvas *canvas, struct yt_panel panel, const char *title,
                  const char *const *names, const size_t *values, size_t count);

/* rows x columns cells, the first row on top, from white (0) to dark blue (the largest value), the
 * square root of the value telling the shade, so that rare ones are seen too. x and y axes run
 * from 0 to x_max and y_max. */
void yt_heat_draw(struct yt_canvas *canvas, struct yt_panel panel, const char *title,
                  const size_t *values, int columns, int rows, double x_max, double y_max);
/* The shade of a share from 0 to 1. */
struct yt_color yt_heat_color(double share);

/* The step of an axis with about `count` marks over `range`: 1, 2 or 5 times a power of ten. */
double yt_nice_step(double range, int count);

#endif
