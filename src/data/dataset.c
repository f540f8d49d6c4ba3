#include "data/dataset.h"
#include "base/file.h"
#include "base/str.h"
#include "base/yaml.h"
#include "data/ds2.h"
#include "data/yolo.h"
#include "image/image.h"
#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *const yt_part_names[YT_PARTS] = {"train", "val", "test"};

/* --- building ------------------------------------------------------------------------------ */

void yt_dataset_add_class(struct yt_dataset *dataset, const char *name, int id) {
    dataset->classes =
        yt_realloc(dataset->classes, (size_t)(dataset->nc + 1) * sizeof *dataset->classes);
    dataset->classes[dataset->nc++] = (struct yt_class){yt_strdup(name), id};
}

struct yt_page *yt_dataset_add_page(struct yt_dataset *dataset, const char *path, enum yt_part part,
                                    int expect_w, int expect_h) {
    enum { SMALLEST_PX = 10 }; /* what the YOLO trainers accept */
    struct yt_tally *tally = &dataset->tally;
    int w, h, c;
    if (!yt_path_exists(path)) {
        yt_tally_add(tally, "images that are missing were left out", "%s", path);
        return NULL;
    }
    if (yt_image_probe(path, &w, &h, &c)) {
        yt_tally_add(tally, "images that cannot be read were left out", "%s", yt_error());
        return NULL;
    }
    if (w < SMALLEST_PX || h < SMALLEST_PX) {
        yt_tally_add(tally, "images below 10 px were left out", "%s: %dx%d", path, w, h);
        return NULL;
    }
    if ((expect_w > 0 && expect_w != w) || (expect_h > 0 && expect_h != h)) {
        yt_tally_add(tally, "images of another size than their labels' were left out",
                     "%s: %dx%d, labelled as %dx%d", path, w, h, expect_w, expect_h);
        return NULL;
    }
    dataset->pages = yt_grow(dataset->pages, &dataset->page_cap, dataset->page_count + 1,
                             sizeof *dataset->pages);
    struct yt_page *page = &dataset->pages[dataset->page_count++];
    *page = (struct yt_page){.path = yt_strdup(path),
                             .id = (long)dataset->page_count,
                             .w = w,
                             .h = h,
                             .part = part,
                             .label_begin = dataset->label_count};
    return page;
}

void yt_dataset_add_label(struct yt_dataset *dataset, struct yt_page_label label, const char *where,
                          long number) {
    YT_ASSERT(dataset->page_count > 0 && label.cls >= 0 && label.cls < dataset->nc);
    struct yt_page *page = &dataset->pages[dataset->page_count - 1];
    struct yt_tally *tally = &dataset->tally;
    if (!isfinite(label.x1) || !isfinite(label.y1) || !isfinite(label.x2) || !isfinite(label.y2)) {
        yt_tally_add(tally, "boxes that are no numbers were dropped", "%s:%ld", where, number);
        return;
    }
    if (label.x1 >= label.x2 || label.y1 >= label.y2) {
        yt_tally_add(tally, "boxes without an area were dropped", "%s:%ld", where, number);
        return;
    }
    struct yt_page_label inside = label;
    inside.x1 = YT_MAX(label.x1, 0);
    inside.y1 = YT_MAX(label.y1, 0);
    inside.x2 = YT_MIN(label.x2, page->w);
    inside.y2 = YT_MIN(label.y2, page->h);
    if (inside.x1 >= inside.x2 || inside.y1 >= inside.y2) {
        yt_tally_add(tally, "boxes outside their image were dropped", "%s:%ld", where, number);
        return;
    }
    /* Normalised boxes with few decimals end a hair outside: nothing to report. */
    const double hair_px = 0.1;
    if (inside.x1 - label.x1 > hair_px || inside.y1 - label.y1 > hair_px ||
        label.x2 - inside.x2 > hair_px || label.y2 - inside.y2 > hair_px)
        yt_tally_add(tally, "boxes were clipped to their image", "%s:%ld", where, number);
    dataset->labels = yt_grow(dataset->labels, &dataset->label_cap, dataset->label_count + 1,
                              sizeof *dataset->labels);
    dataset->labels[dataset->label_count++] = inside;
    page->label_count++;
}

uint32_t yt_dataset_add_slant(struct yt_dataset *dataset, const struct yt_polygon *slant) {
    dataset->slants = yt_grow(dataset->slants, &dataset->slant_cap, dataset->slant_count + 1,
                              sizeof *dataset->slants);
    dataset->slants[dataset->slant_count++] = *slant;
    return (uint32_t)dataset->slant_count;
}

/* --- scores and sheets --------------------------------------------------------------------- */

/* What a tile's stem, <sheet>_<x1>_<y1>_<x2>_<y2>, says; false if it is another name. */
static bool parse_tile_stem(const char *stem, size_t *sheet_len, int *x, int *y) {
    int numbers[4];
    size_t end = strlen(stem);
    for (int i = 3; i >= 0; i--) {
        size_t digits = end;
        while (digits > 0 && isdigit((unsigned char)stem[digits - 1])) digits--;
        if (digits == end || end - digits > 6 || digits < 2 || stem[digits - 1] != '_')
            return false;
        numbers[i] = atoi(stem + digits);
        end = digits - 1;
    }
    *sheet_len = end;
    *x = numbers[0];
    *y = numbers[1];
    return numbers[0] < numbers[2] && numbers[1] < numbers[3];
}

/* "lg-<digits>" if the name begins so, else a copy of `other`. */
static char *score_of_name(const char *name, const char *other) {
    size_t digits = 0;
    if (strncmp(name, "lg-", 3) == 0) digits = strspn(name + 3, "0123456789");
    return digits > 0 ? yt_format("lg-%.*s", (int)digits, name + 3) : yt_strdup(other);
}

struct named {
    char *name;
    size_t page;
};

static int compare_named(const void *a, const void *b) {
    return strcmp(((const struct named *)a)->name, ((const struct named *)b)->name);
}

/* Ranks the distinct names in alphabetic order, so that a rank does not depend on the order of the
 * pages; frees the names. Returns how many there are. */
static uint32_t rank_names(struct named *named, size_t count, uint32_t *rank) {
    uint32_t distinct = 0;
    qsort(named, count, sizeof *named, compare_named);
    for (size_t i = 0; i < count; i++) {
        if (i == 0 || strcmp(named[i].name, named[i - 1].name) != 0) distinct++;
        rank[named[i].page] = distinct - 1;
    }
    for (size_t i = 0; i < count; i++) free(named[i].name);
    return distinct;
}

static void find_scores_and_sheets(struct yt_dataset *dataset) {
    size_t count = dataset->page_count;
    struct named *sheets = yt_calloc(count, sizeof *sheets);
    struct named *scores = yt_calloc(count, sizeof *scores);
    uint32_t *rank = yt_calloc(count, sizeof *rank);
    for (size_t i = 0; i < count; i++) {
        struct yt_page *page = &dataset->pages[i];
        char *stem = yt_path_stem(page->path);
        size_t sheet_len;
        bool is_tile = parse_tile_stem(stem, &sheet_len, &page->sheet_x, &page->sheet_y);
        if (is_tile)
            stem[sheet_len] = 0;
        else
            page->sheet_x = page->sheet_y = 0;
        sheets[i] = (struct named){yt_strdup(is_tile ? stem : page->path), i};
        scores[i] = (struct named){score_of_name(stem, sheets[i].name), i};
        free(stem);
    }
    dataset->score_count = rank_names(scores, count, rank);
    for (size_t i = 0; i < count; i++) dataset->pages[i].score = rank[i];
    dataset->sheet_count = rank_names(sheets, count, rank);
    for (size_t i = 0; i < count; i++) dataset->pages[i].sheet = rank[i];
    free(rank);
    free(scores);
    free(sheets);
}

/* --- classes= and single_cls= -------------------------------------------------------------- */

static int keep_classes(struct yt_dataset *dataset, const int *classes, int class_count) {
    bool *kept = yt_calloc((size_t)dataset->nc, sizeof *kept);
    for (int i = 0; i < class_count; i++) {
        if (classes[i] < 0 || classes[i] >= dataset->nc) {
            free(kept);
            return yt_fail("classes: %d is no class of this data set; give numbers of 0..%d",
                           classes[i], dataset->nc - 1);
        }
        kept[classes[i]] = true;
    }
    size_t to = 0;
    for (size_t p = 0; p < dataset->page_count; p++) {
        struct yt_page *page = &dataset->pages[p];
        size_t begin = page->label_begin, end = begin + page->label_count;
        page->label_begin = to;
        for (size_t i = begin; i < end; i++)
            if (kept[dataset->labels[i].cls]) dataset->labels[to++] = dataset->labels[i];
        page->label_count = (uint32_t)(to - page->label_begin);
    }
    dataset->label_count = to;
    free(kept);
    return 0;
}

static void free_classes(struct yt_dataset *dataset) {
    for (int i = 0; i < dataset->nc; i++) free(dataset->classes[i].name);
    free(dataset->classes);
    dataset->classes = NULL;
    dataset->nc = 0;
}

static void join_classes(struct yt_dataset *dataset) {
    free_classes(dataset);
    yt_dataset_add_class(dataset, "item", 0);
    for (size_t i = 0; i < dataset->label_count; i++) dataset->labels[i].cls = 0;
}

/* --- opening ------------------------------------------------------------------------------- */

/* The lists that a DeepScoresV2 folder may have; one of them makes it one. */
static const struct {
    const char *json;
    enum yt_part part;
} ds2_lists[] = {{"deepscores_train.json", YT_TRAIN}, {"deepscores_test.json", YT_TEST}};

static bool is_ds2_folder(const char *folder) {
    bool found = false;
    for (size_t i = 0; i < YT_COUNT(ds2_lists) && !found; i++) {
        char *json = yt_path_join(folder, ds2_lists[i].json);
        found = yt_path_exists(json);
        free(json);
    }
    return found;
}

static int read_ds2_file(struct yt_dataset *dataset, const char *json,
                         const struct yt_dataset_options *options, enum yt_part part) {
    char *folder = yt_path_dir(json), *images = yt_path_join(folder, "images");
    dataset->is_deepscores = true;
    int failed = yt_ds2_read(dataset, json, images, options, part);
    free(images);
    free(folder);
    return failed;
}

static int read_ds2_folder(struct yt_dataset *dataset, const char *folder,
                           const struct yt_dataset_options *options) {
    int failed = 0;
    for (size_t i = 0; i < YT_COUNT(ds2_lists) && !failed; i++) {
        char *json = yt_path_join(folder, ds2_lists[i].json);
        if (yt_path_exists(json)) failed = read_ds2_file(dataset, json, options, ds2_lists[i].part);
        free(json);
    }
    return failed;
}

static int read_yaml(struct yt_dataset *dataset, const char *path,
                     const struct yt_dataset_options *options) {
    struct yt_yaml *yaml = yt_yaml_load(path);
    if (!yaml) return -1;
    int failed = 0;
    if (yaml->type != YT_YAML_MAP) {
        failed = yt_fail("%s: not a data set: expected keys such as path, train, val, names", path);
    } else if (yt_yaml_get(yaml, "train") || yt_yaml_get(yaml, "val")) {
        failed = yt_yolo_read_names(dataset, yaml, path) || yt_yolo_read(dataset, yaml, path);
    } else {
        char *root = yt_yolo_root(yaml, path);
        if (is_ds2_folder(root))
            failed = read_ds2_folder(dataset, root, options);
        else
            failed = yt_fail("%s: names neither train: nor val:, and its path: (%s) is no "
                             "DeepScoresV2 folder (neither deepscores_train.json nor "
                             "deepscores_test.json there)",
                             path, root);
        free(root);
    }
    yt_yaml_free(yaml);
    return failed ? -1 : 0;
}

static int read_any(struct yt_dataset *dataset, const char *data,
                    const struct yt_dataset_options *options) {
    if (yt_path_is_dir(data)) {
        if (is_ds2_folder(data)) return read_ds2_folder(dataset, data, options);
        return yt_fail("%s: neither deepscores_train.json nor deepscores_test.json in this folder; "
                       "data= takes a DeepScoresV2 folder or a data set YAML",
                       data);
    }
    if (!yt_path_exists(data))
        return yt_fail("%s: no such file or folder; data= takes a DeepScoresV2 folder or a data "
                       "set YAML",
                       data);
    if (yt_str_ends_with(data, ".json")) return read_ds2_file(dataset, data, options, YT_TRAIN);
    return read_yaml(dataset, data, options);
}

int yt_dataset_open(struct yt_dataset *dataset, const char *data,
                    const struct yt_dataset_options *options) {
    static const struct yt_dataset_options defaults;
    if (!options) options = &defaults;
    *dataset = (struct yt_dataset){0};
    int failed = read_any(dataset, data, options);
    if (!failed && options->classes)
        failed = keep_classes(dataset, options->classes, options->class_count);
    if (failed) {
        yt_dataset_release(dataset);
        return -1;
    }
    if (options->single_cls) join_classes(dataset);
    find_scores_and_sheets(dataset);
    return 0;
}

void yt_dataset_release(struct yt_dataset *dataset) {
    for (size_t i = 0; i < dataset->page_count; i++) free(dataset->pages[i].path);
    free(dataset->pages);
    free_classes(dataset);
    free(dataset->labels);
    free(dataset->slants);
    yt_tally_release(&dataset->tally);
    *dataset = (struct yt_dataset){0};
}
