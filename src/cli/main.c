#include "cli/cli.h"

#include "base/threads.h"
#include "tensor/blas.h"

#include <unistd.h>

int main(int argc, char **argv) {
    const bool spin = yt_threads_spin_briefly(), core = yt_blas_name_core();
    if (spin || core) execv("/proc/self/exe", argv);
    /* Without /proc the program goes on as it is: slower, nothing else. */
    return yt_cli_run(argc - 1, argv + 1);
}
