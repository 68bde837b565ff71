"""What a sweep has found: for each variant and measure a row, for each point a column."""

from collections.abc import Collection, Mapping
from typing import Any

from rich.table import Table

from simulation import tables
from simulation.experiments import showing
from simulation.experiments.family import Family, Measure
from simulation.experiments.showing import NAMES, interval, ranged
from simulation.provenance import Provenance
from simulation.sweeping.grid import words
from simulation.sweeping.sweep import WHY, is_done

Document = Mapping[str, Any]


def table(family: Family, document: Document) -> Table:
    points = (words(point["at"]).replace(", ", "\n") for point in done(document))
    found = tables.on_screen(("variant", "measure", *points), (), title=family.question, left=2)
    variant = None
    for line in lines(family, document):
        if variant not in (None, line[0]):
            found.add_section()
        found.add_row(line[0] if line[0] != variant else "", *line[1:])
        variant = line[0]
    found.caption, found.caption_justify = "\n".join(filter(None, (alike(family, document), source(document)))), "left"
    return found


def markdown(family: Family, document: Document, measures: Collection[str] = ()) -> str:
    """The question, the table (of all measures, unless some are named), and what was simulated with."""
    headings = ["variant", "measure", *(words(point["at"]) for point in done(document))]
    rows = ([f"`{variant}`", *figures] for variant, *figures in lines(family, document, measures))
    shown = tables.markdown(headings, rows, "|---|---|--:|")
    made = f"Digest of the simulated figures: `{document['digest']}`." if "digest" in document else ""
    notes = [*(f"- Void: {each}." for each in void(document)), ""] if void(document) else []
    return "\n".join([f"**{document['question']}**", "", shown, "", *notes, source(document), made]).rstrip()


def lines(family: Family, document: Document, measures: Collection[str] = ()) -> list[list[str]]:
    """The variant, the measure, and what came of them at each point."""
    points = [_At(point) for point in done(document)]
    both = len({engine for point in points for engine in point.engines}) > 1
    return [
        [variant, measure.title, *(point.figure(variant, measure, both) for point in points)]
        for variant in changing(family, document)
        for measure in family.measures
        if (not measures or measure.name in measures) and any((variant, measure.name) in each.cells for each in points)
    ]


def changing(family: Family, document: Document) -> list[str]:
    """The variants that are not the same at all points; all of them if none changes."""
    seen = [point["comparison"] for point in done(document)]
    of = {name: [[cell for cell in cells if cell["variant"] == name] for cells in seen] for name in family.variants}
    return [name for name, each in of.items() if any(cells != each[0] for cells in each)] or list(family.variants)


def alike(family: Family, document: Document) -> str:
    """A sentence on the others."""
    others = [name for name in family.variants if name not in changing(family, document)]
    return f"The same at every point, and left out: {', '.join(others)}." if others else ""


def done(document: Document) -> list[Document]:
    """The points that there is a result of."""
    return [point for point in document["points"] if is_done(point)]


def missing(document: Document) -> list[str]:
    """What is not there of what was to be measured, a phrase each."""
    points = document["points"]
    left = len(points) - len(done(document))
    found = [f"{left} of {len(points)} points"] if left else []
    found += [f"live runs at {words(point['at'])}: {point[WHY]}" for point in points if WHY in point]
    return found


def void(document: Document) -> list[str]:
    """Runs that prove nothing, a phrase each."""
    return [
        f"{words(point['at'])}: {each}" for point in document["points"] for each in showing.void(point["observations"])
    ]


def source(document: Document) -> str:
    calibration = document["calibration"]
    return str(Provenance.read(calibration)) if calibration else ""


class _At:
    """What there is of one point."""

    def __init__(self, point: Mapping[str, Any]) -> None:
        self.cells = {(cell["variant"], cell["measure"]): cell for cell in point["comparison"]}
        self.engines = {engine for cell in point["comparison"] for engine in NAMES if cell[engine]}
        self._void = {(row["variant"], row["engine"]) for row in point["observations"] if row["why_void"]}

    def figure(self, variant: str, measure: Measure, both: bool) -> str:
        """Of the engine that ran; with ``both`` in the table it is said which one it is, the live one first."""
        cell = self.cells.get((variant, measure.name), {})
        said: dict[str, str] = {name: "void" for name in NAMES if (variant, name) in self._void}
        if live := cell.get("live"):
            said["live"] = ranged(live, measure.digits)
        if sim := cell.get("sim"):
            said["sim"] = interval(sim, measure.digits)
        return ", ".join(f"{NAMES[name]} {said[name]}" if both else said[name] for name in NAMES if name in said) or "-"
