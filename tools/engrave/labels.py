"""From LilyPond's graphical objects to DeepScoresV2's classes.

TAGGED objects carry their name and the properties that a class depends on into the SVG, through
LilyPond's `output-attributes`. objects_of() then says which ink makes one annotation and its class.
"""
import re
from pathlib import Path

import raster

TAGGED = """Accidental AccidentalCautionary Arpeggio BarLine BarNumber Beam BreathingSign Clef
ClefModifier Dots DynamicText Fingering Flag Hairpin KeyCancellation KeySignature LedgerLineSpanner
MultiMeasureRest MultiMeasureRestNumber NoteHead OttavaBracket RehearsalMark Rest Script Slur
StaffSymbol Stem StemTremolo SustainPedal SystemStartBrace Tie TimeSignature TrillSpanner
TupletBracket TupletNumber""".split()

TAG = r"""
#(define (tag grob)
   (list (cons 'class (symbol->string (grob::name grob)))
         (cons 'data-position (ly:grob-property grob 'staff-position 0))
         (cons 'data-direction (ly:grob-property grob 'direction 0))
         (cons 'data-grow (ly:grob-property grob 'grow-direction 0))
         (cons 'data-size (ly:grob-property grob 'font-size 0))))
"""


def tagging():
    """LilyPond source that tags every object of a score: definitions and \\layout settings."""
    overrides = "\n".join(f"    \\override {grob}.output-attributes = #tag" for grob in TAGGED)
    return TAG, overrides


# Objects whose whole ink is one annotation.
WHOLE = {"StaffSymbol": "staff", "Slur": "slur", "Tie": "tie", "SystemStartBrace": "brace",
         "TupletBracket": "tupletBracket", "OttavaBracket": "ottavaBracket", "Arpeggio": "arpeggiato"}

# Objects each of whose shapes is one annotation.
EACH = {"Stem": "stem", "Beam": "beam", "LedgerLineSpanner": "ledgerLine", "Dots": "augmentationDot"}

DIGITS = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
ACCIDENTALS = {"accidentals.sharp": "Sharp", "accidentals.flat": "Flat", "accidentals.natural": "Natural",
               "accidentals.doublesharp": "DoubleSharp", "accidentals.flatflat": "DoubleFlat"}
REST = {"M1": "DoubleWhole", "0": "Whole", "1": "Half", "2": "Quarter", "3": "8th", "4": "16th",
        "5": "32nd", "6": "64th", "7": "128th"}
HEAD = {"M1": "DoubleWhole", "0": "Whole", "1": "Half", "2": "Black"}
FLAG = {"3": "8th", "4": "16th", "5": "32nd", "6": "64th", "7": "128th"}
SCRIPTS = {"sforzato": "articAccent*", "staccato": "articStaccato*", "tenuto": "articTenuto*",
           "staccatissimo": "articStaccatissimo*", "marcato": "articMarcato*", "fermata": "fermata*",
           "trill": "ornamentTrill", "turn": "ornamentTurn", "reverseturn": "ornamentTurnInverted",
           "mordent": "ornamentMordent", "upbow": "stringsUpBow", "downbow": "stringsDownBow",
           "segno": "segno", "varsegno": "segno", "coda": "coda", "caesura.straight": "caesura",
           "caesura.curved": "caesura"}
SMALL = -2.5  # font-size of grace notes is -3


def class_names():
    """[(name, colour, muscima++ name or None)], in the order of the ids."""
    lines = (Path(__file__).parent / "classes.txt").read_text().splitlines()
    rows = (line.split() for line in lines if not line.startswith("#"))
    return [(name, int(colour), None if other == "-" else other) for name, colour, other in rows]


def categories():
    """DeepScoresV2's `categories`, and for each class its pair of ids [deepscores, muscima++]."""
    out, pairs, others = {}, {}, {}
    names = class_names()
    for number, (name, colour, other) in enumerate(names, 1):
        out[str(number)] = {"name": name, "annotation_set": "deepscores", "color": colour}
        if other:
            others.setdefault(other, str(len(names) + 1 + len(others)))
            out[others[other]] = {"name": other, "annotation_set": "muscima++", "color": colour}
        pairs[name] = [str(number), others.get(other)]
    return out, pairs


def objects_of(drawn):
    """Yields (class name, mask) for what an object of drawing.py shows. Unlabelled ink yields nothing."""
    if drawn.grob in WHOLE:
        yield WHOLE[drawn.grob], union(drawn.shapes)
    elif drawn.grob == "Hairpin":
        grows = float(drawn.attributes["data-grow"]) > 0
        yield "dynamicCrescendoHairpin" if grows else "dynamicDiminuendoHairpin", union(drawn.shapes)
    elif drawn.grob == "StemTremolo":
        yield f"tremolo{len(drawn.shapes)}", union(drawn.shapes)
    elif drawn.grob == "SustainPedal":
        down = any(shape.glyph == "pedal.Ped" for shape in drawn.shapes)
        yield "keyboardPedalPed" if down else "keyboardPedalUp", union(drawn.shapes)
    else:
        for shape in drawn.shapes:
            name = EACH.get(drawn.grob) or glyph_class(drawn, shape.glyph)
            if name:
                yield name, shape.mask


def union(shapes):
    mask = {}
    for shape in shapes:
        raster.merge(mask, shape.mask)
    return mask


def glyph_class(drawn, glyph):
    """The class of one glyph of the music font in an object, or None."""
    grob, attributes = drawn.grob, drawn.attributes
    position = round(float(attributes.get("data-position", 0)))
    small = "Small" if float(attributes.get("data-size", 0)) < SMALL else ""
    digit = next((DIGITS.index(word) for word in glyph.split(".") if word in DIGITS), None)
    if grob == "NoteHead":
        # Lines of the staff, and ledger lines, lie at even positions.
        place = "InSpace" if position % 2 else "OnLine"
        return f"notehead{HEAD[glyph.removeprefix('noteheads.s')]}{place}{small}"
    if grob in ("Rest", "MultiMeasureRest"):
        return "rest" + REST[glyph.removeprefix("rests.").rstrip("o")]
    if grob == "Flag":
        match = re.fullmatch(r"flags\.([ud])(\d)", glyph)  # not the stroke of an acciaccatura
        small = small if match and match[2] == "3" else ""
        return match and f"flag{FLAG[match[2]]}{'Up' if match[1] == 'u' else 'Down'}{small}"
    if grob in ("Accidental", "AccidentalCautionary"):
        kind = ACCIDENTALS.get(glyph)  # not the parentheses
        return kind and f"accidental{kind}{'' if kind.startswith('Double') else small}"
    if grob in ("KeySignature", "KeyCancellation"):
        return "key" + ACCIDENTALS[glyph]
    if grob == "Clef":
        kind = glyph.removeprefix("clefs.").removesuffix("_change")
        return {"G": "clefG", "F": "clefF", "C": "clefCTenor" if position == 2 else "clefCAlto"}[kind]
    if grob == "ClefModifier":
        return "clef8"
    if grob == "TimeSignature":
        return {"timesig.C44": "timeSigCommon",
                "timesig.C22": "timeSigCutCommon"}.get(glyph, f"timeSig{digit}")
    if grob == "TupletNumber":
        return f"tuplet{digit}"
    if grob == "Fingering":
        return f"fingering{digit}"
    if grob == "DynamicText":
        return "dynamic" + glyph.upper()
    if grob == "BarLine":
        return "repeatDot" if glyph == "dots.dot" else None
    if grob in ("Script", "RehearsalMark", "BreathingSign"):
        return script_class(glyph, float(attributes["data-direction"]))
    return None


def script_class(glyph, direction):
    kind = glyph.removeprefix("scripts.")
    if kind not in SCRIPTS and kind[:1] in ("u", "d"):
        kind = kind[1:]  # ufermata, dmarcato, ...: the direction says it already
    return SCRIPTS[kind].replace("*", "Above" if direction > 0 else "Below")
