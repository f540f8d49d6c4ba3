#include "train/census.h"

#include "base/file.h"
#include "image/letterbox.h"
#include "yolov10/assign.h"

#include <stdlib.h>

#define FINEST_STRIDE 8

/* --- pages --------------------------------------------------------------------------------------
 */

static int compare_doubles(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *values, size_t count) {
    if (!count) return 0;
    qsort(values, count, sizeof *values, compare_doubles);
    return values[count / 2];
}

/* The medians of one class's labels, or, with cls -1, of all. */
static void measure(struct yt_census_class *out, const struct yt_dataset *dataset, int cls) {
    double *w = yt_calloc(dataset->label_count + 1, sizeof *w);
    double *h = yt_calloc(dataset->label_count + 1, sizeof *h);
    size_t count = 0;
    for (size_t i = 0; i < dataset->label_count; i++) {
        const struct yt_page_label *label = &dataset->labels[i];
        if (cls >= 0 && label->cls != cls) continue;
        w[count] = label->x2 - label->x1;
        h[count++] = label->y2 - label->y1;
    }
    out->width = median(w, count);
    out->height = median(h, count);
    free(w);
    free(h);
}

static void count_pages(struct yt_census *census, const struct yt_dataset *dataset) {
    size_t *seen_on = yt_calloc((size_t)dataset->nc + 1, sizeof *seen_on); /* page + 1 */
    for (size_t p = 0; p < dataset->page_count; p++) {
        const struct yt_page *page = &dataset->pages[p];
        for (size_t i = 0; i < page->label_count; i++) {
            int cls = dataset->labels[page->label_begin + i].cls;
            census->classes[cls].labels++;
            if (seen_on[cls] == p + 1) continue;
            seen_on[cls] = p + 1;
            census->classes[cls].pages++;
        }
        census->all.pages += page->label_count > 0;
    }
    census->all.labels = dataset->label_count;
    for (int c = 0; c < census->nc; c++)
        if (census->classes[c].labels) measure(&census->classes[c], dataset, c);
    measure(&census->all, dataset, -1);
    free(seen_on);
}

/* --- tiles --------------------------------------------------------------------------------------
 */

static struct yt_head_maps levels_of(int imgsz) {
    struct yt_head_maps maps = {.batch = 1, .nc = 1, .levels = YT_LEVELS_MAX};
    for (int i = 0; i < maps.levels; i++) {
        int stride = FINEST_STRIDE << i;
        maps.level[i] = (struct yt_head_level){
            .h = imgsz / stride, .w = imgsz / stride, .stride = (float)stride};
    }
    return maps;
}

static void count_label(struct yt_census_class *out, struct yt_box box,
                        const struct yt_head_maps *maps, const struct yt_assign_options *options) {
    static const struct yt_assign_options plain = {.topk = 1};
    bool unreached = !yt_assign_has_candidate(&plain, maps, box);
    bool left = unreached && options->fallback == 0 && !yt_assign_has_candidate(options, maps, box);
    out->seen++;
    out->thin += YT_MIN(box.x2 - box.x1, box.y2 - box.y1) < FINEST_STRIDE;
    out->unreached += unreached;
    out->left += left;
}

static void count_tile(struct yt_census *census, const struct yt_tiles *tiles, uint32_t index,
                       const struct yt_settings *settings, const struct yt_head_maps *maps) {
    const struct yt_tile *tile = &tiles->items[index];
    const struct yt_assign_options options = {.topk = 1,
                                              .min_side = (float)settings->assign_min_side,
                                              .fallback = (float)settings->assign_fallback};
    int imgsz = settings->imgsz;
    struct yt_letterbox fit = yt_letterbox_load(tile->w, tile->h, imgsz, imgsz, imgsz);
    for (size_t i = 0; i < tile->label_count; i++) {
        const struct yt_label *label = &tiles->labels[tile->label_begin + i];
        struct yt_box box = yt_letterbox_to_input(&fit, label->box);
        count_label(&census->classes[label->cls], box, maps, &options);
        count_label(&census->all, box, maps, &options);
    }
    census->tiles++;
    census->empty += tile->label_count == 0;
    census->most = YT_MAX(census->most, (size_t)tile->label_count);
}

void yt_census_init(struct yt_census *census, const struct yt_source *source,
                    const struct yt_settings *settings) {
    *census = (struct yt_census){.nc = source->dataset.nc};
    census->classes = yt_calloc((size_t)census->nc, sizeof *census->classes);
    count_pages(census, &source->dataset);
    struct yt_head_maps maps = levels_of(settings->imgsz);
    for (int part = 0; part < YT_PARTS; part++)
        for (size_t i = 0; i < source->split.count[part]; i++)
            count_tile(census, &source->tiles, source->split.tiles[part][i], settings, &maps);
}

void yt_census_release(struct yt_census *census) {
    free(census->classes);
    *census = (struct yt_census){0};
}

/* --- for people ---------------------------------------------------------------------------------
 */

static double percent(size_t part, size_t whole) {
    return whole ? 100.0 * (double)part / (double)whole : 0;
}

static void print_row(const char *name, const struct yt_census_class *c) {
    yt_info("%28s %8zu %6zu %7.0f x %-6.0f %8zu %6.1f %9.1f %9.1f", name, c->labels, c->pages,
            c->width, c->height, c->seen, percent(c->thin, c->seen), percent(c->unreached, c->seen),
            percent(c->left, c->seen));
}

struct ranked {
    size_t labels;
    int cls;
};

static int most_first(const void *a, const void *b) {
    const struct ranked *p = a, *q = b;
    if (p->labels != q->labels) return p->labels > q->labels ? -1 : 1;
    return p->cls - q->cls;
}

static void print_classes(const struct yt_census *census, const struct yt_dataset *dataset) {
    struct ranked *ranked = yt_calloc((size_t)census->nc, sizeof *ranked);
    for (int c = 0; c < census->nc; c++) ranked[c] = (struct ranked){census->classes[c].labels, c};
    qsort(ranked, (size_t)census->nc, sizeof *ranked, most_first);
    for (int i = 0; i < census->nc && ranked[i].labels; i++)
        print_row(dataset->classes[ranked[i].cls].name, &census->classes[ranked[i].cls]);
    free(ranked);
}

static void print_absent(const struct yt_census *census, const struct yt_dataset *dataset) {
    struct yt_str names = {0};
    size_t count = 0;
    for (int c = 0; c < census->nc; c++)
        if (!census->classes[c].labels)
            yt_str_add(&names, "%s%s", count++ ? ", " : "", dataset->classes[c].name);
    if (count) yt_info("\nclasses without a label: %zu (%s)", count, names.s);
    yt_str_release(&names);
}

void yt_census_print(const struct yt_census *census, const struct yt_dataset *dataset,
                     bool per_class) {
    yt_info("%28s %8s %6s %16s %8s %6s %9s %9s", "Class", "Labels", "Pages", "Median px",
            "In tiles", "Thin %", "Unreach %", "Left %");
    print_row("all", &census->all);
    if (per_class) print_classes(census, dataset);
    print_absent(census, dataset);
    size_t with = census->tiles - census->empty;
    yt_info("\ntiles: %zu, %zu of them without labels; %.1f labels in the others, %zu at most",
            census->tiles, census->empty, with ? (double)census->all.seen / (double)with : 0,
            census->most);
    yt_info("thin: a side below %d px of the input; unreached: no anchor's centre in the box, so "
            "that plain YOLOv10 never learns it; left: of these, what assign_min_side= and "
            "assign_fallback= leave",
            FINEST_STRIDE);
    if (census->all.left)
        yt_info("%zu labels are left that nothing learns: see assign_min_side= and "
                "assign_fallback=, or start from configs/omr.yaml",
                census->all.left);
}

/* --- for programs -------------------------------------------------------------------------------
 */

int yt_census_write(const char *path, const struct yt_census *census,
                    const struct yt_dataset *dataset) {
    struct yt_str text = {0};
    yt_str_add(&text,
               "class,labels,pages,median_width,median_height,in_tiles,thin,unreached,left\n");
    for (int i = 0; i < census->nc; i++) {
        const struct yt_census_class *c = &census->classes[i];
        yt_str_csv_field(&text, dataset->classes[i].name);
        yt_str_add(&text, ",%zu,%zu,%.1f,%.1f,%zu,%zu,%zu,%zu\n", c->labels, c->pages, c->width,
                   c->height, c->seen, c->thin, c->unreached, c->left);
    }
    int failed = yt_file_write(path, text.s, text.len);
    yt_str_release(&text);
    return failed;
}
