/* JSON in (streaming and small trees) and out. The only user of yajl. */
#ifndef YT_BASE_JSON_H
#define YT_BASE_JSON_H

#include "base/base.h"

/* --- streaming: for files of hundreds of MB ------------------------------------------------ */
enum yt_json_event {
    YT_JSON_NULL,
    YT_JSON_BOOL,
    YT_JSON_NUMBER, /* .number and .text (as written) */
    YT_JSON_STRING, /* .text */
    YT_JSON_KEY,    /* .text */
    YT_JSON_MAP,
    YT_JSON_MAP_END,
    YT_JSON_ARRAY,
    YT_JSON_ARRAY_END,
};
struct yt_json_token {
    enum yt_json_event event;
    const char *text; /* terminated copy, valid during the call */
    size_t len;
    double number; /* NaN if the text is no number */
    bool boolean;
    int depth; /* containers open around this token */
};
/* Returns 0 to go on, -1 (after yt_fail) to stop. */
typedef int (*yt_json_callback)(void *user, const struct yt_json_token *token);
/* Parses a file; syntax errors, truncation and whatever the callback complains of fail with
 * "path:line:column: what". Strings that hold \u0000 and nesting deeper than 256 are errors. */
int yt_json_stream(const char *path, yt_json_callback callback, void *user);
/* The same over text in memory; `where` names it in messages. */
int yt_json_stream_text(const char *text, size_t len, const char *where, yt_json_callback callback,
                        void *user);

/* --- small documents as a tree ------------------------------------------------------------- */
struct yt_json;
/* `where` names the source in messages. NULL + yt_fail; a key given twice is an error. */
struct yt_json *yt_json_parse(const char *text, size_t len, const char *where);
struct yt_json *yt_json_load(const char *path);
void yt_json_free(struct yt_json *json);
enum yt_json_event yt_json_type(const struct yt_json *json); /* MAP, ARRAY, ... ; NULL for NULL */
size_t yt_json_count(const struct yt_json *json);            /* members of an array or map */
const struct yt_json *yt_json_at(const struct yt_json *json, size_t i); /* i-th value */
const char *yt_json_key(const struct yt_json *json, size_t i);          /* i-th key of a map */
const struct yt_json *yt_json_get(const struct yt_json *json, const char *key); /* or NULL */
double yt_json_number(const struct yt_json *json);      /* NaN if it is no number */
const char *yt_json_string(const struct yt_json *json); /* NULL if it is no string */
bool yt_json_bool(const struct yt_json *json);

/* --- writing -------------------------------------------------------------------------------- */
struct yt_str;
void yt_json_quote(struct yt_str *out, const char *s); /* appends "..." with escapes */
/* Shortest decimal that reads back as the same float; null for NaN and infinities. */
void yt_json_float(struct yt_str *out, float value);

#endif
