#include "bench/bench.h"
#include "bench/peak.h"

#include "base/threads.h"
#include "tensor/kernels.h"

#include <math.h>

int yt_bench_peak(const struct yt_bench_options *o, struct yt_str *json) {
    (void)o;
    double mean, best = yt_peak_gflops(&mean), gbytes = yt_peak_gbytes();
    if (isnan(gbytes)) return -1;
    yt_info("%d threads, %s: %.0f GFLOP/s at best, %.0f in the mean of a tenth of a second; memory "
            "%.1f GB/s",
            yt_threads(), yt_isa(), best, mean, gbytes);
    yt_str_add(json,
               "{\"bench\":\"peak\",\"threads\":%d,\"isa\":\"%s\",\"gflops\":%.3f,"
               "\"mean_gflops\":%.3f,\"gbytes\":%.3f}\n",
               yt_threads(), yt_isa(), best, mean, gbytes);
    return 0;
}
