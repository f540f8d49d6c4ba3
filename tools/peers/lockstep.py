"""The worker's side of measuring in turn, as `yt bench ... lockstep=true` speaks it: "ready", then
for each line read, a count, one line of the milliseconds that so many runs took."""

import sys
import time


def serve(run):
    run()  # the first is not counted
    print("ready", flush=True)
    for line in sys.stdin:
        times = []
        for _ in range(int(line)):
            start = time.perf_counter()
            run()
            times.append(1e3 * (time.perf_counter() - start))
        print(*times, flush=True)
