"""What LilyPond drew: its SVG as a list of objects with names and ink.

LilyPond writes <g class="GROB" data-...> around each tagged graphical object (labels.py says which
are tagged), and inside it rect, line, polygon and path elements. A glyph of the music font is a
path whose `d` is, letter for letter, the outline in the font's own SVG file; looking it up there
gives the glyph's name, e.g. "clefs.G" or "rests.3".
"""
import re
import xml.etree.ElementTree as ET
from dataclasses import dataclass, field
from pathlib import Path

import raster

SVG = "{http://www.w3.org/2000/svg}"
CURVE_STEPS = 24  # a long slur bends over 1000 pixels


@dataclass
class Shape:
    glyph: str  # name in the music font, "" for anything else
    mask: dict  # ink, see raster.py


@dataclass
class Drawn:
    """One <g>: a graphical object, or with grob "" something not tagged."""
    grob: str
    attributes: dict
    shapes: list = field(default_factory=list)


def glyph_names(folder):
    """Outline -> glyph name, of every size of LilyPond's music font and of its braces."""
    names = {}
    for path in sorted(Path(folder).glob("emmentaler-*.svg")):
        for glyph in ET.parse(path).getroot().iter(SVG + "glyph"):
            names.setdefault(glyph.get("d"), glyph.get("glyph-name"))
    return names


def read(path, names):
    """The objects of one page, in the order drawn."""
    root = ET.parse(path).getroot()
    x0, y0, width, height = (float(v) for v in root.get("viewBox").split())
    page = (raster.WIDTH / width, -x0 * raster.WIDTH / width,
            raster.HEIGHT / height, -y0 * raster.HEIGHT / height)
    objects = [Drawn("", {})]
    collect(root, page, objects[0], names, objects)
    return [drawn for drawn in objects if drawn.shapes]


def collect(element, matrix, drawn, names, objects):
    """Adds the shapes under `element` to `drawn`, and each tagged object under it to `objects`."""
    for child in element:
        kind = child.tag.removeprefix(SVG)
        inner = transformed(matrix, child.get("transform", ""))
        if kind == "g" and child.get("class"):
            objects.append(Drawn(child.get("class"), dict(child.attrib)))
            collect(child, inner, objects[-1], names, objects)
        elif kind == "g":
            collect(child, inner, drawn, names, objects)
        elif kind != "style":
            mask = ink(kind, child, inner)
            if mask:
                drawn.shapes.append(Shape(names.get(child.get("d"), ""), mask))


def transformed(matrix, text):
    """`matrix` (a, e, d, f: x' = a x + e, y' = d y + f) after "translate(..)" and "scale(..)"."""
    a, e, d, f = matrix
    for name, x, y in re.findall(r"(\w+)\(([-\d.]+), *([-\d.]+)\)", text):
        x, y = float(x), float(y)
        if name == "translate":
            e, f = e + a * x, f + d * y
        elif name == "scale":
            a, d = a * x, d * y
        else:
            raise ValueError(f"transform {text}: only translate and scale are understood")
    return a, e, d, f


def ink(kind, element, matrix):
    """The mask of one element."""
    a, e, d, f = matrix

    def number(name):
        return float(element.get(name, 0))

    if kind == "rect":
        x, y, r = number("x"), number("y"), number("ry")
        outlines, closed = [rounded(x, y, x + number("width"), y + number("height"), r)], True
    elif kind == "line":
        outlines, closed = [[(number("x1"), number("y1")), (number("x2"), number("y2"))]], False
    elif kind == "polygon":
        values = [float(v) for v in element.get("points").replace(",", " ").split()]
        outlines, closed = [list(zip(values[::2], values[1::2]))], True
    elif kind == "path":
        outlines, closed = flatten(element.get("d")), True
    else:
        raise ValueError(f"<{kind}>: not understood; text must be set in the music font")
    outlines = [[(a * x + e, d * y + f) for x, y in outline] for outline in outlines]
    mask = {}
    if closed and element.get("fill") != "none":
        raster.fill(mask, outlines)
    if element.get("stroke"):
        for outline in outlines:
            raster.stroke(mask, outline, number("stroke-width") * abs(a), closed)
    return mask


def rounded(x1, y1, x2, y2, r):
    """A rectangle whose corners are cut in three, close enough to round at a radius of a pixel."""
    r = min(r, (x2 - x1) / 2, (y2 - y1) / 2)
    m = 0.2929 * r  # where the arc meets the diagonal: 1 - sqrt(1/2)
    return [(x1 + r, y1), (x2 - r, y1), (x2 - m, y1 + m), (x2, y1 + r), (x2, y2 - r), (x2 - m, y2 - m),
            (x2 - r, y2), (x1 + r, y2), (x1 + m, y2 - m), (x1, y2 - r), (x1, y1 + r), (x1 + m, y1 + m)]


ARGUMENTS = {"M": 2, "L": 2, "H": 1, "V": 1, "C": 6, "S": 4, "Z": 0}


def flatten(d):
    """SVG path data to closed outlines of straight segments."""
    tokens = re.findall(r"[A-Za-z]|-?\d*\.?\d+(?:e-?\d+)?", d)
    outlines, at, x, y, control, command = [], 0, 0.0, 0.0, None, ""
    while at < len(tokens):
        if tokens[at].isalpha():
            command, at = tokens[at], at + 1
        kind, count = command.upper(), ARGUMENTS[command.upper()]
        values = [float(v) for v in tokens[at:at + count]]
        at += count
        if kind == "Z":
            x, y = outlines[-1][0]
            continue
        if command.islower():  # relative to the current point
            values = [v + (y if kind == "V" or (i % 2 and kind != "H") else x) for i, v in enumerate(values)]
        if kind in "CS":
            # S: the first control point mirrors the last one of the curve before.
            first = values[:2] if kind == "C" else mirrored(control, x, y)
            points = [(x, y), tuple(first)] + list(zip(values[-4::2], values[-3::2]))
            outlines[-1] += bezier(points)
            control, (x, y) = points[2], points[3]
            continue
        control = None
        x = values[0] if kind in "MLH" else x
        y = values[-1] if kind in "MLV" else y
        if kind == "M":
            outlines.append([])
            command = "l" if command == "m" else "L"  # further pairs are lines
        outlines[-1].append((x, y))
    return outlines


def mirrored(control, x, y):
    return (2 * x - control[0], 2 * y - control[1]) if control else (x, y)


def bezier(p):
    """The points of a cubic after its first."""
    points = []
    for step in range(1, CURVE_STEPS + 1):
        t = step / CURVE_STEPS
        w = ((1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t * t * (1 - t), t ** 3)
        points.append((sum(k * q[0] for k, q in zip(w, p)), sum(k * q[1] for k, q in zip(w, p))))
    return points
