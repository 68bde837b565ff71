"""Freshness against what it costs, a mark for each transport: made to be printed, so shape and fill tell all."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from simulation import drawing
from simulation.experiments.push_vs_pull.plan import VARIANTS, Transport
from simulation.experiments.showing import drawn

MARKS = {
    Transport.POLL: "o", Transport.LONG_POLL: "s", Transport.SSE: "^", Transport.WEBSOCKET: "v",
    Transport.SEGMENTS: "D",
}  # fmt: skip
LIVE, SIM, CROWD = "#0b6e99", "#d9822b", "#333333"
CPU = ("cpu_us_per_viewer_s", "cache_us_per_viewer_s")
BESIDE = (5, -9)  # of a mark, where a poll's period is written, in points
TICKS_MS = (1, 10, 100, 1_000, 10_000)
TICKS_US = (1, 3, 10, 30, 100, 300, 1_000, 3_000, 10_000)

Document = Mapping[str, Any]
Place = tuple[str, str, float]
"""A variant, an engine, and what it costs there for a viewer and second."""


def draw(document: Document, path: Path) -> None:
    """Three charts from a result: the bars go from the p50 of freshness, where the mark is, to its p99."""
    figure, axes = drawing.pyplot.subplots(1, 3, figsize=(12, 4.6), layout="constrained", sharey=True)
    _chart(axes[0], document, _costs(document, CPU))
    axes[0].set(xscale="log", xlabel="CPU of servers and caches, µs for a viewer and second")
    _ticks(axes[0].xaxis, TICKS_US)
    axes[0].set(yscale="log", ylabel="freshness, ms: from p50 (mark) to p99")
    _ticks(axes[0].yaxis, TICKS_MS)
    _chart(axes[1], document, _costs(document, ("bytes_per_viewer_s",)))
    axes[1].set(xlabel="bytes on the wire for a viewer and second", xlim=(0, None))
    _chart(axes[2], document, _requests(document))
    axes[2].set(xlabel="requests for a viewer and second", xlim=(-0.1, None))
    figure.legend(handles=_legend(), loc="outside lower center", ncols=8, frameon=False, fontsize=8)
    figure.suptitle(document["question"], x=0.01, ha="left", fontsize=12)
    figure.savefig(path, dpi=150)
    drawing.pyplot.close(figure)


def _chart(axis: "drawing.Axes", document: Document, places: Sequence[Place]) -> None:
    for variant, engine, cost in places:
        p50, p99 = (_middle(document, variant, f"freshness_{name}_ms", engine) for name in ("p50", "p99"))
        if p50 is None or p99 is None:
            continue
        transport, crowded, live = VARIANTS[variant].transport, VARIANTS[variant].crowded, engine == "live"
        colour = CROWD if crowded else LIVE if live else SIM
        fill = colour if live else "none"
        axis.plot([cost, cost], [p50, p99], color=colour, linewidth=0.9)
        axis.plot(cost, p50, MARKS[transport], color=colour, markerfacecolor=fill, markersize=7)
        if transport is Transport.POLL:
            period = f"{VARIANTS[variant].every_s:g} s"
            axis.annotate(period, (cost, p50), xytext=BESIDE, textcoords="offset points", fontsize=7, color=colour)
    axis.grid(alpha=0.3, linewidth=0.4)
    axis.spines[["top", "right"]].set_visible(False)


def _costs(document: Document, measures: Sequence[str]) -> list[Place]:
    """The sum of some measures, wherever there are all of them."""
    found = []
    for variant in VARIANTS:
        for engine in ("live", "sim"):
            parts = [_middle(document, variant, measure, engine) for measure in measures]
            if None not in parts:
                found.append((variant, engine, sum(filter(None, parts))))
    return found


def _requests(document: Document) -> list[Place]:
    counted = [each for each in document["observations"] if not each["why_void"]]
    sides = {(each["variant"], each["engine"]): each["facts"]["viewers"] for each in counted}
    known = [(*side, _middle(document, side[0], "requests_per_s", side[1]), count) for side, count in sides.items()]
    return [(variant, engine, per_s / count) for variant, engine, per_s, count in known if per_s is not None]


def _middle(document: Document, variant: str, measure: str, engine: str) -> float | None:
    for cell in document["comparison"]:
        if (cell["variant"], cell["measure"]) == (variant, measure) and cell[engine]:
            return drawn(cell[engine], engine)[0]
    return None


def _ticks(axis: Any, at: Sequence[float]) -> None:
    """Numbers in full: powers of ten are for logarithms."""
    axis.set_major_locator(drawing.ticker.FixedLocator(at))
    axis.set_major_formatter(drawing.ticker.StrMethodFormatter("{x:,g}"))
    axis.set_minor_formatter(drawing.ticker.NullFormatter())


def _legend() -> list[Any]:
    def entry(label: str, mark: str, colour: str, fill: str) -> Any:
        return drawing.lines.Line2D([], [], color=colour, marker=mark, markerfacecolor=fill, linestyle="", label=label)

    kinds = [entry(transport.value, mark, CROWD, "none") for transport, mark in MARKS.items()]
    engines = (("live", LIVE, LIVE), ("simulated", SIM, "none"), ("simulated crowd", CROWD, "none"))
    return kinds + [entry(label, "o", colour, fill) for label, colour, fill in engines]
