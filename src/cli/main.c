#include "cli/cli.h"

#include "base/threads.h"

int main(int argc, char **argv) {
    yt_threads_spin_briefly(argv);
    return yt_cli_run(argc - 1, argv + 1);
}
