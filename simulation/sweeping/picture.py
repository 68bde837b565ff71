"""A sweep as curves: a panel for each measure that tells, a line for each variant; live runs are rings on it."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from simulation import drawing
from simulation.experiments.family import Family, Measure
from simulation.experiments.showing import drawn
from simulation.sweeping.grid import At, Axis, points, shown, words
from simulation.sweeping.showing import changing, done

COLUMNS = 3
PANELS_MAX = 60
TICKS_MAX = 8  # values that are named on the axis; of more, round ones are
LOG_FROM = 30  # times the least value; beyond it the small ones would lie on the axis

Document = Mapping[str, Any]
Panel = tuple[Measure, At]


def panels(family: Family, axes: Sequence[Axis]) -> list[Panel]:
    """What is drawn beside each other: each measure at each point of the axes that are not drawn along."""
    measures = [measure for measure in family.measures if measure.tells] or list(family.measures)
    along = longest(axes)
    return [(measure, rest) for measure in measures for rest in points([axis for axis in axes if axis is not along])]


def longest(axes: Sequence[Axis]) -> Axis:
    """The axis with the most values, the first of these: the one to draw along."""
    return max(axes, key=lambda axis: len(axis.values))


def draw(family: Family, axes: Sequence[Axis], document: Document, path: Path) -> None:
    """Into a file whose name says in which format."""
    wanted, along = panels(family, axes), longest(axes)
    rests = len(points(axes)) // len(along.values)
    columns = min(COLUMNS, len(wanted)) if rests == 1 else rests
    rows = -(-len(wanted) // columns)
    figure, grid = drawing.pyplot.subplots(
        rows, columns, figsize=(4.4 * columns, 3.3 * rows + 0.9), layout="constrained", squeeze=False
    )
    for axis in grid.flat[len(wanted) :]:
        axis.axis("off")
    for axis, (measure, rest) in zip(grid.flat, wanted, strict=False):
        _panel(axis, family, document, measure, along, rest)
    handles, labels = grid.flat[0].get_legend_handles_labels()
    if any(cell["live"] for point in done(document) for cell in point["comparison"]):
        handles.append(drawing.lines.Line2D([], [], ls="", marker="o", mfc="none", color="black"))
        labels.append("live")
    figure.legend(handles, labels, loc="outside lower left", ncols=4, frameon=False, fontsize=9)
    figure.suptitle(family.question, x=0.01, ha="left", fontsize=12, wrap=True)
    figure.savefig(path, dpi=120)
    drawing.pyplot.close(figure)


def _panel(axis: "drawing.Axes", family: Family, document: Document, measure: Measure, along: Axis, rest: At) -> None:
    here = [point for point in done(document) if rest.items() <= point["at"].items()]
    here.sort(key=lambda point: point["at"][along.name])
    values = [
        value
        for number, variant in enumerate(changing(family, document))
        for value in _variant(axis, here, variant, measure, along.name, f"C{number}")
    ]
    _scale(axis, values)
    if along.geometric:
        axis.set_xscale("log")
    if len(along.values) <= TICKS_MAX:
        axis.set_xticks(along.values, [shown(value) for value in along.values])
        axis.minorticks_off()
    axis.set_title(", ".join(filter(None, (measure.title, words(rest)))), loc="left", fontsize=10)
    axis.set_xlabel(along.name, fontsize=9)
    axis.grid(alpha=0.3)
    axis.spines[["top", "right"]].set_visible(False)


def _scale(axis: "drawing.Axes", values: Sequence[float]) -> None:
    """By what is in the middle: an interval of few replications may be wider than all there is to see."""
    if not values:
        return
    least, most = min(values), max(values)
    if least > 0 and most > LOG_FROM * least:
        axis.set_yscale("log")
        axis.set_ylim(least / 1.6, most * 1.6)
    else:
        axis.set_ylim(min(0.0, least * 1.2), max(most * 1.2, 1e-9))


def _variant(
    axis: "drawing.Axes", here: Sequence[Document], variant: str, measure: Measure, along: str, colour: str
) -> list[float]:
    """The model's means with their confidence, live medians with their range; the answer is both."""
    styles = {"sim": {"marker": "."}, "live": {"ls": "", "marker": "o", "mfc": "none"}}
    middles: list[float] = []
    for engine, style in styles.items():
        sides = [(point["at"][along], side) for point in here if (side := _side(point, variant, measure, engine))]
        if sides:
            middle, below, above = zip(*(drawn(side, engine) for _, side in sides), strict=True)
            made: dict[str, Any] = {**style, "color": colour, "capsize": 2, "label": None if middles else variant}
            axis.errorbar([at for at, _ in sides], middle, yerr=[below, above], **made)
            middles += middle
    return middles


def _side(point: Document, variant: str, measure: Measure, engine: str) -> Mapping[str, Any] | None:
    found = (
        cell[engine] for cell in point["comparison"] if (cell["variant"], cell["measure"]) == (variant, measure.name)
    )
    return next(found, None)
