/* Keys: where they come from, files and the command line, and which are known. */
#include "config/settings.h"
#include "base/file.h"
#include "base/yaml.h"
#include "config/settings_table.h"
#include "config/settings_values.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* --- one key -------------------------------------------------------------------------------- */

const struct yt_setting *yt_settings_find(const char *name) {
    size_t count;
    const struct yt_setting *rows = yt_settings_rows(&count);
    for (size_t i = 0; i < count; i++)
        if (!strcmp(rows[i].name, name)) return &rows[i];
    return NULL;
}

static size_t row_number(const struct yt_setting *row) {
    size_t count;
    return (size_t)(row - yt_settings_rows(&count));
}

const char *yt_settings_where(const struct yt_settings *settings, const char *key) {
    const struct yt_setting *row = yt_settings_find(key);
    YT_ASSERT(row);
    return settings->where[row_number(row)];
}

static int fail_unknown(const char *key, const char *where) {
    size_t count;
    const struct yt_setting *rows = yt_settings_rows(&count);
    const char **names = yt_malloc(count * sizeof *names);
    for (size_t i = 0; i < count; i++) names[i] = rows[i].name;
    const char *nearest = yt_str_nearest(key, names, count);
    free(names);
    if (nearest) return yt_fail("%s: %s: unknown key (did you mean %s?)", where, key, nearest);
    return yt_fail("%s: %s: unknown key; `yt help` lists the keys", where, key);
}

static int fail_value(const struct yt_setting *row, const char *text, const char *where) {
    struct yt_str accepted = {0};
    yt_setting_describe(row, &accepted);
    yt_fail("%s: %s: %s: must be %s", where, row->name, *text ? text : "no value", accepted.s);
    yt_str_release(&accepted);
    return -1;
}

/* A key of another trainer: noted, or refused unless it is switched off. */
static int take_foreign(struct yt_settings *settings, const char *key, const char *text,
                        const char *where) {
    const struct yt_refused *refused = yt_settings_find_refused(key);
    if (refused) {
        char *end;
        bool zero = yt_setting_is_none(text) || yt_setting_truth(text) == 0 ||
                    (strtod(text, &end) == 0 && !*end);
        return zero ? 0
                    : yt_fail("%s: %s: %s: must be 0 or empty: %s", where, key, text, refused->why);
    }
    if (!yt_settings_is_unused(key) && !yt_settings_find(key)) return fail_unknown(key, where);
    yt_str_add(&settings->unused, "%s%s", settings->unused.len ? ", " : "", key);
    return 0;
}

static bool is_weights(const char *text) {
    return yt_str_ends_with(text, ".safetensors") || yt_str_ends_with(text, ".pt");
}

/* format: of those trainers is that of a model to export. */
static bool is_export_format(const char *text) {
    static const char *const formats[] = {"torchscript", "onnx", "openvino", "engine",  "coreml",
                                          "saved_model", "pb",   "tflite",   "edgetpu", "tfjs",
                                          "paddle",      "mnn",  "ncnn",     "imx",     "rknn"};
    for (size_t i = 0; i < YT_COUNT(formats); i++)
        if (!strcasecmp(formats[i], text)) return true;
    return false;
}

/* The other trainers' way of saying: model: and pretrained: name a file of weights, model: a
 * configuration such as yolov10n.yaml, split: the list to validate. Changes what `key` and `text`
 * point to; `letter` is room for a scale. */
static void translate(const char **key, const char **text, char letter[2]) {
    if (!strcmp(*key, "model")) {
        if (is_weights(*text)) {
            *key = "weights";
        } else if (!strncasecmp(*text, "yolov10", 7) && (*text)[7] &&
                   (!(*text)[8] || !strcasecmp(*text + 8, ".yaml"))) {
            letter[0] = (*text)[7];
            letter[1] = 0;
            *text = letter;
        }
    } else if (!strcmp(*key, "pretrained") && is_weights(*text)) {
        *key = "weights";
    } else if (!strcmp(*key, "split") && yt_setting_choice(yt_settings_find("split_name"), *text)) {
        *key = "split_name";
    }
}

static int take(struct yt_settings *settings, const char *key, const char *text, bool quoted,
                const char *where) {
    char letter[2];
    translate(&key, &text, letter);
    const struct yt_setting *row = yt_settings_find(key);
    if (!row || (!strcmp(key, "format") && is_export_format(text)))
        return take_foreign(settings, key, text, where);
    if (!yt_setting_read(settings, row, text, quoted)) return fail_value(row, text, where);
    char **origin = &settings->where[row_number(row)];
    free(*origin);
    *origin = yt_strdup(where);
    return 0;
}

/* --- all of them ---------------------------------------------------------------------------- */

void yt_settings_init(struct yt_settings *settings) {
    size_t count;
    const struct yt_setting *rows = yt_settings_rows(&count);
    *settings = (struct yt_settings){.where = yt_calloc(count, sizeof *settings->where)};
    for (size_t i = 0; i < count; i++)
        YT_ASSERT(yt_setting_read(settings, &rows[i], rows[i].initial, false));
}

void yt_settings_release(struct yt_settings *settings) {
    size_t count;
    const struct yt_setting *rows = yt_settings_rows(&count);
    for (size_t i = 0; i < count; i++) {
        yt_setting_drop(settings, &rows[i]);
        if (settings->where) free(settings->where[i]);
    }
    free(settings->where);
    yt_str_release(&settings->unused);
    *settings = (struct yt_settings){0};
}

/* A sequence as the text that the command line would have: "0,3,5". */
static char *join(const struct yt_yaml *sequence) {
    struct yt_str text = {0};
    yt_str_append(&text, "", 0);
    for (size_t i = 0; i < sequence->count; i++) {
        const struct yt_yaml *item = sequence->items[i];
        yt_str_add(&text, "%s%s", i ? "," : "", item->type == YT_YAML_SCALAR ? item->text : "?");
    }
    return text.s;
}

/* The same for a section: "staff: horizontal 1, beam: horizontal". */
static char *join_map(const struct yt_yaml *map) {
    struct yt_str text = {0};
    yt_str_append(&text, "", 0);
    for (size_t i = 0; i < map->count; i++) {
        const struct yt_yaml *item = map->items[i];
        yt_str_add(&text, "%s%s: %s", i ? ", " : "", map->keys[i],
                   item->type == YT_YAML_SCALAR ? item->text : "?");
    }
    return text.s;
}

static int take_node(struct yt_settings *settings, const char *key, const struct yt_yaml *node,
                     const char *where) {
    if (node->type == YT_YAML_SCALAR) return take(settings, key, node->text, node->quoted, where);
    const struct yt_setting *row = yt_settings_find(key);
    bool is_map = node->type == YT_YAML_MAP;
    if (is_map && !row) return take_foreign(settings, key, "a section", where);
    if (is_map && !row->is_map)
        return yt_fail("%s: %s: a section; keys stand side by side, without sections", where, key);
    char *text = is_map ? join_map(node) : join(node);
    int error = take(settings, key, text, true, where);
    free(text);
    return error;
}

int yt_settings_load(struct yt_settings *settings, const char *path) {
    struct yt_yaml *yaml = yt_yaml_load(path);
    if (!yaml) return -1;
    int error = 0;
    if (yaml->type != YT_YAML_MAP) error = yt_fail("%s: must be a list of `key: value`", path);
    for (size_t i = 0; !error && i < yaml->count; i++) {
        char *where = yt_format("%s:%d", path, yaml->key_lines[i]);
        error = take_node(settings, yaml->keys[i], yaml->items[i], where);
        free(where);
    }
    yt_yaml_free(yaml);
    return error;
}

static int take_assignment(struct yt_settings *settings, const char *assignment,
                           const char *where) {
    const char *equals = strchr(assignment, '=');
    if (!equals || equals == assignment)
        return yt_fail("%s: %s: must be key=value", where, assignment);
    char *key = yt_format("%.*s", (int)(equals - assignment), assignment);
    int error = take(settings, key, equals + 1, false, where);
    free(key);
    return error;
}

int yt_settings_set(struct yt_settings *settings, const char *assignment) {
    return take_assignment(settings, assignment, "command line");
}

/* The keys of the preset that are not set otherwise, by whoever. */
static void take_preset(struct yt_settings *settings) {
    const struct yt_preset *preset = yt_settings_find_preset(settings->preset);
    char *where = yt_format("preset=%s", settings->preset);
    for (size_t i = 0; preset && preset->assignments[i]; i++) {
        const char *assignment = preset->assignments[i];
        char *key = yt_format("%.*s", (int)strcspn(assignment, "="), assignment);
        if (!yt_settings_where(settings, key))
            YT_ASSERT(!take_assignment(settings, assignment, where));
        free(key);
    }
    free(where);
}

int yt_settings_check(struct yt_settings *settings) {
    take_preset(settings);
    settings->imgsz = (settings->imgsz + 31) / 32 * 32;
    double val = isnan(settings->val_fraction) ? 0 : settings->val_fraction;
    double test = isnan(settings->test_fraction) ? 0 : settings->test_fraction;
    if (val + test > 0.95)
        return yt_fail("val_fraction=%g and test_fraction=%g leave nothing to train on", val, test);
    if (!isnan(settings->time) && !isnan(settings->session))
        return yt_fail("time= plans a whole run and session= pauses it; give one of them");
    return 0;
}

void yt_settings_inherit(struct yt_settings *settings, const struct yt_settings *from,
                         const char *const *keys) {
    for (; *keys; keys++) {
        const struct yt_setting *row = yt_settings_find(*keys);
        YT_ASSERT(row);
        size_t number = row_number(row);
        if (settings->where[number] || !from->where[number]) continue;
        yt_setting_copy(settings, from, row);
        settings->where[number] = yt_strdup(from->where[number]);
    }
}

int yt_settings_write(const struct yt_settings *settings, const char *path) {
    size_t count;
    const struct yt_setting *rows = yt_settings_rows(&count);
    struct yt_str out = {0};
    for (size_t i = 0; i < count; i++) {
        bool first = !i || strcmp(rows[i].group, rows[i - 1].group);
        if (first) yt_str_add(&out, "%s# %s\n", i ? "\n" : "", rows[i].group);
        yt_str_add(&out, "%s: ", rows[i].name);
        yt_settings_show(settings, &rows[i], &out);
        yt_str_add(&out, "\n");
    }
    int error = yt_file_write(path, out.s, out.len);
    yt_str_release(&out);
    return error;
}
