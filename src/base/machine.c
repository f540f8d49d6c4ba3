#include "base/machine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

/* What stands behind the colon of the first such line in /proc/cpuinfo. */
static void read_cpu(char *out, size_t size) {
    FILE *f = fopen("/proc/cpuinfo", "r");
    char line[256];
    snprintf(out, size, "unknown");
    while (f && fgets(line, sizeof line, f)) {
        const char *colon = strchr(line, ':');
        if (strncmp(line, "model name", 10) || !colon) continue;
        colon += 1 + strspn(colon + 1, " \t");
        snprintf(out, size, "%.*s", (int)strcspn(colon, "\n"), colon);
        break;
    }
    if (f) fclose(f);
}

/* The first line of a file of a cache's folder, or "". */
static void read_cache(int index, const char *what, char *out, size_t size) {
    char *path = yt_format("/sys/devices/system/cpu/cpu0/cache/index%d/%s", index, what);
    FILE *f = fopen(path, "r");
    *out = 0;
    if (f && fgets(out, (int)size, f)) out[strcspn(out, "\n")] = 0;
    if (f) fclose(f);
    free(path);
}

/* Sizes are written as "512K". */
static void read_caches(struct yt_machine *machine) {
    size_t *const levels[] = {&machine->l1_bytes, &machine->l2_bytes, &machine->l3_bytes};
    for (int i = 0; i < 8; i++) {
        char level[8], type[16], size[16];
        read_cache(i, "level", level, sizeof level);
        read_cache(i, "type", type, sizeof type);
        read_cache(i, "size", size, sizeof size);
        int at = atoi(level);
        if (at < 1 || at > 3 || !strcmp(type, "Instruction")) continue;
        *levels[at - 1] = (size_t)atol(size) << (strchr(size, 'M') ? 20 : 10);
    }
}

static size_t positive(long value) {
    return value > 0 ? (size_t)value : 0;
}

void yt_machine_read(struct yt_machine *machine) {
    struct utsname name;
    *machine = (struct yt_machine){.cpus = (int)sysconf(_SC_NPROCESSORS_ONLN)};
    read_cpu(machine->cpu, sizeof machine->cpu);
    if (uname(&name) == 0)
        snprintf(machine->system, sizeof machine->system, "%.64s %.64s %.64s", name.sysname,
                 name.release, name.machine);
    read_caches(machine);
    machine->memory_bytes = positive(sysconf(_SC_PHYS_PAGES)) * positive(sysconf(_SC_PAGESIZE));
}
