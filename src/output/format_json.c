/* predictions.json: a list in the form of COCO's results, with names, and each symbol's place in
 * the music (layout.h) where there is one:
 *
 *     [{"file_name": "page.png", "image_id": 410, "category_id": 25,
 *       "category": "noteheadBlackOnLine", "bbox": [x, y, w, h], "score": 0.93,
 *       "system": 1, "staff": 2, "position": -3.02, "order": 17}, ...]
 *
 * bbox in pixels of the image, x and y its upper left corner; systems and staffs are numbered from
 * 1 at the top of the page, order from 1. */
#include "base/file.h"
#include "base/json.h"
#include "output/formats.h"
#include "output/layout.h"

static void head(struct yt_writer *writer, struct yt_str *text) {
    (void)writer;
    yt_str_append(text, "[", 1);
}

static void tail(struct yt_writer *writer, struct yt_str *text) {
    (void)writer;
    yt_str_append(text, "\n]\n", 3);
}

static void add_place(struct yt_str *text, const struct yt_place *place) {
    if (place->staff >= 0)
        yt_str_add(text, ", \"system\": %d, \"staff\": %d, \"position\": %.2f", place->system + 1,
                   place->staff + 1, place->position);
    yt_str_add(text, ", \"order\": %zu", place->order + 1);
}

static int page(struct yt_writer *writer, const struct yt_output_page *page, struct yt_str *text) {
    const struct yt_categories *categories = writer->out->options.categories;
    for (size_t i = 0; i < page->count; i++) {
        const struct yt_detection *detection = &page->detections[i];
        yt_str_add(text, "%s\n{\"file_name\": ", writer->symbols + i ? "," : "");
        yt_json_quote(text, yt_path_name(page->path));
        yt_str_add(text, ", \"image_id\": %ld, \"category_id\": %d, \"category\": ", page->id,
                   yt_category_id(categories, detection->cls));
        yt_json_quote(text, categories->names[detection->cls]);
        yt_str_add(text, ", \"bbox\": [");
        yt_output_box(text, &detection->box, ", ");
        yt_str_add(text, "], \"score\": ");
        yt_json_float(text, detection->score);
        if (page->layout) add_place(text, &page->layout->places[i]);
        yt_str_append(text, "}", 1);
    }
    return 0;
}

const struct yt_format yt_format_json = {
    .name = "json",
    .file = "predictions.json",
    .summary = "a list of symbols: COCO's results with names, staff, position and reading order",
    .head = head,
    .tail = tail,
    .page = page,
};
