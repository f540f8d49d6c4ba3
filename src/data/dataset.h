/* A data set: classes, pages, and the labels of each page. Pixels are not in it (data/pages.h), nor
 * the tiles that pages are cut into (data/tiles.h), nor who trains on what (data/split.h).
 *
 *     struct yt_dataset dataset;
 *     if (yt_dataset_open(&dataset, "data/ds2_dense", NULL)) return -1;
 *     yt_tally_print(&dataset.tally, "data/ds2_dense");
 *     ...
 *     yt_dataset_release(&dataset);
 *
 * data= names one of
 *   - a DeepScoresV2 folder as it is unpacked: deepscores_train.json, deepscores_test.json (one
 *     of the two may be absent), images/;
 *   - one JSON of that format, with images/ beside it: all its pages are training pages;
 *   - a data set YAML as the YOLO trainers use: path, train, val, test, names, nc; with labels in
 *     txt files (data/yolo.h). Without train:, its path: must be a DeepScoresV2 folder.
 *
 * A fault of one label or page costs that label or page and is counted in `tally`; a fault of the
 * whole (JSON cut in the middle, no class names, no page that can be read) fails with one line.
 */
#ifndef YT_DATA_DATASET_H
#define YT_DATA_DATASET_H

#include "base/polygon.h"
#include "data/tally.h"

/* The list that a page stands in: training, validation or test. */
enum yt_part { YT_TRAIN, YT_VAL, YT_TEST, YT_PARTS };
extern const char *const yt_part_names[YT_PARTS]; /* "train", "val", "test" */

struct yt_class {
    char *name;
    int id; /* the category id of the data set's own files, for exports; the index if it has none */
};

/* Doubles, because tiles are cut from these boxes and rounded to float once, and because `yt slice
 * compat=seed` must print the digits that Python prints. */
struct yt_page_label {
    double x1, y1, x2, y2; /* page pixels, inside the page, x1 < x2, y1 < y2 */
    int cls;               /* 0 .. nc-1 */
    uint32_t slant;        /* 1 + the index in dataset.slants; 0: the box is all there is */
};

struct yt_page {
    char *path;
    long id; /* of the image in the data set's own files, for exports; counted from 1 without one */
    int w, h; /* pixels */
    enum yt_part part;
    /* Pages of one score show the same music, in other fonts or not: what "lg-<digits>" at the
     * start of the file name says, else the page itself. An index below score_count. */
    uint32_t score;
    /* Where the image was cut from: a file named <page>.png_<x1>_<y1>_<x2>_<y2>.png is a tile at
     * (x1, y1) of that page; any other file is a sheet of its own at (0, 0). An index below
     * sheet_count. Tiles of a sheet may overlap. */
    uint32_t sheet;
    int sheet_x, sheet_y;
    size_t label_begin; /* in dataset.labels */
    uint32_t label_count;
};

struct yt_dataset {
    bool is_deepscores; /* pages to be cut into tiles, rather than images made for the model */
    struct yt_class *classes;
    int nc;
    struct yt_page *pages; /* in the order of the files: training, validation, test */
    size_t page_count, page_cap;
    struct yt_page_label *labels;
    size_t label_count, label_cap;
    struct yt_polygon *slants; /* of labels at a slant, page pixels (data/slant.h) */
    size_t slant_count, slant_cap;
    uint32_t score_count, sheet_count;
    struct yt_tally tally;
};

struct yt_dataset_options {
    const char *annotation_set; /* of DeepScoresV2: NULL is "deepscores"; or "muscima++" */
    const int *classes;         /* labels of other classes are left out; NULL: all */
    int class_count;
    bool single_cls; /* every label becomes class 0, named "item" */
    bool o_bbox;     /* of DeepScoresV2: read them, for slants */
};

/* Fills `dataset`; options may be NULL. On -1 there is nothing to release. */
int yt_dataset_open(struct yt_dataset *dataset, const char *data,
                    const struct yt_dataset_options *options);
void yt_dataset_release(struct yt_dataset *dataset);

/* --- for the readers (ds2.c, yolo.c) ------------------------------------------------------- */

/* Appends the image at `path` (copied) after reading its header. NULL: it was left out, and the
 * tally says why (missing, unreadable, under 10 px, not expect_w x expect_h when those are > 0). */
struct yt_page *yt_dataset_add_page(struct yt_dataset *dataset, const char *path, enum yt_part part,
                                    int expect_w, int expect_h);
/* Appends a label to the page added last, clipped to the page. `where` and `number` are for the
 * tally: a file and a line, or a file and an annotation's id. */
void yt_dataset_add_label(struct yt_dataset *dataset, struct yt_page_label label, const char *where,
                          long number);
/* The shape of a label that is about to be added: what its .slant becomes. */
uint32_t yt_dataset_add_slant(struct yt_dataset *dataset, const struct yt_polygon *slant);
void yt_dataset_add_class(struct yt_dataset *dataset, const char *name, int id);

#endif
