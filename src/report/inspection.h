/* What a validation looked like: the confusion matrix, pictures of its first tiles with what is
 * there and what was found, and the tiles with most mistakes.
 *
 *     struct yt_inspection *inspection = yt_inspection_new(&source, nc);
 *     for every tile: yt_inspection_add(inspection, tile, detections, nd, labels, nl);
 *     if (yt_inspection_write(inspection, folder)) return -1;
 *     yt_inspection_free(inspection);
 *
 * Into `folder`: confusion_matrix.png and its tables (matrix.h); val_batch0_labels.png,
 * val_batch0_pred.png and so on; worst_tiles/01.png ..., and worst_tiles/index.csv, which says what
 * they are. In the pictures, as in the matrix, a detection counts above a confidence of 0.25. A
 * mistake is a label that no detection of its class overlaps by an IoU of 0.5, or a detection
 * without such a label; labels and detections are paired one to one, best scores first.
 */
#ifndef YT_REPORT_INSPECTION_H
#define YT_REPORT_INSPECTION_H

#include "data/pages.h"
#include "data/tiles.h"

/* Where pixels and names are. Lent. */
struct yt_inspection_source {
    const struct yt_dataset *dataset;
    const struct yt_tiles *tiles;
    struct yt_pages *pages;
    const char *const *names; /* of the classes */
};

struct yt_inspection;
struct yt_inspection *yt_inspection_new(const struct yt_inspection_source *source, int nc);
void yt_inspection_free(struct yt_inspection *inspection);
/* A tile, as an index into source->tiles; boxes in its pixels, detections by descending score. Both
 * are copied if they are kept. */
void yt_inspection_add(struct yt_inspection *inspection, uint32_t tile,
                       const struct yt_detection *detections, size_t detection_count,
                       const struct yt_label *labels, size_t label_count);
/* -1 + yt_fail when a page cannot be read any more or a file not be written. */
int yt_inspection_write(struct yt_inspection *inspection, const char *folder);

#endif
