/* Which table of kernels this CPU runs. Compiled without flags of any instruction set. */
#include "tensor/kernels/kernel.h"

#include <stdlib.h>
#include <string.h>

#if defined(__x86_64__)
static bool has_avx2(void) {
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
}
static bool has_avx512(void) {
    return has_avx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
           __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw");
}
#endif
static bool always(void) {
    return true;
}

/* From best to least; the flags are those of cmake/kernels.cmake. */
static const struct {
    const struct yt_kernels *table;
    bool (*supported)(void);
} sets[] = {
#if defined(__x86_64__)
    {&yt_kernels_avx512, has_avx512},
    {&yt_kernels_avx2, has_avx2},
#endif
    {&yt_kernels_base, always},
};

static const struct yt_kernels *now;

static const struct yt_kernels *find(const char *name) {
    for (size_t i = 0; i < YT_COUNT(sets); i++) {
        if ((!name || !strcmp(name, sets[i].table->name)) && sets[i].supported()) {
            return sets[i].table;
        }
    }
    return NULL;
}

static const struct yt_kernels *choose(void) {
    const char *asked = getenv("YT_ISA");
    if (!asked || !*asked) return find(NULL);
    const struct yt_kernels *table = find(asked);
    if (table) return table;
    yt_warn("YT_ISA=%s: no such instruction set on this CPU (base, avx2, avx512); using %s", asked,
            find(NULL)->name);
    return find(NULL);
}

const struct yt_kernels *yt_kernels_now(void) {
    const struct yt_kernels *table = __atomic_load_n(&now, __ATOMIC_ACQUIRE);
    if (!table) yt_kernels_use(table = choose()); /* two threads at once choose the same */
    return table;
}

void yt_kernels_use(const struct yt_kernels *table) {
    __atomic_store_n(&now, table, __ATOMIC_RELEASE);
}

const char *yt_isa(void) {
    return yt_kernels_now()->name;
}

int yt_isa_set(const char *name) {
    const struct yt_kernels *table = find(name);
    if (!table) {
        return yt_fail("isa %s: not on this CPU; choose base, avx2 or avx512 as it has them", name);
    }
    yt_kernels_use(table);
    return 0;
}
