"""What a family has found: a table for the screen, the same as Markdown, and a picture."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.table import Table

from simulation import drawing, tables
from simulation.experiments.family import LEFT_OUT, Family, Pictured
from simulation.provenance import Provenance

COLOURS = {"live": "#0b6e99", "sim": "#d9822b"}
NAMES = {"live": "live", "sim": "simulated"}
COLUMNS = 3  # of a picture
HEADINGS = ("variant", "measure", "live", "simulated", "difference", "noise")

Document = Mapping[str, Any]


def table(family: Family, document: Document) -> Table:
    found = tables.on_screen(HEADINGS, (), title=family.question, left=2)
    variant = None
    for cell in document["comparison"]:
        if variant not in (None, cell["variant"]):
            found.add_section()
        found.add_row(cell["variant"] if variant != cell["variant"] else "", *cells(family, cell))
        variant = cell["variant"]
    found.caption, found.caption_justify = _source(document), "left"
    return found


def markdown(family: Family, document: Document) -> str:
    """The question, the answer and the table."""
    lines = [f"**{document['question']}** {document['size']}", "", document["answer"], "", _rows(family, document)]
    if told := void(document["observations"]):
        lines += ["", *(f"- Void: {each}." for each in told)]
    if told := overloaded(document["observations"]):
        lines += ["", *(f"- Overloaded: {each}." for each in told)]
    ranking = document["ranking"]
    if ranking["pairs"]:
        lines += [
            "",
            f"Of {ranking['pairs']} pairs that live runs tell apart the model ranks {ranking['alike']} alike.",
        ]
    if source := _source(document):
        lines += ["", source]
    return "\n".join(lines)


def void(observations: Sequence[Mapping[str, Any]]) -> list[str]:
    """Runs that count for nothing, and why; a phrase for all runs of a variant of which the same is to be said."""
    told = (f"{each['variant']}, {each['engine']}: {each['why_void']}" for each in observations if each["why_void"])
    return list(dict.fromkeys(told))


def overloaded(observations: Sequence[Mapping[str, Any]]) -> list[str]:
    """Live runs whose servers left things out, without being asked to: their figures are not of the whole."""
    told = (
        f"{each['variant']}, {each['engine']}: the server left things out ({', '.join(each['facts'][LEFT_OUT])})"
        for each in observations if LEFT_OUT in each["facts"]
    )  # fmt: skip
    return list(dict.fromkeys(told))


def plot(family: Family, document: Document, path: Path) -> None:
    """A chart for each measure that tells: what tables say of both engines, as bars."""
    if isinstance(family, Pictured):
        family.plot(document, path)
        return
    measures = [measure for measure in family.measures if measure.tells] or list(family.measures)
    rows = -(-len(measures) // COLUMNS)
    figure, axes = drawing.pyplot.subplots(rows, COLUMNS, figsize=(13, 3.4 * rows), layout="constrained", squeeze=False)
    for axis in axes.flat[len(measures) :]:
        axis.axis("off")
    for axis, measure in zip(axes.flat, measures, strict=False):
        there = [cell["variant"] for cell in document["comparison"] if cell["measure"] == measure.name]
        bars(axis, document, measure.name, {each: each for each in family.variants if each in there})
        plain(axis, measure.title)
    handles, labels = axes.flat[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper right", ncols=2, frameon=False)
    figure.suptitle(family.question, x=0.01, ha="left", fontsize=12)
    figure.savefig(path, dpi=120)
    drawing.pyplot.close(figure)


def _source(document: Document) -> str:
    """What was simulated with; nothing of a result that does not say so."""
    source = document.get("calibration")
    return str(Provenance.read(source)) if source else ""


def _rows(family: Family, document: Document) -> str:
    """A row for each figure; where there is nothing live to compare, a row for each variant."""
    compared = document["comparison"]
    if any(cell["live"] for cell in compared):
        rows = [[f"`{cell['variant']}`", *cells(family, cell)] for cell in compared]
        return tables.markdown(HEADINGS, rows, "|---|---|--:|")
    told = {(cell["variant"], cell["measure"]): cell["sim"] for cell in compared}
    rows = [
        [f"`{name}`", *(interval(told[name, each.name], each.digits) for each in family.measures)]
        for name in dict.fromkeys(cell["variant"] for cell in compared)
    ]
    return tables.markdown(["variant", *(each.title for each in family.measures)], rows, "|---|--:|")


def bars(axis: "drawing.Axes", document: Document, measure: str, names: Mapping[str, str]) -> None:
    """Live and simulated side by side, for each variant, with its name below; nothing in the place of one without."""
    of = {cell["variant"]: cell for cell in document["comparison"] if cell["measure"] == measure}
    for shift, engine in enumerate(("live", "sim")):
        sides = [(place, of[each][engine]) for place, each in enumerate(names) if each in of and of[each][engine]]
        if not sides:
            continue
        at = [place + shift * 0.4 for place, _ in sides]
        middle, below, above = zip(*(drawn(side, engine) for _, side in sides), strict=True)
        axis.bar(at, middle, 0.38, yerr=[below, above], color=COLOURS[engine], label=NAMES[engine], capsize=2)
    at = [place + 0.2 for place in range(len(names))]
    axis.set_xticks(at, list(names.values()), rotation=25, ha="right", fontsize=8)


def plain(axis: "drawing.Axes", title: str) -> None:
    """A chart's title, and no more lines than its figures need."""
    axis.set_title(title, loc="left", fontsize=10)
    axis.grid(axis="y", alpha=0.3)
    axis.spines[["top", "right"]].set_visible(False)


def drawn(side: Mapping[str, Any], engine: str) -> tuple[float, float, float]:
    """What tables say of an engine's runs, and how far it reaches below and above, all in the measure's unit.

    Of live runs the median and their range, of the model's the mean and its interval.
    """
    if engine == "live":
        return side["median"], side["median"] - side["least"], side["most"] - side["median"]
    half_width = side["half_width"] or 0.0
    return side["mean"], half_width, half_width


def cells(family: Family, cell: Mapping[str, Any]) -> list[str]:
    """The measure's title, live, simulated, difference, noise."""
    measure = next(each for each in family.measures if each.name == cell["measure"])
    digits = measure.digits
    error = cell["error"]
    difference = "" if cell["difference"] is None else f"{cell['difference']:+,.{digits}f}"
    return [
        measure.title,
        ranged(cell["live"], digits),
        interval(cell["sim"], digits),
        difference if error is None else f"{difference} ({error:+.0%})",
        "" if cell["noise"] is None else f"{cell['noise']:.0%}",
    ]


def ranged(side: Mapping[str, Any] | None, digits: int) -> str:
    """The median, and from where to where the runs were."""
    if side is None:
        return "-"
    if side["least"] == side["most"]:
        return f"{side['median']:,.{digits}f}"
    return f"{side['median']:,.{digits}f} ({side['least']:,.{digits}f}-{side['most']:,.{digits}f})"


def interval(side: Mapping[str, Any] | None, digits: int) -> str:
    """The mean, and how sure it is."""
    if side is None:
        return "-"
    sure = f" ± {side['half_width']:,.{digits}f}" if side["half_width"] else ""
    return f"{side['mean']:,.{digits}f}{sure}"
