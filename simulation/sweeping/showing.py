"""What a sweep has found: for each variant and measure a row, for each point a column."""

from collections.abc import Mapping, Sequence
from typing import Any

from rich.table import Table

from simulation.experiments.family import Family, Measure
from simulation.experiments.showing import interval, ranged
from simulation.provenance import Provenance
from simulation.sweeping.grid import words
from simulation.sweeping.sweep import WHY, is_done

Document = Mapping[str, Any]


def table(family: Family, document: Document) -> Table:
    found = Table(title=family.question, title_justify="left", title_style="bold")
    found.add_column("variant")
    found.add_column("measure")
    for point in done(document):
        found.add_column(words(point["at"]).replace(", ", "\n"), justify="right")
    variant = None
    for line in lines(family, document):
        if variant not in (None, line[0]):
            found.add_section()
        found.add_row(line[0] if line[0] != variant else "", *line[1:])
        variant = line[0]
    found.caption, found.caption_justify = source(document), "left"
    return found


def markdown(family: Family, document: Document) -> str:
    """The question, the table, and what was simulated with."""
    headings = ["variant", "measure", *(words(point["at"]) for point in done(document))]
    rows = [f"| `{line[0]}` | {' | '.join(line[1:])} |" for line in lines(family, document)]
    head = [f"| {' | '.join(headings)} |", f"|---|---|{'--:|' * (len(headings) - 2)}"]
    made = f"Digest of the simulated figures: `{document['digest']}`." if "digest" in document else ""
    return "\n".join([f"**{document['question']}**", "", *head, *rows, "", source(document), made]).rstrip()


def lines(family: Family, document: Document) -> list[list[str]]:
    """The variant, the measure, and what came of them at each point."""
    found = [{(cell["variant"], cell["measure"]): cell for cell in point["comparison"]} for point in done(document)]
    return [
        [variant, measure.title, *(_figure(cells.get((variant, measure.name)), measure) for cells in found)]
        for variant in family.variants
        for measure in family.measures
        if any((variant, measure.name) in cells for cells in found)
    ]


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
        f"{words(point['at'])}: {row['variant']}, {row['engine']}: {row['why_void']}"
        for point in document["points"]
        for row in point["observations"]
        if row["why_void"]
    ]


def source(document: Document) -> str:
    calibration = document["calibration"]
    return str(Provenance.read(calibration)) if calibration else ""


def _figure(cell: Mapping[str, Any] | None, measure: Measure) -> str:
    """Of the engine that ran; of both with the live figure first."""
    if cell is None:
        return "-"
    sides: Sequence[str] = [
        said
        for engine, said in (
            ("live", ranged(cell["live"], measure.digits)),
            ("sim", interval(cell["sim"], measure.digits)),
        )
        if cell[engine]
    ]
    return sides[0] if len(sides) == 1 else f"live {sides[0]}, simulated {sides[1]}"
