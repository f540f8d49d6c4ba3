#include "bench/bench.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

int yt_bench_lockstep(double (*run)(void *user), void *user) {
    char line[32], *end;
    yt_info("ready");
    while (fgets(line, sizeof line, stdin)) {
        long count = strtol(line, &end, 10);
        if (end == line || *end != '\n' || count < 1)
            return yt_fail("standard input: a line must be how often to run, a whole number");
        struct yt_str answer = {0};
        double figure = 0;
        for (; count > 0 && !isnan(figure); count--) {
            figure = run(user);
            yt_str_add(&answer, "%.4f ", figure);
        }
        yt_info("%s", answer.s);
        yt_str_release(&answer);
        if (isnan(figure)) return -1;
    }
    return 0;
}
