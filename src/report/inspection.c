#include "report/inspection.h"

#include "base/file.h"
#include "base/str.h"
#include "eval/overlap.h"
#include "image/draw.h"
#include "plot/sheet.h"
#include "report/matrix.h"
#include "report/tile_picture.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CONFIDENCE 0.25f
#define IOU 0.5f
enum { SHEETS = 3, SHEET_TILES = 16, SHEET_COLUMNS = 4, SHEET_PX = 480, WORST = 12 };

/* A tile that is kept, with its mistakes marked. */
struct kept {
    uint32_t tile;
    struct yt_marked *marked; /* what was found, then what is there */
    size_t detection_count, label_count, missed, wrong;
};

struct yt_inspection {
    struct yt_inspection_source source;
    struct yt_confusion confusion;
    struct kept first[SHEETS * SHEET_TILES], worst[WORST]; /* worst: most mistakes first */
    int first_count, worst_count;
    bool *taken; /* labels of the tile at hand */
    size_t taken_cap;
};

struct yt_inspection *yt_inspection_new(const struct yt_inspection_source *source, int nc) {
    struct yt_inspection *inspection = yt_calloc(1, sizeof *inspection);
    inspection->source = *source;
    yt_confusion_init(&inspection->confusion, nc, CONFIDENCE);
    return inspection;
}

void yt_inspection_free(struct yt_inspection *inspection) {
    if (!inspection) return;
    for (int i = 0; i < inspection->first_count; i++) free(inspection->first[i].marked);
    for (int i = 0; i < inspection->worst_count; i++) free(inspection->worst[i].marked);
    yt_confusion_release(&inspection->confusion);
    free(inspection->taken);
    free(inspection);
}

/* --- what is right -------------------------------------------------------------------------- */

/* The free label of its class that the detection overlaps most, or `count`. */
static size_t best_label(const struct yt_detection *detection, const struct yt_label *labels,
                         size_t count, const bool *taken) {
    size_t best = count;
    float best_iou = IOU;
    for (size_t k = 0; k < count; k++) {
        if (taken[k] || labels[k].cls != detection->cls) continue;
        float iou = yt_box_iou(&detection->box, &labels[k].box);
        if (iou < best_iou) continue;
        best_iou = iou;
        best = k;
    }
    return best;
}

/* Fills kept but for its tile; `marked` is to free. */
static void judge(struct yt_inspection *inspection, const struct yt_detection *detections,
                  size_t detection_count, const struct yt_label *labels, size_t label_count,
                  struct kept *kept) {
    bool *taken = inspection->taken =
        yt_grow(inspection->taken, &inspection->taken_cap, label_count + 1, sizeof *taken);
    memset(taken, 0, label_count * sizeof *taken);
    kept->marked = yt_malloc((detection_count + label_count + 1) * sizeof *kept->marked);
    for (size_t i = 0; i < detection_count; i++) {
        if (!(detections[i].score > CONFIDENCE)) continue;
        size_t label = best_label(&detections[i], labels, label_count, taken);
        if (label < label_count) taken[label] = true;
        kept->wrong += label == label_count;
        kept->marked[kept->detection_count++] =
            (struct yt_marked){detections[i], label < label_count};
    }
    for (size_t k = 0; k < label_count; k++) {
        struct yt_detection there = {labels[k].box, NAN, labels[k].cls};
        kept->marked[kept->detection_count + kept->label_count++] =
            (struct yt_marked){there, taken[k]};
        kept->missed += !taken[k];
    }
}

static struct kept copy_of(const struct kept *kept) {
    struct kept copy = *kept;
    size_t bytes = (kept->detection_count + kept->label_count) * sizeof *kept->marked;
    copy.marked = yt_malloc(bytes);
    memcpy(copy.marked, kept->marked, bytes);
    return copy;
}

/* Takes `kept` over, or frees it. */
static void offer_worst(struct yt_inspection *inspection, struct kept *kept) {
    int at = inspection->worst_count;
    size_t mistakes = kept->missed + kept->wrong;
    struct kept *worst = inspection->worst;
    while (at > 0 && worst[at - 1].missed + worst[at - 1].wrong < mistakes) at--;
    if (at == WORST || mistakes == 0) {
        free(kept->marked);
        return;
    }
    if (inspection->worst_count == WORST)
        free(worst[WORST - 1].marked);
    else
        inspection->worst_count++;
    memmove(worst + at + 1, worst + at, (size_t)(inspection->worst_count - 1 - at) * sizeof *worst);
    worst[at] = *kept;
}

void yt_inspection_add(struct yt_inspection *inspection, uint32_t tile,
                       const struct yt_detection *detections, size_t detection_count,
                       const struct yt_label *labels, size_t label_count) {
    struct kept kept = {.tile = tile};
    yt_confusion_add(&inspection->confusion, detections, detection_count, labels, label_count);
    judge(inspection, detections, detection_count, labels, label_count, &kept);
    if (inspection->first_count < SHEETS * SHEET_TILES)
        inspection->first[inspection->first_count++] = copy_of(&kept);
    offer_worst(inspection, &kept);
}

/* --- pictures ------------------------------------------------------------------------------- */

static char *caption_of(const struct yt_inspection *inspection, uint32_t index) {
    const struct yt_tile *tile = &inspection->source.tiles->items[index];
    const struct yt_page *page = &inspection->source.dataset->pages[tile->page];
    return yt_format("%s %d,%d", yt_path_name(page->path), tile->x, tile->y);
}

static struct yt_image *cut(const struct yt_inspection *inspection, uint32_t index) {
    const struct yt_tile *tile = &inspection->source.tiles->items[index];
    const struct yt_image *page = yt_pages_lend(inspection->source.pages, tile->page);
    if (!page) return NULL;
    struct yt_image *image = yt_image_crop(page, tile->x, tile->y, tile->w, tile->h);
    yt_pages_return(inspection->source.pages, tile->page);
    return image;
}

/* The labels of a tile, or what was found, on its picture. */
static struct yt_image *draw_plain(const struct yt_inspection *inspection, const struct kept *kept,
                                   bool labels) {
    struct yt_image *image = cut(inspection, kept->tile);
    if (!image) return NULL;
    size_t count = labels ? kept->label_count : kept->detection_count;
    const struct yt_marked *marked = kept->marked + (labels ? kept->detection_count : 0);
    struct yt_detection *boxes = yt_malloc((count + 1) * sizeof *boxes);
    for (size_t i = 0; i < count; i++) boxes[i] = marked[i].detection;
    struct yt_image *drawn = yt_draw_detections(image, boxes, count, inspection->source.names,
                                                (size_t)inspection->confusion.nc);
    free(boxes);
    yt_image_free(image);
    return drawn;
}

static int fill_sheet(const struct yt_inspection *inspection, struct yt_sheet *sheet, int begin,
                      int end, bool labels) {
    for (int i = begin; i < end; i++) {
        struct yt_image *picture = draw_plain(inspection, &inspection->first[i], labels);
        if (!picture) return -1;
        char *caption = caption_of(inspection, inspection->first[i].tile);
        yt_sheet_add(sheet, picture, caption);
        free(caption);
        yt_image_free(picture);
    }
    return 0;
}

static int write_sheet(const struct yt_inspection *inspection, const char *folder, int number,
                       bool labels) {
    int begin = number * SHEET_TILES;
    int end = YT_MIN(begin + SHEET_TILES, inspection->first_count);
    if (begin >= end) return 0;
    struct yt_sheet *sheet = yt_sheet_new(end - begin, SHEET_COLUMNS, SHEET_PX);
    char *name = yt_format("val_batch%d_%s.png", number, labels ? "labels" : "pred");
    char *path = yt_path_join(folder, name);
    int failed = fill_sheet(inspection, sheet, begin, end, labels) || yt_sheet_save(sheet, path);
    yt_sheet_free(sheet);
    free(name);
    free(path);
    return failed;
}

static int write_worst(const struct yt_inspection *inspection, const char *folder, int i,
                       struct yt_str *index) {
    const struct kept *kept = &inspection->worst[i];
    struct yt_image *image = cut(inspection, kept->tile);
    if (!image) return -1;
    char *name = yt_format("%02d.png", i + 1), *path = yt_path_join(folder, name);
    char *caption = caption_of(inspection, kept->tile);
    int failed = yt_tile_picture(path, image, kept->marked, kept->detection_count,
                                 kept->label_count, inspection->source.names);
    yt_str_csv_field(index, name);
    yt_str_append(index, ",", 1);
    yt_str_csv_field(index, caption);
    yt_str_add(index, ",%zu,%zu,%zu\n", kept->label_count, kept->missed, kept->wrong);
    free(caption);
    free(name);
    free(path);
    yt_image_free(image);
    return failed;
}

/* Pictures of an earlier validation that had more of them are removed. */
static void remove_rest(const char *folder, int from) {
    for (int i = from; i < WORST; i++) {
        char *name = yt_format("%02d.png", i + 1), *path = yt_path_join(folder, name);
        unlink(path);
        free(name);
        free(path);
    }
}

static int write_worst_tiles(const struct yt_inspection *inspection, const char *folder) {
    char *worst = yt_path_join(folder, "worst_tiles"), *path = yt_path_join(worst, "index.csv");
    struct yt_str index = {0};
    int failed = yt_path_mkdirs(worst);
    yt_str_add(&index, "file,tile,labels,missed,wrong\n");
    for (int i = 0; i < inspection->worst_count && !failed; i++)
        failed = write_worst(inspection, worst, i, &index);
    if (!failed) failed = yt_file_write(path, index.s, index.len);
    if (!failed) remove_rest(worst, inspection->worst_count);
    yt_str_release(&index);
    free(path);
    free(worst);
    return failed;
}

int yt_inspection_write(struct yt_inspection *inspection, const char *folder) {
    int failed = yt_matrix_write(folder, &inspection->confusion, inspection->source.names);
    for (int i = 0; i < SHEETS && !failed; i++)
        failed =
            write_sheet(inspection, folder, i, true) || write_sheet(inspection, folder, i, false);
    return failed || write_worst_tiles(inspection, folder) ? -1 : 0;
}
