"""Records what SAHI 0.12.6 makes of 500 random sets of boxes: tests/golden/sahi_cases.txt.

    pip install numpy shapely pillow opencv-python-headless pyyaml requests tqdm click
    pip install --no-deps sahi==0.12.6
    python tools/golden/sahi_cases.py > tests/golden/sahi_cases.txt

One line a case: its number, how many boxes are left, FNV-1a-64 of them as float32 rows
(x1, y1, x2, y2, score, class). tests/eval/test_merge.c makes the same cases from the same numbers.
"""
import struct

from sahi.postprocess.combine import GreedyNMMPostprocess, NMMPostprocess, NMSPostprocess
from sahi.prediction import ObjectPrediction

from random_stream import fnv, uniform

METHODS = [NMSPostprocess, NMMPostprocess, GreedyNMMPostprocess]
THRESHOLDS = [0.1, 0.5, 0.3, 0.7]


def boxes(case):
    """Half-pixel corners and few scores, so that ties and exact thresholds happen."""
    draw = lambda i, n: int(uniform(f"sahi-case:{case}", i) * n)
    for k in range(2 + draw(0, 70)):
        i = 1 + 6 * k
        x, y = draw(i, 100) / 2, draw(i + 1, 100) / 2
        w, h = draw(i + 2, 50) / 2, draw(i + 3, 50) / 2
        yield x, y, x + w, y + h, (1 + draw(i + 4, 24)) / 32, draw(i + 5, 2)


for case in range(500):
    method = METHODS[case % 3](
        match_metric=["IOU", "IOS"][case // 3 % 2],
        match_threshold=THRESHOLDS[case // 6 % 4],
        class_agnostic=bool(case // 24 % 2),
    )
    found = [ObjectPrediction(bbox=list(b[:4]), score=b[4], category_id=b[5], category_name=str(b[5]))
             for b in boxes(case)]
    left = method(found)
    rows = b"".join(struct.pack("<6f", *p.bbox.to_xyxy(), p.score.value, p.category.id) for p in left)
    print(case, len(left), f"{fnv(rows):016x}")
