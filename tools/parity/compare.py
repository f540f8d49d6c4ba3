"""Tables and picture of parity runs: how far yt's curves are from the reference's.

At every tenth batch the running mean (of all batches so far) of each loss item is compared, and,
more strictly, the mean of the last ten batches. The validation mAP is the reference's rule applied
by each side to its own averaged weights. Where a control run is there (the reference again, from a
start that differs by a rounding), it is put beside yt: what the two have in common is chance.
"""

import csv
import json

import matplotlib
import numpy as np

matplotlib.use("Agg")
import matplotlib.pyplot as plt

from parity import ITEMS

MAP = ("metrics/mAP50(B)", "metrics/mAP50-95(B)")
COLOURS = {"reference": "C0", "yt": "C1", "control": "C2"}


def write(runs, report):
    report.mkdir(parents=True, exist_ok=True)
    figure, axes = plt.subplots(len(runs), len(ITEMS), figsize=(20, 3.2 * len(runs)), squeeze=False)
    text = []
    for run, row in zip(runs, axes):
        experiment = json.loads((run / "experiment.json").read_text())
        sides = [side for side in COLOURS if (run / side / "log.jsonl").is_file()]
        curves = {side: _losses(run / side / "log.jsonl") for side in sides}
        text += [_title(experiment, curves), "", *_loss_table(curves), "", *_map_table(run, sides), "", *_cross_table(run)]
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


def _tens(curve):
    return curve[: len(curve) // 10 * 10].reshape(-1, 10, len(ITEMS)).mean(axis=1)


def _title(experiment, curves):
    batches = ", ".join(f"{side} {len(curve)}" for side, curve in curves.items())
    grown = f", box edges moved out by {experiment['grow']} px" if experiment.get("grow") else ""
    return (
        f"### {experiment['imgsz']} px{grown}\n\n{experiment['tiles']} tiles x {experiment['epochs']} epochs in batches of "
        f"{experiment['batch']}, gradients gathered to {experiment['nbs']}; batches run: {batches}"
    )


def _loss_table(curves):
    others = [side for side in curves if side != "reference"]
    head = ["item", "first batch: reference", "yt", "mean of all: reference", "yt"]
    head += [f"running mean, worst: {side}" for side in others] + [f"mean of 10 batches, worst: {side}" for side in others]
    lines = ["| " + " | ".join(head) + " |", "|---|" + "--:|" * (len(head) - 1)]
    for i, item in enumerate(ITEMS):
        cells = [item, *(f"{curves[side][0, i]:.6f}" for side in ("reference", "yt"))]
        cells += [f"{curves[side][:, i].mean():.5f}" for side in ("reference", "yt")]
        for summary in (lambda curve: _running_mean(curve)[9::10], _tens):
            cells += [_worst(summary(curves["reference"])[:, i], summary(curves[side])[:, i]) for side in others]
        lines.append("| " + " | ".join(cells) + " |")
    return lines


def _worst(reference, other):
    count = min(len(reference), len(other))
    difference = np.abs(other[:count] / reference[:count] - 1)
    worst = int(difference.argmax())
    return f"{100 * difference[worst]:.2g} % (batch {10 * worst + 10})"


def _map_table(run, sides):
    found = {side: _epochs(run / side) for side in sides if (run / side / "results.csv").is_file()}
    if "reference" not in found or "yt" not in found:
        return ["No validation: the runs did not end an epoch."]
    count = min(len(epochs) for epochs in found.values())
    lines = ["| epoch | " + " | ".join(f"{name[8:-3]}: {side}" for name in MAP for side in found) + " |"]
    lines.append("|--:|" + "--:|" * (len(MAP) * len(found)))
    for epoch in range(count):
        cells = [f"{float(epochs[epoch][name]):.4f}" for name in MAP for epochs in found.values()]
        lines.append(f"| {epoch + 1} | " + " | ".join(cells) + " |")
    return lines


def _epochs(folder):
    with open(folder / "results.csv", newline="") as file:
        return [{name.strip(): value for name, value in row.items()} for row in csv.DictReader(file)]


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
        for (side, curve), style in zip(curves.items(), ("-", "--", ":")):
            axis.plot(curve[:, i], alpha=0.2, linewidth=0.5, color=COLOURS[side])
            axis.plot(_running_mean(curve)[:, i], style, label=f"{side}, running mean", color=COLOURS[side])
        axis.set_title(f"{item}, {experiment['imgsz']} px")
        axis.set_xlabel("batch")
    row[0].legend()
