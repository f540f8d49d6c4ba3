#include "plot/chart.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define FONT 11.0
#define TITLE_FONT 13.0
#define LEFT 52.0 /* of the axes, for their numbers */
#define BOTTOM 34.0
#define TOP 26.0
#define RIGHT 12.0

static const unsigned ink = 0x222222, faint = 0xdddddd;

/* --- axes ----------------------------------------------------------------------------------- */

struct axes {
    struct yt_panel plot; /* inside the numbers */
    double x_min, x_max, y_min, y_max;
};

double yt_nice_step(double range, int count) {
    if (!(range > 0) || count < 1) return 1;
    double rough = range / count, power = pow(10, floor(log10(rough))), rest = rough / power;
    return power * (rest <= 1 ? 1 : rest <= 2 ? 2 : rest <= 5 ? 5 : 10);
}

static double to_x(const struct axes *a, double x) {
    return a->plot.x + (x - a->x_min) / (a->x_max - a->x_min) * a->plot.w;
}

static double to_y(const struct axes *a, double y) {
    return a->plot.y + a->plot.h - (y - a->y_min) / (a->y_max - a->y_min) * a->plot.h;
}

static struct yt_panel inner(struct yt_panel p) {
    return (struct yt_panel){p.x + LEFT, p.y + TOP, p.w - LEFT - RIGHT, p.h - TOP - BOTTOM};
}

static void draw_title(struct yt_canvas *canvas, struct yt_panel panel, const char *title) {
    double width = yt_canvas_text_width(canvas, TITLE_FONT, title);
    yt_canvas_text(canvas, panel.x + LEFT + (panel.w - LEFT - RIGHT - width) / 2, panel.y + 17,
                   TITLE_FONT, yt_color(ink), title);
}

static void draw_axes(struct yt_canvas *canvas, const struct axes *a, const char *x_label) {
    char text[32];
    double step = yt_nice_step(a->y_max - a->y_min, (int)(a->plot.h / 45) + 1);
    for (double y = ceil(a->y_min / step) * step; y <= a->y_max + step * 1e-6; y += step) {
        double at = to_y(a, y);
        yt_canvas_line(canvas, a->plot.x, at, a->plot.x + a->plot.w, at, 1, yt_color(faint));
        snprintf(text, sizeof text, "%.4g", fabs(y) < step * 1e-6 ? 0 : y);
        yt_canvas_text(canvas, a->plot.x - 6 - yt_canvas_text_width(canvas, FONT, text), at + 4,
                       FONT, yt_color(ink), text);
    }
    step = yt_nice_step(a->x_max - a->x_min, (int)(a->plot.w / 60) + 1);
    for (double x = ceil(a->x_min / step) * step; x <= a->x_max + step * 1e-6; x += step) {
        double at = to_x(a, x), foot = a->plot.y + a->plot.h;
        yt_canvas_line(canvas, at, a->plot.y, at, foot, 1, yt_color(faint));
        snprintf(text, sizeof text, "%.4g", fabs(x) < step * 1e-6 ? 0 : x);
        yt_canvas_text(canvas, at - yt_canvas_text_width(canvas, FONT, text) / 2, foot + 14, FONT,
                       yt_color(ink), text);
    }
    yt_canvas_rect(canvas, a->plot.x, a->plot.y, a->plot.w, a->plot.h, 1, yt_color(0x888888));
    if (x_label)
        yt_canvas_text(canvas,
                       a->plot.x + (a->plot.w - yt_canvas_text_width(canvas, FONT, x_label)) / 2,
                       a->plot.y + a->plot.h + 28, FONT, yt_color(ink), x_label);
}

/* --- curves --------------------------------------------------------------------------------- */

struct yt_chart yt_chart_of(const char *title, const char *x_label, const struct yt_series *series,
                            size_t count) {
    return (struct yt_chart){title, x_label, NAN, NAN, NAN, NAN, series, count};
}

static void widen(double value, double *min, double *max) {
    if (!isfinite(value)) return;
    *min = fmin(*min, value);
    *max = fmax(*max, value);
}

/* A range with a margin where it follows from the data, and never empty. */
static void settle(double given_min, double given_max, double margin, double *min, double *max) {
    if (*min > *max) *min = 0, *max = 1; /* no data */
    double pad = (*max - *min) * margin;
    *min = isnan(given_min) ? *min - pad : given_min;
    *max = isnan(given_max) ? *max + pad : given_max;
    if (*max <= *min) *min -= 0.5, *max += 0.5;
}

static struct axes axes_of(struct yt_panel panel, const struct yt_chart *chart) {
    struct axes a = {inner(panel), INFINITY, -INFINITY, INFINITY, -INFINITY};
    for (size_t s = 0; s < chart->count; s++)
        for (size_t i = 0; i < chart->series[s].n; i++) {
            widen(chart->series[s].x[i], &a.x_min, &a.x_max);
            widen(chart->series[s].y[i], &a.y_min, &a.y_max);
        }
    settle(chart->x_min, chart->x_max, 0, &a.x_min, &a.x_max);
    settle(chart->y_min, chart->y_max, 0.05, &a.y_min, &a.y_max);
    return a;
}

static void draw_series(struct yt_canvas *canvas, const struct axes *a,
                        const struct yt_series *series) {
    double *xy = yt_malloc(2 * series->n * sizeof *xy);
    for (size_t i = 0; i < series->n; i++) {
        xy[2 * i] = to_x(a, series->x[i]);
        xy[2 * i + 1] = to_y(a, series->y[i]);
    }
    yt_canvas_curve(canvas, xy, series->n, series->width > 0 ? series->width : 1.5, series->color);
    for (size_t i = 0; i < series->n && series->n <= 30; i++) /* so that a single point is seen */
        if (isfinite(series->y[i]))
            yt_canvas_fill(canvas, xy[2 * i] - 2, xy[2 * i + 1] - 2, 4, 4, series->color);
    free(xy);
}

static void draw_legend(struct yt_canvas *canvas, const struct axes *a,
                        const struct yt_chart *chart) {
    double width = 0, y = a->plot.y + 8;
    const struct yt_color veil = {1, 1, 1, 0.8};
    int lines = 0;
    for (size_t s = 0; s < chart->count; s++) {
        if (!chart->series[s].name) continue;
        width = fmax(width, yt_canvas_text_width(canvas, FONT, chart->series[s].name));
        lines++;
    }
    double x = a->plot.x + a->plot.w - width - 34;
    if (lines) yt_canvas_fill(canvas, x - 4, y - 3, width + 34, 15 * lines + 5, veil);
    for (size_t s = 0; s < chart->count; s++) {
        const struct yt_series *series = &chart->series[s];
        if (!series->name) continue;
        yt_canvas_line(canvas, x, y + 7, x + 20, y + 7, 2.5, series->color);
        yt_canvas_text(canvas, x + 25, y + 11, FONT, yt_color(ink), series->name);
        y += 15;
    }
}

void yt_chart_draw(struct yt_canvas *canvas, struct yt_panel panel, const struct yt_chart *chart) {
    struct axes a = axes_of(panel, chart);
    draw_title(canvas, panel, chart->title);
    draw_axes(canvas, &a, chart->x_label);
    for (size_t s = 0; s < chart->count; s++) draw_series(canvas, &a, &chart->series[s]);
    draw_legend(canvas, &a, chart);
}

/* --- bars ----------------------------------------------------------------------------------- */

void yt_bars_draw(struct yt_canvas *canvas, struct yt_panel panel, const char *title,
                  const char *const *names, const size_t *values, size_t count) {
    double names_w = 0, row = (panel.h - TOP) / (double)YT_MAX(count, (size_t)1);
    double font = fmin(FONT, row * 0.9);
    size_t largest = 1;
    for (size_t i = 0; i < count; i++) {
        names_w = fmax(names_w, yt_canvas_text_width(canvas, font, names[i]));
        largest = YT_MAX(largest, values[i]);
    }
    draw_title(canvas, panel, title);
    double left = panel.x + names_w + 8, room = panel.w - names_w - 8 - 60;
    for (size_t i = 0; i < count; i++) {
        char text[24];
        double y = panel.y + TOP + row * (double)i;
        double length = room * log1p((double)values[i]) / log1p((double)largest);
        snprintf(text, sizeof text, "%zu", values[i]);
        yt_canvas_text(canvas, left - 5 - yt_canvas_text_width(canvas, font, names[i]),
                       y + row * 0.78, font, yt_color(values[i] ? ink : 0xb00000), names[i]);
        yt_canvas_fill(canvas, left, y + row * 0.15, length, row * 0.7, yt_color(0x1f77b4));
        yt_canvas_text(canvas, left + length + 4, y + row * 0.78, font, yt_color(0x666666), text);
    }
}

/* --- shaded grids --------------------------------------------------------------------------- */

struct yt_color yt_heat_color(double share) {
    static const struct yt_color stops[] = {
        {1, 1, 1, 1}, {0.62, 0.79, 0.88, 1}, {0.19, 0.51, 0.74, 1}, {0.03, 0.19, 0.42, 1}};
    double at = fmin(fmax(share, 0), 1) * 3;
    int i = YT_MIN((int)at, 2);
    double t = at - i;
    const struct yt_color *a = &stops[i], *b = &stops[i + 1];
    return (struct yt_color){a->r + t * (b->r - a->r), a->g + t * (b->g - a->g),
                             a->b + t * (b->b - a->b), 1};
}

void yt_heat_draw(struct yt_canvas *canvas, struct yt_panel panel, const char *title,
                  const size_t *values, int columns, int rows, double x_max, double y_max) {
    struct axes a = {inner(panel), 0, x_max, 0, y_max};
    size_t largest = 1;
    for (int i = 0; i < rows * columns; i++) largest = YT_MAX(largest, values[i]);
    draw_title(canvas, panel, title);
    draw_axes(canvas, &a, NULL);
    double w = a.plot.w / columns, h = a.plot.h / rows;
    for (int r = 0; r < rows; r++)
        for (int c = 0; c < columns; c++) {
            size_t value = values[r * columns + c];
            if (value)
                yt_canvas_fill(canvas, a.plot.x + c * w, a.plot.y + r * h, w + 0.3, h + 0.3,
                               yt_heat_color(0.08 + 0.92 * sqrt((double)value / (double)largest)));
        }
}
