/* Each axis by itself: starts at 0, step = slice - overlap, until a window reaches the end, which
 * is then pulled back inside. The grid is the product of the two axes: SAHI pulls a window back on
 * both axes at once, and on an axis where it fits that changes nothing. */
#include "image/slices.h"
#include <stdlib.h>

struct axis {
    int size, slice, step;
    bool is_balanced;
};

static int axis_check(const char *name, int size, int slice, double overlap) {
    if (size < 1 || slice < 1)
        return yt_fail("slices: %s of %d px in windows of %d px; both must be at least 1", name,
                       size, slice);
    if (!(overlap >= 0 && overlap < 1))
        return yt_fail("slices: overlap of %g in %s; it must be at least 0 and below 1", overlap,
                       name);
    return 0;
}

static int axis_count(const struct axis *axis) {
    if (axis->slice >= axis->size) return 1;
    return 1 + (axis->size - axis->slice + axis->step - 1) / axis->step;
}

static void axis_window(const struct axis *axis, int i, int *begin, int *end) {
    int last = axis_count(axis) - 1;
    if (axis->is_balanced && last > 0) {
        int64_t room = axis->size - axis->slice;
        *begin = (int)((i * room + last / 2) / last);
        *end = *begin + axis->slice;
        return;
    }
    int64_t wanted = (int64_t)i * axis->step + axis->slice;
    *end = (int)YT_MIN(wanted, axis->size);
    *begin = YT_MAX(*end - axis->slice, 0);
}

static void lay(struct yt_slices *slices, const struct axis *rows, const struct axis *columns) {
    int nrows = axis_count(rows), ncolumns = axis_count(columns);
    slices->count = (size_t)nrows * (size_t)ncolumns;
    slices->items = yt_grow(slices->items, &slices->cap, slices->count, sizeof *slices->items);
    struct yt_slice *slice = slices->items;
    for (int row = 0; row < nrows; row++)
        for (int column = 0; column < ncolumns; column++, slice++) {
            axis_window(rows, row, &slice->y1, &slice->y2);
            axis_window(columns, column, &slice->x1, &slice->x2);
        }
}

static int cut(struct yt_slices *slices, int height, int width, int slice_h, int slice_w,
               double overlap_h, double overlap_w, bool is_balanced) {
    if (axis_check("height", height, slice_h, overlap_h)) return -1;
    if (axis_check("width", width, slice_w, overlap_w)) return -1;
    struct axis rows = {height, slice_h, slice_h - (int)(overlap_h * slice_h), is_balanced};
    struct axis columns = {width, slice_w, slice_w - (int)(overlap_w * slice_w), is_balanced};
    lay(slices, &rows, &columns);
    return 0;
}

int yt_slices_grid(struct yt_slices *slices, int height, int width, int slice_h, int slice_w,
                   double overlap_h, double overlap_w) {
    return cut(slices, height, width, slice_h, slice_w, overlap_h, overlap_w, false);
}

int yt_slices_balanced(struct yt_slices *slices, int height, int width, int slice_h, int slice_w,
                       double overlap_h, double overlap_w) {
    return cut(slices, height, width, slice_h, slice_w, overlap_h, overlap_w, true);
}

void yt_slices_release(struct yt_slices *slices) {
    free(slices->items);
    *slices = (struct yt_slices){0};
}
