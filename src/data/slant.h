/* The o_bbox of DeepScoresV2's annotations, for shapes that stand at a slant: beams, slurs, flags.
 *
 * o_bbox is the rectangle of least area, at any angle, around a symbol's pixels; a_bbox the upright
 * box. Once a page is rotated, the upright box around the corners of a_bbox is larger than the
 * symbol, by a third for a slur, by a fifth for a beam; the box around what a_bbox and o_bbox share
 * is not. But o_bbox joins the centres of pixels, half a pixel or more inside the symbol's outline,
 * and for round symbols it stands at any angle. So
 *   - it is grown on all sides in steps of half a pixel, until what it shares with a_bbox reaches
 * all sides of a_bbox but for a hundredth of its area: an upright page keeps its labels;
 *   - it is of use only if it then has at most 0.8 of a_bbox's area.
 */
#ifndef YT_DATA_SLANT_H
#define YT_DATA_SLANT_H

#include "base/polygon.h"

/* corners: o_bbox as it stands in the file, x and y of each. False: no use is made of it. */
bool yt_slant_fit(struct yt_box a_bbox, const double corners[8], struct yt_polygon *slant);

#endif
