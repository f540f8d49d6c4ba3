#include "data/yolo.h"
#include "base/file.h"
#include "base/str.h"
#include "base/yaml.h"
#include "image/image.h"
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* --- names and nc -------------------------------------------------------------------------- */

/* A whole number from text; false if it is none. */
static bool parse_int(const char *text, int *value) {
    char *end;
    errno = 0;
    long number = strtol(text, &end, 10);
    *value = (int)number;
    return end > text && *end == 0 && !errno && number == *value;
}

static bool is_scalar(const struct yt_yaml *yaml) {
    return yaml && yaml->type == YT_YAML_SCALAR;
}

/* The name of class i of a list or of a map of any order; NULL if there is none. */
static const char *name_of_class(const struct yt_yaml *names, int i) {
    if (names->type == YT_YAML_SEQUENCE)
        return is_scalar(names->items[i]) ? names->items[i]->text : NULL;
    for (size_t k = 0; k < names->count; k++) {
        int key;
        if (parse_int(names->keys[k], &key) && key == i)
            return is_scalar(names->items[k]) ? names->items[k]->text : NULL;
    }
    return NULL;
}

static int read_nc(const struct yt_yaml *nc, const char *path, int *count) {
    if (is_scalar(nc) && parse_int(nc->text, count) && *count > 0 && *count < 100000) return 0;
    return yt_fail("%s:%d: nc: expected the number of classes", path, nc->line);
}

int yt_yolo_read_names(struct yt_dataset *dataset, const struct yt_yaml *yaml, const char *path) {
    const struct yt_yaml *names = yt_yaml_get(yaml, "names"), *nc = yt_yaml_get(yaml, "nc");
    int count = 0;
    if (nc && read_nc(nc, path, &count)) return -1;
    if (!names && !nc) return yt_fail("%s: names: missing; list the names of the classes", path);
    for (int i = 0; !names && i < count; i++) {
        char *name = yt_format("class%d", i);
        yt_dataset_add_class(dataset, name, i);
        free(name);
    }
    if (!names) return 0;
    if (names->type == YT_YAML_SCALAR || names->count == 0)
        return yt_fail("%s:%d: names: expected a list or a map from 0, 1, ... to names", path,
                       names->line);
    if (nc && (size_t)count != names->count)
        return yt_fail("%s:%d: nc: %d, but names: has %zu", path, nc->line, count, names->count);
    for (int i = 0; (size_t)i < names->count; i++) {
        const char *name = name_of_class(names, i);
        if (!name)
            return yt_fail("%s:%d: names: class %d has no name; the keys must be 0 to %zu", path,
                           names->line, i, names->count - 1);
        yt_dataset_add_class(dataset, name, i);
    }
    return 0;
}

/* --- one file of labels -------------------------------------------------------------------- */

/* .../images/a.png -> .../labels/a.txt: the last folder named images. */
static char *label_path(const char *image) {
    const char *at = NULL;
    for (const char *next = image; (next = strstr(next, "/images/")); next++) at = next;
    char *stem = yt_path_stem(image), *dir = yt_path_dir(image), *path;
    if (at) {
        const char *rest = at + strlen("/images");
        size_t rest_len = strlen(rest) - strlen(yt_path_name(image));
        path =
            yt_format("%.*s/labels%.*s%s.txt", (int)(at - image), image, (int)rest_len, rest, stem);
    } else {
        path = yt_format("%s/%s.txt", dir, stem);
    }
    free(dir);
    free(stem);
    return path;
}

static int count_fields(const char *line) {
    int fields = 0;
    while (*(line += strspn(line, " \t\r"))) {
        fields++;
        line += strcspn(line, " \t\r");
    }
    return fields;
}

/* The next number of a line of `fields`; false at anything else. "nan" is a number here: the label
 * is then dropped for what it is. */
static bool next_number(const char **line, double *value) {
    char *end;
    *value = strtod(*line, &end);
    if (end == *line || !strchr(" \t\r", *end)) return false;
    *line = end + strspn(end, " \t\r");
    return true;
}

/* cls cx cy w h, or cls x y x y ..., to a box in pixels. false: not that form. In single precision
 * and in the order of YOLO trainers: an edge on an anchor's centre is inside or outside by its last
 * bit (docs/parity.md). */
static bool parse_line(const char *line, int fields, bool is_polygon, const struct yt_page *page,
                       double *cls, struct yt_page_label *label) {
    if (is_polygon ? fields < 5 || fields % 2 == 0 : fields != 5) return false;
    double x, y, w, h;
    if (!next_number(&line, cls)) return false;
    if (!is_polygon) {
        if (!next_number(&line, &x) || !next_number(&line, &y) || !next_number(&line, &w) ||
            !next_number(&line, &h))
            return false;
        float cx = (float)x, cy = (float)y, half_w = (float)w / 2, half_h = (float)h / 2;
        *label = (struct yt_page_label){cx - half_w, cy - half_h, cx + half_w, cy + half_h, 0, 0};
    } else {
        *label = (struct yt_page_label){INFINITY, INFINITY, -INFINITY, -INFINITY, 0, 0};
        for (int point = 1; point < fields; point += 2) {
            if (!next_number(&line, &x) || !next_number(&line, &y)) return false;
            label->x1 = YT_MIN(label->x1, x), label->x2 = YT_MAX(label->x2, x);
            label->y1 = YT_MIN(label->y1, y), label->y2 = YT_MAX(label->y2, y);
        }
    }
    label->x1 = (float)label->x1 * (float)page->w, label->x2 = (float)label->x2 * (float)page->w;
    label->y1 = (float)label->y1 * (float)page->h, label->y2 = (float)label->y2 * (float)page->h;
    return true;
}

static void add_line(struct yt_dataset *dataset, const struct yt_page *page, const char *line,
                     bool is_polygon, const char *path, long number) {
    int fields = count_fields(line);
    double cls;
    struct yt_page_label label;
    if (fields == 0) return;
    if (!parse_line(line, fields, is_polygon, page, &cls, &label)) {
        yt_tally_add(&dataset->tally, "label lines that are not \"cls cx cy w h\" were dropped",
                     "%s:%ld", path, number);
    } else if (!(cls >= 0 && cls < dataset->nc) || cls != floor(cls)) {
        yt_tally_add(&dataset->tally, "labels of unknown classes were dropped", "%s:%ld", path,
                     number);
    } else {
        label.cls = (int)cls;
        yt_dataset_add_label(dataset, label, path, number);
    }
}

static int compare_labels(const struct yt_page_label *a, const struct yt_page_label *b) {
    if (a->cls != b->cls) return a->cls < b->cls ? -1 : 1;
    if (a->x1 != b->x1) return a->x1 < b->x1 ? -1 : 1;
    if (a->y1 != b->y1) return a->y1 < b->y1 ? -1 : 1;
    if (a->x2 != b->x2) return a->x2 < b->x2 ? -1 : 1;
    if (a->y2 != b->y2) return a->y2 < b->y2 ? -1 : 1;
    return 0;
}

/* Equal labels stand together, the one that came first in front. */
static int by_label(const void *a, const void *b) {
    const struct yt_page_label *x = *(struct yt_page_label *const *)a;
    const struct yt_page_label *y = *(struct yt_page_label *const *)b;
    int order = compare_labels(x, y);
    return order ? order : (x > y) - (x < y);
}

static void drop_duplicates(struct yt_dataset *dataset, struct yt_page *page, const char *path) {
    uint32_t count = page->label_count, kept = 0;
    if (count == 0) return; /* there may be no labels at all yet */
    struct yt_page_label *labels = dataset->labels + page->label_begin;
    struct yt_page_label **sorted = yt_malloc((count + 1) * sizeof *sorted);
    for (uint32_t i = 0; i < count; i++) sorted[i] = &labels[i];
    qsort(sorted, count, sizeof *sorted, by_label);
    bool *is_duplicate = yt_calloc(count + 1, sizeof *is_duplicate);
    for (uint32_t i = 1; i < count; i++)
        is_duplicate[sorted[i] - labels] = compare_labels(sorted[i], sorted[i - 1]) == 0;
    for (uint32_t i = 0; i < count; i++)
        if (is_duplicate[i])
            yt_tally_add(&dataset->tally, "duplicate labels were removed", "%s", path);
        else
            labels[kept++] = labels[i];
    free(is_duplicate);
    free(sorted);
    page->label_count = kept;
    dataset->label_count = page->label_begin + kept;
}

static void add_labels_of(struct yt_dataset *dataset, struct yt_page *page) {
    char *path = label_path(page->path);
    size_t len;
    if (!yt_path_exists(path)) { /* an image without labels: background */
        free(path);
        return;
    }
    char *text = yt_file_read(path, 1 << 28, &len);
    if (!text) yt_tally_add(&dataset->tally, "label files cannot be read", "%s", yt_error());
    bool is_polygon = false;
    for (int pass = 0; text && pass < 2; pass++) {
        long number = 1;
        for (char *line = text; line && *line; number++) {
            char *end = strchr(line, '\n');
            if (end) *end = 0;
            if (pass == 0)
                is_polygon |= count_fields(line) > 6;
            else
                add_line(dataset, page, line, is_polygon, path, number);
            if (end) *end = '\n';
            line = end ? end + 1 : NULL;
        }
    }
    drop_duplicates(dataset, page, path);
    free(text);
    free(path);
}

/* --- lists of images ----------------------------------------------------------------------- */

char *yt_yolo_root(const struct yt_yaml *yaml, const char *path) {
    const struct yt_yaml *root = yt_yaml_get(yaml, "path");
    char *folder = yt_path_dir(path);
    char *joined = yt_path_join(folder, is_scalar(root) ? root->text : "");
    free(folder);
    return joined;
}

static int find_images(struct yt_paths *paths, const struct yt_yaml *entry, const char *root,
                       const char *where) {
    for (size_t i = 0; entry->type == YT_YAML_SEQUENCE && i < entry->count; i++)
        if (find_images(paths, entry->items[i], root, where)) return -1;
    if (entry->type == YT_YAML_SEQUENCE) return 0;
    if (entry->type != YT_YAML_SCALAR)
        return yt_fail("%s:%d: expected a folder, a list of images, or several of them", where,
                       entry->line);
    char *source = yt_path_join(root, entry->text);
    int failed = yt_paths_find(paths, source, yt_image_suffixes, true);
    free(source);
    return failed ? yt_fail_in("%s:%d", where, entry->line) : 0;
}

static int read_part(struct yt_dataset *dataset, const struct yt_yaml *entry, const char *root,
                     const char *where, enum yt_part part) {
    struct yt_paths paths = {0};
    size_t before = dataset->page_count;
    int failed = find_images(&paths, entry, root, where);
    for (size_t i = 0; !failed && i < paths.count; i++) {
        struct yt_page *page = yt_dataset_add_page(dataset, paths.items[i], part, 0, 0);
        if (page) add_labels_of(dataset, page);
    }
    if (!failed && dataset->page_count == before) {
        const struct yt_tally *tally = &dataset->tally;
        failed = yt_fail("%s:%d: none of the %zu images could be used; %s (first: %s)", where,
                         entry->line, paths.count, tally->rows[tally->count - 1].reason,
                         tally->rows[tally->count - 1].first);
    }
    yt_paths_release(&paths);
    return failed;
}

static const char *const known_keys[] = {"path", "train", "val",      "validation",
                                         "test", "names", "download", "nc"};

static void warn_unknown_keys(const struct yt_yaml *yaml, const char *path) {
    for (size_t i = 0; i < yaml->count; i++) {
        bool is_known = false;
        for (size_t k = 0; k < YT_COUNT(known_keys); k++)
            is_known |= strcmp(yaml->keys[i], known_keys[k]) == 0;
        const char *near = yt_str_nearest(yaml->keys[i], known_keys, YT_COUNT(known_keys));
        if (!is_known)
            yt_warn("%s:%d: %s: unknown key of a data set%s%s%s", path, yaml->key_lines[i],
                    yaml->keys[i], near ? " (did you mean " : "", near ? near : "",
                    near ? "?)" : "");
    }
}

int yt_yolo_read(struct yt_dataset *dataset, const struct yt_yaml *yaml, const char *path) {
    const struct yt_yaml *parts[YT_PARTS] = {yt_yaml_get(yaml, "train"), yt_yaml_get(yaml, "val"),
                                             yt_yaml_get(yaml, "test")};
    if (!parts[YT_VAL]) parts[YT_VAL] = yt_yaml_get(yaml, "validation");
    warn_unknown_keys(yaml, path);
    char *root = yt_yolo_root(yaml, path);
    int failed = 0;
    for (int part = 0; part < YT_PARTS && !failed; part++) {
        bool is_given = parts[part] && !(is_scalar(parts[part]) && !*parts[part]->text);
        if (is_given) failed = read_part(dataset, parts[part], root, path, (enum yt_part)part);
    }
    free(root);
    return failed;
}
