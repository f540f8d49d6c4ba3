"""Makes up music: random, seeded, and shaped like scores that people play from.

A score is a list of staves; a staff is a list of measures; a measure is a list of Events and of
plain strings (tuplet brackets, clef and key changes) in LilyPond's language. compose() writes the
notes first and then goes over them once for each kind of mark: ties, slurs, dynamics, articulation.
All of it is drawn from one random.Random, so a seed always gives the same score.
"""
from dataclasses import dataclass, field

LETTERS = "cdefgab"
TONICS = {-6: "ges", -5: "des", -4: "aes", -3: "ees", -2: "bes", -1: "f", 0: "c",
          1: "g", 2: "d", 3: "a", 4: "e", 5: "b", 6: "fis"}
SHARPS, FLATS = "fcgdaeb", "beadgcf"
SUFFIX = {-2: "eses", -1: "es", 0: "", 1: "is", 2: "isis"}

# Lowest and highest step (7 * octave + letter, middle c = 28) that a melody in the clef visits.
RANGE = {"treble": (26, 42), "treble_8": (21, 35), "alto": (22, 35), "tenor": (19, 32), "bass": (13, 28)}

# Rhythms: beats, weight by style (calm, lively, brilliant), durations; "r" marks a rest and
# "3:2[...]" a tuplet. In simple time a beat is a quarter, in compound time a dotted quarter.
SIMPLE = [
    (1, (6, 4, 2), "4"), (1, (5, 5, 2), "8 8"), (1, (0, 4, 8), "16 16 16 16"), (1, (1, 3, 3), "8 16 16"),
    (1, (1, 3, 3), "16 16 8"), (1, (1, 3, 2), "8. 16"), (1, (0, 1, 2), "16 8 16"), (1, (1, 2, 1), "r8 8"),
    (1, (1, 2, 1), "8 r8"), (1, (2, 2, 1), "r4"), (1, (0, 1, 2), "r16 16 16 16"),
    (1, (0, 0, 3), "8 32 32 32 32"),
    (1, (0, 0, 3), "32 32 32 32 32 32 32 32"), (1, (0, 1, 1), "8 r16 16"), (1, (0, 0, 1), "8.. 32"),
    (1, (0, 0, 1), "16. r32 16 16"), (1, (1, 2, 2), "3:2[8 8 8]"), (1, (0, 1, 1), "3:2[4 8]"),
    (1, (0, 0, 2), "6:4[16 16 16 16 16 16]"), (1, (0, 0, 1), "5:4[16 16 16 16 16]"),
    (1, (0, 0, 1), "16 16 32 32 r16"), (1, (0, 0, 1), "64 64 64 64 16 8"),
    (2, (6, 2, 1), "2"), (2, (4, 3, 1), "4. 8"), (2, (2, 1, 1), "r2"), (2, (1, 2, 1), "8 4 8"),
    (2, (0, 1, 1), "4.. 16"), (2, (1, 1, 1), "3:2[4 4 4]"), (2, (0, 1, 1), "8. 16 r8 8"),
    (3, (4, 1, 0), "2."), (3, (1, 1, 0), "2 r4"), (4, (4, 1, 0), "1"), (4, (2, 1, 0), "r1"),
    (4, (2, 1, 0), "2. 4"),
]
COMPOUND = [
    (1, (5, 4, 2), "4."), (1, (4, 6, 3), "8 8 8"), (1, (5, 4, 2), "4 8"), (1, (1, 2, 1), "8 4"),
    (1, (0, 3, 6), "16 16 16 16 16 16"), (1, (1, 3, 2), "8. 16 8"), (1, (1, 2, 1), "8 r8 8"),
    (1, (1, 1, 1), "r4 8"), (1, (0, 2, 3), "8 16 16 16 16"), (1, (0, 0, 2), "16 32 32 8 8"),
    (1, (1, 1, 1), "4 r8"), (2, (4, 1, 1), "2."),
]
STYLES = ["calm", "lively", "brilliant"]


@dataclass
class Event:
    """A note, chord or (with no steps) rest."""
    duration: str
    steps: list
    before: list = field(default_factory=list)
    after: list = field(default_factory=list)
    shifts: dict = field(default_factory=dict)  # step -> chromatic shift from the key
    claimed: set = field(default_factory=set)  # kinds of mark that lie over it
    last_of_measure: bool = False

    def text(self, key):
        if not self.steps:
            return " ".join(self.before + ["r" + self.duration + "".join(self.after)])
        names = [pitch(step, key, self.shifts.get(step, 0)) for step in sorted(self.steps)]
        head = names[0] if len(names) == 1 else "<" + " ".join(names) + ">"
        return " ".join(self.before + [head + self.duration + "".join(self.after)])


def pitch(step, key, shift=0):
    letter, octave = LETTERS[step % 7], step // 7
    alter = 1 if letter in SHARPS[:max(0, key)] else -1 if letter in FLATS[:max(0, -key)] else 0
    marks = "'" * (octave - 3) if octave >= 3 else "," * (3 - octave)
    return letter + SUFFIX[max(-2, min(2, alter + shift))] + marks


@dataclass
class Staff:
    clef: str
    style: str
    chords: float = 0.0  # share of notes that are chords
    marks: str = ""  # names of PASSES
    beamed: bool = True  # singers' parts have flags instead
    tenor: bool = False  # changes to the tenor clef and back


@dataclass
class Plan:
    """A score to make up: see engrave.py for a dozen."""
    staves: list
    groups: list  # "staff", "piano" (takes two staves) ... in order
    key: int
    times: list  # time signatures to move through
    measures: int
    size: float = 20.0  # staff height in points
    bars: bool = True  # repeats and double bars


class Writer:
    """Writes one staff, measure by measure."""

    def __init__(self, random, staff, key):
        self.random, self.staff, self.key = random, staff, key
        self.clef = staff.clef
        self.low, self.high = RANGE[staff.clef]
        self.step = (self.low + self.high) // 2

    def measure(self, time):
        """[Event | str] that fill one measure of the time signature "n/d"."""
        count, unit = (int(v) for v in time.split("/"))
        compound = unit == 8 and count % 3 == 0
        beats = count // 3 if compound else count * 4 // unit
        items, left = [], beats
        while left:
            fits = [row for row in (COMPOUND if compound else SIMPLE) if row[0] <= left]
            weights = [row[1][STYLES.index(self.staff.style)] for row in fits]
            size, _, rhythm = self.random.choices(fits, weights)[0]
            items += self.rhythm(rhythm)
            left -= size
        if not compound and count * 4 % unit:  # 7/8 and the like end in half a beat
            items += self.rhythm("8")
        events = [item for item in items if isinstance(item, Event)]
        events[-1].last_of_measure = True
        return items

    def rhythm(self, text):
        if "[" not in text:
            return [self.event(word) for word in text.split()]
        ratio, inside = text.rstrip("]").split("[")
        return [f"\\tuplet {ratio.replace(':', '/')} {{"] + self.rhythm(inside) + ["}"]

    def event(self, word):
        if word.startswith("r"):
            return Event(word[1:], [])
        moves = {-6: 1, -4: 1, -3: 2, -2: 4, -1: 9, 0: 2, 1: 9, 2: 4, 3: 2, 4: 1, 6: 1}  # mostly steps
        move = self.random.choices(list(moves), list(moves.values()))[0]
        self.step += move
        if not self.low <= self.step <= self.high:
            self.step -= 2 * move
            self.step = max(self.low, min(self.high, self.step))
        steps = [self.step]
        if self.random.random() < self.staff.chords:
            shapes = [(2,), (2, 4), (3, 5), (2, 5), (7,), (5,), (4, 7), (1,), (2, 4, 7)]
            below = (self.step - interval for interval in self.random.choice(shapes))
            steps += [step for step in below if step > self.low - 5]
        shifts = {}
        if self.random.random() < 0.07:
            shifts[self.step] = self.random.choices([1, -1, 2, -2], [9, 9, 2, 1])[0]
        return Event(word, steps, shifts=shifts)


def chance(name, odds):
    """A pass over the notes: fn(random, notes, i) runs at each note with the odds."""
    def register(fn):
        PASSES.append((name, odds, fn))
        return fn
    return register


PASSES = []  # (word of Staff.marks, odds, fn), in the order applied; notes includes rests


def run_of(notes, i, most):
    """The index after the run of sounding notes that starts at i, at most `most` long."""
    end = i
    while end < len(notes) and end < i + most and notes[end].steps:
        end += 1
    return end


def claim(notes, i, end, kind):
    """Whether no mark of the kind lies over notes[i:end] yet; if so, one does from now on."""
    if any(kind in note.claimed for note in notes[i:end]):
        return False
    for note in notes[i:end]:
        note.claimed.add(kind)
    return True


def is_long(event):
    return event.duration.rstrip(".") in ("1", "2", "4")


@chance("ties", 0.05)
def tie(random, notes, i):
    if run_of(notes, i, 2) == i + 2:
        notes[i + 1].steps, notes[i + 1].shifts = list(notes[i].steps), dict(notes[i].shifts)
        notes[i].after.append("~")


@chance("slurs", 0.12)
def slur(random, notes, i):
    end = run_of(notes, i, random.randint(2, 9))
    if end - i >= 2 and claim(notes, i, end, "slur"):
        notes[i].after.append("(")
        notes[end - 1].after.append(")")


@chance("articulation", 0.10)
def articulate(random, notes, i):
    mark = random.choices(["-.", "--", "->", "-^", "-!"], [8, 4, 4, 2, 1])[0]
    for note in notes[i:run_of(notes, i, random.randint(1, 6))]:
        if "~" not in note.after and claim([note], 0, 1, "articulation"):
            note.after.append(mark)


@chance("dynamics", 0.05)
def dynamic(random, notes, i):
    sign = random.choice(["p", "f", "mf", "mp", "pp", "ff", "sf", "sfz", "fz", "fp", "rfz", "ppp"])
    if claim(notes, i, i + 1, "dynamics"):
        notes[i].after.append("\\" + sign)


@chance("dynamics", 0.04)
def hairpin(random, notes, i):
    end = i + random.randint(3, 8)
    if end < len(notes) and notes[end].steps and claim(notes, i, end + 1, "dynamics"):
        notes[i].after.append(random.choice(["\\<", "\\>"]))
        notes[end].after.append("\\!")


@chance("ornaments", 0.12)
def ornament(random, notes, i):
    if is_long(notes[i]) or notes[i].duration == "8":
        signs = ["\\trill", "\\mordent", "\\turn", "\\reverseturn"]
        notes[i].after.append(random.choices(signs, [4, 3, 2, 2])[0])


@chance("fermatas", 0.12)
def fermata(random, notes, i):
    if is_long(notes[i]):
        notes[i].after.append(random.choice(["\\fermata", "\\fermata", "_\\fermata"]))


@chance("graces", 0.07)
def grace(random, notes, i):
    step = notes[i].steps[0]
    near = Event("8", [step + random.choice([-2, -1, 1, 2])])
    if i and not notes[i - 1].last_of_measure and not notes[i].before and "~" not in notes[i - 1].after:
        kind = random.choice(["\\acciaccatura", "\\appoggiatura", "\\grace"])
        if kind == "\\grace":
            more = [Event("16", [step + d]) for d in random.choice([(-2, -1), (2, 1), (-1, 1)])]
        else:
            more = [near]
        notes[i].before.append((kind, more))


@chance("fingering", 0.25)
def finger(random, notes, i):
    if len(notes[i].steps) == 1:
        notes[i].after.append(f"-{random.randint(1, 5)}")


@chance("bowing", 0.08)
def bow(random, notes, i):
    notes[i].after.append(random.choice(["\\upbow", "\\downbow"]))


@chance("tremolo", 0.4)
def tremolo(random, notes, i):
    if notes[i].duration in ("2", "4", "2.", "4."):
        # First in the list: it belongs to the duration.
        notes[i].after.insert(0, ":" + random.choice(["8", "16", "32"]))


@chance("arpeggios", 0.6)
def arpeggio(random, notes, i):
    if len(notes[i].steps) >= 3 and is_long(notes[i]):
        notes[i].after.append("\\arpeggio")


@chance("pedal", 0.06)
def pedal(random, notes, i):
    end = min(len(notes) - 1, i + random.randint(2, 6))
    if end > i and claim(notes, i, end + 1, "pedal"):
        notes[i].after.append("\\sustainOn")
        notes[end].after.append("\\sustainOff")


@chance("ottava", 0.1)
def ottava(random, notes, i):
    end = run_of(notes, i, random.randint(4, 10))
    tied = any("~" in note.after for note in notes[max(0, i - 1):end])
    if i + 4 <= end < len(notes) and not tied and claim(notes, i, end + 1, "ottava"):
        for note in notes[i:end]:
            note.steps = [step + 7 for step in note.steps]
            note.shifts = {step + 7: shift for step, shift in note.shifts.items()}
        notes[i].before.insert(0, '\\ottava 1 \\set Staff.ottavation = \\markup \\number "8"')
        notes[end].before.insert(0, "\\ottava 0")


@chance("breaths", 0.05)
def caesura(random, notes, i):
    if notes[i].last_of_measure and "~" not in notes[i].after:
        notes[i].after.append(' \\once \\override BreathingSign.text = '
                              '\\markup \\musicglyph "scripts.caesura.straight" \\breathe')


def decorate(random, staff, measures):
    notes = [item for measure in measures for item in measure if isinstance(item, Event)]
    words = staff.marks.split()
    for name, odds, fn in PASSES:
        if name in words:
            for i in range(len(notes)):
                if notes[i].steps and random.random() < odds:
                    fn(random, notes, i)


def events_text(items, key):
    words = []
    for item in items:
        if isinstance(item, str):
            words.append(item)
            continue
        for at, before in enumerate(item.before):
            if isinstance(before, tuple):
                kind, graces = before
                item.before[at] = f"{kind} {{ {' '.join(grace.text(key) for grace in graces)} }}"
        words.append(item.text(key))
    return " ".join(words)


def frame(random, plan):
    """What all staves share, a list with a dict for each measure: time, key, and text to put in front."""
    measures, key, time = [], plan.key, plan.times[0]
    for number in range(plan.measures):
        text = ""
        if number and number % 12 == 0 and len(plan.times) > 1:
            time = plan.times[(number // 12) % len(plan.times)]
        if number and number % 17 == 0:
            key = max(-6, min(6, key + random.choice([-4, -3, -1, 1, 3, 4])))
            text += f"\\key {TONICS[key]} \\major "
        elif number == 0:
            text += f"\\key {TONICS[key]} \\major "
        if not measures or time != measures[-1]["time"]:
            text += f"\\time {time} "
        if plan.bars and number and number % 8 == 0:
            text += random.choice(['\\bar ":|." ', '\\bar ".|:" ', '\\bar ":|.|:" ', '\\bar "||" ', ""])
        if plan.bars and number % 13 == 7:
            text += '\\mark \\markup \\musicglyph "scripts.%s" ' % random.choice(["segno", "coda"])
        measures.append({"time": time, "key": key, "text": text})
    return measures


def staff_text(random, plan, staff, frames):
    writer = Writer(random, staff, plan.key)
    measures = []
    for number, shared in enumerate(frames):
        items = writer.measure(shared["time"])
        if staff.tenor and number % 6 == 3:
            clef = "bass" if writer.clef == "tenor" else "tenor"
            writer.clef, (writer.low, writer.high) = clef, RANGE[clef]
            items.insert(0, f"\\clef {clef}")
        measures.append(items)
    decorate(random, staff, measures)
    lines = [f"  {shared['text']}{events_text(items, shared['key'])} |"
             for shared, items in zip(frames, measures)]
    beams = "" if staff.beamed else " \\autoBeamOff"
    return f'\\new Staff {{ \\clef "{staff.clef}"{beams}\n' + "\n".join(lines) + "\n}"


def compose(random, plan, tagging):
    """The LilyPond source of a plan. tagging: see labels.py."""
    definitions, overrides = tagging
    frames = frame(random, plan)
    staves = [staff_text(random, plan, staff, frames) for staff in plan.staves]
    groups = []
    for group in plan.groups:
        if group == "piano":
            groups.append(f"\\new PianoStaff << {staves.pop(0)} {staves.pop(0)} >>")
        else:
            groups.append(staves.pop(0))
    score = "\n".join(groups)
    return f"""\\version "2.24.1"
#(ly:set-option 'point-and-click #f)
#(set-global-staff-size {plan.size})
{definitions}
\\paper {{ #(set-paper-size "a4") indent = 0 tagline = ##f print-page-number = ##f
  ragged-bottom = ##f ragged-last-bottom = ##f }}
\\layout {{
  \\context {{ \\Score
{overrides}
    % Numbers in the music font: the drawing then holds no text, only outlines with known names.
    \\override TupletNumber.font-encoding = #'fetaText
    \\override TupletNumber.font-shape = #'upright
    \\override BarNumber.font-encoding = #'fetaText
    \\override ClefModifier.font-encoding = #'fetaText
  }}
}}
\\score {{ << {score} >> }}
"""
