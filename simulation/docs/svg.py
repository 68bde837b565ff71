"""Diagrams as data, drawn as SVG: boxes on a grid, arrows between them, notes.

The text stays text (it can be selected and searched), and no font, colour or script is loaded from elsewhere. A page
that is dark turns the colours over in its own style sheet.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from itertools import pairwise

UNIT = 10  # pixels of one step of the grid
LINE = 15  # pixels from one line of text to the next
LETTER = 6.6  # pixels of a letter, about: fonts differ
CORNER = 8  # pixels by which a corner of an arrow is round
GAP = 0.4  # steps between a box and the arrow that meets it
TONES = {
    "plain": ("#f4f5f7", "#6b7280"),
    "server": ("#dbeafe", "#2563eb"),
    "log": ("#dcfce7", "#16a34a"),
    "hint": ("#fef3c7", "#d97706"),
    "viewer": ("#f3e8ff", "#9333ea"),
    "trouble": ("#fee2e2", "#dc2626"),
}
INK, LIGHT = "#111827", "#4b5563"
FONT = "font-family:system-ui,'Segoe UI',Helvetica,Arial,sans-serif"
Point = tuple[float, float]
Text = tuple[float, float, str, str]  # where, what, and its anchor


@dataclass(frozen=True, slots=True)
class Box:
    """``x``, ``y`` are its middle, ``width`` and ``height`` all of it, in steps of the grid; ``tone``: see TONES."""

    x: float
    y: float
    text: str
    width: float = 14
    height: float = 5
    tone: str = "plain"


@dataclass(frozen=True, slots=True)
class Arrow:
    """From one box to another, by name. ``dashed``: a hint, which may be lost; ``bend``: how far it goes left.

    ``via`` are corners on its way, in steps of the grid; the label is at the middle of its longest stretch then.
    """

    start: str
    end: str
    label: str = ""
    dashed: bool = False
    bend: float = 0
    via: Sequence[Point] = ()


@dataclass(frozen=True, slots=True)
class Note:
    x: float
    y: float
    text: str
    anchor: str = "middle"  # or start, end


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagram:
    """``says`` is what the picture says, in words, for those who do not see it."""

    title: str
    says: str
    width: float
    height: float
    boxes: Mapping[str, Box]
    arrows: Sequence[Arrow] = ()
    notes: Sequence[Note] = ()

    def svg(self) -> str:
        """The whole file: lines first, boxes over them, and what is written on lines over both."""
        width, height = self.width * UNIT, self.height * UNIT
        parts = [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" width="{width:g}" '
            f'height="{height:g}" role="img" aria-labelledby="title says" style="{FONT};font-size:12px">',
            f'<title id="title">{escape(self.title)}</title>',
            f'<desc id="says">{escape(self.says)}</desc>',
            '<defs><marker id="head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" '
            f'orient="auto-start-reverse"><path d="M0 0 8 4 0 8z" fill="{LIGHT}"/></marker></defs>',
            f'<rect width="{width:g}" height="{height:g}" rx="12" fill="#ffffff"/>',
            *(_line(self._path(each), dashed=each.dashed) for each in self.arrows),
            *(_box(each) for each in self.boxes.values()),
            *(_text(each, LIGHT, halo=True) for each in self._labels()),
            *(_text(each, LIGHT) for each in self._notes()),
        ]
        return "\n".join([*parts, "</svg>", ""])

    def outside(self) -> list[str]:
        """Texts that are not wholly on the picture, as far as the width of a letter is known."""
        inside = [_place(box) for box in self.boxes.values()]
        return [
            text for x, y, text, anchor in (*self._labels(), *self._notes(), *inside)
            if not self._holds(x, y, text.split("\n"), anchor)
        ]  # fmt: skip

    def _holds(self, x: float, y: float, lines: Sequence[str], anchor: str) -> bool:
        wide, high = LETTER * max(map(len, lines)), LINE * len(lines) / 2
        left = x - wide * {"start": 0.0, "middle": 0.5, "end": 1.0}[anchor]
        return left >= 0 and left + wide <= self.width * UNIT and y - high >= 0 and y + high <= self.height * UNIT

    def _path(self, arrow: Arrow) -> str:
        if arrow.via:
            return _round(self._corners(arrow))
        a, middle, b = self._curve(arrow)
        return f"M{_at(a)} Q{_at(middle)} {_at(b)}" if arrow.bend else f"M{_at(a)} L{_at(b)}"

    def _corners(self, arrow: Arrow) -> list[Point]:
        start, end = self.boxes[arrow.start], self.boxes[arrow.end]
        return [_edge(start, arrow.via[0]), *arrow.via, _edge(end, arrow.via[-1])]

    def _curve(self, arrow: Arrow) -> tuple[Point, Point, Point]:
        """Its two ends, and the point that it bends towards."""
        start, end = self.boxes[arrow.start], self.boxes[arrow.end]
        across, down = end.x - start.x, end.y - start.y
        length = (across**2 + down**2) ** 0.5
        bent = (
            (start.x + end.x) / 2 + arrow.bend * down / length,
            (start.y + end.y) / 2 - arrow.bend * across / length,
        )
        if arrow.bend:
            return _edge(start, bent), bent, _edge(end, bent)
        a, b = _edge(start, (end.x, end.y)), _edge(end, (start.x, start.y))
        return a, _middle(a, b), b

    def _labels(self) -> Iterator[Text]:
        for arrow in self.arrows:
            if arrow.label:
                yield self._label(arrow)

    def _label(self, arrow: Arrow) -> Text:
        """Above what goes across, on what goes down."""
        if arrow.via:
            a, b = max(pairwise(self._corners(arrow)), key=lambda stretch: _length(*stretch))
            x, y = _middle(a, b)
        else:
            a, towards, b = self._curve(arrow)
            x, y = _middle(towards, _middle(a, b))  # halfway along the curve
        lines = arrow.label.count("\n") + 1
        above = 3 + lines * LINE / 2 if abs(b[0] - a[0]) >= abs(b[1] - a[1]) else 0
        return x * UNIT, y * UNIT - above, arrow.label, "middle"

    def _notes(self) -> Iterator[Text]:
        return ((each.x * UNIT, each.y * UNIT, each.text, each.anchor) for each in self.notes)


def _middle(a: Point, b: Point) -> Point:
    return (a[0] + b[0]) / 2, (a[1] + b[1]) / 2


def _length(a: Point, b: Point) -> float:
    return float(((a[0] - b[0]) ** 2 + (a[1] - b[1]) ** 2) ** 0.5)


def _at(point: Point) -> str:
    return f"{point[0] * UNIT:.1f} {point[1] * UNIT:.1f}"


def _round(corners: Sequence[Point]) -> str:
    """A path through them that takes each corner in a curve."""
    parts = [f"M{_at(corners[0])}"]
    for before, corner, after in zip(corners, corners[1:], corners[2:], strict=False):
        parts.append(f"L{_at(_short_of(corner, before))} Q{_at(corner)} {_at(_short_of(corner, after))}")
    return " ".join([*parts, f"L{_at(corners[-1])}"])


def _short_of(corner: Point, other: Point) -> Point:
    part = min(0.5, CORNER / UNIT / max(_length(corner, other), 1e-9))
    return corner[0] + (other[0] - corner[0]) * part, corner[1] + (other[1] - corner[1]) * part


def _edge(box: Box, towards: Point) -> Point:
    """Where the line from a box's middle leaves it, a little outside."""
    across, down = towards[0] - box.x, towards[1] - box.y
    reach = min(
        (box.width / 2 + GAP) / abs(across) if across else float("inf"),
        (box.height / 2 + GAP) / abs(down) if down else float("inf"),
    )
    return box.x + across * reach, box.y + down * reach


def _line(path: str, *, dashed: bool) -> str:
    dashes = ' stroke-dasharray="5 4"' if dashed else ""
    return f'<path d="{path}" fill="none" stroke="{LIGHT}" stroke-width="1.5"{dashes} marker-end="url(#head)"/>'


def _place(box: Box) -> Text:
    return box.x * UNIT, box.y * UNIT, box.text, "middle"


def _box(box: Box) -> str:
    fill, stroke = TONES[box.tone]
    x, y = (box.x - box.width / 2) * UNIT, (box.y - box.height / 2) * UNIT
    return (
        f'<rect x="{x:g}" y="{y:g}" width="{box.width * UNIT:g}" height="{box.height * UNIT:g}" rx="8" '
        f'fill="{fill}" stroke="{stroke}" stroke-width="1.5"/>\n' + _text(_place(box), INK)
    )


def _text(written: Text, colour: str, *, halo: bool = False) -> str:
    """Lines of text around a point; with a halo where they cross a line."""
    x, y, text, anchor = written
    lines = text.split("\n")
    top = y - (len(lines) - 1) * LINE / 2 + 4
    spans = "".join(
        f'<tspan x="{x:g}" y="{top + number * LINE:g}">{escape(line)}</tspan>' for number, line in enumerate(lines)
    )
    behind = ' stroke="#ffffff" stroke-width="4" paint-order="stroke" stroke-linejoin="round"' if halo else ""
    return f'<text text-anchor="{anchor}" fill="{colour}"{behind}>{spans}</text>'
