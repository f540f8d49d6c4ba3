#include "report/curves.h"

#include "base/file.h"
#include "base/str.h"
#include "plot/chart.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define SIDE 700

static double precision(const struct yt_class_curves *c, int i) {
    return c->precision[i];
}

static double recall(const struct yt_class_curves *c, int i) {
    return c->recall[i];
}

static double f1(const struct yt_class_curves *c, int i) {
    double sum = c->precision[i] + c->recall[i];
    return sum > 0 ? 2 * c->precision[i] * c->recall[i] / sum : 0;
}

static double precision_at_recall(const struct yt_class_curves *c, int i) {
    return c->precision_at_recall[i];
}

static const struct kind {
    const char *file, *title, *x;
    double (*value)(const struct yt_class_curves *curves, int i);
} kinds[] = {
    {"P_curve", "precision at a confidence", "confidence", precision},
    {"R_curve", "recall at a confidence", "confidence", recall},
    {"F1_curve", "F1 at a confidence", "confidence", f1},
    {"PR_curve", "precision at a recall", "recall", precision_at_recall},
};

/* Column 0 is the abscissa, 1 the mean, 2 .. those of the classes; YT_CURVE_POINTS values each. */
static double *tabulate(const struct kind *kind, const struct yt_scores *scores) {
    size_t n = scores->nclasses, points = YT_CURVE_POINTS;
    double *table = yt_calloc((n + 2) * points, sizeof *table);
    for (size_t i = 0; i < points; i++) {
        table[i] = (double)i / (double)(points - 1);
        for (size_t c = 0; c < n; c++) {
            double value = kind->value(&scores->curves[c], (int)i);
            table[(c + 2) * points + i] = value;
            table[points + i] += value / (double)n;
        }
    }
    return table;
}

static char *path_of(const char *folder, const struct kind *kind, const char *suffix) {
    char *name = yt_format("%s.%s", kind->file, suffix), *path = yt_path_join(folder, name);
    free(name);
    return path;
}

static int draw(const char *path, const struct kind *kind, const struct yt_scores *scores,
                const double *table) {
    size_t n = scores->nclasses;
    struct yt_series *series = yt_calloc(n + 1, sizeof *series);
    char mean[64];
    snprintf(mean, sizeof mean, "mean of %zu classes", n);
    for (size_t c = 0; c <= n; c++) { /* the mean last, on top */
        const double *y = table + (c == n ? 1 : c + 2) * (size_t)YT_CURVE_POINTS;
        series[c] = (struct yt_series){NULL, table, y, YT_CURVE_POINTS, yt_color(0xc4c4c4), 0.7};
    }
    series[n].name = mean;
    series[n].color = yt_color(0x1f5fd0);
    series[n].width = 3;
    struct yt_chart chart = {kind->title, kind->x, 0, 1, 0, 1, series, n + 1};
    struct yt_canvas *canvas = yt_canvas_new(SIDE, SIDE, NULL);
    int failed = canvas ? 0 : -1;
    if (canvas) {
        yt_chart_draw(canvas, (struct yt_panel){0, 0, SIDE, SIDE}, &chart);
        failed = yt_canvas_save(canvas, path);
    }
    yt_canvas_free(canvas);
    free(series);
    return failed;
}

static int write_csv(const char *path, const struct kind *kind, const struct yt_scores *scores,
                     const char *const *names, const double *table) {
    struct yt_str text = {0};
    yt_str_add(&text, "%s,mean", kind->x);
    for (size_t c = 0; c < scores->nclasses; c++) {
        yt_str_append(&text, ",", 1);
        yt_str_csv_field(&text, names[scores->classes[c].cls]);
    }
    for (size_t i = 0; i < YT_CURVE_POINTS; i++) {
        yt_str_add(&text, "\n%.4f", table[i]);
        for (size_t c = 1; c < scores->nclasses + 2; c++)
            yt_str_add(&text, ",%.4g", table[c * YT_CURVE_POINTS + i]);
    }
    yt_str_append(&text, "\n", 1);
    int failed = yt_file_write(path, text.s, text.len);
    yt_str_release(&text);
    return failed;
}

int yt_curves_write(const char *folder, const struct yt_scores *scores, const char *const *names) {
    int failed = 0;
    for (size_t k = 0; k < YT_COUNT(kinds) && !failed; k++) {
        double *table = tabulate(&kinds[k], scores);
        char *png = path_of(folder, &kinds[k], "png"), *csv = path_of(folder, &kinds[k], "csv");
        failed =
            draw(png, &kinds[k], scores, table) || write_csv(csv, &kinds[k], scores, names, table);
        free(png);
        free(csv);
        free(table);
    }
    return failed ? -1 : 0;
}
