/* A growable string. Zero-initialise, append, use .s (always terminated after the first append),
 * yt_str_release(). */
#ifndef YT_BASE_STR_H
#define YT_BASE_STR_H

#include "base/base.h"

struct yt_str {
    char *s;
    size_t len, cap;
};

void yt_str_add(struct yt_str *str, const char *format, ...) YT_PRINTF(2, 3);
void yt_str_append(struct yt_str *str, const void *bytes, size_t len);
/* Appends a field of a CSV file as RFC 4180 has it: in quotes if it holds a comma, quote or line
 * break; quotes doubled. */
void yt_str_csv_field(struct yt_str *str, const char *field);
void yt_str_release(struct yt_str *str);

bool yt_str_ends_with(const char *s, const char *suffix); /* ASCII case is ignored */
/* The candidate nearest to `word` by edit distance, or NULL when none is near (for "did you
 * mean"). */
const char *yt_str_nearest(const char *word, const char *const *candidates, size_t count);

#endif
