/* Pieces that fit are linked: where there is no gap from the best fitting on, each end once. What
 * is linked is one object (union-find). "Along" is the direction of the rule, "across" the other.
 */
#include "eval/stitch.h"
#include "eval/grid.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SHARED_MIN 0.5f      /* of the smaller piece's extent across */
#define LINE_SHARED_MIN 0.6f /* of the larger one's */
#define LINE_SCORE_MIN 0.1f  /* of the stronger one's score */

struct span {
    float lo, hi;
};

struct link {
    uint32_t before, after; /* pieces */
    float fit;              /* what they share across, of both together */
};
struct links {
    struct link *items;
    size_t count, cap;
};

static struct span along(const struct yt_box *box, enum yt_axis axis) {
    return axis == YT_HORIZONTAL ? (struct span){box->x1, box->x2}
                                 : (struct span){box->y1, box->y2};
}

static struct span across(const struct yt_box *box, enum yt_axis axis) {
    return along(box, axis == YT_HORIZONTAL ? YT_VERTICAL : YT_HORIZONTAL);
}

static float length(struct span s) {
    return s.hi - s.lo;
}

static float common(struct span a, struct span b) {
    return YT_MIN(a.hi, b.hi) - YT_MAX(a.lo, b.lo);
}

/* Windows of one row (for vertical: column), the second one farther. */
static bool are_neighbours(const struct yt_box *a, const struct yt_box *b, enum yt_axis axis) {
    struct span row_a = across(a, axis), row_b = across(b, axis);
    return row_a.lo == row_b.lo && row_a.hi == row_b.hi && along(a, axis).lo < along(b, axis).lo;
}

static bool is_cut(const struct yt_piece *piece, enum yt_axis axis, bool at_end) {
    unsigned side = axis == YT_HORIZONTAL ? (at_end ? YT_CUT_RIGHT : YT_CUT_LEFT)
                                          : (at_end ? YT_CUT_BOTTOM : YT_CUT_TOP);
    return piece->cut & side;
}

/* Where `a` was cut, does `b` go on? How well in *fit. */
static bool fits_cut(enum yt_axis axis, const struct yt_piece *a, const struct yt_piece *b,
                     float *fit) {
    const struct yt_box *box_a = &a->detection.box, *box_b = &b->detection.box;
    struct span across_a = across(box_a, axis), across_b = across(box_b, axis);
    float shared = common(across_a, across_b);
    if (!are_neighbours(&a->window, &b->window, axis)) return false;
    if (!is_cut(a, axis, true) || !is_cut(b, axis, false)) return false;
    if (along(box_a, axis).hi > along(box_b, axis).hi) return false;
    if (common(along(box_a, axis), along(box_b, axis)) < 0) return false;
    if (shared < SHARED_MIN * YT_MIN(length(across_a), length(across_b))) return false;
    *fit = shared / (length(across_a) + length(across_b) - shared);
    return true;
}

/* Do the two lie on one line, near enough? */
static bool fits_line(const struct yt_stitch_rule *rule, const struct yt_detection *a,
                      const struct yt_detection *b) {
    struct span across_a = across(&a->box, rule->axis), across_b = across(&b->box, rule->axis);
    float thinner = YT_MIN(length(across_a), length(across_b));
    float thicker = YT_MAX(length(across_a), length(across_b));
    float stronger = YT_MAX(a->score, b->score), weaker = YT_MIN(a->score, b->score);
    return common(along(&a->box, rule->axis), along(&b->box, rule->axis)) >= -rule->gap * thinner &&
           common(across_a, across_b) >= LINE_SHARED_MIN * thicker &&
           weaker >= LINE_SCORE_MIN * stronger;
}

static bool fits(const struct yt_stitch_rule *rule, const struct yt_piece *a,
                 const struct yt_piece *b, float *fit) {
    struct span along_a = along(&a->detection.box, rule->axis);
    struct span along_b = along(&b->detection.box, rule->axis);
    if (a == b || along_a.lo > along_b.lo) return false;
    *fit = 1;
    return rule->gap > 0 ? fits_line(rule, &a->detection, &b->detection)
                         : fits_cut(rule->axis, a, b, fit);
}

static struct yt_box grown(const struct yt_box *box, const struct yt_stitch_rule *rule) {
    float gap = rule->gap * length(across(box, rule->axis)) + 1;
    float x = rule->axis == YT_HORIZONTAL ? gap : 0, y = rule->axis == YT_HORIZONTAL ? 0 : gap;
    return (struct yt_box){box->x1 - x, box->y1 - y, box->x2 + x, box->y2 + y};
}

static void find_links(const struct yt_stitch_rule *rule, const struct yt_piece *pieces,
                       size_t count, struct links *links) {
    struct yt_grid *grid = yt_grid_new(pieces, sizeof *pieces, count);
    for (size_t i = 0; i < count; i++) {
        struct yt_box box = grown(&pieces[i].detection.box, rule);
        size_t found = yt_grid_query(grid, &box);
        for (size_t k = 0; k < found; k++) {
            struct link link = {(uint32_t)i, grid->found[k], 0};
            if (!fits(rule, &pieces[i], &pieces[link.after], &link.fit)) continue;
            links->items =
                yt_grow(links->items, &links->cap, links->count + 1, sizeof *links->items);
            links->items[links->count++] = link;
        }
    }
    yt_grid_free(grid);
}

static int by_fit(const void *a, const void *b) {
    const struct link *p = a, *q = b;
    if (p->fit != q->fit) return p->fit > q->fit ? -1 : 1;
    if (p->before != q->before) return p->before < q->before ? -1 : 1;
    return (p->after > q->after) - (p->after < q->after);
}

static uint32_t root_of(uint32_t *parent, uint32_t i) {
    while (parent[i] != i) i = parent[i] = parent[parent[i]];
    return i;
}

static void take_in(struct yt_piece *hull, const struct yt_piece *piece) {
    struct yt_box *box = &hull->detection.box;
    const struct yt_box *part = &piece->detection.box;
    unsigned cut = 0;
    cut |= (part->x1 < box->x1 ? piece->cut : hull->cut) & YT_CUT_LEFT;
    cut |= (part->y1 < box->y1 ? piece->cut : hull->cut) & YT_CUT_TOP;
    cut |= (part->x2 > box->x2 ? piece->cut : hull->cut) & YT_CUT_RIGHT;
    cut |= (part->y2 > box->y2 ? piece->cut : hull->cut) & YT_CUT_BOTTOM;
    box->x1 = YT_MIN(box->x1, part->x1), box->y1 = YT_MIN(box->y1, part->y1);
    box->x2 = YT_MAX(box->x2, part->x2), box->y2 = YT_MAX(box->y2, part->y2);
    hull->detection.score = YT_MAX(hull->detection.score, piece->detection.score);
    hull->cut = cut;
}

size_t yt_stitch(const struct yt_stitch_rule *rule, struct yt_piece *pieces, size_t count) {
    struct links links = {0};
    find_links(rule, pieces, count, &links);
    if (links.count) qsort(links.items, links.count, sizeof *links.items, by_fit);
    uint32_t *parent = yt_malloc((count + 1) * sizeof *parent);
    bool *is_begun = yt_calloc(count + 1, sizeof *is_begun); /* something is joined before it */
    bool *is_ended = yt_calloc(count + 1, sizeof *is_ended); /* something is joined after it */
    for (uint32_t i = 0; i < count; i++) parent[i] = i;
    for (size_t k = 0; k < links.count; k++) {
        struct link link = links.items[k];
        bool is_taken = is_ended[link.before] || is_begun[link.after];
        if (is_taken && rule->gap == 0) continue;
        is_ended[link.before] = is_begun[link.after] = true;
        parent[root_of(parent, link.after)] = root_of(parent, link.before);
    }
    for (uint32_t i = 0; i < count; i++) {
        uint32_t root = root_of(parent, i);
        if (root != i) take_in(&pieces[root], &pieces[i]);
    }
    size_t kept = 0;
    for (uint32_t i = 0; i < count; i++)
        if (parent[i] == i) pieces[kept++] = pieces[i];
    free(is_ended);
    free(is_begun);
    free(parent);
    free(links.items);
    return kept;
}

/* --- rules ------------------------------------------------------------------------------------ */

static const char *const default_rules =
    "staff: horizontal 1, beam: horizontal, slur: horizontal, tie: horizontal, "
    "dynamicCrescendoHairpin: horizontal, dynamicDiminuendoHairpin: horizontal, "
    "ottavaBracket: horizontal, tupletBracket: horizontal, ledgerLine: horizontal, "
    "restHBar: horizontal, brace: vertical, stem: vertical, arpeggiato: vertical";

static int class_of(const char *name, size_t len, const char *const *names, int nc) {
    for (int cls = 0; cls < nc; cls++)
        if (strlen(names[cls]) == len && !strncmp(names[cls], name, len)) return cls;
    return -1;
}

/* "staff: horizontal 1" up to `end`. */
static int parse_rule(const char *text, const char *end, const char *const *names, int nc,
                      bool must_be_known, struct yt_stitch_rule *rules) {
    char name[64], direction[16];
    float gap = 0;
    int taken = 0, len = (int)(end - text);
    char *rule = yt_format("%.*s", len, text);
    int read = sscanf(rule, " %63[^: ] : %15s %n%f %n", name, direction, &taken, &gap, &taken);
    bool vertical = read >= 2 && !strcmp(direction, "vertical");
    bool horizontal = read >= 2 && !strcmp(direction, "horizontal");
    bool good = (vertical || horizontal) && taken == len && gap >= 0 && gap <= 1000;
    free(rule);
    if (!good)
        return yt_fail("stitch: \"%.*s\": must be \"class: horizontal\" or \"class: vertical\", a "
                       "gap may follow",
                       len, text);
    int cls = class_of(name, strlen(name), names, nc);
    if (cls < 0 && must_be_known)
        return yt_fail("stitch: %s: the model has no such class; see `yt info`", name);
    if (cls >= 0)
        rules[cls] = (struct yt_stitch_rule){true, vertical ? YT_VERTICAL : YT_HORIZONTAL, gap};
    return 0;
}

int yt_stitch_parse(const char *text, const char *const *names, int nc,
                    struct yt_stitch_rule *rules) {
    for (int cls = 0; cls < nc; cls++) rules[cls] = (struct yt_stitch_rule){0};
    bool is_default = !strcmp(text, "default");
    if (!strcmp(text, "none")) return 0;
    if (is_default) text = default_rules;
    for (const char *end; *text; text = *end ? end + 1 : end) {
        end = strchrnul(text, ',');
        if (parse_rule(text, end, names, nc, !is_default, rules)) return -1;
    }
    return 0;
}
