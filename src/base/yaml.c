/* libyaml's events are folded into a tree: next() takes one event, node() what an event begins. */
#include "base/yaml.h"
#include "base/file.h"
#include "base/json.h"
#include "base/str.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <yaml.h>

enum { MAX_DEPTH = 64, MAX_NODES = 1 << 16 }; /* aliases of aliases can name billions of nodes */

struct anchor {
    char *name;
    const struct yt_yaml *node;
};

struct reader {
    yaml_parser_t parser;
    const char *where;
    struct anchor *anchors;
    size_t anchor_count, anchor_cap;
    size_t nodes;
    int depth;
};

/* --- the tree ------------------------------------------------------------------------------- */

void yt_yaml_free(struct yt_yaml *yaml) {
    if (!yaml) return;
    for (size_t i = 0; i < yaml->count; i++) {
        if (yaml->keys) free(yaml->keys[i]);
        yt_yaml_free(yaml->items[i]);
    }
    free(yaml->keys);
    free(yaml->key_lines);
    free(yaml->items);
    free(yaml->text);
    free(yaml);
}

const struct yt_yaml *yt_yaml_get(const struct yt_yaml *map, const char *key) {
    if (!map || map->type != YT_YAML_MAP) return NULL;
    for (size_t i = 0; i < map->count; i++)
        if (!strcmp(map->keys[i], key)) return map->items[i];
    return NULL;
}

static struct yt_yaml *new_node(struct reader *r, enum yt_yaml_type type, size_t line) {
    if (++r->nodes > MAX_NODES)
        return yt_fail_null("%s:%zu: more than %d values", r->where, line + 1, MAX_NODES);
    struct yt_yaml *node = yt_calloc(1, sizeof *node);
    node->type = type;
    node->line = (int)line + 1;
    return node;
}

/* Takes `item`, and `key` in a map. */
static void add_item(struct yt_yaml *node, size_t *cap, char *key, size_t key_line,
                     struct yt_yaml *item) {
    if (node->count == *cap) {
        node->items = yt_grow(node->items, cap, node->count + 1, sizeof item);
        if (node->type == YT_YAML_MAP) {
            node->keys = yt_realloc(node->keys, *cap * sizeof *node->keys);
            node->key_lines = yt_realloc(node->key_lines, *cap * sizeof *node->key_lines);
        }
    }
    if (node->type == YT_YAML_MAP) {
        node->keys[node->count] = key;
        node->key_lines[node->count] = (int)key_line + 1;
    }
    node->items[node->count++] = item;
}

static struct yt_yaml *copy_node(struct reader *r, const struct yt_yaml *from, size_t line) {
    struct yt_yaml *to = new_node(r, from->type, line);
    if (!to) return NULL;
    if (from->text) to->text = yt_strdup(from->text);
    to->quoted = from->quoted;
    size_t cap = 0;
    for (size_t i = 0; i < from->count; i++) {
        struct yt_yaml *item = copy_node(r, from->items[i], line);
        if (!item) {
            yt_yaml_free(to);
            return NULL;
        }
        add_item(to, &cap, from->keys ? yt_strdup(from->keys[i]) : NULL, line, item);
    }
    return to;
}

/* --- from events ---------------------------------------------------------------------------- */

/* -1 + yt_fail on a syntax error; the caller deletes the event. */
static int next(struct reader *r, yaml_event_t *event) {
    if (yaml_parser_parse(&r->parser, event)) return 0;
    const yaml_parser_t *p = &r->parser;
    size_t line = p->problem_mark.line;
    if (p->error ==
        YAML_READER_ERROR) /* bad UTF-8, control characters: no mark, but it stopped there */
        line = p->mark.line;
    return yt_fail("%s:%zu: %s", r->where, line + 1, p->problem ? p->problem : "not YAML");
}

static struct yt_yaml *node_of(struct reader *r, const yaml_event_t *event);

static struct yt_yaml *scalar(struct reader *r, const yaml_event_t *event) {
    const char *text = (const char *)event->data.scalar.value;
    size_t line = event->start_mark.line;
    if (strlen(text) != event->data.scalar.length)
        return yt_fail_null("%s:%zu: a string with a NUL character", r->where, line + 1);
    struct yt_yaml *node = new_node(r, YT_YAML_SCALAR, line);
    if (!node) return NULL;
    node->text = yt_strdup(text);
    node->quoted = event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
    return node;
}

static struct yt_yaml *alias(struct reader *r, const yaml_event_t *event) {
    const char *name = (const char *)event->data.alias.anchor;
    size_t line = event->start_mark.line;
    for (size_t i = r->anchor_count; i-- > 0;) /* the last of a name counts */
        if (!strcmp(r->anchors[i].name, name)) return copy_node(r, r->anchors[i].node, line);
    return yt_fail_null("%s:%zu: *%s: no such anchor above", r->where, line + 1, name);
}

/* Anchors are set once their node is whole, so a node cannot hold itself. */
static void set_anchor(struct reader *r, const yaml_char_t *name, const struct yt_yaml *node) {
    if (!name || !node) return;
    r->anchors = yt_grow(r->anchors, &r->anchor_cap, r->anchor_count + 1, sizeof *r->anchors);
    r->anchors[r->anchor_count++] = (struct anchor){yt_strdup((const char *)name), node};
}

/* The value that comes next in `node`, and in a map its key before it. 1: there was none left. */
static int add_next(struct reader *r, struct yt_yaml *node, size_t *cap) {
    yaml_event_t event;
    char *key = NULL;
    size_t key_line = 0;
    if (next(r, &event)) return -1;
    bool ends = event.type == YAML_SEQUENCE_END_EVENT || event.type == YAML_MAPPING_END_EVENT;
    int error = 0;
    if (!ends && node->type == YT_YAML_MAP) {
        key_line = event.start_mark.line;
        if (event.type != YAML_SCALAR_EVENT) {
            error = yt_fail("%s:%zu: a key must be a word", r->where, key_line + 1);
        } else {
            key = yt_strdup((const char *)event.data.scalar.value);
            if (yt_yaml_get(node, key))
                error = yt_fail("%s:%zu: %s: key given twice", r->where, key_line + 1, key);
        }
        yaml_event_delete(&event);
        if (error || next(r, &event)) {
            free(key);
            return -1;
        }
    }
    struct yt_yaml *item = ends ? NULL : node_of(r, &event);
    yaml_event_delete(&event);
    if (item) {
        add_item(node, cap, key, key_line, item);
        return 0;
    }
    free(key);
    return ends ? 1 : -1;
}

static struct yt_yaml *collection(struct reader *r, const yaml_event_t *event,
                                  enum yt_yaml_type type) {
    size_t cap = 0, line = event->start_mark.line;
    if (r->depth == MAX_DEPTH)
        return yt_fail_null("%s:%zu: nested deeper than %d", r->where, line + 1, MAX_DEPTH);
    struct yt_yaml *node = new_node(r, type, line);
    if (!node) return NULL;
    r->depth++;
    int more;
    do more = add_next(r, node, &cap);
    while (more == 0);
    r->depth--;
    if (more > 0) return node;
    yt_yaml_free(node);
    return NULL;
}

static struct yt_yaml *node_of(struct reader *r, const yaml_event_t *event) {
    struct yt_yaml *node;
    const yaml_char_t *anchor;
    switch (event->type) {
    case YAML_SCALAR_EVENT:
        node = scalar(r, event);
        anchor = event->data.scalar.anchor;
        break;
    case YAML_SEQUENCE_START_EVENT:
        node = collection(r, event, YT_YAML_SEQUENCE);
        anchor = event->data.sequence_start.anchor;
        break;
    case YAML_MAPPING_START_EVENT:
        node = collection(r, event, YT_YAML_MAP);
        anchor = event->data.mapping_start.anchor;
        break;
    default:
        return alias(r, event);
    }
    set_anchor(r, anchor, node);
    return node;
}

/* The one document of the stream. Stream and document events carry nothing. */
static struct yt_yaml *read_stream(struct reader *r) {
    struct yt_yaml *root = NULL;
    yaml_event_t event;
    for (bool done = false; !done;) {
        if (next(r, &event)) break;
        yaml_event_type_t type = event.type;
        size_t line = event.start_mark.line;
        bool carries = type == YAML_SCALAR_EVENT || type == YAML_ALIAS_EVENT ||
                       type == YAML_SEQUENCE_START_EVENT || type == YAML_MAPPING_START_EVENT;
        bool second = root && type == YAML_DOCUMENT_START_EVENT;
        if (carries) root = node_of(r, &event);
        yaml_event_delete(&event);
        if (second) yt_fail("%s:%zu: a second document; only one is read", r->where, line + 1);
        if (second || (carries && !root)) break;
        if (type != YAML_STREAM_END_EVENT) continue;
        bool empty = !root || (root->type == YT_YAML_SCALAR && !*root->text && !root->quoted);
        if (!empty) return root;
        yt_yaml_free(root);
        return new_node(r, YT_YAML_MAP, 0);
    }
    yt_yaml_free(root);
    return NULL;
}

struct yt_yaml *yt_yaml_parse(const char *text, size_t len, const char *where) {
    struct reader r = {.where = where};
    YT_ASSERT(yaml_parser_initialize(&r.parser));
    yaml_parser_set_input_string(&r.parser, (const unsigned char *)text, len);
    struct yt_yaml *root = read_stream(&r);
    yaml_parser_delete(&r.parser);
    for (size_t i = 0; i < r.anchor_count; i++) free(r.anchors[i].name);
    free(r.anchors);
    return root;
}

struct yt_yaml *yt_yaml_load(const char *path) {
    size_t len;
    char *text = yt_file_read(path, 64 << 20, &len);
    if (!text) return NULL;
    struct yt_yaml *root = yt_yaml_parse(text, len, path);
    free(text);
    return root;
}

/* --- writing -------------------------------------------------------------------------------- */

/* Would a reader take the plain word for something other than this string? */
static bool needs_quotes(const char *s) {
    static const char *const words[] = {"true", "false", "yes",  "no", "on",
                                        "off",  "null",  "none", "~",  ".nan"};
    size_t len = strlen(s);
    char *end;
    if (!len || strchr("-?:,[]{}#&*!|>'\"%@` ", s[0]) || s[len - 1] == ' ' || s[len - 1] == ':')
        return true;
    if (strstr(s, ": ") || strstr(s, " #")) return true;
    for (const char *p = s; *p; p++)
        if ((unsigned char)*p < 32 || *p == 127) return true;
    for (size_t i = 0; i < YT_COUNT(words); i++)
        if (!strcasecmp(s, words[i])) return true;
    strtod(s, &end);
    return !*end;
}

void yt_yaml_scalar(struct yt_str *out, const char *s) {
    if (needs_quotes(s))
        yt_json_quote(out, s); /* YAML's double quotes are JSON's */
    else
        yt_str_append(out, s, strlen(s));
}
