/* PAGE.html: the image with its symbols in a page for a browser (viewer.html), which needs no other
 * file and no network: filters by class and score, names and scores under the pointer, zoom. The
 * page's script reads
 *
 *     {"file", "w", "h", "interline": number or null,
 *      "classes": [[name, group, colour], ...],
 *      "symbols": [[class, score, x, y, w, h, order, system, staff, position], ...],
 *      "staffs": [[x1, x2, interline, [middle of each strip]], ...]}
 *
 * where what layout.h tells of a symbol is missing on pages without staffs. */
#include "base/file.h"
#include "base/html.h"
#include "base/json.h"
#include "image/draw.h"
#include "output/formats.h"
#include "output/layout.h"

#include <stdlib.h>
#include <string.h>

extern const char yt_viewer_html[]; /* viewer.html, embedded by the build */

static void add_classes(const struct yt_categories *categories, struct yt_str *data) {
    int *groups = yt_class_groups(categories->names, categories->count);
    yt_str_add(data, ",\n\"classes\": [");
    for (size_t i = 0; i < categories->count; i++) {
        struct yt_color color = yt_palette(groups[i]);
        yt_str_add(data, "%s[", i ? ", " : "");
        yt_json_quote(data, categories->names[i]);
        yt_str_add(data, ", %d, \"#%02x%02x%02x\"]", groups[i], (unsigned)(color.r * 255 + 0.5),
                   (unsigned)(color.g * 255 + 0.5), (unsigned)(color.b * 255 + 0.5));
    }
    yt_str_add(data, "]");
    free(groups);
}

static void add_symbols(const struct yt_output_page *page, struct yt_str *data) {
    yt_str_add(data, ",\n\"symbols\": [");
    for (size_t i = 0; i < page->count; i++) {
        const struct yt_box *box = &page->detections[i].box;
        const struct yt_place *place = &page->layout->places[i];
        yt_str_add(data, "%s[%d, %.3f, %.1f, %.1f, %.1f, %.1f, %zu", i ? ", " : "",
                   page->detections[i].cls, (double)page->detections[i].score, (double)box->x1,
                   (double)box->y1, (double)box->x2 - box->x1, (double)box->y2 - box->y1,
                   place->order + 1);
        if (place->staff >= 0)
            yt_str_add(data, ", %d, %d, %.2f", place->system + 1, place->staff + 1,
                       place->position);
        yt_str_append(data, "]", 1);
    }
    yt_str_add(data, "]");
}

static void add_staffs(const struct yt_layout *layout, struct yt_str *data) {
    yt_str_add(data, ",\n\"staffs\": [");
    for (size_t i = 0; i < layout->staff_count; i++) {
        const struct yt_staff *staff = &layout->staffs[i];
        yt_str_add(data, "%s[%.1f, %.1f, %.2f, [", i ? ", " : "", (double)staff->box.x1,
                   (double)staff->box.x2, staff->interline);
        for (int k = 0; k < staff->strips; k++)
            yt_str_add(data, "%s%.1f", k ? ", " : "", staff->middle[k]);
        yt_str_add(data, "]]");
    }
    yt_str_add(data, "]}");
}

static void add_data(const struct yt_writer *writer, const struct yt_output_page *page,
                     struct yt_str *data) {
    yt_str_add(data, "{\"file\": ");
    yt_json_quote(data, yt_path_name(page->path));
    yt_str_add(data, ", \"w\": %d, \"h\": %d, \"interline\": ", page->image->w, page->image->h);
    yt_json_float(data, (float)page->layout->interline);
    add_classes(writer->out->options.categories, data);
    add_symbols(page, data);
    add_staffs(page->layout, data);
}

static int page(struct yt_writer *writer, const struct yt_output_page *page, struct yt_str *text) {
    struct yt_str png = {0}, title = {0}, image = {0}, json = {0}, script = {0};
    int failed = yt_image_encode_png(page->image, &png);
    if (!failed) {
        yt_html_text(&title, yt_path_name(page->path));
        yt_html_data(&image, "image/png", png.s, png.len);
        add_data(writer, page, &json);
        yt_html_script(&script, json.s);
        const struct yt_html_part parts[] = {
            {"TITLE", title.s}, {"IMAGE", image.s}, {"DATA", script.s}};
        yt_html_fill(text, yt_viewer_html, parts, YT_COUNT(parts));
    }
    yt_str_release(&png);
    yt_str_release(&title);
    yt_str_release(&image);
    yt_str_release(&json);
    yt_str_release(&script);
    return failed;
}

const struct yt_format yt_format_html = {
    .name = "html",
    .file = "PAGE.html",
    .summary = "a page for a browser: filter, zoom, hover; needs nothing but itself",
    .page = page,
};
