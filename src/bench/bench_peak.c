#include "bench/bench.h"
#include "bench/peak.h"

#include "base/threads.h"
#include "tensor/kernels.h"

#include <math.h>

/* The median, which tells whether a measurement beside it had the machine to itself. */
static double probe(void *user) {
    (void)user;
    double median;
    yt_peak_gflops(&median);
    return median;
}

int yt_bench_peak(const struct yt_bench_options *o, struct yt_str *json) {
    if (o->lockstep) return yt_bench_lockstep(probe, NULL);
    double median, best = yt_peak_gflops(&median), gbytes = yt_peak_gbytes();
    if (isnan(gbytes)) return -1;
    yt_info(
        "%d threads, %s: %.0f GFLOP/s at best, %.0f in the median of a tenth of a second; memory "
        "%.1f GB/s",
        yt_threads(), yt_isa(), best, median, gbytes);
    yt_str_add(json,
               "{\"bench\":\"peak\",\"threads\":%d,\"isa\":\"%s\",\"gflops\":%.3f,"
               "\"median_gflops\":%.3f,\"gbytes\":%.3f}\n",
               yt_threads(), yt_isa(), best, median, gbytes);
    return 0;
}
