#include "base/base.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* --- errors ------------------------------------------------------------------------------- */

static _Thread_local char message[4096];

/* Formats beside `message` first, for the arguments may point into it. */
static void set_message(const char *format, va_list args) {
    char next[sizeof message];
    vsnprintf(next, sizeof next, format, args);
    memcpy(message, next, sizeof next);
}

int yt_fail(const char *format, ...) {
    va_list args;
    va_start(args, format);
    set_message(format, args);
    va_end(args);
    return -1;
}

void *yt_fail_null(const char *format, ...) {
    va_list args;
    va_start(args, format);
    set_message(format, args);
    va_end(args);
    return NULL;
}

int yt_fail_in(const char *format, ...) {
    char *old = yt_strdup(message);
    va_list args;
    va_start(args, format);
    set_message(format, args);
    va_end(args);
    yt_fail("%s: %s", message, old);
    free(old);
    return -1;
}

const char *yt_error(void) {
    return message;
}

char *yt_error_take(void) {
    char *copy = yt_strdup(message);
    message[0] = 0;
    return copy;
}

_Noreturn void yt_assert_failed(const char *what, const char *file, int line) {
    fprintf(stderr, "yt: %s:%d: this should never happen: %s\n", file, line, what);
    abort();
}

/* --- memory ------------------------------------------------------------------------------- */

static void *must(void *p, size_t bytes) {
    if (p) return p;
    fprintf(stderr, "yt: no memory for %zu bytes\n", bytes);
    abort();
}

void *yt_malloc(size_t bytes) {
    return must(malloc(bytes ? bytes : 1), bytes);
}

void *yt_calloc(size_t count, size_t size) {
    return must(calloc(count ? count : 1, size ? size : 1), count * size);
}

void *yt_realloc(void *p, size_t bytes) {
    return must(realloc(p, bytes ? bytes : 1), bytes);
}

char *yt_strdup(const char *s) {
    size_t bytes = strlen(s) + 1;
    return memcpy(yt_malloc(bytes), s, bytes);
}

char *yt_format(const char *format, ...) {
    char *s;
    va_list args;
    va_start(args, format);
    int len = vasprintf(&s, format, args);
    va_end(args);
    return must(len < 0 ? NULL : s, 0);
}

void *yt_grow(void *p, size_t *cap, size_t need, size_t size) {
    if (need <= *cap) return p;
    size_t next = *cap ? *cap : 8, bytes;
    while (next < need) next += next / 2;
    if (__builtin_mul_overflow(next, size, &bytes)) must(NULL, SIZE_MAX);
    *cap = next;
    return yt_realloc(p, bytes);
}

/* --- log ---------------------------------------------------------------------------------- */

/* One call to stdio a line, so that lines of several threads do not mix; flushed, so that a log
 * that goes to a file can be watched. */
static void say(FILE *stream, const char *prefix, const char *format, va_list args) {
    char *line;
    if (vasprintf(&line, format, args) < 0) must(NULL, 0);
    fprintf(stream, "%s%s\n", prefix, line);
    fflush(stream);
    free(line);
}

void yt_info(const char *format, ...) {
    va_list args;
    va_start(args, format);
    say(stdout, "", format, args);
    va_end(args);
}

void yt_warn(const char *format, ...) {
    va_list args;
    va_start(args, format);
    say(stderr, "warning: ", format, args);
    va_end(args);
}

/* --- time --------------------------------------------------------------------------------- */

double yt_now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

void yt_date_text(char text[32]) {
    time_t now = time(NULL);
    struct tm local;
    strftime(text, 32, "%Y-%m-%d %H:%M %z", localtime_r(&now, &local));
}
