"""Learning-curve parity: trains the PyTorch reference and yt on the same tiles in the same order,
from the same weights, without augmentation, and compares losses and mAP. README.md has the commands.

    prepare    cut tiles and write start.safetensors and experiment.json into --out
    reference  train the reference   -> out/reference/{log.jsonl, epochs.jsonl, end.safetensors}
               with --jitter 1e-7, the same from a start changed by a rounding -> out/control
    yt         train yt              -> out/yt/{log.jsonl, results.csv, weights}
               with --jitter, the same -> out/yt-control
    cross      validate each side's final weights with each side's validator -> out/cross.json
    compare    the tables and the picture

A log.jsonl has one line per batch: step, box_om, cls_om, dfl_om, box_oo, cls_oo, dfl_oo, lr.
"""

import argparse
import json
import math
import subprocess
from pathlib import Path

ITEMS = ("box_om", "cls_om", "dfl_om", "box_oo", "cls_oo", "dfl_oo")

# What both sides are told: augmentation is off.
TRAINING = {
    "optimizer": "AdamW",
    "lr0": 0.001,
    "lrf": 0.01,
    "momentum": 0.9,
    "weight_decay": 0.0005,
    "warmup_bias_lr": 0.0,
    "cos_lr": False,
    "patience": 0,
    "hsv_h": 0.0,
    "hsv_s": 0.0,
    "hsv_v": 0.0,
    "degrees": 0.0,
    "translate": 0.0,
    "scale": 0.0,
    "fliplr": 0.0,
    "mosaic": 0.0,
}
MAX_DET = 300  # what the reference does, whatever the labels
ONLY_REFERENCE = ("fliplr", "mosaic")  # yt has no such thing to switch off


def optimizer_steps(experiment):
    """How many optimizer steps the run has, by the reference's accumulation rule."""
    batches, steps, last = math.ceil(experiment["tiles"] / experiment["batch"]), 0, -1
    ramp = max(round(experiment["warmup_epochs"] * batches), 100)
    accumulate = 1
    for n in range(batches * experiment["epochs"]):
        if n <= ramp:
            accumulate = max(1, round(1 + (experiment["nbs"] / experiment["batch"] - 1) * n / ramp))
        if n - last >= accumulate:
            steps, last = steps + 1, n
    return steps


def prepare(args):
    import numpy as np
    import torch
    from PIL import Image

    import reference
    import start
    import tiles

    kept = ("imgsz", "batch", "nbs", "epochs", "warmup_epochs", "tiles", "grow", "seed")
    experiment = {name: getattr(args, name) for name in kept}
    print(f"{args.out}: {optimizer_steps(experiment)} optimizer steps")
    counts = {"train": args.tiles, "val": args.val_tiles}
    names = tiles.cut(args.data, args.out, args.imgsz, counts, args.seed, args.grow)
    reference.load(args.reference, args.out)
    model = reference.build("n", len(names), args.seed)
    sample = sorted((args.out / "images" / "train").iterdir())[:32]
    gray = np.stack([np.array(Image.open(path)) for path in sample])
    images = torch.from_numpy(gray).float().div(255)[:, None].repeat(1, 3, 1, 1)
    taken = start.write(model, args.out / "start.safetensors", args.weights, images)
    print(f"start.safetensors: {taken} tensors from {args.weights or 'nowhere, all random'}")
    (args.out / "experiment.json").write_text(json.dumps(experiment, indent=1) + "\n")


def settings(args):
    """What both trainers are told about the experiment in --out."""
    experiment = json.loads((args.out / "experiment.json").read_text())
    shared = ("imgsz", "batch", "nbs", "epochs", "warmup_epochs", "seed")
    return {**TRAINING, **{name: experiment[name] for name in shared}, "data": str(args.out.resolve() / "data.yaml")}


def train_reference(args):
    import reference

    reference.load(args.reference, args.out)
    import trainer

    trainer.run(settings(args), args.out, "control" if args.jitter else "reference", args.threads, args.jitter)


def train_yt(args):
    weights = args.out / "start.safetensors"
    if args.jitter:
        import start

        weights = args.out / "start-jittered.safetensors"
        start.write_jittered(weights, args.out / "start.safetensors", args.jitter)
    own = {
        "weights": weights,
        "project": args.out,
        "name": "yt-control" if args.jitter else "yt",
        "exist_ok": True,
        "shuffle": False,
        "plots": False,
        "threads": args.threads,
    }
    told = {name: value for name, value in settings(args).items() if name not in ONLY_REFERENCE}
    _yt(args.yt, "train", {**told, **own})


def cross(args):
    """Validates both sides' final weights with both sides' validators."""
    import reference

    reference.load(args.reference, args.out)
    import trainer

    ends = {"reference": args.out / "reference" / "end.safetensors", "yt": args.out / "yt" / "weights" / "last.safetensors"}
    told = settings(args)
    found = []
    for side, weights in ends.items():
        theirs = trainer.validate(told, args.out, weights)
        ours = _yt_val(args, told, weights, f"yt-val-{side}")
        for validator, metrics in (("reference", theirs), ("yt", ours)):
            found.append({"weights": side, "validator": validator, **metrics})
            print(found[-1])
    (args.out / "cross.json").write_text(json.dumps(found, indent=1) + "\n")


def _yt_val(args, told, weights, name):
    own = {"weights": weights, "project": args.out, "name": name, "exist_ok": "true", "max_det": MAX_DET}
    same = {key: told[key] for key in ("data", "imgsz")}
    _yt(args.yt, "val", {**same, **own})
    metrics = json.loads((args.out / name / "metrics.json").read_text())
    return {key: metrics[key] for key in ("mAP50", "mAP50-95")}


def _yt(program, command, told):
    words = {name: str(value).lower() if isinstance(value, bool) else value for name, value in told.items()}
    subprocess.run([program, command, *(f"{name}={value}" for name, value in words.items())], check=True)


def compare(args):
    import compare

    compare.write(args.runs, args.report)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(required=True)

    def command(name, function, needs_reference):
        sub = commands.add_parser(name)
        sub.set_defaults(function=function)
        sub.add_argument("--out", type=Path, required=True, help="folder of the experiment")
        if needs_reference:
            sub.add_argument("--reference", required=True, help="checkout of THU-MIG/yolov10")
        return sub

    sub = command("prepare", prepare, True)
    sub.add_argument("--data", required=True, help="a DeepScoresV2 folder")
    sub.add_argument("--weights", help="folded safetensors file to start from (default: random)")
    sub.add_argument("--imgsz", type=int, default=320, help="side of the tiles, too: nothing is resized")
    sub.add_argument("--batch", type=int, default=16)
    sub.add_argument("--nbs", type=int, default=64, help="batch to which gradients are accumulated")
    sub.add_argument("--epochs", type=int, default=3)
    sub.add_argument("--warmup_epochs", type=float, default=1.0)
    sub.add_argument("--tiles", type=int, default=1592, help="of the training pages")
    sub.add_argument("--val-tiles", type=int, default=64, help="of the test pages")
    sub.add_argument("--grow", type=float, default=0.0, help="part of a pixel to move box edges by (tiles.py)")
    sub.add_argument("--seed", type=int, default=0)

    for name, train in (("reference", train_reference), ("yt", train_yt)):
        sub = command(name, train, train is train_reference)
        sub.add_argument("--threads", type=int, default=2)
        sub.add_argument("--jitter", type=float, default=0.0, help="change the start by this share: a control run")
    sub.add_argument("--yt", default="build/release/yt", help="the program")

    sub = command("cross", cross, True)
    sub.add_argument("--yt", default="build/release/yt", help="the program")

    sub = commands.add_parser("compare")
    sub.set_defaults(function=compare)
    sub.add_argument("runs", type=Path, nargs="+", help="folders of experiments")
    sub.add_argument("--report", type=Path, required=True, help="folder for parity.md and parity.png")

    args = parser.parse_args()
    args.function(args)


if __name__ == "__main__":
    main()
