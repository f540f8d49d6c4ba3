"""Tables and picture of parity runs: how far yt's curves are from the reference's.

At every tenth batch the running mean (of all batches so far) of each loss item is compared, and,
more strictly, the mean of the last ten batches. The validation mAP is the reference's rule applied
by each side to its own averaged weights.
"""

import csv
import json

import matplotlib
import numpy as np

matplotlib.use("Agg")
import matplotlib.pyplot as plt

from parity import ITEMS

MAP = ("metrics/mAP50(B)", "metrics/mAP50-95(B)")


def write(runs, report):
    report.mkdir(parents=True, exist_ok=True)
    figure, axes = plt.subplots(len(runs), len(ITEMS), figsize=(20, 3.2 * len(runs)), squeeze=False)
    text = []
    for run, row in zip(runs, axes):
        experiment = json.loads((run / "experiment.json").read_text())
        curves = {side: _losses(run / side / "log.jsonl") for side in ("reference", "yt")}
        count = min(len(curve) for curve in curves.values())
        curves = {side: curve[:count] for side, curve in curves.items()}
        text += [_title(experiment, count), "", *_loss_table(curves), "", *_map_table(run), "", *_cross_table(run)]
        _draw(row, curves, experiment)
    figure.tight_layout()
    figure.savefig(report / "parity.png", dpi=80)
    (report / "parity-tables.md").write_text("\n".join(text) + "\n")
    print("\n".join(text))


def _losses(path):
    """[batches, 6] of a log.jsonl."""
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    return np.array([[line[item] for item in ITEMS] for line in lines])


def _running_mean(curve):
    return np.cumsum(curve, axis=0) / np.arange(1, len(curve) + 1)[:, None]


def _title(experiment, count):
    return (
        f"### {experiment['imgsz']} px: {count} batches of {experiment['batch']} "
        f"(gradients gathered to {experiment['nbs']}), {experiment['tiles']} tiles x {experiment['epochs']} epochs"
    )


def _loss_table(curves):
    means = {side: _running_mean(curve)[9::10] for side, curve in curves.items()}
    tens = {side: curve[: len(curve) // 10 * 10].reshape(-1, 10, len(ITEMS)).mean(1) for side, curve in curves.items()}
    lines = [
        "| item | first batch: reference | yt | mean of all: reference | yt "
        "| running mean, worst of every 10th batch | mean of 10 batches, worst |",
        "|---|--:|--:|--:|--:|--:|--:|",
    ]
    for i, item in enumerate(ITEMS):
        cells = [f"{curves[side][0, i]:.6f}" for side in ("reference", "yt")]
        cells += [f"{means[side][-1, i]:.5f}" for side in ("reference", "yt")]
        for kind in (means, tens):
            difference = np.abs(kind["yt"][:, i] / kind["reference"][:, i] - 1)
            worst = int(difference.argmax())
            cells.append(f"{100 * difference[worst]:.3f} % (at {10 * worst + 10})")
        lines.append(f"| {item} | " + " | ".join(cells) + " |")
    return lines


def _map_table(run):
    reference = [json.loads(line) for line in (run / "reference" / "epochs.jsonl").read_text().splitlines()]
    with open(run / "yt" / "results.csv", newline="") as file:
        yt = [{name.strip(): value for name, value in row.items()} for row in csv.DictReader(file)]
    lines = ["| epoch | mAP50: reference | yt | mAP50-95: reference | yt |", "|--:|--:|--:|--:|--:|"]
    for theirs, ours in zip(reference, yt):
        cells = [f"{float(side[name]):.4f}" for name in MAP for side in (theirs, ours)]
        lines.append(f"| {theirs['epoch']} | " + " | ".join(cells) + " |")
    return lines


def _cross_table(run):
    """The same weights judged by both validators."""
    path = run / "cross.json"
    if not path.is_file():
        return []
    lines = ["| final weights of | validated by | mAP50 | mAP50-95 |", "|---|---|--:|--:|"]
    for entry in json.loads(path.read_text()):
        lines.append(f"| {entry['weights']} | {entry['validator']} | {entry['mAP50']:.5f} | {entry['mAP50-95']:.5f} |")
    return [*lines, ""]


def _draw(row, curves, experiment):
    for i, (item, axis) in enumerate(zip(ITEMS, row)):
        for (side, curve), style in zip(curves.items(), ("-", "--")):
            axis.plot(curve[:, i], alpha=0.25, linewidth=0.6, color="C0" if side == "reference" else "C1")
            axis.plot(_running_mean(curve)[:, i], style, label=side, color="C0" if side == "reference" else "C1")
        axis.set_title(f"{item}, {experiment['imgsz']} px")
        axis.set_xlabel("batch")
    row[0].legend()
