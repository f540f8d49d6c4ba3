"""Outlines to ink: masks of black pixels, exact boxes, 1-bit PNG.

A mask is a dict {row: bits}; bits is an int whose highest bit (WIDTH - 1) is the leftmost pixel.
A pixel is black where its centre lies inside the outline. Boxes and areas come from the same masks
that are drawn on the page, so they agree with the picture to the pixel.
"""
import math
import struct
import zlib

WIDTH, HEIGHT = 1960, 2772
CIRCLE = [(math.cos(a * math.pi / 8), math.sin(a * math.pi / 8)) for a in range(16)]


def fill(mask, outlines):
    """Adds the inside of closed outlines (lists of (x, y) in pixels), by the non-zero rule."""
    crossings = {}
    for outline in outlines:
        for (x1, y1), (x2, y2) in zip(outline, outline[1:] + outline[:1]):
            winding = 1
            if y1 > y2:
                x1, y1, x2, y2, winding = x2, y2, x1, y1, -1
            # Rows whose centres row + 0.5 lie in [y1, y2).
            for row in range(max(0, math.ceil(y1 - 0.5)), min(HEIGHT, math.ceil(y2 - 0.5))):
                x = x1 + (x2 - x1) * (row + 0.5 - y1) / (y2 - y1)
                crossings.setdefault(row, []).append((x, winding))
    for row, points in crossings.items():
        points.sort()
        bits, winding, start = 0, 0, 0.0
        for x, step in points:
            if winding == 0:
                start = x
            winding += step
            if winding == 0:
                bits |= span(start, x)
        if bits:
            mask[row] = mask.get(row, 0) | bits


def span(x1, x2):
    """The pixels whose centres lie in [x1, x2)."""
    first = max(0, math.ceil(x1 - 0.5))
    end = min(WIDTH, math.ceil(x2 - 0.5))
    return ((1 << (end - first)) - 1) << (WIDTH - end) if end > first else 0


def stroke(mask, points, width, closed=False):
    """Adds a line of `width` pixels through the points, with round ends and joins."""
    r = width / 2
    for (x1, y1), (x2, y2) in zip(points, points[1:] + (points[:1] if closed else [])):
        length = math.hypot(x2 - x1, y2 - y1)
        if length > 0:
            dx, dy = r * (y2 - y1) / length, r * (x1 - x2) / length
            fill(mask, [[(x1 + dx, y1 + dy), (x2 + dx, y2 + dy),
                         (x2 - dx, y2 - dy), (x1 - dx, y1 - dy)]])
    for x, y in points:
        fill(mask, [[(x + r * c, y + r * s) for c, s in CIRCLE]])


def merge(mask, other):
    for row, bits in other.items():
        mask[row] = mask.get(row, 0) | bits


def area(mask):
    return sum(bits.bit_count() for bits in mask.values())


def box(mask):
    """(x1, y1, x2, y2) of the ink, right and bottom exclusive."""
    every = 0
    for bits in mask.values():
        every |= bits
    trailing = (every & -every).bit_length() - 1
    return WIDTH - every.bit_length(), min(mask), WIDTH - trailing, max(mask) + 1


def png(mask):
    """The page as a 1-bit grey PNG, black on white."""
    row_bytes = (WIDTH + 7) // 8
    pad = row_bytes * 8 - WIDTH
    white = (1 << WIDTH) - 1
    rows = (((white ^ mask.get(row, 0)) << pad).to_bytes(row_bytes, "big") for row in range(HEIGHT))
    pixels = zlib.compress(b"".join(b"\0" + row for row in rows), 9)
    header = struct.pack(">IIBBBBB", WIDTH, HEIGHT, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def read_png(data):
    """The inverse of png(): {row: bits}. Reads only what png() writes."""
    at, pixels = 8, b""
    while at < len(data):
        length, kind = struct.unpack(">I4s", data[at:at + 8])
        if kind == b"IHDR":
            assert data[at + 8:at + 16] == struct.pack(">II", WIDTH, HEIGHT), "page of another size"
        if kind == b"IDAT":
            pixels += data[at + 8:at + 8 + length]
        at += length + 12
    raw = zlib.decompress(pixels)
    row_bytes = (WIDTH + 7) // 8
    pad, white = row_bytes * 8 - WIDTH, (1 << WIDTH) - 1
    mask = {}
    for row in range(HEIGHT):
        at = row * (row_bytes + 1)
        assert raw[at] == 0, "filtered rows"
        bits = white ^ (int.from_bytes(raw[at + 1:at + 1 + row_bytes], "big") >> pad)
        if bits:
            mask[row] = bits
    return mask
