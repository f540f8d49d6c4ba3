/* symbols.csv: a row a symbol in reading order, for spreadsheets and statistics. Numbers as in
 * predictions.json; empty cells on pages without staffs. Text with commas or quotes is quoted as
 * RFC 4180 says. */
#include "base/file.h"
#include "base/json.h"
#include "output/formats.h"
#include "output/layout.h"

#include <stdlib.h>
#include <string.h>

static void head(struct yt_writer *writer, struct yt_str *text) {
    (void)writer;
    yt_str_add(text,
               "file,order,system,staff,position,interline,class,category_id,score,x,y,w,h\n");
}

static void add_row(struct yt_writer *writer, const struct yt_output_page *page, size_t i,
                    struct yt_str *text) {
    const struct yt_categories *categories = writer->out->options.categories;
    const struct yt_detection *detection = &page->detections[i];
    const struct yt_place *place = &page->layout->places[i];
    yt_str_csv_field(text, yt_path_name(page->path));
    yt_str_add(text, ",%zu,", place->order + 1);
    if (place->staff >= 0)
        yt_str_add(text, "%d,%d,%.2f,%.2f,", place->system + 1, place->staff + 1, place->position,
                   page->layout->staffs[place->staff].interline);
    else
        yt_str_add(text, ",,,,");
    yt_str_csv_field(text, categories->names[detection->cls]);
    yt_str_add(text, ",%d,", yt_category_id(categories, detection->cls));
    yt_json_float(text, detection->score);
    yt_str_append(text, ",", 1);
    yt_output_box(text, &detection->box, ",");
    yt_str_append(text, "\n", 1);
}

static int page(struct yt_writer *writer, const struct yt_output_page *page, struct yt_str *text) {
    size_t *at = yt_layout_order(page->layout, page->count);
    for (size_t i = 0; i < page->count; i++) add_row(writer, page, at[i], text);
    free(at);
    return 0;
}

const struct yt_format yt_format_csv = {
    .name = "csv",
    .file = "symbols.csv",
    .summary = "a table in reading order",
    .head = head,
    .page = page,
};
