/* How many threads the compute kernels use (OpenMP), from threads=, else OMP_NUM_THREADS, else the
 * cores that this process may run on (affinity and cgroup quota counted). */
#ifndef YT_BASE_THREADS_H
#define YT_BASE_THREADS_H

#include <stdbool.h>

int yt_threads_available(void);
void yt_threads_set(int count); /* 0: all available */
int yt_threads(void);

/* OpenMP's runtimes let a thread that waits spin for milliseconds, which is right on a machine of
 * one's own and ruinous on a shared one: where another program holds one of two cores, a training
 * step took fifteen times its computing time. They can be told otherwise only in the environment,
 * before they start; so unless the user has said what to do (OMP_WAIT_POLICY, GOMP_SPINCOUNT,
 * KMP_BLOCKTIME) or binds threads to cores, this sets a short spin there. True: it did, and the
 * program is to begin again. */
bool yt_threads_spin_briefly(void);

#endif
