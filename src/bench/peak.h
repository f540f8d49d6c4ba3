/* What this machine can do at most: the yardsticks of `yt bench`. Each takes a tenth of a second
 * and uses yt_threads() threads. */
#ifndef YT_BENCH_PEAK_H
#define YT_BENCH_PEAK_H

/* Fused multiply-adds with the vectors of the instruction set in use (yt_isa), two operations
 * each, in GFLOP/s: of the best moment. `median` (may be NULL): of most of the tenth of a second,
 * which is less where other programs, or other guests of the same host, hold the cores. Both 0
 * where it is not measured. */
double yt_peak_gflops(double *median);
/* a[i] = b[i] + s*c[i] over arrays that no cache holds, three streams, in GB/s. NAN + yt_fail
 * without memory for them. */
double yt_peak_gbytes(void);

#endif
