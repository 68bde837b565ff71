"""The charts that several notebooks have: points with their intervals beside live runs, a curve with its band."""

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from simulation.docs.results import result
from simulation.experiments.comparison import CONFIDENCE
from simulation.notebooks.modelling import Modelled
from simulation.notebooks.showing import LIVE, MODEL, number
from simulation.statistics import confidence_interval

if TYPE_CHECKING:
    from matplotlib.axes import Axes

ROOM = 1.15  # of the largest, so that it does not stand in the corner
APART = 0.13  # of a row: the model above, live below


def both(axis: "Axes", modelled: Modelled, variants: Sequence[str], measure: str, *, from_zero: bool = False) -> None:
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
    if from_zero:
        axis.set_xlim(
            0, ROOM * max([found.mean + found.half_width for _, found in rows] + [side["most"] for _, side in seen])
        )


def curve(
    axis: "Axes",
    xs: Sequence[float],
    values: Callable[[float], Sequence[float]],
    *,
    label: str,
    color: str,
    marker: str = "o",
) -> None:
    """The mean of the replications at each x, with the band of its 95 % interval; of logarithms, on such an axis."""
    bands = [band(values(x), logarithmic=axis.get_yscale() == "log") for x in xs]
    low, middle, high = zip(*bands, strict=True)
    axis.plot(xs, middle, marker=marker, markersize=5, color=color, label=label)
    axis.fill_between(xs, low, high, color=color, alpha=0.2, linewidth=0)


def band(values: Sequence[float], *, logarithmic: bool) -> tuple[float, float, float]:
    """Lower end, mean and upper end of the mean's interval; on a logarithmic scale the mean is the geometric one."""
    found = confidence_interval([math.log(each) for each in values] if logarithmic else values, CONFIDENCE)
    ends = found.mean - found.half_width, found.mean, found.mean + found.half_width
    low, middle, high = (math.exp(each) if logarithmic else each for each in ends)
    return low, middle, high


def log_scale(axis: "Axes", which: str = "x", ticks: Sequence[float] = ()) -> None:
    """A logarithmic scale whose figures are written out; before what is drawn on it."""
    from matplotlib.ticker import NullFormatter

    axis.set(**{f"{which}scale": "log"})
    side = axis.xaxis if which == "x" else axis.yaxis
    if ticks:
        side.set_ticks(ticks)
    side.set_major_formatter(lambda value, _: number(value))
    side.set_minor_formatter(NullFormatter())
