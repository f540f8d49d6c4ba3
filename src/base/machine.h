/* The machine that this program runs on, for `yt checks` and the record of a run. */
#ifndef YT_BASE_MACHINE_H
#define YT_BASE_MACHINE_H

#include "base/base.h"

struct yt_machine {
    char cpu[128];                       /* "AMD EPYC"; "unknown" where the system does not tell */
    char system[256];                    /* "Linux 6.1.0 x86_64" */
    int cpus;                            /* of the machine; base/threads.h knows what may be used */
    size_t l1_bytes, l2_bytes, l3_bytes; /* data caches; 0: unknown */
    size_t memory_bytes;
};

void yt_machine_read(struct yt_machine *machine);

#endif
