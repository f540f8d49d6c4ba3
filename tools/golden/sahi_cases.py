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

MASK = (1 << 64) - 1
METHODS = [NMSPostprocess, NMMPostprocess, GreedyNMMPostprocess]
THRESHOLDS = [0.1, 0.5, 0.3, 0.7]


def fnv(data):
    h = 0xCBF29CE484222325
    for byte in data:
        h = (h ^ byte) * 0x100000001B3 & MASK
    return h


def uniform(key, i):
    z = fnv(key.encode()) + (i + 1) * 0x9E3779B97F4A7C15 & MASK
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9 & MASK
    z = (z ^ z >> 27) * 0x94D049BB133111EB & MASK
    return ((z ^ z >> 31) >> 40) / 2**24


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
