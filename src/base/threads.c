#include "base/threads.h"
#include "base/base.h"
#include "base/cgroup.h"

#include <omp.h>
#include <stdlib.h>

static int threads; /* 0: not yet asked for */

int yt_threads_available(void) {
    int count = omp_get_num_procs(); /* counts the affinity mask */
    /* more threads than the quota pays for would wait for each other in every parallel loop */
    double quota = yt_cgroup_cpus("/sys/fs/cgroup", "/proc/self/cgroup");
    if (quota > 0 && quota < count) count = (int)(quota + 0.5);
    return YT_MAX(count, 1);
}

void yt_threads_set(int count) {
    if (count <= 0) {
        const char *asked = getenv("OMP_NUM_THREADS");
        count = asked ? atoi(asked) : 0;
    }
    threads = count > 0 ? count : yt_threads_available();
    omp_set_num_threads(threads);
}

int yt_threads(void) {
    if (!threads) yt_threads_set(0);
    return threads;
}

bool yt_threads_spin_briefly(void) {
    /* Of a thread that OpenMP has bound, the program that begins again would inherit the one core.
     */
    static const char *const said[] = {"OMP_WAIT_POLICY", "GOMP_SPINCOUNT", "KMP_BLOCKTIME",
                                       "OMP_PROC_BIND", "GOMP_CPU_AFFINITY"};
    for (size_t i = 0; i < YT_COUNT(said); i++)
        if (getenv(said[i])) return false;
    setenv("GOMP_SPINCOUNT", "10000", 1); /* gcc: rounds, about 0.2 ms */
    setenv("KMP_BLOCKTIME", "0", 1);      /* clang: whole milliseconds */
    return true;
}
