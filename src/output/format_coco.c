/* coco.json: a COCO data set whose annotations are the detections, as annotation tools (CVAT,
 * FiftyOne, Label Studio) and pycocotools read it: info, categories, annotations, images. An
 * annotation has, beside COCO's own fields, "score" and "attributes": its place in the music
 * (layout.h). An image has "interline", the distance of staff lines in pixels. */
#include "base/file.h"
#include "base/json.h"
#include "output/formats.h"
#include "output/layout.h"

static void head(struct yt_writer *writer, struct yt_str *text) {
    const struct yt_categories *categories = writer->out->options.categories;
    yt_str_add(text, "{\"info\": {\"description\": \"detections of yt %s\"},\n\"categories\": [",
               YT_VERSION);
    for (size_t i = 0; i < categories->count; i++) {
        yt_str_add(text, "%s\n{\"id\": %d, \"name\": ", i ? "," : "",
                   yt_category_id(categories, (int)i));
        yt_json_quote(text, categories->names[i]);
        yt_str_append(text, "}", 1);
    }
    yt_str_add(text, "\n],\n\"annotations\": [");
}

static void add_image(struct yt_writer *writer, const struct yt_output_page *page) {
    struct yt_str *text = &writer->later;
    yt_str_add(text, "%s\n{\"id\": %ld, \"file_name\": ", writer->pages ? "," : "", page->id);
    yt_json_quote(text, yt_path_name(page->path));
    yt_str_add(text, ", \"width\": %d, \"height\": %d, \"interline\": ", page->image->w,
               page->image->h);
    yt_json_float(text, (float)page->layout->interline);
    yt_str_append(text, "}", 1);
}

static int page(struct yt_writer *writer, const struct yt_output_page *page, struct yt_str *text) {
    add_image(writer, page);
    for (size_t i = 0; i < page->count; i++) {
        const struct yt_detection *detection = &page->detections[i];
        const struct yt_place *place = &page->layout->places[i];
        const struct yt_box *box = &detection->box;
        size_t number = writer->symbols + i + 1;
        yt_str_add(text, "%s\n{\"id\": %zu, \"image_id\": %ld, \"category_id\": %d, \"bbox\": [",
                   number > 1 ? "," : "", number, page->id,
                   yt_category_id(writer->out->options.categories, detection->cls));
        yt_output_box(text, box, ", ");
        yt_str_add(text, "], \"area\": ");
        yt_json_float(text, (box->x2 - box->x1) * (box->y2 - box->y1));
        yt_str_add(text, ", \"iscrowd\": 0, \"score\": ");
        yt_json_float(text, detection->score);
        yt_str_add(text, ", \"attributes\": {\"order\": %zu", place->order + 1);
        if (place->staff >= 0)
            yt_str_add(text, ", \"system\": %d, \"staff\": %d, \"position\": %.2f",
                       place->system + 1, place->staff + 1, place->position);
        yt_str_append(text, "}}", 2);
    }
    return 0;
}

static void tail(struct yt_writer *writer, struct yt_str *text) {
    yt_str_add(text, "\n],\n\"images\": [%s\n]}\n", writer->later.len ? writer->later.s : "");
}

const struct yt_format yt_format_coco = {
    .name = "coco",
    .file = "coco.json",
    .summary = "a COCO data set of the detections, for annotation tools",
    .head = head,
    .tail = tail,
    .page = page,
};
