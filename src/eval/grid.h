/* Which boxes of a set overlap a given one, without looking at all of them: the boxes are listed in
 * the cells of a uniform grid that they touch. Built in O(n), memory O(n); a query costs what its
 * cells hold, so all pairs of a page of music are found in near-linear time.
 *
 *     struct yt_grid *grid = yt_grid_new(labels, sizeof *labels, nlabels);
 *     size_t count = yt_grid_query(grid, &box);
 *     for (size_t k = 0; k < count; k++) use(labels[grid->found[k]]);
 *     yt_grid_free(grid);
 */
#ifndef YT_EVAL_GRID_H
#define YT_EVAL_GRID_H

#include "base/box.h"

struct yt_grid {
    uint32_t *found; /* the last query's answer, ascending */
    const char *items;
    size_t stride, count;
    double x0, y0, cell_px;
    int columns, rows;
    uint32_t *start, *members; /* of cell c: members[start[c]] .. members[start[c + 1] - 1] */
    uint32_t *seen, query;     /* seen[i] == query: box i is in `found` already or was refused */
};

/* `items`: an array of boxes, or of structs of `stride` bytes that begin with one (labels,
 * detections). All coordinates are finite. The array must outlive the grid, unchanged. */
struct yt_grid *yt_grid_new(const void *items, size_t stride, size_t count);
void yt_grid_free(struct yt_grid *grid);

/* Finds the boxes whose intersection with `box` has a positive area; returns their number and
 * leaves their indices in grid->found, valid until the next query. */
size_t yt_grid_query(struct yt_grid *grid, const struct yt_box *box);

#endif
