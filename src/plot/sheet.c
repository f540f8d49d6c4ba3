#include "plot/sheet.h"

#include "image/canvas.h"

#include <stdlib.h>
#include <string.h>

#define GAP 4
#define CAPTION 15

struct yt_sheet {
    struct yt_image *image;
    int columns, cell_px, count, added;
    char **captions;
};

struct yt_sheet *yt_sheet_new(int count, int columns, int cell_px) {
    YT_ASSERT(count > 0 && columns > 0 && cell_px > 0);
    struct yt_sheet *sheet = yt_malloc(sizeof *sheet);
    int used = YT_MIN(columns, count), rows = (count + columns - 1) / columns;
    int w = used * (cell_px + GAP) + GAP, h = rows * (cell_px + CAPTION + GAP) + GAP;
    *sheet = (struct yt_sheet){.image = yt_image_new(w, h, 3),
                               .columns = columns,
                               .cell_px = cell_px,
                               .count = count,
                               .captions = yt_calloc((size_t)count, sizeof *sheet->captions)};
    yt_image_fill(sheet->image, 222); /* so that white tiles stand apart */
    return sheet;
}

void yt_sheet_free(struct yt_sheet *sheet) {
    if (!sheet) return;
    for (int i = 0; i < sheet->added; i++) free(sheet->captions[i]);
    free(sheet->captions);
    yt_image_free(sheet->image);
    free(sheet);
}

static void corner(const struct yt_sheet *sheet, int i, int *x, int *y) {
    *x = GAP + i % sheet->columns * (sheet->cell_px + GAP);
    *y = GAP + i / sheet->columns * (sheet->cell_px + CAPTION + GAP) + CAPTION;
}

void yt_sheet_add(struct yt_sheet *sheet, const struct yt_image *picture, const char *caption) {
    int x, y, side = YT_MAX(picture->w, picture->h);
    YT_ASSERT(sheet->added < sheet->count && picture->c == 3);
    corner(sheet, sheet->added, &x, &y);
    int w = YT_MAX(picture->w * sheet->cell_px / side, 1);
    int h = YT_MAX(picture->h * sheet->cell_px / side, 1);
    yt_image_resize_into(picture, sheet->image, x, y, w, h);
    sheet->captions[sheet->added++] = yt_strdup(caption);
}

int yt_sheet_save(const struct yt_sheet *sheet, const char *path) {
    struct yt_canvas *canvas = yt_canvas_new(sheet->image->w, sheet->image->h, sheet->image);
    if (!canvas) return -1;
    for (int i = 0; i < sheet->added; i++) {
        int x, y;
        corner(sheet, i, &x, &y);
        yt_canvas_text(canvas, x, y - 4, 11, yt_color(0x222222), sheet->captions[i]);
    }
    int failed = yt_canvas_save(canvas, path);
    yt_canvas_free(canvas);
    return failed;
}
