"""The one page that an interview leaves: scores, right and wrong, what the simulator said, what to study next."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from html import escape

from simulation.interview.clock import BOXES_MIN, Clock
from simulation.interview.estimates import Checked, number
from simulation.interview.questions import FollowUp
from simulation.interview.running import Judged, Passed
from simulation.interview.scoring import Result, Said

STYLE = """
@page { size: A4; margin: 10mm }
body { font: 7.6pt/1.2 system-ui, sans-serif; max-width: 190mm; margin: auto; color: #111 }
h1 { font-size: 15pt; margin: 0 } h2 { font-size: 9.5pt; margin: 2mm 0 .5mm }
table { border-collapse: collapse; width: 100% } td { padding: .3mm 2mm; vertical-align: top }
td:first-child { width: 28% } td:nth-child(2) { width: 24% }
tr { border-bottom: .2mm solid #ddd }
.bar { background: #e5e7eb; width: 30mm } .bar div { background: #2563eb; height: 2.5mm }
p { margin: 1mm 0 }
"""


@dataclass(frozen=True, slots=True)
class Facts:
    seed: int
    result: Result
    estimates: Sequence[Checked]
    judged: Sequence[Judged]
    answers: Sequence[tuple[FollowUp, Said]]
    clock: Clock
    stood_in: Sequence[str] = ()


def headline(facts: Facts) -> str:
    result = facts.result
    whose = f", with a stand-in's {', '.join(facts.stood_in)}" if facts.stood_in else ""
    return f"{result.total:.0f} of 100: {result.band}, at the level {result.level} (seed {facts.seed}){whose}"


def times(facts: Facts) -> str:
    took = ", ".join(f"{box} {facts.clock.taken_s(box) / 60:.0f} of {least} min" for box, least in BOXES_MIN.items())
    over = facts.clock.over()
    return took + (f"; too long: {', '.join(over)}" if over else "")


def study(facts: Facts) -> str:
    return "; ".join(facts.result.study) or "nothing: ask for the next level"


def estimate_rows(facts: Facts) -> list[tuple[str, str, str]]:
    """What was asked, how it was answered, and why it matters."""
    return [(each.quantity.asks, each.in_words, each.quantity.so) for each in facts.estimates]


def design_rows(facts: Facts) -> list[tuple[str, str, str]]:
    """The decision with its twist, the choice, and what the simulator says: what is not met, else the first demand."""
    rows = []
    for each in facts.judged:
        unmet = [gate for gate in each.gates if not gate.met]
        told = "; ".join(gate_in_words(gate) for gate in unmet or each.gates[:1])
        better = f" More is met by {each.better}." if each.better else ""
        met = f"{len(each.gates) - len(unmet)} of {len(each.gates)} demands met. "
        rows.append((each.decision.twist or each.decision.asks, each.choice, f"{met}{told}.{better}"))
    return rows


def gate_in_words(passed: Passed) -> str:
    sure = f" ± {number(passed.figure.half_width)}" if passed.figure.half_width else ""
    verdict = "met" if passed.met else "NOT met"
    return f"{passed.gate.says}: {verdict} ({passed.title} {number(passed.figure.mean)}{sure})"


def answer_rows(facts: Facts) -> list[tuple[str, str, str]]:
    """The question, how many of its points were made, and what was missing."""
    return [
        (
            question.asks,
            f"{len(said.made)} of {len(question.points)} points",
            "; ".join(said.missed) or "nothing is missing",
        )
        for question, said in facts.answers
    ]


def markdown(facts: Facts) -> str:
    areas = [(each.title, f"{each.score:.0%}", f"weight {each.weight}") for each in facts.result.areas]
    parts = ["# Live comments: a mock interview", f"**{headline(facts)}**", times(facts), f"Study next: {study(facts)}"]
    for title, rows in _sections(facts, areas):
        parts += [f"## {title}", "\n".join(["| | | |", "|---|---|---|", *(f"| {' | '.join(row)} |" for row in rows)])]
    return "\n\n".join(parts) + "\n"


def html(facts: Facts) -> str:
    areas = [(each.title, _bar(each.score), f"{each.score:.0%} of {each.weight}") for each in facts.result.areas]
    body = [
        '<!doctype html><html lang="en"><meta charset="utf-8"><title>Mock interview</title>',
        f"<style>{STYLE}</style>",
        f"<h1>Live comments: a mock interview</h1><p><b>{escape(headline(facts))}</b></p>",
        f"<p>{escape(times(facts))}</p><p><b>Study next:</b> {escape(study(facts))}</p>",
    ]
    for title, rows in _sections(facts, areas):
        body.append(f"<h2>{title}</h2>{_table(rows, raw=title == 'Scores')}")
    return "\n".join([*body, "</html>\n"])


def _bar(share: float) -> str:
    return f'<div class="bar"><div style="width:{share:.0%}"></div></div>'


def _sections(facts: Facts, areas: list[tuple[str, str, str]]) -> Iterable[tuple[str, list[tuple[str, str, str]]]]:
    yield "Scores", areas
    yield "Estimates", estimate_rows(facts)
    if facts.judged:
        yield "The design in the simulator", design_rows(facts)
    yield "Follow-ups", answer_rows(facts)


def _table(rows: Iterable[Sequence[str]], *, raw: bool) -> str:
    cells = ("".join(f"<td>{cell if raw else escape(cell)}</td>" for cell in row) for row in rows)
    return f"<table>{''.join(f'<tr>{row}</tr>' for row in cells)}</table>"


WRITERS: dict[str, Callable[[Facts], str]] = {".md": markdown, ".html": html}
