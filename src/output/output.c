#include "output/output.h"
#include "base/file.h"
#include "base/json.h"
#include "output/formats.h"
#include "output/layout.h"

#include <stdlib.h>
#include <string.h>

const struct yt_format *const yt_formats[] = {
    &yt_format_json, &yt_format_coco, &yt_format_obbanns,
    &yt_format_yolo, &yt_format_csv,  &yt_format_mung,
    &yt_format_png,  &yt_format_html, NULL,
};

/* --- shared by the formats ----------------------------------------------------------------------
 */

int yt_category_id(const struct yt_categories *categories, int cls) {
    YT_ASSERT(cls >= 0 && (size_t)cls < categories->count);
    return categories->ids ? categories->ids[cls] : cls;
}

void yt_output_box(struct yt_str *text, const struct yt_box *box, const char *between) {
    const float xywh[] = {box->x1, box->y1, box->x2 - box->x1, box->y2 - box->y1};
    for (size_t i = 0; i < YT_COUNT(xywh); i++) {
        if (i) yt_str_append(text, between, strlen(between));
        yt_json_float(text, xywh[i]);
    }
}

/* --- which formats ------------------------------------------------------------------------------
 */

static const struct yt_format *find_format(const char *name, size_t len) {
    for (const struct yt_format *const *f = yt_formats; *f; f++)
        if (strlen((*f)->name) == len && !strncmp((*f)->name, name, len)) return *f;
    return NULL;
}

static int fail_unknown(const char *name, size_t len) {
    const char *names[YT_COUNT(yt_formats)];
    struct yt_str all = {0};
    size_t count = 0;
    for (; yt_formats[count]; count++) {
        names[count] = yt_formats[count]->name;
        yt_str_add(&all, "%s%s", count ? ", " : "", names[count]);
    }
    char *word = yt_format("%.*s", (int)len, name);
    const char *nearest = yt_str_nearest(word, names, count);
    if (nearest)
        yt_fail("format: %s: no such format (did you mean %s?)", word, nearest);
    else
        yt_fail("format: %s: no such format; must be some of %s", word, all.s);
    free(word);
    yt_str_release(&all);
    return -1;
}

/* The next word of a list "json, png", or NULL; moves `list` behind it. */
static const char *next_word(const char **list, size_t *len) {
    const char *word = *list + strspn(*list, ", ");
    *len = strcspn(word, ", ");
    *list = word + *len;
    return *len ? word : NULL;
}

int yt_output_check(const char *formats) {
    size_t len;
    for (const char *word; (word = next_word(&formats, &len));)
        if (!find_format(word, len)) return fail_unknown(word, len);
    return 0;
}

/* --- files --------------------------------------------------------------------------------------
 */

static bool is_per_page(const struct yt_format *format) {
    return strstr(format->file, "PAGE") != NULL;
}

static char *file_path(const struct yt_output *out, const struct yt_format *format,
                       const char *stem) {
    const char *at = strstr(format->file, "PAGE");
    if (!at) return yt_path_join(out->folder, format->file);
    return yt_format("%s/%.*s%s%s", out->folder, (int)(at - format->file), format->file, stem,
                     at + strlen("PAGE"));
}

/* Write errors are kept by the stream, for yt_file_commit. */
static void put(struct yt_writer *writer, struct yt_str *text) {
    if (text->len) fwrite(text->s, 1, text->len, writer->file->stream);
    yt_str_release(text);
}

static int open_writer(const struct yt_output *out, struct yt_writer *writer) {
    char *path = file_path(out, writer->format, "");
    int failed = 0;
    if (is_per_page(writer->format)) {
        char *folder = yt_path_dir(path);
        failed = yt_path_mkdirs(folder);
        free(folder);
    } else {
        writer->file = yt_calloc(1, sizeof *writer->file);
        failed = yt_file_create(writer->file, path);
        if (failed) {
            free(writer->file);
            writer->file = NULL;
        }
    }
    free(path);
    if (!failed && writer->format->head) {
        struct yt_str text = {0};
        writer->format->head(writer, &text);
        put(writer, &text);
    }
    return failed;
}

static bool has_writer(const struct yt_output *out, const struct yt_format *format) {
    for (size_t i = 0; i < out->writer_count; i++)
        if (out->writers[i].format == format) return true;
    return false;
}

int yt_output_open(struct yt_output *out, const char *folder, const char *formats,
                   const struct yt_output_options *options) {
    if (yt_output_check(formats)) return -1;
    *out = (struct yt_output){.options = *options, .folder = yt_strdup(folder)};
    if (!out->options.annotation_set) out->options.annotation_set = "deepscores";
    if (out->options.picture_scale == 0) out->options.picture_scale = 1;
    out->writers = yt_calloc(YT_COUNT(yt_formats), sizeof *out->writers);
    size_t len;
    for (const char *word; (word = next_word(&formats, &len));) {
        const struct yt_format *format = find_format(word, len);
        if (has_writer(out, format)) continue;
        struct yt_writer *writer = &out->writers[out->writer_count++];
        *writer = (struct yt_writer){.format = format, .out = out};
        if (open_writer(out, writer)) {
            yt_output_abandon(out);
            return -1;
        }
    }
    return 0;
}

/* Of a format with a file for each image. */
static int write_page(struct yt_writer *writer, const struct yt_output_page *page,
                      struct yt_str *text) {
    char *path = file_path(writer->out, writer->format, page->stem);
    int failed = yt_file_write(path, text->len ? text->s : "", text->len);
    free(path);
    yt_str_release(text);
    return failed;
}

int yt_output_add(struct yt_output *out, struct yt_output_page page) {
    struct yt_layout layout = {0};
    int failed = 0;
    if (page.image) {
        yt_layout_init(&layout, page.image, page.detections, page.count, out->options.categories);
        page.layout = &layout;
    }
    for (size_t i = 0; i < out->writer_count && !failed; i++) {
        struct yt_writer *writer = &out->writers[i];
        struct yt_str text = {0};
        failed = writer->format->page(writer, &page, &text);
        if (!failed && writer->file)
            put(writer, &text);
        else if (!failed)
            failed = write_page(writer, &page, &text);
        yt_str_release(&text);
        writer->pages++;
        writer->symbols += page.count;
    }
    yt_layout_release(&layout);
    out->pages += !failed;
    out->detections += failed ? 0 : page.count;
    return failed;
}

static void release(struct yt_output *out) {
    for (size_t i = 0; i < out->writer_count; i++) {
        free(out->writers[i].file);
        yt_str_release(&out->writers[i].later);
    }
    free(out->writers);
    free(out->folder);
    out->writers = NULL;
    out->folder = NULL;
    out->writer_count = 0;
}

int yt_output_close(struct yt_output *out) {
    int failed = 0;
    for (size_t i = 0; i < out->writer_count; i++) {
        struct yt_writer *writer = &out->writers[i];
        if (!writer->file) continue;
        if (writer->format->tail) {
            struct yt_str text = {0};
            writer->format->tail(writer, &text);
            put(writer, &text);
        }
        failed |= yt_file_commit(writer->file);
    }
    release(out);
    return failed ? -1 : 0;
}

void yt_output_abandon(struct yt_output *out) {
    for (size_t i = 0; i < out->writer_count; i++)
        if (out->writers[i].file) yt_file_abandon(out->writers[i].file);
    release(out);
}

void yt_output_describe(const struct yt_output *out, struct yt_str *text) {
    for (size_t i = 0; i < out->writer_count; i++)
        yt_str_add(text, "%s%s", i ? ", " : "", out->writers[i].format->file);
}
