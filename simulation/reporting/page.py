"""The report for people: one page of the suite's tables and the experiments' sections, and the same on a screen."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console

from simulation import fidelity_page, fidelity_plot, tables
from simulation.experiments import showing
from simulation.experiments.catalogue import FAMILIES
from simulation.experiments.command import show
from simulation.experiments.family import Family
from simulation.machine import in_words
from simulation.provenance import Provenance
from simulation.reporting.record import is_done

Document = dict[str, Any]

HEADINGS = ("experiment", "figure", "live", "simulated", "difference", "noise", "ranked alike")
OVERVIEW = (
    "A row has one figure for its experiment: of all that tell variants apart the one in the middle by how far the "
    "model is off. Half of them are nearer, half farther. Ranked alike: pairs of variants that live runs tell apart."
)


def write(document: Document, missing: Sequence[str], page: Path) -> None:
    """Write the page, and a picture beside it for each part; OSError says why that cannot be."""
    pictures = {name: page.with_name(f"{page.stem}-{name}.png") for name in ("suite", *_done(document))}
    if document["runs"]:
        fidelity_plot.plot(document, pictures["suite"])
    for name, experiment in _done(document).items():
        showing.plot(FAMILIES[name](), experiment, pictures[name])
    page.write_text(markdown(document, missing, pictures) + "\n")


def markdown(document: Document, missing: Sequence[str], pictures: dict[str, Path]) -> str:
    """The whole page; ``pictures`` are linked by their names, as files beside it."""
    machine = document["machine"]
    lines = ["# How near the model comes", "", f"Measured on {in_words(machine)}, begun at {machine['at']}.", ""]
    if missing:
        lines += [f"**Missing:** {'; '.join(missing)}.", ""]
    if document["runs"]:
        lines += ["## The suite", "", fidelity_page.markdown(document), ""]
        if source := document["calibration"]:
            lines += [str(Provenance.read(source)), ""]
        lines += [f"![Every scenario, live and forecast]({pictures['suite'].name})", ""]
    if experiments := overview_lines(document):
        lines += ["## The experiments", "", OVERVIEW, "", tables.markdown(HEADINGS, experiments, "|---|---|--:|"), ""]
    for name, experiment in _done(document).items():
        lines += [f"## {name}", "", showing.markdown(FAMILIES[name](), experiment), ""]
        lines += [f"![{name}]({pictures[name].name})", ""]
    return "\n".join(lines).rstrip()


def print_all(document: Document, missing: Sequence[str], console: Console) -> None:
    if document["runs"]:
        console.print(*fidelity_page.on_screen(document))
        if source := document["calibration"]:
            console.print(f"{Provenance.read(source)}", highlight=False)
    if experiments := overview_lines(document):
        console.print(tables.on_screen(HEADINGS, experiments, title="The experiments", left=2))
        console.print(OVERVIEW, highlight=False)
    for name, experiment in _done(document).items():
        show(FAMILIES[name](), experiment, console)
    for each in missing:
        console.print(f"[bold red]Missing:[/] {each}", highlight=False)


def overview_lines(document: Document) -> list[list[str]]:
    """A row for each experiment that has run live: of the figures that tell, the one in the middle by its error."""
    found = []
    for name, experiment in _done(document).items():
        family, ranking = FAMILIES[name](), experiment["ranking"]
        if (cell := typical(family, experiment["comparison"])) is not None:
            measure, *figures = showing.cells(family, cell)
            found.append(
                [name, f"`{cell['variant']}`: {measure}", *figures, f"{ranking['alike']:g} of {ranking['pairs']}"]
            )
    return found


def typical(family: Family, cells: Sequence[Document]) -> Document | None:
    """Half of the figures that tell variants apart are as near to live or nearer, half as far or farther."""
    telling = {measure.name for measure in family.measures if measure.tells}
    known = [cell for cell in cells if cell["measure"] in telling and cell["error"] is not None]
    return sorted(known, key=lambda cell: abs(cell["error"]))[len(known) // 2] if known else None


def _done(document: Document) -> dict[str, Document]:
    """The experiments that there is a result of, in the catalogue's order."""
    experiments = document["experiments"]
    return {name: experiments[name] for name in FAMILIES if is_done(experiments.get(name, {}))}
