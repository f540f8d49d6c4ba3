#include "output/layout.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define GAP_HEIGHTS 10 /* between two pieces of a staff, in staff heights */
#define JOINING 0.9    /* share of the way between two staffs that a line must cover to join them */
#define DARK 160

static int find_class(const struct yt_categories *categories, const char *name) {
    for (size_t i = 0; i < categories->count; i++)
        if (!strcmp(categories->names[i], name)) return (int)i;
    return -1;
}

/* How much two stretches have in common; negative: how far they are apart. */
static double common(double a1, double a2, double b1, double b2) {
    return fmin(a2, b2) - fmax(a1, b1);
}

/* --- staffs -------------------------------------------------------------------------------------
 */

/* A staff under construction: sums over its pieces, weighted by their widths. */
struct pile {
    struct yt_box box;
    double weight, y1, y2;
};

static bool is_piece_of(const struct pile *pile, const struct yt_box *box) {
    const struct yt_box *have = &pile->box;
    double height = fmin(have->y2 - have->y1, box->y2 - box->y1);
    return common(have->y1, have->y2, box->y1, box->y2) >= height / 2 &&
           common(have->x1, have->x2, box->x1, box->x2) >= -GAP_HEIGHTS * height;
}

static void add_piece(struct pile *pile, const struct yt_box *box) {
    double width = box->x2 - box->x1;
    pile->box.x1 = fminf(pile->box.x1, box->x1);
    pile->box.x2 = fmaxf(pile->box.x2, box->x2);
    pile->weight += width;
    pile->y1 += width * box->y1;
    pile->y2 += width * box->y2;
    pile->box.y1 = (float)(pile->y1 / pile->weight);
    pile->box.y2 = (float)(pile->y2 / pile->weight);
}

static int from_left(const void *a, const void *b) {
    const struct yt_box *x = a, *y = b;
    return (x->x1 > y->x1) - (x->x1 < y->x1);
}

/* Groups the pieces from left to right; returns the number of staffs. */
static size_t pile_up(struct yt_box *pieces, size_t count, struct pile *piles) {
    size_t staffs = 0;
    qsort(pieces, count, sizeof *pieces, from_left);
    for (size_t i = 0; i < count; i++) {
        size_t k = 0;
        while (k < staffs && !is_piece_of(&piles[k], &pieces[i])) k++;
        if (k == staffs) piles[staffs++] = (struct pile){.box = pieces[i]};
        add_piece(&piles[k], &pieces[i]);
    }
    return staffs;
}

static void find_staffs(struct yt_layout *layout, const struct yt_image *image,
                        const struct yt_detection *detections, size_t count, int staff_class) {
    struct yt_box *pieces = yt_calloc(count + 1, sizeof *pieces);
    size_t found = 0;
    for (size_t i = 0; i < count; i++) {
        const struct yt_box *box = &detections[i].box;
        bool is_wide = box->y2 > box->y1 && box->x2 - box->x1 > box->y2 - box->y1;
        if (detections[i].cls == staff_class && is_wide) pieces[found++] = *box;
    }
    struct pile *piles = yt_calloc(found + 1, sizeof *piles);
    layout->staff_count = pile_up(pieces, found, piles);
    layout->staffs = yt_calloc(layout->staff_count + 1, sizeof *layout->staffs);
    for (size_t i = 0; i < layout->staff_count; i++) {
        layout->staffs[i].box = piles[i].box;
        yt_staff_measure(&layout->staffs[i], image);
    }
    free(piles);
    free(pieces);
}

/* --- systems ------------------------------------------------------------------------------------
 */

static double staff_y(const struct yt_staff *staff) {
    return (staff->box.y1 + staff->box.y2) / 2.0;
}

static int from_top(const void *a, const void *b) {
    double x = staff_y(a), y = staff_y(b);
    return (x > y) - (x < y);
}

static int by_system(const void *a, const void *b) {
    const struct yt_staff *x = a, *y = b;
    return x->system != y->system ? x->system - y->system : from_top(a, b);
}

/* Whether a dark line runs from one staff down to the other at their left ends. */
static bool is_joined(const struct yt_staff *upper, const struct yt_staff *lower,
                      const struct yt_image *image) {
    int y1 = (int)(staff_y(upper) + 2 * upper->interline);
    int y2 = (int)(staff_y(lower) - 2 * lower->interline);
    double left = fmin(upper->box.x1, lower->box.x1), reach = upper->interline;
    int x1 = YT_MAX((int)(left - reach), 1), x2 = YT_MIN((int)(left + 2 * reach), image->w - 1);
    y1 = YT_MAX(y1, 0), y2 = YT_MIN(y2, image->h);
    for (int x = x1; x < x2; x++) {
        int dark = 0;
        for (int y = y1; y < y2; y++) { /* a pixel to either side, as pages are skewed */
            const uint8_t *p = image->data + ((size_t)y * (size_t)image->w + (size_t)x) * image->c;
            dark += p[-image->c] < DARK || p[0] < DARK || p[image->c] < DARK;
        }
        if (y2 > y1 && dark >= JOINING * (y2 - y1)) return true;
    }
    return false;
}

static bool is_braced(const struct yt_staff *upper, const struct yt_staff *lower,
                      const struct yt_detection *detections, size_t count, int brace_class) {
    for (size_t i = 0; i < count; i++)
        if (detections[i].cls == brace_class && detections[i].box.y1 < staff_y(upper) &&
            detections[i].box.y2 > staff_y(lower))
            return true;
    return false;
}

static bool is_same_system(const struct yt_staff *upper, const struct yt_staff *lower,
                           const struct yt_image *image, const struct yt_detection *detections,
                           size_t count, int brace_class) {
    const struct yt_box *a = &upper->box, *b = &lower->box;
    bool beside = common(a->y1, a->y2, b->y1, b->y2) > 0;
    return beside || is_braced(upper, lower, detections, count, brace_class) ||
           is_joined(upper, lower, image);
}

/* Staffs must be sorted from the top: a system is a run of neighbours. */
static void find_systems(struct yt_layout *layout, const struct yt_image *image,
                         const struct yt_detection *detections, size_t count, int brace_class) {
    for (size_t i = 1; i < layout->staff_count; i++) {
        struct yt_staff *staff = &layout->staffs[i];
        bool same = is_same_system(staff - 1, staff, image, detections, count, brace_class);
        staff->system = staff[-1].system + !same;
    }
    if (layout->staff_count)
        layout->system_count = (size_t)layout->staffs[layout->staff_count - 1].system + 1;
    qsort(layout->staffs, layout->staff_count, sizeof *layout->staffs, by_system);
}

static int compare_doubles(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median_interline(const struct yt_layout *layout) {
    if (!layout->staff_count) return NAN;
    double *interlines = yt_calloc(layout->staff_count, sizeof *interlines);
    for (size_t i = 0; i < layout->staff_count; i++) interlines[i] = layout->staffs[i].interline;
    qsort(interlines, layout->staff_count, sizeof *interlines, compare_doubles);
    double median = interlines[layout->staff_count / 2];
    free(interlines);
    return median;
}

/* --- places -------------------------------------------------------------------------------------
 */

static double distance_to(const struct yt_staff *staff, double x, double y) {
    double half = 2 * staff->interline;
    double dy = fmax(fabs(y - yt_staff_middle(staff, x)) - half, 0);
    double dx = fmax(fmax(staff->box.x1 - x, x - staff->box.x2), 0);
    return hypot(dx, dy);
}

static void find_place(const struct yt_layout *layout, const struct yt_box *box,
                       struct yt_place *place) {
    double x = (box->x1 + box->x2) / 2.0, y = (box->y1 + box->y2) / 2.0, nearest = INFINITY;
    *place = (struct yt_place){.staff = -1, .system = -1, .position = NAN};
    for (size_t i = 0; i < layout->staff_count; i++) {
        const struct yt_staff *staff = &layout->staffs[i];
        double distance = distance_to(staff, x, y);
        if (distance >= nearest) continue;
        nearest = distance;
        place->staff = (int)i;
        place->system = staff->system;
        place->position = 2 * (yt_staff_middle(staff, x) - y) / staff->interline;
    }
}

/* --- reading order ------------------------------------------------------------------------------
 */

struct reading {
    size_t index;
    int system, staff;
    long column;
    double x, y;
};

#define COMPARE(a, b)                                                                              \
    if ((a) != (b)) return (a) < (b) ? -1 : 1

static int by_x(const void *a, const void *b) {
    const struct reading *p = a, *q = b;
    COMPARE(p->system, q->system);
    COMPARE(p->x, q->x);
    COMPARE(p->index, q->index);
    return 0;
}

static int by_reading(const void *a, const void *b) {
    const struct reading *p = a, *q = b;
    COMPARE(p->system, q->system);
    COMPARE(p->column, q->column);
    COMPARE(p->staff, q->staff);
    COMPARE(p->y, q->y);
    COMPARE(p->x, q->x);
    COMPARE(p->index, q->index);
    return 0;
}

/* A column begins with the first symbol that is too far right for the one before. */
static void number_columns(struct reading *readings, size_t count, double width) {
    double start = 0;
    for (size_t i = 0; i < count; i++) {
        bool is_first = !i || readings[i].system != readings[i - 1].system;
        if (is_first || readings[i].x - start > width) {
            readings[i].column = is_first ? 0 : readings[i - 1].column + 1;
            start = readings[i].x;
        } else {
            readings[i].column = readings[i - 1].column;
        }
    }
}

static void find_order(struct yt_layout *layout, const struct yt_detection *detections,
                       size_t count) {
    struct reading *readings = yt_calloc(count + 1, sizeof *readings);
    for (size_t i = 0; i < count; i++) {
        const struct yt_box *box = &detections[i].box;
        const struct yt_place *place = &layout->places[i];
        double x = (box->x1 + box->x2) / 2.0, y = (box->y1 + box->y2) / 2.0;
        /* what runs along the staff is read where it begins */
        if (layout->staff_count && box->x2 - box->x1 > 4 * layout->interline) x = box->x1;
        readings[i] = (struct reading){i, place->system, place->staff, 0, x, y};
    }
    qsort(readings, count, sizeof *readings, by_x);
    if (layout->staff_count) number_columns(readings, count, layout->interline / 2);
    qsort(readings, count, sizeof *readings, by_reading);
    for (size_t i = 0; i < count; i++) layout->places[readings[i].index].order = i;
    free(readings);
}

/* --- all of it ----------------------------------------------------------------------------------
 */

void yt_layout_init(struct yt_layout *layout, const struct yt_image *image,
                    const struct yt_detection *detections, size_t count,
                    const struct yt_categories *categories) {
    *layout = (struct yt_layout){0};
    find_staffs(layout, image, detections, count, find_class(categories, "staff"));
    qsort(layout->staffs, layout->staff_count, sizeof *layout->staffs, from_top);
    find_systems(layout, image, detections, count, find_class(categories, "brace"));
    layout->interline = median_interline(layout);
    layout->places = yt_calloc(count + 1, sizeof *layout->places);
    for (size_t i = 0; i < count; i++) find_place(layout, &detections[i].box, &layout->places[i]);
    find_order(layout, detections, count);
}

void yt_layout_release(struct yt_layout *layout) {
    for (size_t i = 0; i < layout->staff_count; i++) free(layout->staffs[i].middle);
    free(layout->staffs);
    free(layout->places);
    *layout = (struct yt_layout){0};
}

size_t *yt_layout_order(const struct yt_layout *layout, size_t count) {
    size_t *at = yt_calloc(count + 1, sizeof *at);
    for (size_t i = 0; i < count; i++) at[layout->places[i].order] = i;
    return at;
}
