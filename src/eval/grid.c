/* The cell size starts at one cell a box and doubles until the lists hold at most LISTED entries a
 * box: a staff crosses many cells, a notehead one or two. */
#include "eval/grid.h"
#include <math.h>
#include <stdlib.h>

enum { CELLS_MAX = 2048, LISTED = 8 }; /* cells along an axis at most; list entries a box */

struct span {
    int x1, y1, x2, y2; /* cells, both ends inclusive */
};

static const struct yt_box *box_at(const struct yt_grid *grid, size_t i) {
    return (const struct yt_box *)(grid->items + i * grid->stride);
}

static int cell_of(double px, double cell_px, int cells) {
    double cell = floor(px / cell_px);
    return cell < 0 ? 0 : cell >= cells ? cells - 1 : (int)cell;
}

static struct span span_of(const struct yt_grid *grid, const struct yt_box *box) {
    return (struct span){
        .x1 = cell_of(box->x1 - grid->x0, grid->cell_px, grid->columns),
        .y1 = cell_of(box->y1 - grid->y0, grid->cell_px, grid->rows),
        .x2 = cell_of(box->x2 - grid->x0, grid->cell_px, grid->columns),
        .y2 = cell_of(box->y2 - grid->y0, grid->cell_px, grid->rows),
    };
}

static size_t count_entries(const struct yt_grid *grid) {
    size_t entries = 0;
    for (size_t i = 0; i < grid->count; i++) {
        struct span s = span_of(grid, box_at(grid, i));
        entries += (size_t)(s.x2 - s.x1 + 1) * (size_t)(s.y2 - s.y1 + 1);
    }
    return entries;
}

static void set_cell(struct yt_grid *grid, double cell_px, double width, double height) {
    grid->cell_px = cell_px;
    grid->columns = (int)(width / cell_px) + 1;
    grid->rows = (int)(height / cell_px) + 1;
}

/* Chooses the cell size; returns the number of list entries. */
static size_t lay_out(struct yt_grid *grid) {
    double x1 = INFINITY, y1 = INFINITY, x2 = -INFINITY, y2 = -INFINITY;
    for (size_t i = 0; i < grid->count; i++) {
        const struct yt_box *box = box_at(grid, i);
        x1 = fmin(x1, box->x1), y1 = fmin(y1, box->y1);
        x2 = fmax(x2, box->x2), y2 = fmax(y2, box->y2);
    }
    YT_ASSERT(isfinite(x1) && isfinite(y1) && isfinite(x2) && isfinite(y2));
    double width = x2 - x1, height = y2 - y1;
    double cell_px = sqrt(width * height / (double)grid->count);
    cell_px = fmax(cell_px, fmax(width, height) / CELLS_MAX);
    if (!(cell_px > 0)) cell_px = 1;
    grid->x0 = x1, grid->y0 = y1;
    set_cell(grid, cell_px, width, height);
    size_t entries = count_entries(grid);
    while (entries > LISTED * grid->count) {
        set_cell(grid, 2 * grid->cell_px, width, height);
        entries = count_entries(grid);
    }
    return entries;
}

/* Counting sort: sizes, running sum, then fill. Boxes are visited in order, so every cell's list
 * ascends. */
static void fill(struct yt_grid *grid, size_t entries) {
    size_t cells = (size_t)grid->columns * (size_t)grid->rows;
    grid->start = yt_calloc(cells + 2, sizeof *grid->start);
    grid->members = yt_malloc(entries * sizeof *grid->members);
    uint32_t *next = grid->start + 1; /* while filling, next[c] is where cell c's next entry goes */
    for (int pass = 0; pass < 2; pass++) {
        for (size_t i = 0; i < grid->count; i++) {
            struct span s = span_of(grid, box_at(grid, i));
            for (int y = s.y1; y <= s.y2; y++)
                for (int x = s.x1; x <= s.x2; x++) {
                    size_t cell = (size_t)y * (size_t)grid->columns + (size_t)x;
                    if (pass == 0)
                        next[cell + 1]++;
                    else
                        grid->members[next[cell]++] = (uint32_t)i;
                }
        }
        if (pass == 0)
            for (size_t cell = 1; cell <= cells; cell++) next[cell] += next[cell - 1];
    }
}

struct yt_grid *yt_grid_new(const void *items, size_t stride, size_t count) {
    YT_ASSERT(count < UINT32_MAX / LISTED);
    struct yt_grid *grid = yt_calloc(1, sizeof *grid);
    grid->items = items;
    grid->stride = stride;
    grid->count = count;
    if (count == 0) return grid;
    fill(grid, lay_out(grid));
    grid->seen = yt_calloc(count, sizeof *grid->seen);
    grid->found = yt_malloc(count * sizeof *grid->found);
    return grid;
}

void yt_grid_free(struct yt_grid *grid) {
    if (!grid) return;
    free(grid->found);
    free(grid->seen);
    free(grid->members);
    free(grid->start);
    free(grid);
}

static bool intersects(const struct yt_box *a, const struct yt_box *b) {
    return YT_MIN(a->x2, b->x2) > YT_MAX(a->x1, b->x1) &&
           YT_MIN(a->y2, b->y2) > YT_MAX(a->y1, b->y1);
}

static int by_index(const void *a, const void *b) {
    uint32_t i = *(const uint32_t *)a, j = *(const uint32_t *)b;
    return (i > j) - (i < j);
}

size_t yt_grid_query(struct yt_grid *grid, const struct yt_box *box) {
    if (grid->count == 0) return 0;
    size_t found = 0;
    uint32_t query = ++grid->query;
    struct span s = span_of(grid, box);
    for (int y = s.y1; y <= s.y2; y++)
        for (int x = s.x1; x <= s.x2; x++) {
            size_t cell = (size_t)y * (size_t)grid->columns + (size_t)x;
            for (uint32_t k = grid->start[cell]; k < grid->start[cell + 1]; k++) {
                uint32_t i = grid->members[k];
                if (grid->seen[i] == query) continue;
                grid->seen[i] = query;
                if (intersects(box, box_at(grid, i))) grid->found[found++] = i;
            }
        }
    if (s.x1 != s.x2 || s.y1 != s.y2) qsort(grid->found, found, sizeof *grid->found, by_index);
    return found;
}
