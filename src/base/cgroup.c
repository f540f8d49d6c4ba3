/* Version 1: root/<controller><group>/memory.limit_in_bytes, cpu.cfs_quota_us, ...
 * Version 2: root<group>/memory.max, cpu.max. A line of `proc` is "4:memory:/a/b" in version 1 and
 * "0::/a/b" in version 2. Within a container the group's folders may not be visible below the
 * mount: then the mount itself is the group, which the walk up to it finds. */
#include "base/cgroup.h"
#include "base/base.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The group's path for a controller of version 1, or of version 2 where controller is "". */
static bool find_group(const char *proc, const char *controller, char *group, size_t size) {
    FILE *f = fopen(proc, "r");
    if (!f) return false;
    char line[PATH_MAX];
    bool found = false;
    while (!found && fgets(line, sizeof line, f)) {
        line[strcspn(line, "\n")] = 0;
        char *names = strchr(line, ':'), *path = names ? strchr(names + 1, ':') : NULL;
        if (!path) continue;
        *path++ = 0;
        /* names is a comma-separated list: "cpu,cpuacct" */
        for (char *save, *name = strtok_r(names + 1, ",", &save); name && !found;
             name = strtok_r(NULL, ",", &save))
            found = !strcmp(name, controller);
        if (!names[1] && !*controller) found = true;
        if (found) snprintf(group, size, "%s", path);
    }
    fclose(f);
    return found;
}

/* The first line of folder/name, or of the line that begins with `key` what follows it. */
static bool read_line(const char *folder, const char *name, const char *key, char line[128]) {
    char *path = yt_format("%s/%s", folder, name);
    FILE *f = fopen(path, "r");
    free(path);
    if (!f) return false;
    size_t skip = strlen(key);
    bool found = false;
    while (!found && fgets(line, 128, f)) found = !strncmp(line, key, skip);
    fclose(f);
    if (found) memmove(line, line + skip, strlen(line + skip) + 1);
    return found;
}

static bool read_number(const char *folder, const char *name, const char *key, long long *value) {
    char line[128];
    return read_line(folder, name, key, line) && sscanf(line, "%lld", value) == 1;
}

/* Calls look(folder) for the group and every group above it; the smallest answer >= 0, or -1. */
static double smallest(const char *root, const char *proc, const char *controller,
                       double (*look)(const char *folder)) {
    char group[PATH_MAX];
    double best = -1;
    if (!find_group(proc, controller, group, sizeof group)) return -1;
    for (char *slash = group; slash;) {
        char *folder = yt_format("%s%s%s%s", root, *controller ? "/" : "", controller, group);
        double value = look(folder);
        free(folder);
        if (value >= 0 && (best < 0 || value < best)) best = value;
        slash = strrchr(group, '/');
        if (slash) *slash = 0;
    }
    return best;
}

static double memory_left(const char *folder, const char *max_name, const char *used_name,
                          const char *cache_key) {
    long long max, used, cache = 0;
    if (!read_number(folder, max_name, "", &max)) return -1; /* "max" is no number: no limit */
    if (!read_number(folder, used_name, "", &used)) return -1;
    read_number(folder, "memory.stat", cache_key, &cache);
    return (double)YT_MAX(max - used + cache, 0);
}

static double memory_v1(const char *folder) {
    return memory_left(folder, "memory.limit_in_bytes", "memory.usage_in_bytes",
                       "total_inactive_file ");
}

static double memory_v2(const char *folder) {
    return memory_left(folder, "memory.max", "memory.current", "inactive_file ");
}

static double cpus_v1(const char *folder) {
    long long quota, period;
    if (!read_number(folder, "cpu.cfs_quota_us", "", &quota) || quota <= 0) return -1;
    if (!read_number(folder, "cpu.cfs_period_us", "", &period) || period <= 0) return -1;
    return (double)quota / (double)period;
}

static double cpus_v2(const char *folder) {
    char line[128];
    long long quota, period;
    if (!read_line(folder, "cpu.max", "", line)) return -1;
    if (sscanf(line, "%lld %lld", &quota, &period) != 2 || quota <= 0 || period <= 0) return -1;
    return (double)quota / (double)period;
}

/* Both versions may be mounted, with a controller in only one of them: the other has no limit. */
static double of_both(const char *root, const char *proc, const char *controller,
                      double (*v1)(const char *folder), double (*v2)(const char *folder)) {
    double one = smallest(root, proc, controller, v1);
    return one >= 0 ? one : smallest(root, proc, "", v2);
}

long long yt_cgroup_memory_left(const char *root, const char *proc) {
    double left = of_both(root, proc, "memory", memory_v1, memory_v2);
    /* version 1 says "no limit" with a number near 2^63 */
    return left < 0 || left > 0x1p60 ? -1 : (long long)left;
}

double yt_cgroup_cpus(const char *root, const char *proc) {
    return YT_MAX(of_both(root, proc, "cpu", cpus_v1, cpus_v2), 0);
}
