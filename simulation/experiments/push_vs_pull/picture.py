"""Freshness against what it costs, a mark for each transport: made to be printed, so shape and fill tell all."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from simulation import drawing
from simulation.experiments.push_vs_pull.plan import VARIANTS, Transport

MARKS = {
    Transport.POLL: "o", Transport.LONG_POLL: "s", Transport.SSE: "^", Transport.WEBSOCKET: "v",
    Transport.SEGMENTS: "D",
}  # fmt: skip
LIVE, SIM, CROWD = "#0b6e99", "#d9822b", "#333333"
AXES = (
    (("cpu_us_per_viewer_s", "cache_us_per_viewer_s"), "CPU of servers and caches, µs for a viewer and second"),
    (("bytes_per_viewer_s",), "bytes on the wire for a viewer and second"),
)
REQUESTS = "requests for a viewer and second"
AHEAD = (6, 4)  # of a mark, where its name is, in points

Cells = Mapping[tuple[str, str], Mapping[str, Any]]


def draw(document: Mapping[str, Any], path: Path) -> None:
    """Three charts from a result: the bars go from the p50 of freshness, where the mark is, to its p99."""
    cells = {(each["variant"], each["measure"]): each for each in document["comparison"]}
    figure, axes = drawing.pyplot.subplots(1, 3, figsize=(13, 5.2), layout="constrained", sharey=True)
    for axis, (names, title) in zip(axes, AXES, strict=False):
        _chart(axis, cells, names)
        axis.set(xscale="log", xlabel=title)
    _requests(axes[2], cells, document["observations"])
    axes[0].set(yscale="log", ylabel="freshness: from p50 (mark) to p99, ms")
    handles = [
        drawing.lines.Line2D([], [], color=colour, marker="o", markerfacecolor=fill, linestyle="", label=label)
        for colour, fill, label in ((LIVE, LIVE, "live"), (SIM, "white", "simulated"), (CROWD, "white", "the crowd"))
    ]
    figure.legend(handles=handles, loc="outside upper right", ncols=3, frameon=False)
    figure.suptitle(document["question"], x=0.01, ha="left", fontsize=12)
    figure.savefig(path, dpi=150)
    drawing.pyplot.close(figure)


def _chart(axis: "drawing.Axes", cells: Cells, names: Sequence[str]) -> None:
    for variant in VARIANTS:
        for engine in ("live", "sim"):
            costs = [_median(cells, variant, name, engine) for name in names]
            if None not in costs:
                _mark(axis, cells, variant, engine, sum(filter(None, costs)))
    axis.grid(alpha=0.3, which="both", linewidth=0.4)
    axis.spines[["top", "right"]].set_visible(False)


def _requests(axis: "drawing.Axes", cells: Cells, observations: Sequence[Mapping[str, Any]]) -> None:
    """The third chart, whose axis has a nought: who is pushed to asks for nothing."""
    sides = ((each["variant"], each["engine"], each["facts"]["viewers"]) for each in observations)
    for variant, engine, viewers in dict.fromkeys(sides):
        requests = _median(cells, variant, "requests_per_s", engine)
        if requests is not None:
            _mark(axis, cells, variant, engine, requests / viewers)
    axis.set(xlabel=REQUESTS, xlim=(-0.15, None))
    axis.grid(alpha=0.3, which="both", linewidth=0.4)
    axis.spines[["top", "right"]].set_visible(False)


def _mark(axis: "drawing.Axes", cells: Cells, variant: str, engine: str, cost: float) -> None:
    p50, p99 = (_median(cells, variant, f"freshness_{name}_ms", engine) for name in ("p50", "p99"))
    if p50 is None or p99 is None:
        return
    crowded, live = VARIANTS[variant].crowded, engine == "live"
    colour = CROWD if crowded else LIVE if live else SIM
    axis.plot([cost, cost], [p50, p99], color=colour, linewidth=1)
    axis.plot(
        cost, p50, MARKS[VARIANTS[variant].transport], color=colour, markerfacecolor=colour if live else "white",
        markersize=7,
    )  # fmt: skip
    if live or crowded:
        axis.annotate(
            variant, (cost, p50), xytext=AHEAD, textcoords="offset points", fontsize=7, color=colour
        )  # fmt: skip


def _median(cells: Cells, variant: str, measure: str, engine: str) -> float | None:
    side = (cells.get((variant, measure)) or {}).get(engine)
    return None if side is None else float(side["median"])
