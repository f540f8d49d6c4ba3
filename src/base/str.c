#include "base/str.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static void reserve(struct yt_str *str, size_t more) {
    str->s = yt_grow(str->s, &str->cap, str->len + more + 1, 1);
}

void yt_str_add(struct yt_str *str, const char *format, ...) {
    va_list args;
    va_start(args, format);
    int len = vsnprintf(NULL, 0, format, args);
    va_end(args);
    YT_ASSERT(len >= 0);
    reserve(str, (size_t)len);
    va_start(args, format);
    vsnprintf(str->s + str->len, (size_t)len + 1, format, args);
    va_end(args);
    str->len += (size_t)len;
}

void yt_str_append(struct yt_str *str, const void *bytes, size_t len) {
    reserve(str, len);
    if (len) memcpy(str->s + str->len, bytes, len);
    str->len += len;
    str->s[str->len] = 0;
}

void yt_str_csv_field(struct yt_str *str, const char *field) {
    bool quoted = strpbrk(field, ",\"\r\n");
    if (quoted) yt_str_add(str, "\"");
    for (; *field; field++) {
        if (*field == '"') yt_str_append(str, "\"", 1);
        yt_str_append(str, field, 1);
    }
    if (quoted) yt_str_add(str, "\"");
}

void yt_str_release(struct yt_str *str) {
    free(str->s);
    *str = (struct yt_str){0};
}

bool yt_str_ends_with(const char *s, const char *suffix) {
    size_t len = strlen(s), tail = strlen(suffix);
    return len >= tail && !strcasecmp(s + len - tail, suffix);
}

/* Optimal string alignment: insertions, deletions, substitutions and swaps of neighbours cost 1
 * each (Damerau, 1964). d[i][j] is the distance of the first i and j characters; three rows of it
 * are kept. Words longer than MAX_WORD are far from everything. */
enum { MAX_WORD = 63 };

static size_t distance(const char *a, const char *b) {
    size_t n = strlen(a), m = strlen(b), rows[3][MAX_WORD + 1];
    if (n > MAX_WORD || m > MAX_WORD) return SIZE_MAX;
    for (size_t j = 0; j <= m; j++) rows[0][j] = j;
    for (size_t i = 1; i <= n; i++) {
        size_t *row = rows[i % 3], *up = rows[(i + 2) % 3], *upper = rows[(i + 1) % 3];
        row[0] = i;
        for (size_t j = 1; j <= m; j++) {
            size_t best = up[j - 1] + (a[i - 1] != b[j - 1]);
            best = YT_MIN(best, YT_MIN(up[j], row[j - 1]) + 1);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                best = YT_MIN(best, upper[j - 2] + 1);
            row[j] = best;
        }
    }
    return rows[n % 3][m];
}

static bool is_prefix(const char *prefix, const char *s) {
    return !strncmp(prefix, s, strlen(prefix));
}

const char *yt_str_nearest(const char *word, const char *const *candidates, size_t count) {
    const char *nearest = NULL;
    size_t len = strlen(word), best = YT_MAX(len / 3, (size_t)1) + 1;
    for (size_t i = 0; i < count; i++) {
        size_t d = distance(word, candidates[i]);
        if (d >= best) continue;
        best = d;
        nearest = candidates[i];
    }
    /* "batch_size" means "batch", and "patien" means "patience" */
    for (size_t i = 0; i < count && !nearest && len >= 3; i++)
        if (is_prefix(word, candidates[i]) ||
            (strlen(candidates[i]) >= 3 && is_prefix(candidates[i], word)))
            nearest = candidates[i];
    return nearest;
}
