/* YAML as a tree that remembers where each node stood. The only user of libyaml. */
#ifndef YT_BASE_YAML_H
#define YT_BASE_YAML_H

#include "base/base.h"

enum yt_yaml_type { YT_YAML_SCALAR, YT_YAML_SEQUENCE, YT_YAML_MAP };

struct yt_yaml {
    enum yt_yaml_type type;
    int line;               /* from 1 */
    char *text;             /* of a scalar */
    bool quoted;            /* the scalar stood in quotes: a string whatever it looks like */
    char **keys;            /* of a map */
    int *key_lines;         /* of a map */
    struct yt_yaml **items; /* values of a map or sequence */
    size_t count;
};

/* NULL + yt_fail("path:line: ..."). Duplicate keys, aliases to nowhere, several documents and
 * non-scalar keys are errors. An empty file is an empty map. */
struct yt_yaml *yt_yaml_load(const char *path);
struct yt_yaml *yt_yaml_parse(const char *text, size_t len, const char *where);
void yt_yaml_free(struct yt_yaml *yaml);
const struct yt_yaml *yt_yaml_get(const struct yt_yaml *map, const char *key); /* or NULL */
/* Appends s as a YAML scalar, quoted where it must be. */
struct yt_str;
void yt_yaml_scalar(struct yt_str *out, const char *s);

#endif
