/* One box for an object that is longer than a window.
 *
 * A staff is cut by every window border that it crosses, and so are long beams, slurs and hairpins:
 * each window finds a piece. A rule says of a class in which direction its objects run, and how
 * far apart two pieces of one object may lie:
 *
 *     beam: horizontal      two pieces are joined where one ends at its window's right border, the
 *                           other begins at its window's left border, the windows lie beside each
 *                           other, and the pieces overlap and share at least half of the smaller
 *                           one's height; an end is joined to one other, the best fitting first
 *     staff: horizontal 1   two pieces are joined, cut or not and whatever the windows, where the
 *                           gap between them is at most 1 height, they share 0.6 of the larger
 *                           one's height, and the weaker has a tenth of the other's score: for
 *                           classes of which no two lie end to end
 *     brace: vertical       the same from top to bottom, with width for height
 *
 * Joined pieces become their hull.
 */
#ifndef YT_EVAL_STITCH_H
#define YT_EVAL_STITCH_H

#include "base/box.h"

enum yt_axis { YT_HORIZONTAL, YT_VERTICAL };

struct yt_stitch_rule {
    bool is_on;
    enum yt_axis axis;
    float gap; /* in heights of the piece; widths for vertical */
};

/* Sides of a window's view that a box was cut at, as bits. */
enum yt_cut { YT_CUT_LEFT = 1, YT_CUT_TOP = 2, YT_CUT_RIGHT = 4, YT_CUT_BOTTOM = 8 };

struct yt_piece {
    struct yt_detection detection; /* first, so that a grid can be made of pieces */
    struct yt_box window;          /* that it was seen through */
    unsigned cut;                  /* yt_cut */
};

/* The rules of a text such as "staff: horizontal 1, beam: horizontal", which may be "none" or
 * "default" (staff with a gap of 1, and what else runs long in DeepScoresV2), for the classes
 * names[0 .. nc-1]: rules[nc]. A class of the text that is not among the names has no effect in
 * "default" and fails otherwise: -1 + yt_fail, as for a text that is no rules. */
int yt_stitch_parse(const char *text, const char *const *names, int nc,
                    struct yt_stitch_rule *rules);

/* Stitches pieces of one class by its rule; in place, returns how many are left. A hull has the
 * best score of its pieces, and is cut where an outermost piece was. */
size_t yt_stitch(const struct yt_stitch_rule *rule, struct yt_piece *pieces, size_t count);

#endif
