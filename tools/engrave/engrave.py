#!/usr/bin/env python3
"""Engraves the sample: pages of made-up music in DeepScoresV2's layout, with exact boxes.

    sudo apt-get install lilypond
    python3 tools/engrave/engrave.py samples/engraved
    python3 tools/engrave/check.py samples/engraved

writes deepscores_train.json, deepscores_test.json and images/*.png. music.py makes the scores up,
LilyPond draws them as SVG, drawing.py reads the drawing, labels.py names what is in it, raster.py
inks it. Only LilyPond and Python's standard library are needed. The same version of LilyPond gives
the same files.
"""
import json
import random
import subprocess
import sys
import tempfile
from pathlib import Path

import drawing
import labels
import music
import raster
from music import Plan, Staff

LINE = "ties slurs articulation dynamics"


def strings(clef, style, marks="", tenor=False):
    return Staff(clef, style, 0.04, f"{LINE} bowing {marks}", tenor=tenor)


def piano(style, low_style, marks="", chords=0.35):
    return [Staff("treble", style, chords, f"{LINE} {marks}"),
            Staff("bass", low_style, chords, "ties slurs pedal articulation")]


# Score number -> (set, pages, plan). A score is in one set only.
SCORES = {
    9100001: ("train", 2, Plan(piano("lively", "calm", "arpeggios fermatas"), ["piano"], 2, ["4/4", "3/4"], 56)),
    9100002: ("train", 1, Plan([Staff("treble", "brilliant", 0.0, f"{LINE} ornaments graces fermatas",
                                      beamed=False)], ["staff"], -3, ["2/4", "6/8"], 60, 20.7)),
    9100003: ("train", 2, Plan([strings("treble", "lively", "tremolo"), strings("treble", "calm"),
                                strings("alto", "calm", "tremolo"), strings("bass", "lively", "", True)],
                               ["staff"] * 4, 0, ["3/4", "4/4", "2/2"], 32, 19.0)),
    9100004: ("train", 1, Plan([Staff("treble", "calm", 0.0, f"{LINE} fermatas breaths", beamed=False)] +
                               piano("brilliant", "lively", "ottava arpeggios"), ["staff", "piano"],
                               -5, ["12/8", "9/8"], 18, 20.0)),
    9100005: ("train", 1, Plan([Staff("treble_8", "lively", 0.25, f"{LINE} fingering breaths")],
                               ["staff"], 4, ["3/8", "6/8", "5/4"], 100)),
    9100006: ("train", 1, Plan(piano("brilliant", "brilliant", "fingering graces ornaments", 0.15), ["piano"],
                               -1, ["4/4", "7/8", "2/4"], 24, 21.0)),
    9100007: ("train", 1, Plan([Staff("bass", "brilliant", 0.1, f"{LINE} ornaments bowing graces breaths",
                                      tenor=True)], ["staff"], 3, ["2/2", "9/8", "12/8"], 40, 20.0)),
    9100008: ("test", 1, Plan(piano("lively", "lively", "arpeggios ottava graces fermatas"), ["piano"],
                              -2, ["3/4", "6/8"], 34)),
    9100009: ("test", 1, Plan([strings("treble", "brilliant", "ornaments"), strings("alto", "lively", "tremolo"),
                               strings("bass", "calm", "", True)], ["staff"] * 3, 1, ["4/4", "2/4"], 26, 19.5)),
    9100010: ("test", 1, Plan([Staff("treble", "lively", 0.1, f"{LINE} ornaments fingering fermatas breaths",
                                     beamed=False)], ["staff"], -4, ["2/2", "9/8", "4/4"], 64, 20.7)),
}


def pages_of(source, count, names, work):
    """Runs LilyPond; the first `count` pages as lists of drawn objects."""
    path = Path(work) / "score.ly"
    path.write_text(source)
    command = ["lilypond", "--svg", "--loglevel=WARN", "-o", str(path.with_suffix("")), str(path)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"lilypond failed:\n{done.stderr}")
    found = [path.with_name(f"score-{page}.svg") for page in range(1, count + 1)]
    if not found[-1].exists():
        sys.exit(f"the score does not fill {count} pages: give its plan more measures")
    return [drawing.read(page, names) for page in found]


def annotate(objects):
    """Ink of the page, and [(class, box, area)] without repetitions."""
    page, found = {}, {}
    for drawn in objects:
        for shape in drawn.shapes:
            raster.merge(page, shape.mask)
        for name, mask in labels.objects_of(drawn):
            found[name, raster.box(mask)] = raster.area(mask)
    return page, [(name, box, area) for (name, box), area in found.items()]


def annotation(image, box, area, pair):
    x1, y1, x2, y2 = box
    return {"a_bbox": box, "o_bbox": (x2, y2, x2, y1, x1, y1, x1, y2),
            "cat_id": pair, "area": area, "img_id": str(image), "comments": ""}


def main(out):
    (out / "images").mkdir(parents=True, exist_ok=True)
    names = drawing.glyph_names(sorted(Path("/usr/share/lilypond").glob("*/fonts/svg"))[-1])
    tables, pairs = labels.categories()
    info = {"description": "Made-up music engraved by LilyPond, in DeepScoresV2's layout", "version": "2.0"}
    sets = {name: {"info": info, "annotation_sets": ["deepscores", "muscima++"], "categories": tables,
                   "images": [], "annotations": {}} for name in ("train", "test")}
    image = number = 0
    for score, (which, count, plan) in SCORES.items():
        source = music.compose(random.Random(score), plan, labels.tagging())
        with tempfile.TemporaryDirectory() as work:
            pages = pages_of(source, count, names, work)
        for page, objects in enumerate(pages, 1):
            mask, found = annotate(objects)
            ids = [str(number + i) for i in range(len(found))]
            filename = f"lg-{score}-aug-emmentaler--page-{page}.png"
            (out / "images" / filename).write_bytes(raster.png(mask))
            sets[which]["images"].append({"id": image, "filename": filename, "width": raster.WIDTH,
                                          "height": raster.HEIGHT, "ann_ids": ids})
            for key, (name, box, area) in zip(ids, found):
                sets[which]["annotations"][key] = annotation(image, box, area, pairs[name])
            print(f"{filename}: {len(found)} boxes, {which}")
            image, number = image + 1, number + len(found)
    for name, data in sets.items():
        (out / f"deepscores_{name}.json").write_text(json.dumps(data, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(f"use: {sys.argv[0]} FOLDER")
    main(Path(sys.argv[1]))
