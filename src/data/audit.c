#include "data/audit.h"
#include <stdlib.h>

/* A tile where it lies on its sheet. */
struct window {
    uint32_t sheet, score;
    int x1, y1, x2, y2;
};

static struct window window_of(const struct yt_dataset *dataset, const struct yt_tile *tile) {
    const struct yt_page *page = &dataset->pages[tile->page];
    int x = page->sheet_x + tile->x, y = page->sheet_y + tile->y;
    return (struct window){page->sheet, page->score, x, y, x + tile->w, y + tile->h};
}

static int by_sheet(const void *a, const void *b) {
    const struct window *x = a, *y = b;
    return (x->sheet > y->sheet) - (x->sheet < y->sheet);
}

static bool overlap(const struct window *a, const struct window *b) {
    return a->x1 < b->x2 && b->x1 < a->x2 && a->y1 < b->y2 && b->y1 < a->y2;
}

void yt_audit_run(struct yt_audit *audit, const struct yt_dataset *dataset,
                  const struct yt_tiles *tiles, const struct yt_split *split, enum yt_part part) {
    size_t trained = split->count[YT_TRAIN];
    struct window *windows = yt_malloc((trained + 1) * sizeof *windows);
    bool *has_score = yt_calloc(dataset->score_count + 1, sizeof *has_score);
    for (size_t i = 0; i < trained; i++) {
        windows[i] = window_of(dataset, &tiles->items[split->tiles[YT_TRAIN][i]]);
        has_score[windows[i].score] = true;
    }
    qsort(windows, trained, sizeof *windows, by_sheet);
    size_t *begin = yt_calloc(dataset->sheet_count + 1, sizeof *begin); /* of a sheet's windows */
    for (size_t i = 0; i < trained; i++) begin[windows[i].sheet + 1]++;
    for (uint32_t s = 0; s < dataset->sheet_count; s++) begin[s + 1] += begin[s];

    *audit = (struct yt_audit){.tiles = split->count[part]};
    for (size_t i = 0; i < audit->tiles; i++) {
        struct window window = window_of(dataset, &tiles->items[split->tiles[part][i]]);
        bool overlaps = false;
        for (size_t t = begin[window.sheet]; t < begin[window.sheet + 1] && !overlaps; t++)
            overlaps = overlap(&window, &windows[t]);
        audit->overlapping += overlaps;
        audit->same_page += begin[window.sheet] < begin[window.sheet + 1];
        audit->same_score += has_score[window.score];
    }
    free(begin);
    free(has_score);
    free(windows);
}

void yt_audit_describe(const struct yt_audit *audit, enum yt_part part, struct yt_str *out) {
    static const char *const names[YT_PARTS] = {"training", "validation", "test"};
    const struct {
        size_t count;
        const char *what;
    } leaks[] = {{audit->overlapping, "overlap a training tile"},
                 {audit->same_page, "are of a page that is trained on"},
                 {audit->same_score, "are of a score that is trained on"}};
    double percent = audit->tiles ? 100.0 / (double)audit->tiles : 0;
    if (audit->same_score == 0) { /* an overlap is on a page, and a page is of a score */
        yt_str_add(out, "Leak audit: none of %zu %s tiles shares a score with a training tile\n",
                   audit->tiles, names[part]);
        return;
    }
    for (size_t i = 0; i < YT_COUNT(leaks); i++)
        yt_str_add(out, "Leak audit: %zu of %zu %s tiles (%.1f %%) %s\n", leaks[i].count,
                   audit->tiles, names[part], percent * (double)leaks[i].count, leaks[i].what);
}

void yt_audit_print(const struct yt_audit *audit, enum yt_part part) {
    struct yt_str text = {0};
    yt_audit_describe(audit, part, &text);
    text.s[text.len - 1] = 0; /* yt_info ends the last line */
    yt_info("%s", text.s);
    yt_str_release(&text);
}
