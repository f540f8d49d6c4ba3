#include "data/split.h"
#include "base/rng.h"
#include "base/str.h"
#include <stdlib.h>
#include <string.h>

static const char *const method_names[] = {
    [YT_SPLIT_OFFICIAL] = "official", [YT_SPLIT_SCORE] = "score", [YT_SPLIT_PAGE] = "page",
    [YT_SPLIT_FILE] = "file",         [YT_SPLIT_TILE] = "tile",
};

int yt_split_method_parse(const char *name, const struct yt_dataset *dataset,
                          enum yt_split_method *method) {
    if (strcmp(name, "auto") == 0) {
        *method = dataset->is_deepscores ? YT_SPLIT_SCORE : YT_SPLIT_OFFICIAL;
        return 0;
    }
    for (size_t i = 0; i < YT_COUNT(method_names); i++)
        if (strcmp(name, method_names[i]) == 0) {
            *method = (enum yt_split_method)i;
            return 0;
        }
    const char *near = yt_str_nearest(name, method_names, YT_COUNT(method_names));
    return yt_fail("split: %s: unknown; take official, score, page, file or tile%s%s%s", name,
                   near ? " (did you mean " : "", near ? near : "", near ? "?)" : "");
}

/* --- who gets what ------------------------------------------------------------------------- */

static bool has_part(const struct yt_dataset *dataset, enum yt_part part) {
    for (size_t i = 0; i < dataset->page_count; i++)
        if (dataset->pages[i].part == part) return true;
    return false;
}

struct fractions {
    double val, test;
};

static struct fractions fractions_of(const struct yt_split_options *options,
                                     const struct yt_dataset *dataset) {
    bool is_tile = options->method == YT_SPLIT_TILE, is_file = options->method == YT_SPLIT_FILE;
    struct fractions f = {options->val_fraction, options->test_fraction};
    if (!(f.val >= 0)) f.val = is_tile || is_file ? 0.2 : 0.15;
    if (!(f.test >= 0)) f.test = is_file ? 0 : 0.1;
    if (!is_tile && has_part(dataset, YT_TEST)) f.test = 0;
    return f;
}

/* Deals `count` things in the given order: training, validation, test. Rounds down the first two,
 * so that 70/20/10 of 41766 tiles are 29236, 8353 and 4177; but of two things or more, one goes to
 * each part that was asked for. */
static void deal(const uint32_t *order, uint32_t count, struct fractions f, uint8_t *part_of) {
    const double hair = 1e-9; /* 1 - 0.2 - 0.1 may be a hair below 0.7 */
    uint32_t train = (uint32_t)((1 - f.val - f.test) * count + hair);
    uint32_t not_test = f.test > 0 ? (uint32_t)((1 - f.test) * count + hair) : count;
    if (train == 0 && count > 0) train = 1;
    if (f.test > 0 && not_test == count && count > 1) not_test--;
    if (f.val > 0 && train >= not_test && not_test > 1) train = not_test - 1;
    for (uint32_t i = 0; i < count; i++)
        part_of[order[i]] = i < train ? YT_TRAIN : i < not_test ? YT_VAL : YT_TEST;
}

static void deal_by_lot(uint32_t *things, uint32_t count, struct fractions f,
                        const struct yt_split_options *options, uint8_t *part_of) {
    struct yt_rng rng = yt_rng_make(options->seed, "split", 0, 0);
    yt_rng_shuffle(&rng, things, count);
    deal(things, count, f, part_of);
}

/* The part of every page. Groups: pages that go together have the same number. */
static void deal_pages(const struct yt_dataset *dataset, const struct yt_split_options *options,
                       uint8_t *part_of_page) {
    bool by_score = options->method == YT_SPLIT_SCORE;
    uint32_t groups = by_score ? dataset->score_count : dataset->sheet_count, count = 0;
    uint32_t *order = yt_malloc((groups + 1) * sizeof *order);
    bool *is_dealt = yt_calloc(groups + 1, sizeof *is_dealt);
    uint8_t *part_of = yt_calloc(groups + 1, sizeof *part_of);
    for (size_t i = 0; i < dataset->page_count; i++) { /* groups in the order of the files */
        const struct yt_page *page = &dataset->pages[i];
        uint32_t group = by_score ? page->score : page->sheet;
        if (page->part == YT_TEST || is_dealt[group]) continue;
        is_dealt[group] = true;
        order[count++] = group;
    }
    struct fractions f = fractions_of(options, dataset);
    if (options->method == YT_SPLIT_FILE)
        deal(order, count, f, part_of);
    else
        deal_by_lot(order, count, f, options, part_of);
    for (size_t i = 0; i < dataset->page_count; i++) {
        const struct yt_page *page = &dataset->pages[i];
        part_of_page[i] =
            page->part == YT_TEST ? YT_TEST : part_of[by_score ? page->score : page->sheet];
    }
    free(part_of);
    free(is_dealt);
    free(order);
}

static void official_pages(const struct yt_dataset *dataset, uint8_t *part_of_page) {
    bool has_val = has_part(dataset, YT_VAL);
    for (size_t i = 0; i < dataset->page_count; i++) {
        enum yt_part part = dataset->pages[i].part;
        part_of_page[i] = part == YT_TEST && !has_val ? YT_VAL : part;
    }
}

/* The part of every tile, to free. */
static uint8_t *parts_of_tiles(const struct yt_dataset *dataset, const struct yt_tiles *tiles,
                               const struct yt_split_options *options) {
    uint8_t *part_of_tile = yt_malloc(tiles->count + 1);
    if (options->method == YT_SPLIT_TILE) {
        uint32_t *order = yt_malloc((tiles->count + 1) * sizeof *order);
        for (uint32_t i = 0; i < tiles->count; i++) order[i] = i;
        deal_by_lot(order, (uint32_t)tiles->count, fractions_of(options, dataset), options,
                    part_of_tile);
        free(order);
        return part_of_tile;
    }
    uint8_t *part_of_page = yt_malloc(dataset->page_count + 1);
    if (options->method == YT_SPLIT_OFFICIAL)
        official_pages(dataset, part_of_page);
    else
        deal_pages(dataset, options, part_of_page);
    for (size_t i = 0; i < tiles->count; i++) part_of_tile[i] = part_of_page[tiles->items[i].page];
    free(part_of_page);
    return part_of_tile;
}

/* --- the lists ----------------------------------------------------------------------------- */

static int ascending(const void *a, const void *b) {
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

/* What empty= leaves out of training is validated and tested on all the same. */
static bool is_left_out(const struct yt_tiles *tiles, uint32_t tile, uint8_t part) {
    return part == YT_TRAIN && tiles->items[tile].is_surplus;
}

/* fraction= of the training tiles. */
static void thin_training(struct yt_split *split, double fraction, uint64_t seed) {
    size_t all = split->count[YT_TRAIN];
    if (fraction >= 1 || all == 0) return;
    struct yt_rng rng = yt_rng_make(seed, "fraction", 0, 0);
    yt_rng_shuffle(&rng, split->tiles[YT_TRAIN], all);
    split->count[YT_TRAIN] = YT_MAX((size_t)(fraction * (double)all + 0.5), (size_t)1);
    qsort(split->tiles[YT_TRAIN], split->count[YT_TRAIN], sizeof(uint32_t), ascending);
}

int yt_split_init(struct yt_split *split, const struct yt_dataset *dataset,
                  const struct yt_tiles *tiles, const struct yt_split_options *options) {
    struct fractions f = fractions_of(options, dataset);
    *split = (struct yt_split){0};
    if (options->method != YT_SPLIT_OFFICIAL && f.val + f.test >= 1)
        return yt_fail("val_fraction (%g) and test_fraction (%g) leave nothing to train on", f.val,
                       f.test);
    uint8_t *part_of_tile = parts_of_tiles(dataset, tiles, options);
    for (int part = 0; part < YT_PARTS; part++)
        split->tiles[part] = yt_malloc((tiles->count + 1) * sizeof(uint32_t));
    for (uint32_t i = 0; i < tiles->count; i++)
        if (!is_left_out(tiles, i, part_of_tile[i]))
            split->tiles[part_of_tile[i]][split->count[part_of_tile[i]]++] = i;
    free(part_of_tile);
    thin_training(split, options->fraction, options->seed);
    split->method = method_names[options->method];
    split->wants_val = options->method == YT_SPLIT_OFFICIAL || f.val > 0;
    return 0;
}

int yt_split_check_training(const struct yt_split *split) {
    if (split->count[YT_TRAIN] && (split->count[YT_VAL] || !split->wants_val)) return 0;
    return yt_fail("split=%s leaves no %s tile; try split=tile or page, or give more data",
                   split->method, split->count[YT_TRAIN] ? "validation" : "training");
}

void yt_split_release(struct yt_split *split) {
    for (int part = 0; part < YT_PARTS; part++) free(split->tiles[part]);
    *split = (struct yt_split){0};
}
