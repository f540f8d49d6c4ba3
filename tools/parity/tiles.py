"""Cuts a sample of tiles from DeepScoresV2 pages into a folder that every YOLO trainer reads.

    out/images/{train,val}/00000.png     gray tiles, in the order of training
    out/labels/{train,val}/00000.txt     cls cx cy w h, nine digits: exact in single precision
    out/data.yaml

The tiles lie on SAHI's grid (overlap 0.2, last row and column shifted inward) and keep a box when
at least a tenth of its area is inside, as in training on virtual tiles. Tiles without labels are
not taken. Classes are the categories of the annotation set "deepscores" in the order of their ids.

Whole-pixel boxes put rounding in charge at two places, and two trainers round differently:
- boxes of 2 pixels or less and of side ratios of 100 or more are dropped: those on a bound are
  left out here;
- an anchor belongs to a box when its centre, a whole pixel, is inside: `grow` moves every edge that
  is not the tile's out by that part of a pixel, so that no edge is on a centre.
"""

import json
import random
from pathlib import Path

import yaml
from PIL import Image

OVERLAP = 0.2
MIN_AREA_RATIO = 0.1


def cut(data, out, size, counts, seed, grow=0.0):
    """Writes counts = {"train": n, "val": m} tiles of size x size; returns the class names."""
    names = None
    for split, source in (("train", "train"), ("val", "test")):
        pages, boxes, names = _read(Path(data) / f"deepscores_{source}.json")
        tiles = [(page, corner) for page in pages for corner in _grid(page["width"], page["height"], size)]
        random.Random(f"{seed} {split}").shuffle(tiles)
        _write(Path(data), Path(out), split, tiles, boxes, size, counts[split], grow)
    document = {"path": str(Path(out).resolve()), "train": "images/train", "val": "images/val", "names": names}
    (Path(out) / "data.yaml").write_text(yaml.safe_dump(document, sort_keys=False))
    return names


def _read(path):
    """Pages, page id -> [(class, x1, y1, x2, y2)], and class -> name of one annotation file."""
    document = json.loads(path.read_text())
    ours = sorted(int(i) for i, c in document["categories"].items() if c["annotation_set"] == "deepscores")
    number = {str(category): index for index, category in enumerate(ours)}
    names = {number[str(category)]: document["categories"][str(category)]["name"] for category in ours}
    boxes = {str(page["id"]): [] for page in document["images"]}
    for annotation in document["annotations"].values():
        category = next((c for c in annotation["cat_id"] if c in number), None)
        if category is not None:
            boxes[str(annotation["img_id"])].append((number[category], *annotation["a_bbox"]))
    return document["images"], boxes, names


def _grid(width, height, size):
    step = size - int(OVERLAP * size)

    def starts(length):
        last = max(length - size, 0)
        return [*range(0, last, step), last]

    return [(x, y) for y in starts(height) for x in starts(width)]


def _write(data, out, split, tiles, boxes, size, count, grow):
    images, labels = out / "images" / split, out / "labels" / split
    for folder in (images, labels):
        folder.mkdir(parents=True, exist_ok=True)
    chosen = []
    for page, corner in tiles:
        if len(chosen) == count:
            break
        inside = _clip(boxes[str(page["id"])], corner, size, grow)
        if inside:
            chosen.append((page, corner, inside))
    by_page = sorted(range(len(chosen)), key=lambda i: chosen[i][0]["filename"])  # decode a page once
    name, image = None, None
    for i in by_page:
        page, (x, y), inside = chosen[i]
        if page["filename"] != name:
            name = page["filename"]
            image = Image.open(data / "images" / name).convert("L")
        image.crop((x, y, x + size, y + size)).save(images / f"{i:05}.png")
        (labels / f"{i:05}.txt").write_text("".join(inside))


def _clip(boxes, corner, size, grow):
    """Label lines of the boxes that a tile keeps; equal lines once."""
    lines = {}
    for cls, x1, y1, x2, y2 in boxes:
        left, top = max(x1 - corner[0], 0), max(y1 - corner[1], 0)
        right, bottom = min(x2 - corner[0], size), min(y2 - corner[1], size)
        if left >= right or top >= bottom:
            continue
        whole, kept = int((x2 - x1) * (y2 - y1)), int((right - left) * (bottom - top))
        left, top = max(left - grow, 0), max(top - grow, 0)
        right, bottom = min(right + grow, size), min(bottom + grow, size)
        if whole and kept / whole >= MIN_AREA_RATIO and not _on_bound(right - left, bottom - top):
            box = ((left + right) / 2, (top + bottom) / 2, right - left, bottom - top)
            lines[f"{cls} " + " ".join(f"{v / size:.9g}" for v in box) + "\n"] = None
    return list(lines)


def _on_bound(width, height):
    """Whether rounding decides if a trainer keeps this box."""
    small, large = sorted((width, height))
    return abs(small - 2) < 0.01 or abs(large / small - 100) < 0.5
