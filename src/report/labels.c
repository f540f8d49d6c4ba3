#include "report/labels.h"

#include "plot/chart.h"

#include <math.h>
#include <stdlib.h>

#define CELLS 64    /* of a density, a side */
#define SIZE_PX 200 /* that the density of sizes reaches to */
#define LABELS_MAX 400
#define BARS_W 560
#define PANEL 440

struct counts {
    size_t *classes;
    size_t centres[CELLS * CELLS], sizes[CELLS * CELLS]; /* row 0 on top */
    double labels[LABELS_MAX + 1]; /* tiles with so many labels, the last with more */
};

static int cell(double share) {
    return YT_MAX(0, YT_MIN((int)(share * CELLS), CELLS - 1));
}

static void add_label(struct counts *counts, const struct yt_tile *tile,
                      const struct yt_label *label) {
    const struct yt_box *box = &label->box;
    double x = (box->x1 + box->x2) / 2.0 / tile->w, y = (box->y1 + box->y2) / 2.0 / tile->h;
    double w = box->x2 - box->x1, h = box->y2 - box->y1;
    counts->classes[label->cls]++;
    counts->centres[cell(y) * CELLS + cell(x)]++;
    counts->sizes[(CELLS - 1 - cell(h / SIZE_PX)) * CELLS + cell(w / SIZE_PX)]++;
}

static void draw_labels_per_tile(struct yt_canvas *canvas, struct yt_panel panel,
                                 const struct counts *counts) {
    double x[LABELS_MAX + 1];
    int last = LABELS_MAX;
    while (last > 1 && counts->labels[last] == 0) last--;
    for (int i = 0; i <= last; i++) x[i] = i;
    struct yt_series series = {NULL, x, counts->labels, (size_t)last + 1, yt_color(0x1f77b4), 0};
    struct yt_chart chart =
        yt_chart_of("tiles with so many labels", "labels of a tile", &series, 1);
    chart.y_min = 0;
    yt_chart_draw(canvas, panel, &chart);
}

static int draw(const char *path, const struct yt_dataset *dataset, const struct counts *counts) {
    size_t nc = (size_t)dataset->nc;
    const char **names = yt_calloc(nc, sizeof *names);
    for (size_t i = 0; i < nc; i++) names[i] = dataset->classes[i].name;
    double height = YT_MAX(3.0 * PANEL, YT_MIN(13.0 * (double)nc, 8000.0) + 40);
    struct yt_canvas *canvas = yt_canvas_new(BARS_W + PANEL + 20, (int)height + 10, NULL);
    int failed = canvas ? 0 : -1;
    if (canvas) {
        double bars_h = YT_MIN(height, 40 + 40.0 * (double)nc);
        yt_bars_draw(canvas, (struct yt_panel){8, 0, BARS_W, bars_h}, "labels by class", names,
                     counts->classes, nc);
        struct yt_panel panel = {BARS_W + 10, 0, PANEL, PANEL};
        yt_heat_draw(canvas, panel, "where boxes lie (shares of the tile, from below)",
                     counts->centres, CELLS, CELLS, 1, 1);
        panel.y += PANEL;
        yt_heat_draw(canvas, panel, "width and height of boxes (px)", counts->sizes, CELLS, CELLS,
                     SIZE_PX, SIZE_PX);
        panel.y += PANEL;
        draw_labels_per_tile(canvas, panel, counts);
        failed = yt_canvas_save(canvas, path);
    }
    yt_canvas_free(canvas);
    free(names);
    return failed;
}

int yt_labels_draw(const char *path, const struct yt_dataset *dataset, const struct yt_tiles *tiles,
                   const uint32_t *list, size_t count) {
    struct counts *counts = yt_calloc(1, sizeof *counts);
    counts->classes = yt_calloc((size_t)dataset->nc, sizeof *counts->classes);
    for (size_t i = 0; i < count; i++) {
        const struct yt_tile *tile = &tiles->items[list[i]];
        for (uint32_t k = 0; k < tile->label_count; k++)
            add_label(counts, tile, &tiles->labels[tile->label_begin + k]);
        counts->labels[YT_MIN(tile->label_count, (uint32_t)LABELS_MAX)]++;
    }
    int failed = draw(path, dataset, counts);
    free(counts->classes);
    free(counts);
    return failed;
}
