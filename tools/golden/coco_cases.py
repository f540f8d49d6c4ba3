"""Records pycocotools' figures for random sets of labels and detections: tests/golden/coco_cases.json.

    pip install numpy pycocotools==2.0.11
    python tools/golden/coco_cases.py > tests/golden/coco_cases.json

tests/eval/test_coco.c makes the same sets from the same numbers.
"""
import contextlib
import io
import json

import numpy as np
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from random_stream import Stream

CLASSES = 4
# images, labels of an image at most, detections a label, caps
CASES = [(10, 30, 1, (1, 10, 100)), (6, 60, 3, (1, 10, 100)), (3, 200, 2, (5, 40, 300)),
         (4, 3, 4, (1, 10, 100)), (5, 20, 0, (1, 10, 100)), (20, 12, 2, (1, 2, 3))]


def make(case):
    """Corners on quarter pixels, scores in 64 steps: ties of overlap and of score happen."""
    images, most, times, _ = CASES[case]
    s = Stream(f"coco-case:{case}")
    labels, detections = [], []
    for image in range(images):
        here = []
        for _ in range(s.below(most + 1)):
            x, y = s.below(2000) / 4, s.below(2000) / 4
            longest = [40, 160, 640][s.below(3)]
            w, h = (1 + s.below(longest)) / 4, (1 + s.below(longest)) / 4
            area = w * h * (0.5 + s.uniform() / 2)
            here.append((image, x, y, w, h, area, s.below(CLASSES - 1), s.below(12) == 0))
        for (_, x, y, w, h, _, cls, _) in here:
            for _ in range(s.below(times + 1)):
                dx, dy = (s.below(9) - 4) / 16, (s.below(9) - 4) / 16
                dw, dh = s.below(4) / 8, s.below(4) / 8
                other = s.below(10) == 0
                detections.append((image, x + dx * w, y + dy * h, w * (1 + dw), h * (1 + dh),
                                   s.below(64) / 64, s.below(CLASSES) if other else cls))
        labels += here
    return images, labels, detections


def evaluate(case):
    images, labels, detections = make(case)
    truth = COCO()
    truth.dataset = {
        "images": [{"id": 1 + i} for i in range(images)],
        "categories": [{"id": c, "name": str(c)} for c in range(CLASSES)],
        "annotations": [
            {"id": 1 + k, "image_id": 1 + i, "category_id": c, "bbox": [x, y, w, h], "area": area,
             "iscrowd": int(crowd)}
            for k, (i, x, y, w, h, area, c, crowd) in enumerate(labels)],
    }
    truth.createIndex()
    results = truth.loadRes([{"image_id": 1 + i, "category_id": c, "bbox": [x, y, w, h], "score": s}
                             for (i, x, y, w, h, s, c) in detections]) if detections else COCO()
    if not detections:  # loadRes takes no empty list
        results.dataset = {**truth.dataset, "annotations": []}
        results.createIndex()
    run = COCOeval(truth, results, "bbox")
    run.params.maxDets = list(CASES[case][3])
    run.evaluate()
    run.accumulate()
    return run


def mean(values):
    values = values[values > -1]
    return float(np.mean(values)) if len(values) else -1.0


def figures(case):
    run = evaluate(case)
    precision, recall = run.eval["precision"], run.eval["recall"]  # T R K A M, T K A M
    stats = [mean(precision[..., 0, 2]), mean(precision[0, ..., 0, 2]), mean(precision[5, ..., 0, 2])]
    stats += [mean(precision[..., a, 2]) for a in (1, 2, 3)]
    stats += [mean(recall[:, :, 0, m]) for m in (0, 1, 2)]
    stats += [mean(recall[:, :, a, 2]) for a in (1, 2, 3)]
    if CASES[case][3] == (1, 10, 100):
        run.summarize()
        assert np.array_equal(run.stats, stats)
    per_class = [[mean(precision[:, :, c, 0, 2]), mean(precision[0, :, c, 0, 2])]
                 for c in range(CLASSES)]
    return {"stats": stats, "per_class": per_class}


with contextlib.redirect_stdout(io.StringIO()):
    rows = [figures(case) for case in range(len(CASES))]
print("[" + ",\n ".join(json.dumps(row) for row in rows) + "]")
