#include "base/json.h"
#include "base/file.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct yt_json {
    enum yt_json_event type;
    bool boolean;
    double number;
    char *text; /* of a string */
    char **keys;
    struct yt_json **items;
    size_t count, keys_cap, items_cap;
    struct yt_json *parent; /* while it is built */
};

void yt_json_free(struct yt_json *json) {
    if (!json) return;
    for (size_t i = 0; i < json->count; i++) {
        if (json->keys) free(json->keys[i]);
        yt_json_free(json->items[i]);
    }
    free(json->keys);
    free(json->items);
    free(json->text);
    free(json);
}

/* --- building ------------------------------------------------------------------------------- */

struct builder {
    struct yt_json *root, *open; /* open: the container that values go into */
    char *key;                   /* read, waiting for its value */
};

static struct yt_json *add_value(struct builder *b, const struct yt_json_token *token) {
    struct yt_json *json = yt_calloc(1, sizeof *json), *open = b->open;
    json->type = token->event;
    json->boolean = token->boolean;
    json->number = token->number;
    json->parent = open;
    if (token->event == YT_JSON_STRING) json->text = yt_strdup(token->text);
    if (!open) return b->root = json;
    if (b->key) {
        open->keys = yt_grow(open->keys, &open->keys_cap, open->count + 1, sizeof *open->keys);
        open->keys[open->count] = b->key;
        b->key = NULL;
    }
    open->items = yt_grow(open->items, &open->items_cap, open->count + 1, sizeof json);
    return open->items[open->count++] = json;
}

static int by_key(const void *a, const void *b) {
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static int check_keys(const struct yt_json *map) {
    if (map->count < 2) return 0;
    size_t bytes = map->count * sizeof *map->keys;
    char **sorted = memcpy(yt_malloc(bytes), map->keys, bytes);
    qsort(sorted, map->count, sizeof *sorted, by_key);
    int error = 0;
    for (size_t i = 1; i < map->count && !error; i++)
        if (!strcmp(sorted[i - 1], sorted[i])) error = yt_fail("%s: key given twice", sorted[i]);
    free(sorted);
    return error;
}

static int build(void *user, const struct yt_json_token *token) {
    struct builder *b = user;
    int error = 0;
    switch (token->event) {
    case YT_JSON_KEY:
        b->key = yt_strdup(token->text);
        break;
    case YT_JSON_MAP:
    case YT_JSON_ARRAY:
        b->open = add_value(b, token);
        break;
    case YT_JSON_MAP_END:
        error = check_keys(b->open);
        b->open = b->open->parent;
        break;
    case YT_JSON_ARRAY_END:
        b->open = b->open->parent;
        break;
    default:
        add_value(b, token);
    }
    return error;
}

struct yt_json *yt_json_parse(const char *text, size_t len, const char *where) {
    struct builder b = {0};
    if (!yt_json_stream_text(text, len, where, build, &b)) return b.root;
    free(b.key);
    yt_json_free(b.root);
    return NULL;
}

struct yt_json *yt_json_load(const char *path) {
    size_t len;
    char *text = yt_file_read(path, 0, &len);
    if (!text) return NULL;
    struct yt_json *json = yt_json_parse(text, len, path);
    free(text);
    return json;
}

/* --- reading -------------------------------------------------------------------------------- */

enum yt_json_event yt_json_type(const struct yt_json *json) {
    return json ? json->type : YT_JSON_NULL;
}

size_t yt_json_count(const struct yt_json *json) {
    return json ? json->count : 0;
}

const struct yt_json *yt_json_at(const struct yt_json *json, size_t i) {
    return i < yt_json_count(json) ? json->items[i] : NULL;
}

const char *yt_json_key(const struct yt_json *json, size_t i) {
    return i < yt_json_count(json) && json->keys ? json->keys[i] : NULL;
}

const struct yt_json *yt_json_get(const struct yt_json *json, const char *key) {
    if (!json || !json->keys) return NULL;
    for (size_t i = 0; i < json->count; i++)
        if (!strcmp(json->keys[i], key)) return json->items[i];
    return NULL;
}

double yt_json_number(const struct yt_json *json) {
    return json ? json->number : NAN;
}

const char *yt_json_string(const struct yt_json *json) {
    return json ? json->text : NULL;
}

bool yt_json_bool(const struct yt_json *json) {
    return json && json->boolean;
}
