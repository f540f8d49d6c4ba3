/* A staff's lines on the image. For each strip of the staff, ink[y] is the share of dark pixels in
 * row y; lines at y0 + k d, k = 0..4, are worth
 *
 *     contrast(y0, d) = mean over k of ink[y0 + k d]  -  mean over the six middles of the spaces
 *                       between and beside the lines of ink
 *
 * which is 1 for clean lines on paper, whatever notes stand on them. First both y0 and d are sought
 * in every strip, around what the box says; the staff's d is the median; then y0 again with it. */
#include "output/layout.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define STRIP_INTERLINES 10 /* width of a strip: a note or a beam does not fill it */
#define MAX_STRIPS 64
#define SEARCH 1.2  /* interlines that the lines may lie off the box */
#define SPREAD 0.15 /* share that their distance may differ by from a quarter of the box */
#define LEAST_CONTRAST 0.3
#define DARK 160 /* gray values below are ink */

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

/* The best top line for lines at a given distance, around `middle`; *best is its contrast. */
static double find_top(const struct profile *profile, double middle, double interline,
                       double *best) {
    double found = middle - 2 * interline;
    *best = -1;
    for (double off = -SEARCH * interline; off <= SEARCH * interline; off += 0.25) {
        double top = middle - 2 * interline + off, value = contrast(profile, top, interline);
        if (value > *best) *best = value, found = top;
    }
    return found;
}

static int compare_doubles(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(const double *values, int count) {
    double sorted[MAX_STRIPS];
    memcpy(sorted, values, (size_t)count * sizeof *values);
    qsort(sorted, (size_t)count, sizeof *sorted, compare_doubles);
    return sorted[count / 2];
}

/* The distance of the lines in a strip. */
static double find_interline(const struct profile *profile, double middle, double expected) {
    double best = -1, found = expected;
    for (double d = (1 - SPREAD) * expected; d <= (1 + SPREAD) * expected; d += expected / 80) {
        double value;
        find_top(profile, middle, d, &value);
        if (value > best) best = value, found = d;
    }
    return found;
}

/* A strip that shows no lines takes the height of its neighbours that do. */
static void bridge(double *middle, const bool *seen, int strips) {
    for (int i = 0; i < strips; i++) {
        int left = i, right = i;
        if (seen[i]) continue;
        while (left >= 0 && !seen[left]) left--;
        while (right < strips && !seen[right]) right++;
        if (left < 0)
            middle[i] = middle[right];
        else if (right == strips)
            middle[i] = middle[left];
        else
            middle[i] = middle[left] + (middle[right] - middle[left]) * (i - left) / (right - left);
    }
}

void yt_staff_measure(struct yt_staff *staff, const struct yt_image *image) {
    const struct yt_box *box = &staff->box;
    double expected = (box->y2 - box->y1) / 4.0, centre = (box->y1 + box->y2) / 2.0;
    double width = box->x2 - box->x1, margin = (SEARCH + 3) * expected;
    int strips = YT_MAX(YT_MIN((int)(width / (STRIP_INTERLINES * expected)), MAX_STRIPS), 1);
    staff->interline = expected;
    staff->strips = strips;
    staff->middle = yt_calloc((size_t)strips, sizeof *staff->middle);
    for (int i = 0; i < strips; i++) staff->middle[i] = centre;
    if (expected < 3) return; /* lines that touch each other */

    struct profile profiles[MAX_STRIPS];
    double distances[MAX_STRIPS];
    int rows = (int)(2 * margin) + 2;
    double *ink = yt_calloc((size_t)strips * (size_t)rows, sizeof *ink);
    for (int i = 0; i < strips; i++) {
        int x1 = (int)(box->x1 + width * i / strips),
            x2 = (int)(box->x1 + width * (i + 1) / strips);
        profiles[i] = (struct profile){ink + i * rows, (int)(centre - margin), rows};
        measure_ink(&profiles[i], image, YT_MAX(x1, 0), YT_MIN(x2, image->w));
        distances[i] = find_interline(&profiles[i], centre, expected);
    }
    double interline = median(distances, strips);
    bool seen[MAX_STRIPS];
    int count = 0;
    for (int i = 0; i < strips; i++) {
        double value, top = find_top(&profiles[i], centre, interline, &value);
        seen[i] = value >= LEAST_CONTRAST;
        count += seen[i];
        if (seen[i]) staff->middle[i] = top + 2 * interline;
    }
    free(ink);
    if (count * 2 < strips) {
        for (int i = 0; i < strips; i++) staff->middle[i] = centre;
        return;
    }
    bridge(staff->middle, seen, strips);
    staff->interline = interline;
    staff->is_measured = true;
}

double yt_staff_middle(const struct yt_staff *staff, double x) {
    double width = staff->box.x2 - staff->box.x1;
    double at = width > 0 ? (x - staff->box.x1) / width * staff->strips - 0.5 : 0;
    int i = (int)floor(at);
    if (i < 0) return staff->middle[0];
    if (i >= staff->strips - 1) return staff->middle[staff->strips - 1];
    return staff->middle[i] + (at - i) * (staff->middle[i + 1] - staff->middle[i]);
}
