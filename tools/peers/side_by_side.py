"""Times several programs in turn, so that what disturbs a machine disturbs all of them.

A worker is a program that speaks lockstep (lockstep.py). It is stopped while others run: engines let
their threads spin for a while after a run. A sample is the median of a few runs of
one worker. Before and after each sample, `yt bench peak` measures for a tenth of a second how many
multiply-adds the machine gives; a sample with less than 90 % of the best such probe on either side
is dropped and counted.
"""

import json
import os
import signal
import statistics
import subprocess
import time
from pathlib import Path

# Where 8 GB of activations come and go, glibc's and OpenBLAS's defaults cost PyTorch up to half.
TORCH_ENVIRONMENT = {
    "OPENBLAS_NUM_THREADS": "1",
    "GLIBC_TUNABLES": "glibc.malloc.hugetlb=1",
    "MALLOC_MMAP_THRESHOLD_": "8589934592",
    "MALLOC_TRIM_THRESHOLD_": "17179869184",
}
KEPT = 0.9  # of the best probe


class Worker:
    def __init__(self, name, command, environment={}):
        self.name, self.environment = name, environment
        self.command = [str(word) for word in command]
        self.samples = []  # (probe before, ms, probe after)

    def start(self):
        self.process = subprocess.Popen(
            self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            text=True, env={**os.environ, **self.environment},
        )

    def wait(self):
        """Until it is ready: its model built, its first run made."""
        while (line := self.process.stdout.readline()) != "ready\n":
            self._check(line)
        self.process.send_signal(signal.SIGSTOP)

    def _check(self, answer):
        if not answer:
            raise SystemExit(f"{self.name}: ended; see why with: {' '.join(self.command)}")

    def ask(self, count):
        self.process.send_signal(signal.SIGCONT)
        print(count, file=self.process.stdin, flush=True)
        answer = self.process.stdout.readline()
        self._check(answer)
        self.process.send_signal(signal.SIGSTOP)
        return list(map(float, answer.split()))

    def peak_bytes(self):
        """The most memory that the process has had, all libraries included."""
        for line in Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return 1024 * int(line.split()[1])

    def close(self):
        self.process.stdin.close()
        self.process.send_signal(signal.SIGCONT)
        self.process.wait()


def add_options(parser):
    parser.add_argument("--yt", required=True, help="the program, a release build")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=40, help="for all samples together")
    parser.add_argument("--json", help="file for all samples: [probe before, ms, probe after]")
    parser.add_argument("--python", default="python3", help="of an environment with the peers")


def measure(o, workers, sample_s):
    """Prints the table. sample_s: about how long a sample is to take."""
    probe = Worker("probe", [o.yt, "bench", "peak", "lockstep=true", f"threads={o.threads}"])
    for worker in [probe, *workers]:
        worker.start()
    for worker in [probe, *workers]:
        worker.wait()
    counts = [max(1, round(1e3 * sample_s / min(worker.ask(2)))) for worker in workers]
    end = time.monotonic() + o.seconds
    before = probe.ask(1)[0]
    while time.monotonic() < end:
        for worker, count in zip(workers, counts):
            ms = statistics.median(worker.ask(count))
            after = probe.ask(1)[0]
            worker.samples.append((before, ms, after))
            before = after
    if o.json:
        Path(o.json).write_text(json.dumps({worker.name: worker.samples for worker in workers}))
    report(workers, counts)
    for worker in [probe, *workers]:
        worker.close()


def kept_of(samples, best):
    return [ms for a, ms, b in samples if min(a, b) >= KEPT * best]


def best_probe(samples):
    return max(max(a, b) for a, _, b in samples)


def quartiles(values):
    return statistics.quantiles(values, n=4, method="inclusive") if len(values) > 1 else values * 3


def report(workers, counts):
    best = best_probe([sample for worker in workers for sample in worker.samples])
    print(f"best probe {best:.0f} GFLOP/s")
    print("| | ms, median | quartiles | best | to yt | peak MiB | samples x runs | dropped |")
    print("|---|---|---|---|---|---|---|---|")
    base = kept_of(workers[0].samples, best)
    for worker, count in zip(workers, counts):
        kept = kept_of(worker.samples, best)
        row = "- | - | - | -"
        if kept:
            low, median, high = quartiles(kept)
            ratio = f"{median / statistics.median(base):.2f}" if base else "-"
            row = f"{median:.2f} | {low:.2f} - {high:.2f} | {min(kept):.2f} | {ratio}"
        print(f"| {worker.name} | {row} | {worker.peak_bytes() / 2**20:.0f} | {len(kept)} x {count} | "
              f"{len(worker.samples) - len(kept)} |", flush=True)
