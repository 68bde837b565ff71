"""What one world says against what the other says of the same, as dots on logarithmic axes, drawn as SVG."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from math import log10

from simulation.docs.svg import FONT, INK, LETTER, LIGHT, LINE

SIDE, LEFT, TOP = 400, 84, 24  # pixels: of the square, and where it begins
WIDTH, HEIGHT = 800, 490
SIZE = 15  # pixels of the letters, which are wider than those of diagrams by so much
WIDER = SIZE / 12
SEEN, FORM, BAND = "#0b6e99", "#6b7280", "#dbeafe"
NEAR = 1.1  # on the band what differs by less
Text = tuple[float, float, str, str]  # where, what, and its anchor


@dataclass(frozen=True, slots=True)
class Dot:
    """``across`` is a median, ``least`` and ``most`` its range, ``up`` what the other world says of the same."""

    across: float
    least: float
    most: float
    up: float
    label: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scatter:
    """``says`` is what the picture says, in words; both axes go from ``least`` to ``most``, with lines at ticks."""

    title: str
    says: str
    across: str
    up: str
    least: float
    most: float
    ticks: Sequence[tuple[float, str]]
    dots: Sequence[Dot]
    notes: Sequence[str]  # beside the square, from above

    def svg(self) -> str:
        parts = [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" '
            f'height="{HEIGHT}" role="img" aria-labelledby="title says" style="{FONT};font-size:{SIZE}px">',
            f'<title id="title">{escape(self.title)}</title>',
            f'<desc id="says">{escape(self.says)}</desc>',
            f'<rect width="{WIDTH}" height="{HEIGHT}" rx="12" fill="#ffffff"/>',
            f'<clipPath id="square"><path d="M{LEFT} {TOP}h{SIDE}v{SIDE}h-{SIDE}z"/></clipPath>',
            *self._ground(),
            *(self._dot(each) for each in self.dots),
            *(_text(each) for each in self._texts()),
        ]
        return "\n".join([*parts, "</svg>", ""])

    def outside(self) -> list[str]:
        """Texts that are not wholly on the picture, as far as the width of a letter is known."""
        return [text for x, y, text, anchor in self._texts() if not _holds(x, y, text, anchor)]

    def _x(self, value: float) -> float:
        return LEFT + SIDE * log10(value / self.least) / log10(self.most / self.least)

    def _y(self, value: float) -> float:
        return TOP + SIDE - (self._x(value) - LEFT)

    def _ground(self) -> Iterator[str]:
        """The band in which both say nearly the same, the lines of the ticks, and the diagonal."""
        low, high = self.least, self.most
        corners = ((low, low / NEAR), (low, low * NEAR), (high, high * NEAR), (high, high / NEAR))
        band = " ".join(f"{self._x(x):.1f},{self._y(y):.1f}" for x, y in corners)
        yield f'<polygon points="{band}" fill="{BAND}" clip-path="url(#square)"/>'
        for value, _ in self.ticks:
            x, y = self._x(value), self._y(value)
            yield f'<path d="M{x:.1f} {TOP}v{SIDE}M{LEFT} {y:.1f}h{SIDE}" stroke="#e5e7eb" fill="none"/>'
        yield f'<path d="M{LEFT} {TOP + SIDE}L{LEFT + SIDE} {TOP}" stroke="{FORM}" fill="none"/>'
        yield f'<path d="M{LEFT} {TOP}v{SIDE}h{SIDE}" stroke="{LIGHT}" fill="none"/>'

    def _dot(self, dot: Dot) -> str:
        x, y = self._x(dot.across), self._y(dot.up)
        return (
            f'<path d="M{self._x(dot.least):.1f} {y:.1f}H{self._x(dot.most):.1f}" stroke="{SEEN}" opacity="0.45"/>'
            f'<circle cx="{x:.1f}" cy="{y:.1f}" r="5" fill="{SEEN}" fill-opacity="0.75"/>'
        )

    def _texts(self) -> Iterator[Text]:
        for value, label in self.ticks:
            yield self._x(value), TOP + SIDE + 20, label, "middle"
            yield LEFT - 8, self._y(value) + 5, label, "end"
        yield LEFT + SIDE / 2, TOP + SIDE + 46, self.across, "middle"
        yield LEFT + 10, TOP + 14, self.up, "start"
        for dot in self.dots:
            if dot.label:
                yield self._x(dot.across) - 10, self._y(dot.up) - 8, dot.label, "end"
        for number, note in enumerate(self.notes):
            yield LEFT + SIDE + 32, TOP + 40 + number * WIDER * LINE * 1.2, note, "start"


def _holds(x: float, y: float, text: str, anchor: str) -> bool:
    wide = LETTER * WIDER * len(text)
    left = x - wide * {"start": 0.0, "middle": 0.5, "end": 1.0}[anchor]
    return left >= 0 and left + wide <= WIDTH and y - SIZE >= 0 and y + SIZE / 2 <= HEIGHT


def _text(written: Text) -> str:
    x, y, text, anchor = written
    colour = INK if anchor == "start" else LIGHT
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{colour}">{escape(text)}</text>'
