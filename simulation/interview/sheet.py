"""The one page that an interview leaves: scores, what was heard or claimed, figures, choices, what to study next."""

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from html import escape

from simulation.interview.assumptions import Assumptions
from simulation.interview.clock import BOXES_MIN, TOTAL_MIN, Clock
from simulation.interview.running import Judged, Passed
from simulation.interview.scoring import Given, Result, Said, Scored
from simulation.interview.typed import number

FOUND, CLAIMED, MISSED, WEAK, STOOD_IN = "✓", "◆", "○", "✗", "†"
TIED = "\u00a0"  # a mark is not parted from its point
LEGEND = (
    f"{FOUND} found in the candidate's words, by a machine that hears words and not sense; {CLAIMED} claimed by the "
    f"candidate, as said in other words; {MISSED} missed or wrong; {WEAK} a sign of a weak answer, which takes a point "
    f"back; {STOOD_IN} answered by a stand-in"
)
STYLE = """
@page { size: A4; margin: 8mm }
body { font: 7pt/1.12 system-ui, sans-serif; max-width: 194mm; margin: auto; color: #111 }
h1 { font-size: 12pt; margin: 0 } h2 { font-size: 8.5pt; margin: 1mm 0 .2mm }
table { border-collapse: collapse; width: 100% } td { padding: .1mm 1mm; vertical-align: top }
.three td:first-child { width: 18% } .three td:nth-child(2) { width: 10% } .two td:first-child { width: 35% }
tr { border-bottom: .2mm solid #ddd }
.bar { background: #e5e7eb; width: 100% } .bar div { background: #2563eb; height: 1.2mm }
p { margin: .5mm 0 }
@media print { .bar, .bar div { print-color-adjust: exact } }
"""

HEARD = "What was heard, and its points"

Row = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Facts:
    """``unclaimed``: what the whole were without the claims. ``stood_in``: names of what a stand-in has answered."""

    seed: int
    result: Result
    unclaimed: float
    given: Given
    assumed: Assumptions
    clock: Clock
    stood_in: frozenset[str] = frozenset()


def headline(facts: Facts) -> str:
    result, minutes = facts.result, int(facts.clock.total_s / 60)
    notes = [f"{result.total:.0f} of 100: {result.band}, at the level {result.level} (seed {facts.seed})"]
    if round(facts.unclaimed) != round(result.total):
        notes.append(f"{facts.unclaimed:.0f} without what was claimed ({CLAIMED})")
    if facts.stood_in:
        notes.append(f"{len(facts.stood_in)} answers are a stand-in's ({STOOD_IN})")
    if minutes > TOTAL_MIN:
        notes.append(f"it took {minutes} of {TOTAL_MIN} minutes")
    return "; ".join(notes)


def times(facts: Facts) -> str:
    took = ", ".join(f"{box} {int(facts.clock.taken_s(box) / 60)} of {most} min" for box, most in BOXES_MIN.items())
    over = facts.clock.over()
    return took + (f"; too long: {', '.join(over)}" if over else "")


def study(facts: Facts) -> str:
    return "; ".join(facts.result.study) or "nothing: ask for the next level"


def marked(said: Said, *, missed: bool = True) -> str:
    """The points of an answer, each with its mark."""
    marks = ((FOUND, said.found), (CLAIMED, said.claimed), (MISSED, said.missed if missed else ()))
    points = [f"{mark}{TIED}{point.says}" for mark, points in marks for point in points]
    return "; ".join([*points, *(f"{WEAK}{TIED}{sign}" for sign in said.weak)])


def area_rows(facts: Facts) -> list[Row]:
    """The area, its points of how many, and what was heard of it."""
    return [
        (_whose(each.title, each.name, facts), _points(each), marked(facts.given.said[each.name]))
        for each in facts.result.areas
    ]


def estimate_rows(facts: Facts) -> list[Row]:
    return [
        (_whose(each.quantity.asks, each.quantity.name, facts), f"{FOUND if each.right else MISSED} {each.in_words}")
        for each in facts.given.estimates
    ]


def design_rows(facts: Facts) -> list[Row]:
    """The twist, the choice, and what the simulator says: what is not met, else the first demand."""
    return [
        (each.decision.twist, _whose(each.choice, each.decision.name, facts), judged_in_words(each))
        for each in facts.given.judged
    ]


def answer_rows(facts: Facts) -> list[Row]:
    return [(_whose(question.asks, question.name, facts), marked(said)) for question, said in facts.given.answers]


def judged_in_words(judged: Judged) -> str:
    """What is not met, else the first demand."""
    unmet = [gate for gate in judged.gates if not gate.met]
    told = "; ".join(gate_in_words(gate) for gate in unmet or judged.gates[:1])
    better = f" More is met by {judged.better}." if judged.better else ""
    met = f"{len(judged.gates) - len(unmet)} of {len(judged.gates)} demands met"
    return f"{met}; {'NOT met' if unmet else 'such as'}: {told}.{better}"


def gates_in_words(judged: Judged) -> str:
    """All that was demanded."""
    return "; ".join(f"{'met' if gate.met else 'NOT met'}: {gate_in_words(gate)}" for gate in judged.gates)


def gate_in_words(passed: Passed) -> str:
    mean = passed.figure.mean
    if not math.isfinite(mean):
        return f"{passed.gate.says} (it never ends)"
    sure = f" ± {number(passed.figure.half_width)}" if passed.figure.half_width else ""
    best = f"; the best {number(passed.best)}" if passed.gate.of_best is not None and not passed.met else ""
    return f"{passed.gate.says} ({passed.title} {number(mean)}{sure}{best})"


def markdown(facts: Facts) -> str:
    parts = ["# Live comments: a mock interview", f"**{headline(facts)}**", times(facts), f"Study next: {study(facts)}"]
    for title, rows in _sections(facts):
        head, rule = ("|" + cell * len(rows[0]) for cell in (" |", "---|"))
        parts += [f"## {title}", "\n".join([head, rule, *(f"| {' | '.join(row)} |" for row in rows)])]
    return "\n\n".join([*parts, LEGEND, f"Assumed: {facts.assumed}"]) + "\n"


def html(facts: Facts) -> str:
    bars = {each.title: each.points / each.most for each in facts.result.areas}
    body = [
        '<!doctype html><html lang="en"><meta charset="utf-8"><title>Mock interview</title>',
        f"<style>{STYLE}</style>",
        f"<h1>Live comments: a mock interview</h1><p><b>{escape(headline(facts))}</b></p>",
        f"<p>{escape(times(facts))}</p><p><b>Study next:</b> {escape(study(facts))}</p>",
    ]
    for title, rows in _sections(facts):
        body.append(f"<h2>{title}</h2>{_table(rows, bars if title == HEARD else {})}")
    body.append(f"<p>{escape(LEGEND)}</p><p>Assumed: {escape(str(facts.assumed))}</p>")
    return "\n".join([*body, "</html>\n"])


def _whose(words: str, name: str, facts: Facts) -> str:
    return f"{words} {STOOD_IN}" if name in facts.stood_in else words


def _points(scored: Scored) -> str:
    return f"{scored.points:.1f} of {scored.most:.1f}"


def _sections(facts: Facts) -> Iterator[tuple[str, list[Row]]]:
    yield HEARD, area_rows(facts)
    yield "Estimates", estimate_rows(facts)
    if facts.given.judged:
        yield "The design in the simulator", design_rows(facts)
    yield "Follow-ups", answer_rows(facts)


def _table(rows: Sequence[Row], bars: dict[str, float]) -> str:
    lines = (f"<tr>{''.join(_cells(row, bars))}</tr>" for row in rows)
    return f'<table class="{"three" if len(rows[0]) == 3 else "two"}">{"".join(lines)}</table>'


def _cells(row: Row, bars: dict[str, float]) -> Iterable[str]:
    """A bar under the points of an area."""
    share = bars.get(row[0].removesuffix(f" {STOOD_IN}"))
    bar = "" if share is None else f'<div class="bar"><div style="width:{share:.0%}"></div></div>'
    return [f"<td>{escape(cell)}{bar if place == 1 else ''}</td>" for place, cell in enumerate(row)]


WRITERS: dict[str, Callable[[Facts], str]] = {".md": markdown, ".html": html}
