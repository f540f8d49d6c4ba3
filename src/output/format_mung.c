/* mung/PAGE.xml: the symbols as nodes of a music notation graph, as MUSCIMA++ 2.0 is published and
 * the Python package mung reads it (read_nodes_from_file): a Node with Id, ClassName, Top, Left,
 * Width, Height in whole pixels, without links, as nothing is known of what belongs together. A
 * node without a mask takes up its box. Data holds score, reading order, system, staff and position
 * (layout.h); nodes stand in reading order. */
#include "base/html.h"
#include "output/formats.h"
#include "output/layout.h"

#include <math.h>
#include <stdlib.h>

static void add_node(const struct yt_output_page *page, size_t i, const char *name,
                     struct yt_str *text) {
    const struct yt_box *box = &page->detections[i].box;
    const struct yt_place *place = &page->layout->places[i];
    int left = YT_MAX((int)floorf(box->x1), 0), top = YT_MAX((int)floorf(box->y1), 0);
    int right = YT_MIN((int)ceilf(box->x2), page->image->w);
    int bottom = YT_MIN((int)ceilf(box->y2), page->image->h);
    yt_str_add(text, "<Node>\n\t<Id>%zu</Id>\n\t<ClassName>", place->order);
    yt_html_text(text, name);
    yt_str_add(text,
               "</ClassName>\n\t<Top>%d</Top>\n\t<Left>%d</Left>\n\t<Width>%d</Width>\n"
               "\t<Height>%d</Height>\n\t<Data>\n"
               "\t\t<DataItem key=\"score\" type=\"float\">%.4f</DataItem>\n"
               "\t\t<DataItem key=\"order\" type=\"int\">%zu</DataItem>\n",
               top, left, YT_MAX(right - left, 1), YT_MAX(bottom - top, 1),
               (double)page->detections[i].score, place->order + 1);
    if (place->staff >= 0)
        yt_str_add(text,
                   "\t\t<DataItem key=\"system\" type=\"int\">%d</DataItem>\n"
                   "\t\t<DataItem key=\"staff\" type=\"int\">%d</DataItem>\n"
                   "\t\t<DataItem key=\"position\" type=\"float\">%.2f</DataItem>\n",
                   place->system + 1, place->staff + 1, place->position);
    yt_str_add(text, "\t</Data>\n</Node>\n");
}

static int page(struct yt_writer *writer, const struct yt_output_page *page, struct yt_str *text) {
    size_t *at = yt_layout_order(page->layout, page->count);
    yt_str_add(text, "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<Nodes dataset=\"yt\" "
                     "document=\"");
    yt_html_text(text, page->stem);
    yt_str_add(text, "\">\n");
    for (size_t k = 0; k < page->count; k++) {
        int cls = page->detections[at[k]].cls;
        add_node(page, at[k], writer->out->options.categories->names[cls], text);
    }
    yt_str_add(text, "</Nodes>\n");
    free(at);
    return 0;
}

const struct yt_format yt_format_mung = {
    .name = "mung",
    .file = "mung/PAGE.xml",
    .summary = "the nodes of a music notation graph, as MUSCIMA++",
    .page = page,
};
