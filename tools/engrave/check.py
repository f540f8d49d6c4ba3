#!/usr/bin/env python3
"""Checks a data set of engrave.py: every box against the ink of its page.

    python3 tools/engrave/check.py samples/engraved [OVERLAYS]

Reads the files as they lie there, PNG and JSON. A box must hold at least its `area` of black
pixels and be tight: its first and last row and column have ink. No score is in both sets. Prints
how often each class occurs; with a folder OVERLAYS writes there each page with its boxes drawn (PPM).
"""
import json
import sys
from collections import Counter
from pathlib import Path

import raster


def window(page, x1, y1, x2, y2):
    """Black pixels of the page in a box, by rows."""
    keep = ((1 << (x2 - x1)) - 1) << (raster.WIDTH - x2)
    return [page.get(row, 0) & keep for row in range(y1, y2)]


def check_box(page, box, area):
    """What is wrong with a box, or None."""
    x1, y1, x2, y2 = (int(v) for v in box)
    if not (0 <= x1 < x2 <= raster.WIDTH and 0 <= y1 < y2 <= raster.HEIGHT):
        return "not inside the page"
    rows = window(page, x1, y1, x2, y2)
    black = sum(row.bit_count() for row in rows)
    if black < area:
        return f"{black} black pixels, its area is {area}"
    columns = 0
    for row in rows:
        columns |= row
    first, last = 1 << (raster.WIDTH - 1 - x1), 1 << (raster.WIDTH - x2)
    if not (rows[0] and rows[-1] and columns & first and columns & last):
        return "an edge without ink"
    return None


def overlay(path, page, boxes):
    """The page in grey with red boxes."""
    body = bytearray()
    edges = {}
    for x1, y1, x2, y2 in ((int(v) for v in box) for box in boxes):
        for y in range(y1, y2):
            edges.setdefault(y, set()).update(range(x1, x2) if y in (y1, y2 - 1) else (x1, x2 - 1))
    for y in range(raster.HEIGHT):
        bits = format(page.get(y, 0), f"0{raster.WIDTH}b")
        row = bytearray(b"".join(b"\x90\x90\x90" if bit == "1" else b"\xff\xff\xff" for bit in bits))
        for x in edges.get(y, ()):
            row[3 * x:3 * x + 3] = b"\xe0\x00\x00"
        body += row
    path.write_bytes(b"P6 %d %d 255\n" % (raster.WIDTH, raster.HEIGHT) + body)


def main(folder, overlays):
    faults, scores = 0, {}
    for name in ("train", "test"):
        data = json.loads((folder / f"deepscores_{name}.json").read_text())
        counts = Counter()
        scores[name] = set()
        for image in data["images"]:
            page = raster.read_png((folder / "images" / image["filename"]).read_bytes())
            scores[name].add(image["filename"].split("-")[1])
            boxes = [data["annotations"][key] for key in image["ann_ids"]]
            for item in boxes:
                label = data["categories"][item["cat_id"][0]]["name"]
                counts[label] += 1
                fault = check_box(page, item["a_bbox"], item["area"])
                if fault:
                    faults += 1
                    print(f"{image['filename']}: {label} {item['a_bbox']}: {fault}")
            if overlays:
                overlay(overlays / (image["filename"] + ".ppm"), page, [item["a_bbox"] for item in boxes])
        print(f"{name}: {len(data['images'])} pages, {sum(counts.values())} boxes of {len(counts)} classes")
        print("  " + ", ".join(f"{label} {count}" for label, count in counts.most_common()))
    both = scores["train"] & scores["test"]
    if both:
        print(f"scores in both sets: {sorted(both)}")
    return faults + len(both)


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3):
        sys.exit(f"use: {sys.argv[0]} FOLDER [OVERLAYS]")
    sys.exit(1 if main(Path(sys.argv[1]), Path(sys.argv[2]) if len(sys.argv) == 3 else None) else 0)
