/* How many threads the compute kernels use (OpenMP), from threads=, else OMP_NUM_THREADS, else the
 * cores that this process may run on (affinity and cgroup quota counted). */
#ifndef YT_BASE_THREADS_H
#define YT_BASE_THREADS_H

int yt_threads_available(void);
void yt_threads_set(int count); /* 0: all available */
int yt_threads(void);

#endif
