"""`yt predict` on one page, file to JSON, the whole process: 1960x2772 cut into 24 tiles of 640.

    page.py --yt build/release/yt --weights W.safetensors --page samples/engraved/images/....png
"""

import argparse
import json
import resource
import subprocess
import tempfile
import time
from pathlib import Path

import side_by_side


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    side_by_side.add_options(parser)
    parser.add_argument("--weights", required=True)
    parser.add_argument("--page", required=True)
    o = parser.parse_args()
    probe = side_by_side.Worker("probe", [o.yt, "bench", "peak", "lockstep=true", f"threads={o.threads}"])
    probe.start()
    probe.wait()
    samples, end, before = [], time.monotonic() + o.seconds, probe.ask(1)[0]
    with tempfile.TemporaryDirectory() as folder:
        command = [o.yt, "predict", f"source={o.page}", f"weights={o.weights}", "sliced=true",
                   "imgsz=640", "slice_size=640", "overlap_height=0.2", "overlap_width=0.2",
                   "format=json", f"threads={o.threads}", f"project={folder}", "name=page",
                   "exist_ok=true"]
        while time.monotonic() < end:
            start = time.perf_counter()
            said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
            ms = 1e3 * (time.perf_counter() - start)
            after = probe.ask(1)[0]
            samples.append((before, ms, after))
            before = after
        pages = json.loads(next(Path(folder).rglob("predictions.json")).read_text())
    print(said)
    best = side_by_side.best_probe(samples)
    kept = side_by_side.kept_of(samples, best)
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    print(f"{len(kept)} runs kept of {len(samples)}, peak {peak:.0f} MiB, best probe {best:.0f} GFLOP/s")
    if kept:
        low, median, high = side_by_side.quartiles(kept)
        print(f"median {median:.0f} ms, quartiles {low:.0f} - {high:.0f}, best {min(kept):.0f}")
    probe.close()


main()
