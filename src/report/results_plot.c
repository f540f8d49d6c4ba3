#include "report/results_plot.h"

#include "base/file.h"
#include "plot/chart.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define COLUMNS 5
#define W 320
#define H 240

struct table {
    char **names;
    double **columns; /* each of `rows` values */
    size_t count, rows, cap;
};

static void release(struct table *table) {
    for (size_t i = 0; i < table->count; i++) {
        free(table->names[i]);
        free(table->columns[i]);
    }
    free(table->names);
    free(table->columns);
}

static void read_header(struct table *table, char *line) {
    size_t names_cap = 0;
    for (char *word; (word = strsep(&line, ","));) {
        table->names = yt_grow(table->names, &names_cap, table->count + 1, sizeof *table->names);
        table->names[table->count++] = yt_strdup(word + strspn(word, " "));
    }
    table->columns = yt_calloc(table->count, sizeof *table->columns);
}

static void read_row(struct table *table, char *line) {
    size_t need = table->rows + 1, cap = table->cap;
    for (size_t c = 0; c < table->count; c++) {
        char *word = strsep(&line, ",");
        cap = table->cap;
        table->columns[c] = yt_grow(table->columns[c], &cap, need, sizeof(double));
        table->columns[c][table->rows] = word ? strtod(word, NULL) : NAN;
    }
    table->cap = cap;
    table->rows = need;
}

static int read_table(const char *path, struct table *table) {
    char *text = yt_file_read(path, 0, NULL), *rest = text, *line;
    *table = (struct table){0};
    if (!text) return -1;
    while ((line = strsep(&rest, "\n")))
        if (*line) table->count ? read_row(table, line) : read_header(table, line);
    free(text);
    return 0;
}

static const double *find_column(const struct table *table, const char *name) {
    for (size_t i = 0; i < table->count; i++)
        if (!strcmp(table->names[i], name)) return table->columns[i];
    return NULL;
}

/* Before the first validation its columns hold zeros, which no loss is: nothing is drawn there. */
static void blank_unvalidated(struct table *table) {
    const double *loss = find_column(table, "val/cls_oo");
    bool *validated = yt_calloc(table->rows + 1, sizeof *validated);
    for (size_t row = 0; loss && row < table->rows; row++) validated[row] = loss[row] != 0;
    for (size_t i = 0; loss && i < table->count; i++) {
        if (strncmp(table->names[i], "val/", 4) && strncmp(table->names[i], "metrics/", 8))
            continue;
        for (size_t row = 0; row < table->rows; row++)
            if (!validated[row]) table->columns[i][row] = NAN;
    }
    free(validated);
}

int yt_results_plot(const char *csv_path, const char *png_path) {
    struct table table;
    if (read_table(csv_path, &table) != 0) return -1;
    blank_unvalidated(&table);
    size_t charts = table.count ? table.count - 1 : 0;
    int rows = (int)((charts + COLUMNS - 1) / COLUMNS);
    struct yt_canvas *canvas = yt_canvas_new(COLUMNS * W, YT_MAX(rows, 1) * H, NULL);
    for (size_t i = 0; canvas && i < charts; i++) {
        struct yt_series series = {NULL,       table.columns[0], table.columns[i + 1],
                                   table.rows, yt_palette(1),    0};
        struct yt_chart chart = yt_chart_of(table.names[i + 1], NULL, &series, 1);
        struct yt_panel panel = {(double)(i % COLUMNS) * W, (double)(i / COLUMNS) * H, W, H};
        yt_chart_draw(canvas, panel, &chart);
    }
    int failed = canvas ? yt_canvas_save(canvas, png_path) : -1;
    yt_canvas_free(canvas);
    release(&table);
    return failed;
}
