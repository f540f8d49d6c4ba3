/* Where symbols stand in the music: on which staff, how high, and in which order they are read.
 *
 * Staffs are the detections of the class "staff". Pieces of one staff (boxes that overlap by half
 * their height and lie within ten staff heights of each other sideways) count as one. Where the
 * image shows five lines in the box, the lines are measured on it, in strips, so that a box that is
 * a few pixels off and a page that is a little skewed do no harm; elsewhere the box says where they
 * are.
 *
 * A symbol belongs to the nearest staff: its centre is in it, or the way from the centre to it is
 * the shortest. Its position is the height of its centre over the middle line in half spaces, as
 * LilyPond counts: 0 the middle line, 4 the top line, 5 the space above it, -4 the bottom line.
 *
 * Staffs form a system where a brace spans both, where they stand side by side, or where a line
 * joins their left ends. The reading order goes by system; in a system from left to right in
 * columns half a space wide; in a column by staff from the top, and down each.
 */
#ifndef YT_OUTPUT_LAYOUT_H
#define YT_OUTPUT_LAYOUT_H

#include "output/output.h"

struct yt_staff {
    struct yt_box box; /* of all its pieces */
    int system;
    double interline; /* from line to line, pixels */
    /* The y of the middle line: in the middles of `strips` strips of equal width from box.x1 to
     * box.x2, between them on straight lines. */
    double *middle;
    int strips;
    bool is_measured; /* on the image */
};

struct yt_place {
    int staff, system; /* indices; -1 on a page without staffs */
    double position;   /* half spaces over the middle line; NAN without staffs */
    size_t order;      /* rank in reading order, from 0 */
};

struct yt_layout {
    struct yt_staff *staffs; /* by system from the top, in a system from the top */
    size_t staff_count, system_count;
    double interline;        /* the median of the staffs'; NAN without staffs */
    struct yt_place *places; /* one a detection */
};

void yt_layout_init(struct yt_layout *layout, const struct yt_image *image,
                    const struct yt_detection *detections, size_t count,
                    const struct yt_categories *categories);
void yt_layout_release(struct yt_layout *layout);

/* The indices of the detections in reading order; to free. */
size_t *yt_layout_order(const struct yt_layout *layout, size_t count);

/* The y of a staff's middle line at x. */
double yt_staff_middle(const struct yt_staff *staff, double x);

/* Finds a staff's five lines on the image, near its box: sets interline, middle, strips and
 * is_measured (staff_lines.c). */
void yt_staff_measure(struct yt_staff *staff, const struct yt_image *image);

#endif
