#include "config/settings_values.h"
#include "base/yaml.h"

#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static void *field(const struct yt_settings *settings, const struct yt_setting *row) {
    return (char *)settings + row->offset;
}

/* --- reading -------------------------------------------------------------------------------- */

bool yt_setting_is_none(const char *text) {
    return !*text || !strcmp(text, "~") || !strcasecmp(text, "null") || !strcasecmp(text, "none");
}

int yt_setting_truth(const char *text) {
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
        bool unsets = isnan(w->value) && yt_setting_is_none(text);
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

const char *yt_setting_choice(const struct yt_setting *row, const char *text) {
    const char *as_truth = yt_setting_truth(text) == 1   ? "true"
                           : yt_setting_truth(text) == 0 ? "false"
                                                         : text;
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

bool yt_setting_read(struct yt_settings *settings, const struct yt_setting *row, const char *text,
                     bool quoted) {
    void *at = field(settings, row);
    bool none = !quoted && yt_setting_is_none(text);
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
        if (yt_setting_truth(text) < 0) return false;
        *(bool *)at = yt_setting_truth(text);
        return true;
    case YT_SETTING_CHOICE:
        text = yt_setting_choice(row, text);
        if (text) *(const char **)at = text;
        return text;
    case YT_SETTING_TEXT:
        none |= !quoted && !strcasecmp(text, "false");
        yt_setting_drop(settings, row);
        *(char **)at = none ? NULL : yt_strdup(text);
        return true;
    case YT_SETTING_INT_LIST:
        if (!read_list(none ? "" : text, &list)) return false;
        yt_setting_drop(settings, row);
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

/* --- copying and freeing -------------------------------------------------------------------- */

void yt_setting_drop(struct yt_settings *settings, const struct yt_setting *row) {
    void *at = field(settings, row);
    if (row->type == YT_SETTING_TEXT) free(*(char **)at);
    if (row->type == YT_SETTING_INT_LIST) free(((struct yt_int_list *)at)->items);
}

static struct yt_int_list copy_list(const struct yt_int_list *list) {
    struct yt_int_list copy = {NULL, list->count};
    if (!list->count) return copy;
    copy.items = yt_malloc(list->count * sizeof *copy.items);
    memcpy(copy.items, list->items, list->count * sizeof *copy.items);
    return copy;
}

void yt_setting_copy(struct yt_settings *to, const struct yt_settings *from,
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
        yt_setting_drop(to, row);
        *(char **)at = *(char *const *)source ? yt_strdup(*(char *const *)source) : NULL;
        break;
    case YT_SETTING_INT_LIST:
        yt_setting_drop(to, row);
        *(struct yt_int_list *)at = copy_list(list);
        break;
    }
}
