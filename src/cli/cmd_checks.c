/* yt checks: what this machine is, and what it can do. */
#include "base/machine.h"
#include "base/threads.h"
#include "bench/peak.h"
#include "cli/cli.h"
#include "tensor/blas.h"
#include "tensor/kernels.h"

#include <math.h>

#define GIB (1u << 30)

static void print_machine(void) {
    struct yt_machine machine;
    yt_machine_read(&machine);
    yt_info("yt        %s, built by %s", YT_VERSION, YT_COMPILER);
    yt_info("system    %s", machine.system);
    yt_info("CPU       %s, %d cores; data caches %zu KiB, %zu KiB, %zu MiB", machine.cpu,
            machine.cpus, machine.l1_bytes >> 10, machine.l2_bytes >> 10, machine.l3_bytes >> 20);
    yt_info("kernels   %s (YT_ISA=base, avx2 or avx512 chooses others)", yt_isa());
    yt_info("BLAS      %s", yt_blas_describe());
    yt_info("threads   %d of %d that this process may use (threads=, OMP_NUM_THREADS)",
            yt_threads(), yt_threads_available());
    long long available = yt_memory_available();
    if (available < 0)
        yt_info("memory    %.1f GiB", (double)machine.memory_bytes / GIB);
    else
        yt_info("memory    %.1f GiB, %.1f GiB of it free for this process",
                (double)machine.memory_bytes / GIB, (double)available / GIB);
}

static int print_peaks(void) {
    double gflops = yt_peak_gflops(NULL), gbytes = yt_peak_gbytes();
    if (isnan(gbytes)) return -1;
    if (gflops > 0)
        yt_info("measured  %.0f GFLOP/s of multiply-adds, %.1f GB/s from memory", gflops, gbytes);
    else
        yt_info("measured  %.1f GB/s from memory", gbytes);
    return 0;
}

static int run(int count, char **words) {
    struct yt_settings settings;
    if (yt_cli_parse(&settings, count, words)) return YT_EXIT_USAGE;
    yt_threads_set(settings.threads);
    yt_settings_release(&settings);
    print_machine();
    return print_peaks() ? YT_EXIT_DATA : YT_EXIT_OK;
}

const struct yt_command yt_cmd_checks = {
    .name = "checks",
    .summary = "tell what this machine is and what it can do",
    .arguments = " [threads=N]",
    .about =
        "Tells version, compiler, CPU, caches, kernels, BLAS, threads and memory, and measures "
        "in a second the peak of multiply-adds and of memory: what to add to a report of a "
        "fault, and what yt bench compares with.",
    .run = run,
};
