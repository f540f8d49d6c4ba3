/* Detections of many images as files that other programs read.
 *
 * predictions.json is a list in the form of COCO's results, with names added:
 *
 *     [{"file_name": "page.png", "category_id": 25, "category": "noteheadBlackOnLine",
 *       "bbox": [x, y, w, h], "score": 0.93}, ...]
 *
 * bbox in pixels of the page, x and y its upper left corner. It is written as it comes, so memory
 * does not grow with the number of pages, and appears under its name only when it is complete:
 *
 *     struct yt_predictions out;
 *     if (yt_predictions_open(&out, "predictions.json", &categories)) return -1;
 *     for every page: yt_predictions_add(&out, name, detections, count);
 *     if (yt_predictions_close(&out)) return -1;         // or yt_predictions_abandon(&out)
 */
#ifndef YT_INFER_PREDICTIONS_H
#define YT_INFER_PREDICTIONS_H

#include "base/box.h"
#include "base/file.h"

/* What class 0 .. count-1 is called, and its id in the data set's own files. Lent. */
struct yt_categories {
    const char *const *names;
    const int *ids; /* NULL: the class index */
    size_t count;
};

struct yt_predictions {
    struct yt_file file;
    const struct yt_categories *categories;
    size_t count; /* detections written */
};

/* -1 + yt_fail when the file cannot be created. `categories` must live until the end. */
int yt_predictions_open(struct yt_predictions *predictions, const char *path,
                        const struct yt_categories *categories);
/* Appends the detections of one image. Write errors are kept for yt_predictions_close. */
void yt_predictions_add(struct yt_predictions *predictions, const char *file_name,
                        const struct yt_detection *detections, size_t count);
/* Completes the file; -1 + yt_fail (a full disk), and then there is no file. */
int yt_predictions_close(struct yt_predictions *predictions);
void yt_predictions_abandon(struct yt_predictions *predictions);

/* YOLO txt: a line "cls cx cy w h score" a detection, in fractions of the image's width and height;
 * without the score it is a label file. Whole or absent; -1 + yt_fail. */
int yt_predictions_write_txt(const char *path, const struct yt_detection *detections, size_t count,
                             int image_w, int image_h, bool with_score);

#endif
