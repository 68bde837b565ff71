"""Diagrams as data, drawn as SVG: boxes on a grid, arrows between them, notes.

The text stays text (it can be selected and searched), and no font, colour or script is loaded from elsewhere. A page
that is dark turns the colours over in its own style sheet.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

UNIT = 10  # pixels of one step of the grid
LINE = 15  # pixels from one line of text to the next
TONES = {
    "plain": ("#f4f5f7", "#6b7280"),
    "server": ("#dbeafe", "#2563eb"),
    "log": ("#dcfce7", "#16a34a"),
    "hint": ("#fef3c7", "#d97706"),
    "viewer": ("#f3e8ff", "#9333ea"),
    "trouble": ("#fee2e2", "#dc2626"),
}
_STYLE = "font-family:system-ui,'Segoe UI',Helvetica,Arial,sans-serif;font-size:12px"
Point = tuple[float, float]


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
    """From one box to another, by name. ``dashed``: a hint, which may be lost; ``bend``: how far it goes left."""

    start: str
    end: str
    label: str = ""
    dashed: bool = False
    bend: float = 0


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
        """The whole file."""
        width, height = self.width * UNIT, self.height * UNIT
        parts = [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" '
            f'width="{width:g}" height="{height:g}" role="img" aria-labelledby="title says" style="{_STYLE}">',
            f'<title id="title">{escape(self.title)}</title>',
            f'<desc id="says">{escape(self.says)}</desc>',
            '<defs><marker id="head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" '
            'orient="auto-start-reverse"><path d="M0 0 8 4 0 8z" fill="#4b5563"/></marker></defs>',
            f'<rect width="{width:g}" height="{height:g}" rx="12" fill="#ffffff"/>',
            *(self._arrow(each) for each in self.arrows),
            *(_box(each) for each in self.boxes.values()),
            *(_text(each.x * UNIT, each.y * UNIT, each.text, each.anchor, "#4b5563") for each in self.notes),
        ]
        return "\n".join([*parts, "</svg>", ""])

    def _arrow(self, arrow: Arrow) -> str:
        start, end = self.boxes[arrow.start], self.boxes[arrow.end]
        across, down = end.x - start.x, end.y - start.y
        length = (across**2 + down**2) ** 0.5
        middle = (
            (start.x + end.x) / 2 + arrow.bend * down / length,
            (start.y + end.y) / 2 - arrow.bend * across / length,
        )
        if arrow.bend:
            a, b = _edge(start, middle), _edge(end, middle)
        else:
            a, b = _edge(start, (end.x, end.y)), _edge(end, (start.x, start.y))
            middle = (a[0] + b[0]) / 2, (a[1] + b[1]) / 2
        path = f"M{_at(a)} Q{_at(middle)} {_at(b)}" if arrow.bend else f"M{_at(a)} L{_at(b)}"
        dashes = ' stroke-dasharray="5 4"' if arrow.dashed else ""
        drawn = f'<path d="{path}" fill="none" stroke="#4b5563" stroke-width="1.5"{dashes} marker-end="url(#head)"/>'
        if not arrow.label:
            return drawn
        # Halfway along the curve, which passes halfway between its own middle and the chord's.
        chord = (a[0] + b[0]) / 2, (a[1] + b[1]) / 2
        x, y = (middle[0] + chord[0]) / 2 * UNIT, (middle[1] + chord[1]) / 2 * UNIT
        return drawn + "\n" + _text(x, y - 7 if abs(across) >= abs(down) else y, arrow.label, "middle", "#4b5563", True)


def _at(point: Point) -> str:
    return f"{point[0] * UNIT:.1f} {point[1] * UNIT:.1f}"


def _edge(box: Box, towards: Point) -> Point:
    """Where the line from a box's middle leaves it, a little outside."""
    across, down = towards[0] - box.x, towards[1] - box.y
    reach = min(
        (box.width / 2 + 0.4) / abs(across) if across else float("inf"),
        (box.height / 2 + 0.4) / abs(down) if down else float("inf"),
    )
    return box.x + across * reach, box.y + down * reach


def _box(box: Box) -> str:
    fill, stroke = TONES[box.tone]
    x, y = (box.x - box.width / 2) * UNIT, (box.y - box.height / 2) * UNIT
    return (
        f'<rect x="{x:g}" y="{y:g}" width="{box.width * UNIT:g}" height="{box.height * UNIT:g}" rx="8" '
        f'fill="{fill}" stroke="{stroke}" stroke-width="1.5"/>\n'
        + _text(box.x * UNIT, box.y * UNIT, box.text, "middle", "#111827")
    )


def _text(x: float, y: float, text: str, anchor: str, colour: str, halo: bool = False) -> str:
    """Lines of text around a point; with a halo where they cross a line."""
    lines = text.split("\n")
    top = y - (len(lines) - 1) * LINE / 2 + 4
    spans = "".join(
        f'<tspan x="{x:g}" y="{top + number * LINE:g}">{escape(line)}</tspan>' for number, line in enumerate(lines)
    )
    behind = ' stroke="#ffffff" stroke-width="4" paint-order="stroke" stroke-linejoin="round"' if halo else ""
    return f'<text text-anchor="{anchor}" fill="{colour}"{behind}>{spans}</text>'
