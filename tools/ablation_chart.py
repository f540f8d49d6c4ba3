"""The picture of docs/results.md: AP50-95 on whole pages by arm of tools/ablation.sh.

    ablation_chart.py OUT PICTURE.png        # OUT: as given to ablation.sh; needs matplotlib
"""

import csv
import json
import sys
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt

ARMS = ["seed", "minside", "fallback", "rotation", "labels", "ignore", "o_bbox", "all"]
CLASSES = ["stem", "ledgerLine", "augmentationDot", "staff", "beam", "slur"]


def scores(folder):
    """The two means, then the classes."""
    page = json.loads((folder / "pages.json").read_text())["reference"]
    with open(folder / "pages_per_class.csv") as file:
        by_class = {row["class"]: float(row["AP"]) for row in csv.DictReader(file)}
    return [page["mAP50-95"], page["weighted_mAP50-95"], *(by_class[name] for name in CLASSES)]


def main():
    out, picture = Path(sys.argv[1]), sys.argv[2]
    arms = [arm for arm in ARMS if (out / arm / "pages" / "pages.json").exists()]
    groups = ["mean of\nclasses", "mean of\nsymbols", *CLASSES]
    figure, axes = plt.subplots(figsize=(11, 3.6))
    width = 0.85 / len(arms)
    for i, arm in enumerate(arms):
        places = [group + (i - (len(arms) - 1) / 2) * width for group in range(len(groups))]
        colour = {"seed": "0.6", "all": "black"}.get(arm, plt.cm.viridis(i / len(arms)))
        axes.bar(places, scores(out / arm / "pages"), width, label=arm, color=colour)
    axes.set_xticks(range(len(groups)), groups)
    axes.set_ylabel("AP50-95, whole pages")
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(ncols=4, frameon=False, fontsize=8, loc="upper left")
    figure.tight_layout()
    figure.savefig(picture, dpi=110)


main()
