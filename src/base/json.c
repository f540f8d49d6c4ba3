/* Streaming and writing; json_tree.c builds the small trees. */
#include "base/json.h"
#include "base/str.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yajl/yajl_parse.h>

enum { MAX_DEPTH = 256 };

struct reader {
    yajl_handle yajl;
    yt_json_callback callback;
    void *user;
    const char *where;
    char *text; /* terminated copy of the token */
    size_t cap;
    int depth;
    bool stopped; /* by the callback or by limits below: yt_fail was called */
    long line;
    size_t line_start, consumed; /* bytes of the whole input */
};

/* --- tokens: yajl's callbacks return 0 to stop ---------------------------------------------- */

static int emit(struct reader *r, struct yt_json_token token) {
    token.depth = r->depth;
    if (!token.text) token.text = "";
    r->stopped = r->callback(r->user, &token) != 0;
    return !r->stopped;
}

static char *copy_text(struct reader *r, const void *bytes, size_t len) {
    r->text = yt_grow(r->text, &r->cap, len + 1, 1);
    memcpy(r->text, bytes, len);
    r->text[len] = 0;
    return r->text;
}

static int on_text(struct reader *r, enum yt_json_event event, const void *bytes, size_t len) {
    if (memchr(bytes, 0, len)) {
        r->stopped = true;
        yt_fail("a string with a NUL character (\\u0000)");
        return 0;
    }
    char *text = copy_text(r, bytes, len);
    return emit(r, (struct yt_json_token){.event = event, .text = text, .len = len, .number = NAN});
}

static int on_open(struct reader *r, enum yt_json_event event) {
    if (!emit(r, (struct yt_json_token){.event = event, .number = NAN})) return 0;
    if (++r->depth <= MAX_DEPTH) return 1;
    r->stopped = true;
    yt_fail("nested deeper than %d", MAX_DEPTH);
    return 0;
}

static int on_close(struct reader *r, enum yt_json_event event) {
    r->depth--;
    return emit(r, (struct yt_json_token){.event = event, .number = NAN});
}

static int on_null(void *user) {
    return emit(user, (struct yt_json_token){.event = YT_JSON_NULL, .number = NAN});
}

static int on_bool(void *user, int value) {
    struct yt_json_token token = {.event = YT_JSON_BOOL, .boolean = value != 0, .number = NAN};
    return emit(user, token);
}

static int on_number(void *user, const char *text, size_t len) {
    char *copy = copy_text(user, text, len);
    struct yt_json_token token = {YT_JSON_NUMBER, .text = copy, .len = len};
    token.number = strtod(copy, NULL);
    return emit(user, token);
}

static int on_string(void *user, const unsigned char *text, size_t len) {
    return on_text(user, YT_JSON_STRING, text, len);
}

static int on_key(void *user, const unsigned char *text, size_t len) {
    return on_text(user, YT_JSON_KEY, text, len);
}

static int on_map(void *user) {
    return on_open(user, YT_JSON_MAP);
}

static int on_map_end(void *user) {
    return on_close(user, YT_JSON_MAP_END);
}

static int on_array(void *user) {
    return on_open(user, YT_JSON_ARRAY);
}

static int on_array_end(void *user) {
    return on_close(user, YT_JSON_ARRAY_END);
}

static const yajl_callbacks callbacks = {
    .yajl_null = on_null,
    .yajl_boolean = on_bool,
    .yajl_number = on_number,
    .yajl_string = on_string,
    .yajl_start_map = on_map,
    .yajl_map_key = on_key,
    .yajl_end_map = on_map_end,
    .yajl_start_array = on_array,
    .yajl_end_array = on_array_end,
};

/* --- feeding -------------------------------------------------------------------------------- */

/* Keeps the line count over the first `len` bytes of a chunk. */
static void count_lines(struct reader *r, const char *chunk, size_t len) {
    for (const char *p = chunk, *end = chunk + len; (p = memchr(p, '\n', (size_t)(end - p))); p++) {
        r->line++;
        r->line_start = r->consumed + (size_t)(p - chunk) + 1;
    }
    r->consumed += len;
}

/* After an error in `chunk` (len 0: at the end of the input): the message, with the place. */
static int fail_at(struct reader *r, const char *chunk, size_t len) {
    if (len) count_lines(r, chunk, YT_MIN(yajl_get_bytes_consumed(r->yajl), len));
    if (!r->stopped && !len) {
        yt_fail("the file ends in the middle; is it complete?");
    } else if (!r->stopped) {
        unsigned char *why = yajl_get_error(r->yajl, 0, NULL, 0);
        why[strcspn((char *)why, "\n")] = 0;
        yt_fail("%s", why);
        yajl_free_error(r->yajl, why);
    }
    return yt_fail_in("%s:%ld:%zu", r->where, r->line, r->consumed - r->line_start + 1);
}

static int feed(struct reader *r, const char *chunk, size_t len) {
    if (yajl_parse(r->yajl, (const unsigned char *)chunk, len) != yajl_status_ok)
        return fail_at(r, chunk, len);
    count_lines(r, chunk, len);
    return 0;
}

static int finish(struct reader *r) {
    return yajl_complete_parse(r->yajl) == yajl_status_ok ? 0 : fail_at(r, NULL, 0);
}

static void reader_init(struct reader *r, const char *where, yt_json_callback callback,
                        void *user) {
    *r = (struct reader){.where = where, .callback = callback, .user = user, .line = 1};
    r->yajl = yajl_alloc(&callbacks, NULL, r);
    YT_ASSERT(r->yajl);
}

static void reader_release(struct reader *r) {
    yajl_free(r->yajl);
    free(r->text);
}

int yt_json_stream(const char *path, yt_json_callback callback, void *user) {
    enum { CHUNK = 1 << 16 };
    FILE *f = fopen(path, "rb");
    if (!f) return yt_fail("%s: cannot open: %s", path, strerror(errno));
    struct reader r;
    reader_init(&r, path, callback, user);
    char *chunk = yt_malloc(CHUNK);
    int error = 0;
    for (size_t len; !error && (len = fread(chunk, 1, CHUNK, f));) error = feed(&r, chunk, len);
    if (!error && ferror(f)) error = yt_fail("%s: cannot read: %s", path, strerror(errno));
    if (!error) error = finish(&r);
    free(chunk);
    reader_release(&r);
    fclose(f);
    return error;
}

int yt_json_stream_text(const char *text, size_t len, const char *where, yt_json_callback callback,
                        void *user) {
    struct reader r;
    reader_init(&r, where, callback, user);
    int error = feed(&r, text, len);
    if (!error) error = finish(&r);
    reader_release(&r);
    return error;
}

/* --- writing -------------------------------------------------------------------------------- */

void yt_json_quote(struct yt_str *out, const char *s) {
    yt_str_append(out, "\"", 1);
    for (; *s; s++) {
        unsigned char c = (unsigned char)*s;
        if (c == '"' || c == '\\')
            yt_str_add(out, "\\%c", c);
        else if (c == '\n')
            yt_str_append(out, "\\n", 2);
        else if (c < 32 || c == 127)
            yt_str_add(out, "\\u%04x", c);
        else
            yt_str_append(out, s, 1);
    }
    yt_str_append(out, "\"", 1);
}

void yt_json_float(struct yt_str *out, float value) {
    char text[32];
    if (!isfinite(value)) {
        yt_str_append(out, "null", 4);
        return;
    }
    if (value == rintf(value) && fabsf(value) < 1e9f) { /* 120, not 1.2e+02 */
        yt_str_add(out, "%.0f", (double)value);
        return;
    }
    for (int digits = 1; digits <= 9; digits++) { /* nine always suffice for binary32 */
        snprintf(text, sizeof text, "%.*g", digits, (double)value);
        if (strtof(text, NULL) == value) break;
    }
    yt_str_add(out, "%s", text);
}
