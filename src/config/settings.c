/* Reading and writing settings by the table's rows. */
#include "config/settings.h"
#include "base/file.h"
#include "base/yaml.h"
#include "config/settings_table.h"

#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* --- one value ------------------------------------------------------------------------------ */

static void *field(const struct yt_settings *settings, const struct yt_setting *row) {
    return (char *)settings + row->offset;
}

static bool is_none(const char *text) {
    return !*text || !strcmp(text, "~") || !strcasecmp(text, "null") || !strcasecmp(text, "none");
}

/* 1 or 0, or -1 for what is no truth value. */
static int truth(const char *text) {
    static const char *const words[] = {"false", "true", "no", "yes", "off", "on", "0", "1"};
    for (size_t i = 0; i < YT_COUNT(words); i++)
        if (!strcasecmp(words[i], text)) return i % 2;
    return -1;
}

/* What a time given in "s", "min", "h" or "d" is multiplied by to be in the row's own unit; 0 for
 * another word, or where the row is no time. */
static double unit_of(const struct yt_setting *row, const char *word) {
    static const struct {
        const char *word;
        double seconds;
    } units[] = {{"s", 1}, {"min", 60}, {"m", 60}, {"h", 3600}, {"d", 86400}};
    for (size_t i = 0; i < YT_COUNT(units) && row->unit_s > 0; i++)
        if (!strcmp(word, units[i].word)) return units[i].seconds / row->unit_s;
    return 0;
}

/* False: no number, or out of the row's range. */
static bool read_number(const struct yt_setting *row, const char *text, double *value) {
    for (const struct yt_setting_word *w = row->words; w && w->word; w++) {
        bool unsets = isnan(w->value) && is_none(text);
        if (unsets || !strcasecmp(w->word, text)) return *value = w->value, true;
    }
    char *end;
    size_t digits = strspn(text, "+-.eE0123456789");
    double unit = text[digits] ? unit_of(row, text + digits) : 1;
    /* decimal only: strtod also knows inf, nan and hexadecimal */
    if (!digits || unit == 0) return false;
    *value = strtod(text, &end) * unit;
    return end == text + digits && *value >= row->min && *value <= row->max;
}

static const char *read_choice(const struct yt_setting *row, const char *text) {
    const char *as_truth = truth(text) == 1 ? "true" : truth(text) == 0 ? "false" : text;
    for (const char *const *choice = row->choices; *choice; choice++)
        if (!strcasecmp(*choice, text) || !strcmp(*choice, as_truth)) return *choice;
    return NULL;
}

/* "0,3,5", "[0, 3, 5]" or "0 3 5" */
static bool read_list(const char *text, struct yt_int_list *list) {
    static const char *const separators = "[], \t";
    size_t cap = 0;
    *list = (struct yt_int_list){0};
    for (text += strspn(text, separators); *text; text += strspn(text, separators)) {
        char *end;
        long value = strtol(text, &end, 10);
        if (end == text || !strchr(separators, *end) || value < 0 || value > INT_MAX) {
            free(list->items);
            return false;
        }
        list->items = yt_grow(list->items, &cap, list->count + 1, sizeof *list->items);
        list->items[list->count++] = (int)value;
        text = end;
    }
    return true;
}

/* False, with nothing changed, if the text is not what the row accepts. */
static bool read_value(struct yt_settings *settings, const struct yt_setting *row, const char *text,
                       bool quoted) {
    void *at = field(settings, row);
    bool none = !quoted && is_none(text);
    double number;
    struct yt_int_list list;
    switch (row->type) {
    case YT_SETTING_INT:
        if (!read_number(row, text, &number) || number != rint(number)) return false;
        *(int *)at = (int)number;
        return true;
    case YT_SETTING_FLOAT:
        if (!read_number(row, text, &number)) return false;
        *(double *)at = number;
        return true;
    case YT_SETTING_BOOL:
        if (truth(text) < 0) return false;
        *(bool *)at = truth(text);
        return true;
    case YT_SETTING_CHOICE:
        text = read_choice(row, text);
        if (text) *(const char **)at = text;
        return text;
    case YT_SETTING_TEXT:
        none |= !quoted && !strcasecmp(text, "false");
        free(*(char **)at);
        *(char **)at = none ? NULL : yt_strdup(text);
        return true;
    case YT_SETTING_INT_LIST:
        if (!read_list(none ? "" : text, &list)) return false;
        free(((struct yt_int_list *)at)->items);
        *(struct yt_int_list *)at = list;
        return true;
    }
    return false;
}

/* --- showing -------------------------------------------------------------------------------- */

/* The shortest decimal that reads back as the same double. */
static void show_number(double value, struct yt_str *out) {
    char text[32];
    if (fabs(value) < 1e9 && value == rint(value)) { /* 1000000, not 1e+06 */
        yt_str_add(out, "%.0f", value);
        return;
    }
    for (int digits = 6; digits <= 17; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, value);
        if (strtod(text, NULL) == value) break;
    }
    yt_str_add(out, "%s", text);
}

static void show_word_or_number(const struct yt_setting *row, double value, struct yt_str *out) {
    for (const struct yt_setting_word *w = row->words; w && w->word; w++)
        if (w->value == value || (isnan(w->value) && isnan(value))) {
            yt_str_add(out, "%s", w->word);
            return;
        }
    show_number(value, out);
}

void yt_settings_show(const struct yt_settings *settings, const struct yt_setting *row,
                      struct yt_str *out) {
    const void *at = field(settings, row);
    const struct yt_int_list *list = at;
    switch (row->type) {
    case YT_SETTING_INT:
        show_word_or_number(row, *(const int *)at, out);
        break;
    case YT_SETTING_FLOAT:
        show_word_or_number(row, *(const double *)at, out);
        break;
    case YT_SETTING_BOOL:
        yt_str_add(out, "%s", *(const bool *)at ? "true" : "false");
        break;
    case YT_SETTING_CHOICE:
        yt_str_add(out, "%s", *(const char *const *)at);
        break;
    case YT_SETTING_TEXT:
        if (*(char *const *)at)
            yt_yaml_scalar(out, *(char *const *)at);
        else
            yt_str_add(out, "none");
        break;
    case YT_SETTING_INT_LIST:
        if (!list->count) yt_str_add(out, "none");
        for (size_t i = 0; i < list->count; i++)
            yt_str_add(out, "%s%d%s", i ? ", " : "[", list->items[i],
                       i + 1 < list->count ? "" : "]");
        break;
    }
}

static void describe_number(const struct yt_setting *row, struct yt_str *out) {
    yt_str_add(out, "a %snumber from ", row->type == YT_SETTING_INT ? "whole " : "");
    show_number(row->min, out);
    yt_str_add(out, " to ");
    show_number(row->max, out);
    if (row->unit_s > 0) yt_str_add(out, " (or as 90min, 2h, 1d)");
    if (row->words) yt_str_add(out, ", or %s", row->words->word);
}

void yt_setting_describe(const struct yt_setting *row, struct yt_str *out) {
    switch (row->type) {
    case YT_SETTING_INT:
    case YT_SETTING_FLOAT:
        describe_number(row, out);
        break;
    case YT_SETTING_BOOL:
        yt_str_add(out, "true or false");
        break;
    case YT_SETTING_CHOICE:
        yt_str_add(out, "one of ");
        for (size_t i = 0; row->choices[i]; i++)
            yt_str_add(out, "%s%s", i ? ", " : "", row->choices[i]);
        break;
    case YT_SETTING_TEXT:
        yt_str_add(out, "text");
        break;
    case YT_SETTING_INT_LIST:
        yt_str_add(out, "whole numbers, as 0,3,5");
        break;
    }
}

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
        bool zero = is_none(text) || truth(text) == 0 || (strtod(text, &end) == 0 && !*end);
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
    } else if (!strcmp(*key, "split") && read_choice(yt_settings_find("split_name"), *text)) {
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
    if (!read_value(settings, row, text, quoted)) return fail_value(row, text, where);
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
        YT_ASSERT(read_value(settings, &rows[i], rows[i].initial, false));
}

void yt_settings_release(struct yt_settings *settings) {
    size_t count;
    const struct yt_setting *rows = yt_settings_rows(&count);
    for (size_t i = 0; i < count; i++) {
        void *at = field(settings, &rows[i]);
        if (rows[i].type == YT_SETTING_TEXT) free(*(char **)at);
        if (rows[i].type == YT_SETTING_INT_LIST) free(((struct yt_int_list *)at)->items);
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

static struct yt_int_list copy_list(const struct yt_int_list *list) {
    struct yt_int_list copy = {NULL, list->count};
    if (!list->count) return copy;
    copy.items = yt_malloc(list->count * sizeof *copy.items);
    memcpy(copy.items, list->items, list->count * sizeof *copy.items);
    return copy;
}

static void copy_value(struct yt_settings *to, const struct yt_settings *from,
                       const struct yt_setting *row) {
    void *at = field(to, row);
    const void *source = field(from, row);
    const struct yt_int_list *list = source;
    switch (row->type) {
    case YT_SETTING_INT:
        *(int *)at = *(const int *)source;
        break;
    case YT_SETTING_FLOAT:
        *(double *)at = *(const double *)source;
        break;
    case YT_SETTING_BOOL:
        *(bool *)at = *(const bool *)source;
        break;
    case YT_SETTING_CHOICE:
        *(const char **)at = *(const char *const *)source;
        break;
    case YT_SETTING_TEXT:
        free(*(char **)at);
        *(char **)at = *(char *const *)source ? yt_strdup(*(char *const *)source) : NULL;
        break;
    case YT_SETTING_INT_LIST:
        free(((struct yt_int_list *)at)->items);
        *(struct yt_int_list *)at = copy_list(list);
        break;
    }
}

void yt_settings_inherit(struct yt_settings *settings, const struct yt_settings *from,
                         const char *const *keys) {
    for (; *keys; keys++) {
        const struct yt_setting *row = yt_settings_find(*keys);
        YT_ASSERT(row);
        size_t number = row_number(row);
        if (settings->where[number] || !from->where[number]) continue;
        copy_value(settings, from, row);
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
