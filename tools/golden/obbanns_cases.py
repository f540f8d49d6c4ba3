"""Records the figures of DeepScoresV2's toolkit for random pages: tests/golden/obbanns_cases.json.

    pip install numpy pandas pillow colorcet tqdm
    pip install --no-deps git+https://github.com/yvan674/obb_anns@041a1c3
    python tools/golden/obbanns_cases.py > tests/golden/obbanns_cases.json

A case is {class: [AP at an overlap of 0.50, 0.55, ... 0.95]} for the classes that were detected.
tests/eval/test_obbanns.c makes the same pages from the same numbers.
"""
import contextlib
import io
import json
import os
import sys
import tempfile

import numpy as np

np.float = float  # the toolkit is from before numpy 1.24
from obb_anns import OBBAnns  # noqa: E402

from random_stream import Stream  # noqa: E402

CASES, CLASSES = 8, 5


def make(case):
    """Class 4 is never detected, class 3 never labelled, page 0 has no detections. Scores differ:
    what the toolkit does with equal ones is left open."""
    s = Stream(f"obbanns-case:{case}")
    labels, found = [], []
    for page in range(5):
        for _ in range(s.below(40)):
            x, y = s.below(1200) / 4, s.below(1200) / 4
            w, h = (4 + s.below(120)) / 4, (4 + s.below(120)) / 4
            cls = [0, 1, 2, 4][s.below(4)]
            labels.append((page, cls, x, y, x + w, y + h))
            for _ in range(s.below(4)):
                dx, dy, dw, dh = ((s.below(17) - 8) * v / 32 for v in (w, h, w, h))
                dx, dy, dw, dh = (int(v * 4) / 4 for v in (dx, dy, dw, dh))
                score = (len(found) * 7919 % 10007 + 1) / 16384
                box = (x + dx, y + dy, x + w + dw + abs(dx), y + h + dh + abs(dy))
                found.append((page, 3 if s.below(10) == 0 else cls, *box, score))
    return labels, [f for f in found if f[0] != 0 and f[1] != 4]


def write(folder, case):
    labels, found = make(case)
    annotations = {str(i): {"a_bbox": list(l[2:]), "o_bbox": [], "cat_id": [str(l[1] + 1)],
                            "area": 0, "img_id": str(l[0]), "comments": ""}
                   for i, l in enumerate(labels)}
    images = [{"id": p, "filename": f"{p}.png", "width": 400, "height": 400,
               "ann_ids": [str(i) for i, l in enumerate(labels) if l[0] == p]} for p in range(5)]
    categories = {str(c + 1): {"name": str(c), "annotation_set": "deepscores", "color": 0}
                  for c in range(CLASSES)}
    proposals = [{"bbox": list(f[2:6]), "cat_id": f[1] + 1, "img_id": f[0], "score": f[6]}
                 for f in found]
    truth, said = os.path.join(folder, "truth.json"), os.path.join(folder, "proposals.json")
    json.dump({"info": {}, "annotation_sets": ["deepscores"], "categories": categories,
               "images": images, "annotations": annotations}, open(truth, "w"))
    json.dump({"annotation_set": "deepscores", "proposals": proposals}, open(said, "w"))
    return truth, said


def figures(case):
    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()):
        truth, said = write(folder, case)
        toolkit = OBBAnns(truth)
        toolkit.load_annotations()
        toolkit.load_proposals(said)
        thresholds = [0.5 + 0.05 * t for t in range(10)]
        result = toolkit.calculate_metrics(thresholds, classwise=True, average_thrs=False)
    return {str(int(cls) - 1): [float(at[t]["ap"]) for t in thresholds]
            for cls, at in result.items()}


json.dump([figures(case) for case in range(CASES)], sys.stdout, indent=0)
print()
