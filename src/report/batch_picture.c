#include "report/batch_picture.h"

#include "base/file.h"
#include "image/draw.h"
#include "plot/sheet.h"

#include <math.h>
#include <stdlib.h>

enum { IMAGES = 16, COLUMNS = 4, CELL_PX = 480 };

static struct yt_image *draw(const struct yt_batch *batch, int i, const char *const *names,
                             size_t nc) {
    const struct yt_batch_item *item = &batch->items[i];
    size_t bytes = (size_t)batch->h * (size_t)batch->w * 3;
    struct yt_image image = {batch->w, batch->h, 3, batch->images + (size_t)i * bytes};
    struct yt_detection *boxes = yt_malloc(((size_t)item->target_count + 1) * sizeof *boxes);
    for (int k = 0; k < item->target_count; k++) {
        const struct yt_target *t = &batch->targets[item->target_begin + k];
        float w = (float)batch->w, h = (float)batch->h;
        boxes[k] = (struct yt_detection){{(t->cx - t->w / 2) * w, (t->cy - t->h / 2) * h,
                                          (t->cx + t->w / 2) * w, (t->cy + t->h / 2) * h},
                                         NAN,
                                         t->cls};
    }
    struct yt_image *drawn =
        yt_draw_detections(&image, boxes, (size_t)item->target_count, names, nc);
    free(boxes);
    return drawn;
}

int yt_batch_picture(const char *path, const struct yt_batch *batch, const struct yt_tiles *tiles,
                     const struct yt_dataset *dataset) {
    int count = YT_MIN(batch->n, (int)IMAGES), failed = 0;
    struct yt_sheet *sheet = yt_sheet_new(count, COLUMNS, CELL_PX);
    const char **names = yt_calloc((size_t)dataset->nc, sizeof *names);
    for (int c = 0; c < dataset->nc; c++) names[c] = dataset->classes[c].name;
    for (int i = 0; i < count && !failed; i++) {
        const struct yt_tile *tile = &tiles->items[batch->items[i].tile];
        struct yt_image *picture = draw(batch, i, names, (size_t)dataset->nc);
        char *caption =
            yt_format("%s %d,%d", yt_path_name(dataset->pages[tile->page].path), tile->x, tile->y);
        if (picture)
            yt_sheet_add(sheet, picture, caption);
        else
            failed = -1;
        free(caption);
        yt_image_free(picture);
    }
    if (!failed) failed = yt_sheet_save(sheet, path);
    free(names);
    yt_sheet_free(sheet);
    return failed;
}
