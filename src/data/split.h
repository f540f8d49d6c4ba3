/* Who trains on what: three lists of tiles without a tile in common.
 *
 *   official  the data set's own lists. DeepScoresV2 has no validation list: its test pages are
 *             validated on, and there are no test tiles.
 *   score     whole scores (pages that show the same music, in whatever font) by lot
 *   page      whole pages by lot
 *   file      pages in the order of the files: the first for training, the next for validation
 *   tile      tiles by lot, from all pages, the official test pages among them; tiles that overlap,
 *             and other fonts of the same bars, end up on both sides (data/audit.h counts them)
 *
 * Training tiles without labels are thinned out as yt_tiles_options.empty says; the other lists
 * have them all.
 *
 * With score, page and file, the data set's own test pages are the test list and are never trained
 * on; only where it has none is test_fraction taken off as well.
 */
#ifndef YT_DATA_SPLIT_H
#define YT_DATA_SPLIT_H

#include "data/dataset.h"
#include "data/tiles.h"

enum yt_split_method {
    YT_SPLIT_OFFICIAL,
    YT_SPLIT_SCORE,
    YT_SPLIT_PAGE,
    YT_SPLIT_FILE,
    YT_SPLIT_TILE,
};
/* The method of that name; -1 + yt_fail for another. "auto" is score for DeepScoresV2, so that
 * validation means music never seen, and official for a data set that comes with its lists. */
int yt_split_method_parse(const char *name, const struct yt_dataset *dataset,
                          enum yt_split_method *method);

struct yt_split_options {
    enum yt_split_method method;
    double val_fraction;  /* of the scores, pages or tiles; NAN: 0.15, with file and tile 0.2 */
    double test_fraction; /* NAN: 0.1, with file 0 */
    double fraction;      /* the share of the training tiles that is used, by lot: 1 all */
    uint64_t seed;
};

/* Indices into tiles.items, ascending. */
struct yt_split {
    uint32_t *tiles[YT_PARTS];
    size_t count[YT_PARTS];
    const char *method;
    bool wants_val; /* validation tiles were asked for */
};

/* Lists may be empty: who measures or counts needs but one of them. */
int yt_split_init(struct yt_split *split, const struct yt_dataset *dataset,
                  const struct yt_tiles *tiles, const struct yt_split_options *options);
/* -1 + yt_fail when no training tile is there, or no validation tile although some were asked for.
 */
int yt_split_check_training(const struct yt_split *split);
void yt_split_release(struct yt_split *split);

#endif
