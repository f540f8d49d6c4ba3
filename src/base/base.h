/* What every file of yt uses: errors, memory, log, time.
 *
 * Errors. A function that can fail because of its environment (file, configuration, image, memory
 * for a plan) returns 0 or -1, or a pointer or NULL, and leaves one line for the user with
 * yt_fail():
 *
 *     if (!f) return yt_fail("%s: cannot open: %s; check data=", path, strerror(errno));
 *
 * The line says where, what is wrong, and what to do next. Callers that know more put it in front
 * with yt_fail_in(). Only src/cli prints it and exits. A programmer's mistake is YT_ASSERT: it
 * aborts in every build.
 */
#ifndef YT_BASE_BASE_H
#define YT_BASE_BASE_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define YT_PRINTF(f, a) __attribute__((format(printf, f, a)))
#define YT_COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define YT_MIN(a, b) ((a) < (b) ? (a) : (b))
#define YT_MAX(a, b) ((a) > (b) ? (a) : (b))

/* --- errors ------------------------------------------------------------------------------- */

/* Stores the message for this thread and returns -1. */
int yt_fail(const char *format, ...) YT_PRINTF(1, 2);
/* The same, returning NULL, for functions that return pointers. */
void *yt_fail_null(const char *format, ...) YT_PRINTF(1, 2);
/* Puts "prefix: " before the message there is; returns -1. */
int yt_fail_in(const char *format, ...) YT_PRINTF(1, 2);
/* The last message of this thread; never NULL. Valid until the next yt_fail of the thread. */
const char *yt_error(void);
/* For a message that must cross from a worker thread: returns a copy to free. */
char *yt_error_take(void);

_Noreturn void yt_assert_failed(const char *what, const char *file, int line);
#define YT_ASSERT(x) ((x) ? (void)0 : yt_assert_failed(#x, __FILE__, __LINE__))

/* --- memory ------------------------------------------------------------------------------- */
/* Small allocations that the program cannot go on without: abort with the size when there is no
 * memory. Zero-initialised where it says so. Freed with free(). Large planned arenas use
 * yt_arena_map, which can fail. */
void *yt_malloc(size_t bytes);
void *yt_calloc(size_t count, size_t size);
void *yt_realloc(void *p, size_t bytes);
char *yt_strdup(const char *s);
char *yt_format(const char *format, ...) YT_PRINTF(1, 2); /* malloc'ed sprintf */
/* Grows *p (element size `size`, capacity *cap) to hold at least `need` elements. */
void *yt_grow(void *p, size_t *cap, size_t need, size_t size);

/* A zeroed, page-aligned region on huge pages where the system has them, touched at once so that
 * no step pays for a page fault. NULL with yt_fail when the system has not that much memory
 * available (checked against /proc/meminfo and the cgroup limit before touching). */
void *yt_arena_map(size_t bytes, const char *what);
void yt_arena_unmap(void *p, size_t bytes);
/* Bytes that this process may still take, of the system and of its control group; -1 if unknown. */
long long yt_memory_available(void);
size_t yt_resident_bytes(void); /* of this process now; 0 if unknown */
size_t yt_resident_peak_bytes(void);

/* --- log ---------------------------------------------------------------------------------- */
/* One line to stdout / to stderr with "warning: " before it. Thread-safe. */
void yt_info(const char *format, ...) YT_PRINTF(1, 2);
void yt_warn(const char *format, ...) YT_PRINTF(1, 2);

/* --- time --------------------------------------------------------------------------------- */
double yt_now(void); /* seconds on a monotonic clock */
/* The date and time of the day, "2026-11-22 22:01 +0000", for people. */
void yt_date_text(char text[32]);

#endif
