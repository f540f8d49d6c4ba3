"""`yt bench train` beside the YOLOv10 reference in PyTorch, at its best setting for a CPU.

    train.py --yt build/release/yt --reference CHECKOUT --scratch FOLDER --boxes 100
"""

import argparse
from pathlib import Path

import side_by_side
from side_by_side import Worker


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    side_by_side.add_options(parser)
    parser.add_argument("--reference", required=True, help="checkout of THU-MIG/yolov10")
    parser.add_argument("--scratch", required=True, help="folder for the reference's own settings")
    parser.add_argument("--model", default="n")
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--imgsz", type=int, default=640)
    parser.add_argument("--nc", type=int, default=136)
    parser.add_argument("--boxes", type=int, default=100, help="labels an image")
    parser.add_argument("--layouts", nargs="+", default=["channels_last"])
    o = parser.parse_args()
    what = ("model", "batch", "imgsz", "nc", "boxes", "threads")
    workers = [Worker("yt", [o.yt, "bench", "train", "lockstep=true",
                             *(f"{key}={getattr(o, key)}" for key in what)])]
    script = Path(__file__).with_name("torch_train.py")
    for layout in o.layouts:
        command = [o.python, script, "--reference", o.reference, "--scratch", o.scratch]
        command += [word for key in what for word in (f"--{key}", getattr(o, key))]
        workers.append(Worker(f"torch {layout}", [*command, "--layout", layout],
                              side_by_side.TORCH_ENVIRONMENT))
    print(f"a step of yolov10{o.model}, batch {o.batch}, {o.imgsz} px, {o.boxes} boxes an image, "
          f"{o.threads} threads")
    side_by_side.measure(o, workers, sample_s=0.5)


main()
