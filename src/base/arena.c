/* Large planned memory and the process's own size. */
#include "base/base.h"
#include "base/cgroup.h"
#include "base/threads.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

enum { PAGE = 4096, HUGE_PAGE = 2 << 20 };

/* The number after `key` in a file of "Key:   1234 kB" lines, in bytes; -1 without one. */
static long long read_kib(const char *path, const char *key) {
    FILE *f = fopen(path, "r");
    if (!f) return -1;
    char line[256];
    long long kib = -1;
    size_t len = strlen(key);
    while (kib < 0 && fgets(line, sizeof line, f))
        if (!strncmp(line, key, len)) sscanf(line + len, "%lld", &kib);
    fclose(f);
    return kib < 0 ? -1 : kib * 1024;
}

static size_t mapped_size(size_t bytes) {
    size_t unit = bytes < HUGE_PAGE ? PAGE : HUGE_PAGE;
    return (YT_MAX(bytes, (size_t)1) + unit - 1) / unit * unit;
}

static long long group_memory_left(void) {
    return yt_cgroup_memory_left("/sys/fs/cgroup", "/proc/self/cgroup");
}

long long yt_memory_available(void) {
    long long system = read_kib("/proc/meminfo", "MemAvailable:"), group = group_memory_left();
    return group >= 0 && (system < 0 || group < system) ? group : system;
}

static int check_available(size_t bytes, const char *what) {
    long long left = yt_memory_available();
    if (left < 0 || bytes <= (size_t)left) return 0;
    return yt_fail("%s: needs %.0f MiB of memory, %.0f MiB are available%s; lower batch= or imgsz=",
                   what, (double)bytes / 0x1p20, (double)left / 0x1p20,
                   left == group_memory_left() ? " to this control group" : "");
}

void *yt_arena_map(size_t bytes, const char *what) {
    if (bytes > SIZE_MAX / 4) return yt_fail_null("%s: needs too much memory", what);
    if (check_available(bytes, what)) return NULL;
    size_t size = mapped_size(bytes), slack = size < HUGE_PAGE ? 0 : HUGE_PAGE;
    char *raw =
        mmap(NULL, size + slack, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (raw == MAP_FAILED)
        return yt_fail_null("%s: cannot map %zu bytes: %s", what, size, strerror(errno));
    /* huge pages start at multiples of their size: keep the aligned part of the mapping */
    char *p = raw;
    if (slack) {
        p = raw + (HUGE_PAGE - (uintptr_t)raw % HUGE_PAGE) % HUGE_PAGE;
        if (p > raw) munmap(raw, (size_t)(p - raw));
        munmap(p + size, (size_t)(raw + slack - p));
        madvise(p, size, MADV_HUGEPAGE); /* a wish: without huge pages it is only slower */
    }
    long pages = (long)(size / PAGE);
#pragma omp parallel for schedule(static) num_threads(yt_threads())
    for (long i = 0; i < pages; i++) *(volatile char *)(p + i * PAGE) = 0;
    return p;
}

void yt_arena_unmap(void *p, size_t bytes) {
    if (p) munmap(p, mapped_size(bytes));
}

size_t yt_resident_bytes(void) {
    return (size_t)YT_MAX(read_kib("/proc/self/status", "VmRSS:"), 0);
}

size_t yt_resident_peak_bytes(void) {
    return (size_t)YT_MAX(read_kib("/proc/self/status", "VmHWM:"), 0);
}
