/* The leak audit: how much of a list of tiles (validation, test) has been seen in training. A tile
 * that overlaps a training tile shows symbols that were trained on; one of the same page shows the
 * same print; one of the same score the same music, in another font perhaps. Figures measured on
 * tiles that leak do not say how well the model does on music it has not seen.
 *
 * Tiles that were cut to files named <page>.png_<x1>_<y1>_<x2>_<y2>.png are put back on their pages
 * first (see yt_page.sheet).
 */
#ifndef YT_DATA_AUDIT_H
#define YT_DATA_AUDIT_H

#include "base/str.h"
#include "data/split.h"

struct yt_audit {
    size_t tiles;                              /* audited */
    size_t overlapping, same_page, same_score; /* of them */
};

void yt_audit_run(struct yt_audit *audit, const struct yt_dataset *dataset,
                  const struct yt_tiles *tiles, const struct yt_split *split, enum yt_part part);
/* Appends three lines; one when no tile leaks or there is none. */
void yt_audit_describe(const struct yt_audit *audit, enum yt_part part, struct yt_str *out);
/* The same to the log. */
void yt_audit_print(const struct yt_audit *audit, enum yt_part part);

#endif
