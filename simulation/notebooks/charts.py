"""The charts that several notebooks have: points with their intervals beside live runs, a curve with its band."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from simulation.docs.findings import result
from simulation.notebooks.modelling import Modelled
from simulation.notebooks.showing import LIVE, MODEL
from simulation.statistics import Interval

if TYPE_CHECKING:
    from matplotlib.axes import Axes

APART = 0.13  # of a row: the model above, live below


def both(axis: "Axes", modelled: Modelled, variants: Sequence[str], measure: str) -> None:
    """A row for each variant: the model's mean with its 95 % interval, and the live runs from least to most."""
    cells = result(modelled.family.name)["comparison"]
    live = {cell["variant"]: cell["live"] for cell in cells if cell["measure"] == measure and cell["live"]}
    rows = [(row, modelled.interval(variant, measure)) for row, variant in enumerate(variants)]
    axis.errorbar(
        [found.mean for _, found in rows], [row - APART for row, _ in rows],
        xerr=[found.half_width for _, found in rows], fmt="o", color=MODEL, label="model, mean and 95 % interval",
    )  # fmt: skip
    seen = [(row, live[variant]) for row, variant in enumerate(variants) if variant in live]
    reach = [[side["median"] - side["least"] for _, side in seen], [side["most"] - side["median"] for _, side in seen]]
    axis.errorbar(
        [side["median"] for _, side in seen], [row + APART for row, _ in seen],
        xerr=reach, fmt="s", color=LIVE, label="live, median and range",
    )  # fmt: skip
    axis.set_yticks(range(len(variants)), variants)
    axis.set_ylim(len(variants) - 0.5, -0.5)
    axis.grid(visible=False, axis="y")


def curve(
    axis: "Axes", xs: Sequence[float], found: Callable[[float], Interval], *, label: str, color: str, marker: str = "o"
) -> None:
    """Means at each x, with the band of their intervals."""
    intervals = [found(x) for x in xs]
    axis.plot(xs, [each.mean for each in intervals], marker=marker, markersize=4, color=color, label=label)
    low = [each.mean - each.half_width for each in intervals]
    high = [each.mean + each.half_width for each in intervals]
    axis.fill_between(xs, low, high, color=color, alpha=0.2, linewidth=0)
