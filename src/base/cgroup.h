/* What a container lets this process use (cgroup version 1 or 2), which the usual calls do not
 * tell: sysconf() and sched_getaffinity() answer for the whole machine.
 *
 * `proc` names the list of this process's groups, "/proc/self/cgroup"; `root` where the groups are
 * mounted, "/sys/fs/cgroup". Limits of the groups above count as well: the smallest holds. */
#ifndef YT_BASE_CGROUP_H
#define YT_BASE_CGROUP_H

/* Bytes that may still be taken, the page cache that can be dropped included; -1: no limit. */
long long yt_cgroup_memory_left(const char *root, const char *proc);
/* CPUs' worth of time, for instance 1.5; 0: no limit. */
double yt_cgroup_cpus(const char *root, const char *proc);

#endif
