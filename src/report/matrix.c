#include "report/matrix.h"

#include "base/file.h"
#include "base/str.h"
#include "plot/chart.h"

#include <stdio.h>
#include <stdlib.h>

struct matrix {
    const struct yt_confusion *confusion;
    const char *const *names;
    size_t *truths; /* labels of each class, the background's last: a column's sum */
};

static const char *name_of(const struct matrix *m, int cls) {
    return cls < m->confusion->nc ? m->names[cls] : "background";
}

static double share(const struct matrix *m, int predicted, int truth) {
    size_t all = m->truths[truth];
    return all ? (double)yt_confusion_at(m->confusion, predicted, truth) / (double)all : 0;
}

static int write_text(const char *folder, const char *name, struct yt_str *text) {
    char *path = yt_path_join(folder, name);
    int failed = yt_file_write(path, text->s, text->len);
    free(path);
    yt_str_release(text);
    return failed;
}

static int write_csv(const char *folder, const struct matrix *m) {
    struct yt_str text = {0};
    int n = m->confusion->nc;
    yt_str_add(&text, "predicted \\ true");
    for (int truth = 0; truth <= n; truth++) {
        yt_str_append(&text, ",", 1);
        yt_str_csv_field(&text, name_of(m, truth));
    }
    for (int predicted = 0; predicted <= n; predicted++) {
        yt_str_append(&text, "\n", 1);
        yt_str_csv_field(&text, name_of(m, predicted));
        for (int truth = 0; truth <= n; truth++)
            yt_str_add(&text, ",%zu", yt_confusion_at(m->confusion, predicted, truth));
    }
    yt_str_append(&text, "\n", 1);
    return write_text(folder, "confusion_matrix.csv", &text);
}

/* --- the list ------------------------------------------------------------------------------- */

struct pair {
    int predicted, truth;
    size_t count;
};

static int most_first(const void *a, const void *b) {
    const struct pair *p = a, *q = b;
    if (p->count != q->count) return p->count > q->count ? -1 : 1;
    if (p->truth != q->truth) return p->truth < q->truth ? -1 : 1;
    return (p->predicted > q->predicted) - (p->predicted < q->predicted);
}

static int write_pairs(const char *folder, const struct matrix *m) {
    struct pair *pairs = NULL;
    size_t count = 0, cap = 0;
    int n = m->confusion->nc;
    for (int predicted = 0; predicted <= n; predicted++)
        for (int truth = 0; truth <= n; truth++) {
            size_t here = yt_confusion_at(m->confusion, predicted, truth);
            if (!here || predicted == truth) continue;
            pairs = yt_grow(pairs, &cap, count + 1, sizeof *pairs);
            pairs[count++] = (struct pair){predicted, truth, here};
        }
    if (count) qsort(pairs, count, sizeof *pairs, most_first);
    struct yt_str text = {0};
    yt_str_add(&text, "true,predicted,count,share\n");
    for (size_t i = 0; i < count; i++) {
        yt_str_csv_field(&text, name_of(m, pairs[i].truth));
        yt_str_append(&text, ",", 1);
        yt_str_csv_field(&text, name_of(m, pairs[i].predicted));
        yt_str_add(&text, ",%zu,%.4f\n", pairs[i].count,
                   share(m, pairs[i].predicted, pairs[i].truth));
    }
    free(pairs);
    return write_text(folder, "confusions.csv", &text);
}

/* --- the picture ---------------------------------------------------------------------------- */

/* The classes that are labelled or predicted, and the background; returns how many. */
static int present(const struct matrix *m, int *classes) {
    int n = m->confusion->nc, count = 0;
    for (int cls = 0; cls <= n; cls++) {
        size_t seen = m->truths[cls];
        for (int truth = 0; truth <= n; truth++) seen += yt_confusion_at(m->confusion, cls, truth);
        if (seen || cls == n) classes[count++] = cls;
    }
    return count;
}

struct layout {
    double margin, cell, font, side;
};

static void draw_names(struct yt_canvas *canvas, const struct matrix *m, const struct layout *l,
                       const int *classes, int count) {
    const struct yt_color ink = yt_color(0x222222), faint = yt_color(0xe4e4e4);
    for (int i = 0; i < count; i++) {
        const char *name = name_of(m, classes[i]);
        double at = l->margin + i * l->cell, line = at + l->cell / 2 + l->font * 0.35;
        double width = yt_canvas_text_width(canvas, l->font, name);
        yt_canvas_line(canvas, l->margin, at, l->side, at, 0.5, faint);
        yt_canvas_line(canvas, at, l->margin, at, l->side, 0.5, faint);
        yt_canvas_text(canvas, l->margin - 5 - width, line, l->font, ink, name);
        yt_canvas_text_up(canvas, line, l->margin - 5, l->font, ink, name);
    }
}

static void draw_cells(struct yt_canvas *canvas, const struct matrix *m, const struct layout *l,
                       const int *classes, int count) {
    for (int r = 0; r < count; r++)
        for (int c = 0; c < count; c++) {
            double part = share(m, classes[r], classes[c]);
            double x = l->margin + c * l->cell, y = l->margin + r * l->cell;
            if (part <= 0) continue;
            yt_canvas_fill(canvas, x, y, l->cell, l->cell, yt_heat_color(0.06 + 0.94 * part));
            if (l->cell < 26) continue;
            char text[16];
            snprintf(text, sizeof text, "%.2f", part);
            double width = yt_canvas_text_width(canvas, l->font, text);
            yt_canvas_text(canvas, x + (l->cell - width) / 2, y + l->cell / 2 + l->font * 0.35,
                           l->font, yt_color(part > 0.5 ? 0xffffff : 0x222222), text);
        }
}

static int draw(const char *folder, const struct matrix *m) {
    int *classes = yt_calloc((size_t)m->confusion->nc + 1, sizeof *classes);
    int count = present(m, classes);
    struct layout l = {.margin = 190, .cell = YT_MIN(YT_MAX(1800.0 / count, 15), 60)};
    l.font = YT_MIN(l.cell * 0.8, 12);
    l.side = l.margin + l.cell * count;
    struct yt_canvas *canvas = yt_canvas_new((int)l.side + 20, (int)l.side + 20, NULL);
    int failed = canvas ? 0 : -1;
    if (canvas) {
        yt_canvas_text(canvas, 10, 20, 12, yt_color(0x222222), "rows: predicted");
        yt_canvas_text(canvas, 10, 38, 12, yt_color(0x222222), "columns: true");
        yt_canvas_text(canvas, 10, 56, 12, yt_color(0x222222), "shade: share of the true");
        draw_cells(canvas, m, &l, classes, count);
        draw_names(canvas, m, &l, classes, count);
        char *path = yt_path_join(folder, "confusion_matrix.png");
        failed = yt_canvas_save(canvas, path);
        free(path);
    }
    yt_canvas_free(canvas);
    free(classes);
    return failed;
}

int yt_matrix_write(const char *folder, const struct yt_confusion *confusion,
                    const char *const *names) {
    struct matrix m = {confusion, names, yt_calloc((size_t)confusion->nc + 1, sizeof *m.truths)};
    for (int predicted = 0; predicted <= confusion->nc; predicted++)
        for (int truth = 0; truth <= confusion->nc; truth++)
            m.truths[truth] += yt_confusion_at(confusion, predicted, truth);
    int failed = write_csv(folder, &m) || write_pairs(folder, &m) || draw(folder, &m);
    free(m.truths);
    return failed ? -1 : 0;
}
