#include "report/page.h"

#include "base/file.h"
#include "base/html.h"
#include "base/json.h"

#include <stdlib.h>

extern const char yt_report_html[]; /* report.html, embedded by the build */

enum { WORST_MAX = 12 };

static const char *const texts[] = {"results.csv",
                                    "timing.csv",
                                    "per_class.csv",
                                    "confusions.csv",
                                    "confusion_matrix.csv",
                                    "worst_tiles/index.csv",
                                    "args.yaml",
                                    "audit.txt",
                                    "env.txt"};
static const char *const pictures[] = {
    "PR_curve.png", "F1_curve.png",     "P_curve.png",           "R_curve.png",
    "labels.png",   "train_batch0.png", "val_batch0_labels.png", "val_batch0_pred.png"};

/* The bytes of a file of the folder, to free; NULL where it is not there. */
static char *read(const char *folder, const char *name, size_t *len) {
    char *path = yt_path_join(folder, name);
    char *bytes = yt_path_exists(path) ? yt_file_read(path, 0, len) : NULL;
    free(path);
    return bytes;
}

static void begin_member(struct yt_str *out, const char *name, bool *first) {
    if (!*first) yt_str_append(out, ",\n", 2);
    *first = false;
    yt_json_quote(out, name);
    yt_str_append(out, ":", 1);
}

static void add_text(struct yt_str *out, const char *folder, const char *name, bool *first) {
    size_t len;
    char *text = read(folder, name, &len);
    if (!text) return;
    begin_member(out, name, first);
    yt_json_quote(out, text);
    free(text);
}

static void add_picture(struct yt_str *out, const char *folder, const char *name, bool *first) {
    size_t len;
    char *bytes = read(folder, name, &len);
    if (!bytes) return;
    begin_member(out, name, first);
    yt_str_append(out, "\"", 1);
    yt_html_data(out, "image/png", bytes, len);
    yt_str_append(out, "\"", 1);
    free(bytes);
}

static void add_files(struct yt_str *out, const char *folder) {
    bool first = true;
    yt_str_add(out, ",\n\"text\": {\n");
    for (size_t i = 0; i < YT_COUNT(texts); i++) add_text(out, folder, texts[i], &first);
    yt_str_add(out, "},\n\"pictures\": {\n");
    first = true;
    for (size_t i = 0; i < YT_COUNT(pictures); i++) add_picture(out, folder, pictures[i], &first);
    for (int i = 1; i <= WORST_MAX; i++) {
        char *name = yt_format("worst_tiles/%02d.png", i);
        add_picture(out, folder, name, &first);
        free(name);
    }
    yt_str_add(out, "}");
}

int yt_page_write(const char *folder, const char *status) {
    struct yt_str data = {0}, script = {0}, page = {0};
    yt_str_add(&data, "{\"status\": %s", status);
    add_files(&data, folder);
    yt_str_add(&data, "}");
    yt_html_script(&script, data.s);
    yt_html_fill(&page, yt_report_html, &(struct yt_html_part){"DATA", script.s}, 1);
    char *path = yt_path_join(folder, "report.html");
    int failed = yt_file_write(path, page.s, page.len);
    free(path);
    yt_str_release(&page);
    yt_str_release(&script);
    yt_str_release(&data);
    return failed;
}
