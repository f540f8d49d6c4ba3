/* A staff's lines on the image. For each strip of the staff, ink[y] is the share of dark pixels in
 * row y; lines at y0 + k d, k = 0..4, are worth
 *
 *     contrast(y0, d) = mean over k of ink[y0 + k d]  -  mean over the six middles of the spaces
 *                       between and beside the lines of ink
 *
 * which is 1 for clean lines on paper, whatever notes stand on them. The best y0 and d of a strip
 * are sought around what the box says; then the five lines are taken at the centroids of their ink,
 * and y0 and d from the straight line through them. A strip that disagrees with the others by half
 * an interline has caught something else, and takes its neighbours' height. */
#include "output/layout.h"

#include <math.h>
#include <stdlib.h>

#define STRIP_INTERLINES 10 /* width of a strip: a note or a beam does not fill it */
#define MAX_STRIPS 64
#define SEARCH 1.2  /* interlines that the lines may lie off the box */
#define SPREAD 0.15 /* share that their distance may differ by from a quarter of the box */
#define LEAST_CONTRAST 0.3
#define STRAY 0.5         /* interlines */
#define LEAST_INTERLINE 4 /* pixels; below, lines and spaces run together */
#define DARK 160          /* gray values below are ink */

struct profile {
    double *ink; /* rows first_y .. first_y + rows - 1 */
    int first_y, rows;
};

static bool is_dark(const struct yt_image *image, int x, int y) {
    return image->data[((size_t)y * (size_t)image->w + (size_t)x) * (size_t)image->c] < DARK;
}

static void measure_ink(struct profile *profile, const struct yt_image *image, int x1, int x2) {
    for (int i = 0; i < profile->rows; i++) {
        int dark = 0, y = profile->first_y + i;
        for (int x = x1; x < x2 && y >= 0 && y < image->h; x++) dark += is_dark(image, x, y);
        profile->ink[i] = (double)dark / YT_MAX(x2 - x1, 1);
    }
}

static double ink_at(const struct profile *profile, double y) {
    double at = y - profile->first_y - 0.5, below = floor(at); /* row i covers i .. i + 1 */
    int i = (int)below;
    if (i < 0 || i + 1 >= profile->rows) return 0;
    return profile->ink[i] + (at - below) * (profile->ink[i + 1] - profile->ink[i]);
}

static double contrast(const struct profile *profile, double top, double interline) {
    double lines = 0, spaces = 0;
    for (int k = 0; k < 5; k++) lines += ink_at(profile, top + k * interline);
    for (int k = 0; k < 6; k++) spaces += ink_at(profile, top + (k - 0.5) * interline);
    return lines / 5 - spaces / 6;
}

/* The lines of one strip. */
struct lines {
    double middle, interline;
    bool seen;
};

/* The best of all lines near `middle`, to half a pixel; its contrast. */
static double search(const struct profile *profile, double middle, double expected,
                     struct lines *lines) {
    double best = -1;
    for (double d = (1 - SPREAD) * expected; d <= (1 + SPREAD) * expected; d += expected / 40)
        for (double off = -SEARCH * expected; off <= SEARCH * expected; off += 0.5) {
            double value = contrast(profile, middle + off - 2 * d, d);
            if (value <= best) continue;
            best = value;
            lines->middle = middle + off;
            lines->interline = d;
        }
    return best;
}

/* The y of the ink about `y`; squares, so that what is darkest counts. */
static double centroid(const struct profile *profile, double y, double reach) {
    double sum = 0, weight = 1e-9;
    for (int i = 0; i < profile->rows; i++) {
        double at = profile->first_y + i + 0.5, w = profile->ink[i] * profile->ink[i];
        if (fabs(at - y) > reach) continue;
        sum += w * (at - y);
        weight += w;
    }
    return y + sum / weight;
}

/* Least squares through (k, y of line k), k = -2 .. 2. */
static void refine(const struct profile *profile, struct lines *lines) {
    double sum = 0, slope = 0;
    for (int k = -2; k <= 2; k++) {
        double y = centroid(profile, lines->middle + k * lines->interline, 0.3 * lines->interline);
        sum += y;
        slope += k * y;
    }
    lines->middle = sum / 5;
    lines->interline = slope / 10;
}

static void find_lines(const struct profile *profile, double middle, double expected,
                       struct lines *lines) {
    *lines = (struct lines){middle, expected, false};
    lines->seen = search(profile, middle, expected, lines) >= LEAST_CONTRAST;
    if (lines->seen) refine(profile, lines);
}

static int compare_doubles(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *values, int count) {
    qsort(values, (size_t)count, sizeof *values, compare_doubles);
    return values[count / 2];
}

/* Strips that are not on the line through the others (Theil and Sen: its slope is the median of
 * those of all pairs) are taken for unseen. Returns how many are left. */
static int drop_strays(struct lines *lines, int strips, double interline) {
    static const int most = MAX_STRIPS * (MAX_STRIPS - 1) / 2;
    double *values = yt_calloc((size_t)most + 1, sizeof *values);
    int pairs = 0, count = 0, left = 0;
    for (int i = 0; i < strips; i++)
        for (int k = i + 1; k < strips; k++)
            if (lines[i].seen && lines[k].seen)
                values[pairs++] = (lines[k].middle - lines[i].middle) / (k - i);
    double slope = pairs ? median(values, pairs) : 0;
    for (int i = 0; i < strips; i++)
        if (lines[i].seen) values[count++] = lines[i].middle - slope * i;
    double start = count ? median(values, count) : 0;
    for (int i = 0; i < strips; i++) {
        lines[i].seen &= fabs(lines[i].middle - slope * i - start) <= STRAY * interline;
        left += lines[i].seen;
    }
    free(values);
    return left;
}

static double median_interline(const struct lines *lines, int strips) {
    double values[MAX_STRIPS];
    int count = 0;
    for (int i = 0; i < strips; i++)
        if (lines[i].seen) values[count++] = lines[i].interline;
    return count ? median(values, count) : 0;
}

/* A strip that shows no lines takes the height of its neighbours that do. */
static void bridge(struct lines *lines, int strips) {
    for (int i = 0; i < strips; i++) {
        int left = i, right = i;
        if (lines[i].seen) continue;
        while (left >= 0 && !lines[left].seen) left--;
        while (right < strips && !lines[right].seen) right++;
        if (left < 0)
            lines[i].middle = lines[right].middle;
        else if (right == strips)
            lines[i].middle = lines[left].middle;
        else
            lines[i].middle = lines[left].middle + (lines[right].middle - lines[left].middle) *
                                                       (i - left) / (right - left);
    }
}

static void look(struct lines *lines, int strips, const struct yt_staff *staff,
                 const struct yt_image *image) {
    const struct yt_box *box = &staff->box;
    double expected = staff->interline, centre = (box->y1 + box->y2) / 2.0;
    double width = box->x2 - box->x1, margin = (SEARCH + 3) * expected;
    struct profile profile = {.first_y = (int)(centre - margin), .rows = (int)(2 * margin) + 2};
    profile.ink = yt_calloc((size_t)profile.rows, sizeof *profile.ink);
    for (int i = 0; i < strips; i++) {
        int x1 = (int)(box->x1 + width * i / strips);
        int x2 = (int)(box->x1 + width * (i + 1) / strips);
        measure_ink(&profile, image, YT_MAX(x1, 0), YT_MIN(x2, image->w));
        find_lines(&profile, centre, expected, &lines[i]);
    }
    free(profile.ink);
}

void yt_staff_measure(struct yt_staff *staff, const struct yt_image *image) {
    const struct yt_box *box = &staff->box;
    double expected = (box->y2 - box->y1) / 4.0, centre = (box->y1 + box->y2) / 2.0;
    int strips = (int)((box->x2 - box->x1) / (STRIP_INTERLINES * expected));
    strips = YT_MAX(YT_MIN(strips, MAX_STRIPS), 1);
    struct lines lines[MAX_STRIPS];
    staff->interline = expected;
    staff->strips = strips;
    staff->middle = yt_calloc((size_t)strips, sizeof *staff->middle);
    for (int i = 0; i < strips; i++) staff->middle[i] = centre;
    if (expected < LEAST_INTERLINE) return;
    look(lines, strips, staff, image);
    double interline = median_interline(lines, strips);
    if (drop_strays(lines, strips, interline) * 2 < strips) return;
    bridge(lines, strips);
    staff->interline = interline;
    staff->is_measured = true;
    for (int i = 0; i < strips; i++) staff->middle[i] = lines[i].middle;
}

double yt_staff_middle(const struct yt_staff *staff, double x) {
    double width = staff->box.x2 - staff->box.x1;
    double at = width > 0 ? (x - staff->box.x1) / width * staff->strips - 0.5 : 0;
    int i = (int)floor(at);
    if (i < 0) return staff->middle[0];
    if (i >= staff->strips - 1) return staff->middle[staff->strips - 1];
    return staff->middle[i] + (at - i) * (staff->middle[i + 1] - staff->middle[i]);
}
