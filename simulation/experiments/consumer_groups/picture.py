"""The backlog over time where something befalls a worker, and below it how partitions and workers share the work."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from simulation import drawing
from simulation.experiments.consumer_groups.plan import DEAD, FAULTS, JOINS, SLOW, STEADY, STOPPED, Size
from simulation.experiments.showing import COLOURS, bars, plain

QUIET = "#6b7780"
PANELS = {
    JOINS: "a second worker joins",
    SLOW: "one of four is slow",
    DEAD: "one of four is killed",
    STOPPED: "one of four is stopped",
}
BARS = (
    ("lag_p99_ms", "lag p99, ms", tuple(STEADY)),
    ("fairness", "fairness of what workers do", tuple(STEADY)),
    ("unowned_pct", "partitions' time without a worker, %", tuple(FAULTS)),
    ("doubled", "effects doubled", tuple(FAULTS)),
)

Document = Mapping[str, Any]


def draw(document: Document, path: Path) -> None:
    """Write it as PNG, PDF or SVG, by the file's name."""
    figure, axes = drawing.pyplot.subplots(2, 4, figsize=(13, 6.6), layout="constrained")
    for axis, (variant, title) in zip(axes[0], PANELS.items(), strict=True):
        _over_time(axis, document, variant)
        plain(axis, f"Backlog: {title}")
        axis.set_xlabel("seconds since then", fontsize=8, color=QUIET)
    most = max(axis.get_ylim()[1] for axis in axes[0])
    for axis in axes[0]:
        axis.set_ylim(0, most)
    for axis, (measure, title, variants) in zip(axes[1], BARS, strict=True):
        bars(axis, document, measure, {each: each.replace("x", " x ") if each in STEADY else each for each in variants})
        plain(axis, title[0].upper() + title[1:])
    axes[1][0].set_yscale("log")
    axes[1][0].yaxis.set_major_locator(drawing.ticker.LogLocator(subs=(1, 2, 5)))
    axes[1][0].yaxis.set_minor_locator(drawing.ticker.NullLocator())
    axes[1][0].yaxis.set_major_formatter(drawing.ticker.FuncFormatter(lambda ms, _: f"{ms:,.0f}"))
    handles, labels = axes[1][0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper right", ncols=2, frameon=False)
    figure.suptitle(document["question"], x=0.01, ha="left", fontsize=12)
    figure.savefig(path, dpi=120)
    drawing.pyplot.close(figure)


def _over_time(axis: "drawing.Axes", document: Document, variant: str) -> None:
    """Live runs each, and of the model's the mean with the least and the most."""
    size = Size()
    if variant in (DEAD, STOPPED):
        axis.axvspan(0, size.lease.lease_s, color="#f0f2f4", lw=0)
        axis.annotate("its lease", (0.05, 0.97), xycoords=("data", "axes fraction"), va="top", fontsize=8, color=QUIET)
    if variant in (SLOW, STOPPED):
        over_s = size.slow_s if variant == SLOW else size.stopped_s
        axis.axvline(over_s, color=QUIET, lw=0.8, ls=(0, (4, 3)))
        axis.annotate(
            " it is itself" if variant == SLOW else " it wakes", (over_s, 0.97), xycoords=("data", "axes fraction"),
            va="top", fontsize=8, color=QUIET,
        )  # fmt: skip
    axis.axvline(0, color="#c0392b", lw=0.9)
    runs = [_steps(each) for each in document["observations"] if _shows(each, variant, "sim")]
    if runs:
        grid = np.arange(max(at_s[0] for at_s, _ in runs), min(at_s[-1] for at_s, _ in runs), 0.1)
        table = np.array([np.interp(grid, *run) for run in runs])
        axis.fill_between(grid, table.min(axis=0), table.max(axis=0), color=COLOURS["sim"], alpha=0.2, lw=0)
        axis.plot(grid, table.mean(axis=0), color=COLOURS["sim"], lw=1.4)
    for each in document["observations"]:
        if _shows(each, variant, "live"):
            axis.plot(*_steps(each), color=COLOURS["live"], lw=1.2)


def _shows(each: Mapping[str, Any], variant: str, engine: str) -> bool:
    return (each["variant"], each["engine"]) == (variant, engine) and not each["why_void"]


def _steps(each: Mapping[str, Any]) -> tuple["np.ndarray[Any, Any]", "np.ndarray[Any, Any]"]:
    at_s, backlog = np.array(each["facts"]["backlog"], dtype=np.float64).T
    return at_s, backlog
