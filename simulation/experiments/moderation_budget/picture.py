"""What waiting costs and what not waiting exposes, on one sheet: panels over the scorer's latency, and an outage."""

from collections.abc import Mapping
from pathlib import Path
from textwrap import wrap
from typing import Any

from simulation import drawing
from simulation.experiments.moderation_budget.plan import BUDGET_MS, IDEAL_MS, LATENCIES_MS, OUTAGE_AT_MS, WAYS, Size
from simulation.experiments.showing import drawn

INK, QUIET, GRID = "#1f2933", "#6b7780", "#e3e8ec"
COLOURS = {"patient": "#0b6e99", "show": "#d9822b", "hold": "#8e5ea2", "behind": "#c0392b"}
NAMES = {
    "patient": "waits as long as it takes",
    "show": f"waits {1000 * WAYS['show'].timeout_s:g} ms, then is shown",
    "hold": f"waits {1000 * WAYS['hold'].timeout_s:g} ms, then is held",
    "behind": "is shown at once, judged behind",
}
DASHES = {"hold": (0, (4, 2))}  # which lies on others
PANELS = (  # measure, title, note, logarithmic
    ("end_to_end_p99_ms", "From post to screen, p99, ms", "dashed: the budget, and the ideal", True),
    ("exposure_s", "Bad comments on screens, viewer-seconds", "per 1,000 comments", True),
    ("fallback_pct", "Decided without the scorer, %", "past the time-out, or its breaker is open", False),
    ("wrongly_held_pct", "Harmless comments held or removed, %", "at the end of the run", False),
)
OUTAGE_COLUMNS = (
    ("post_p99_ms", "post p99, ms", 0),
    ("end_to_end_p99_ms", "post to screen\np99, ms", 0),
    ("exposure_s", "exposure,\nviewer-s", 0),
    ("fallback_pct", "decided without\nthe scorer, %", 0),
    ("wrongly_held_pct", "harmless, held\nor removed, %", 1),
    ("left_pct", "bad, left\nstanding, %", 0),
    ("waiting_most", "waiting for the\nscorer at most", 0),
)

Document = Mapping[str, Any]
Found = Mapping[str, Mapping[str, tuple[float, float, float]]]
"""By variant and measure: the mean, and how far its interval reaches below and above it."""


def draw(document: Document, path: Path) -> None:
    """Write it as PNG, PDF or SVG, by the file's name."""
    found = _found(document)
    with drawing.pyplot.rc_context(
        {"font.size": 8.5, "axes.edgecolor": QUIET, "axes.linewidth": 0.6, "text.color": INK}
    ):
        figure = drawing.pyplot.figure(figsize=(11.0, 8.6))
        places = {"left": 0.06, "right": 0.97, "top": 0.825, "bottom": 0.02}
        grid = figure.add_gridspec(3, 2, height_ratios=[1.0, 1.0, 0.66], hspace=0.42, wspace=0.16, **places)
        axes = [figure.add_subplot(grid[row, column]) for row in range(2) for column in range(2)]
        for axis, (measure, title, note, logarithmic) in zip(axes, PANELS, strict=True):
            _panel(axis, found, measure, logarithmic)
            _title(axis, title, note)
        for limit_ms in (BUDGET_MS, IDEAL_MS):
            axes[0].axhline(limit_ms, color=QUIET, lw=0.8, ls=(0, (4, 3)), zorder=1)
        _outage(figure.add_subplot(grid[2, :]), found)
        _heading(figure, document, axes[0])
        figure.savefig(path, dpi=160)
        drawing.pyplot.close(figure)


def _found(document: Document) -> Found:
    found: dict[str, dict[str, tuple[float, float, float]]] = {}
    for cell in document["comparison"]:
        found.setdefault(cell["variant"], {})[cell["measure"]] = drawn(cell["sim"], "sim")
    return found


def _panel(axis: "drawing.Axes", found: Found, measure: str, logarithmic: bool) -> None:
    for way, colour in COLOURS.items():
        at = [ms for ms in LATENCIES_MS if f"{way}-{ms}ms" in found]
        rows = [found[f"{way}-{ms}ms"][measure] for ms in at]
        if not rows:
            continue
        means = [mean for mean, _, _ in rows]
        low = [mean - below for mean, below, _ in rows]
        high = [mean + above for mean, _, above in rows]
        axis.fill_between(at, low, high, color=colour, alpha=0.15, lw=0)
        axis.plot(at, means, color=colour, lw=1.6, marker="o", ms=4, ls=DASHES.get(way, "-"), label=NAMES[way])
    axis.set_xscale("log")
    if measure == "exposure_s":
        axis.set_yscale("symlog", linthresh=100)
        axis.set_ylim(bottom=0)
    elif logarithmic:
        axis.set_yscale("log")
        axis.yaxis.set_major_locator(drawing.ticker.FixedLocator([30, 100, 300, 1000, 3000]))
    else:
        axis.set_ylim(-3, 103)
    axis.yaxis.set_minor_locator(drawing.ticker.FixedLocator([]))
    axis.yaxis.set_major_formatter(drawing.ticker.FuncFormatter(lambda value, _: f"{value:,.0f}"))
    axis.xaxis.set_major_locator(drawing.ticker.FixedLocator(list(LATENCIES_MS)))
    axis.xaxis.set_minor_locator(drawing.ticker.FixedLocator([]))
    axis.xaxis.set_major_formatter(drawing.ticker.FuncFormatter(lambda ms, _: f"{ms:g} ms"))
    axis.spines[["top", "right"]].set_visible(False)
    axis.grid(axis="y", color=GRID, lw=0.6)
    axis.set_axisbelow(True)
    axis.tick_params(length=2, color=QUIET, labelcolor=QUIET)


def _title(axis: "drawing.Axes", title: str, note: str) -> None:
    above: dict[str, Any] = {"xycoords": "axes fraction", "textcoords": "offset points", "va": "bottom"}
    axis.annotate(title, (0, 1), (0, 6), weight="bold", fontsize=9.5, **above)
    axis.annotate(note, (1, 1), (0, 6), color=QUIET, fontsize=8, ha="right", **above)


def _outage(axis: "drawing.Axes", found: Found) -> None:
    """A row for each way, of a scorer that stands still for a while."""
    axis.axis("off")
    ways = [way for way in COLOURS if f"{way}-outage" in found]
    axis.set_xlim(0, 1)
    axis.set_ylim(-0.6, len(ways) + 1.5)
    begins_s, over_s = Size().outage_s
    told = f"A scorer of {OUTAGE_AT_MS} ms that stands still\nfor {over_s - begins_s:g} s of {Size().seconds:g}"
    axis.text(0, len(ways) + 0.2, told, weight="bold", fontsize=9.5, linespacing=1.3)
    places = [0.3 + 0.7 * (at + 1) / len(OUTAGE_COLUMNS) for at in range(len(OUTAGE_COLUMNS))]
    for (_, heading, _), x in zip(OUTAGE_COLUMNS, places, strict=True):
        axis.text(x, len(ways) + 0.15, heading, ha="right", va="bottom", fontsize=7.5, color=QUIET, linespacing=1.2)
    axis.plot([0, 1], [len(ways), len(ways)], color=INK, lw=0.8, clip_on=False)
    for at, way in enumerate(ways):
        y = len(ways) - at - 0.5
        axis.text(0, y, NAMES[way], color=COLOURS[way], weight="bold", va="center")
        for (measure, _, digits), x in zip(OUTAGE_COLUMNS, places, strict=True):
            axis.text(x, y, f"{found[f'{way}-outage'][measure][0]:,.{digits}f}", ha="right", va="center")
    axis.plot([0, 1], [0, 0], color=INK, lw=0.8, clip_on=False)


def _heading(figure: "drawing.Figure", document: Document, axis: "drawing.Axes") -> None:
    figure.text(0.06, 0.962, "To wait for the scorer, or not", fontsize=18, weight="bold", va="center")
    told = "\n".join(wrap(document["size"], 150))
    figure.text(0.06, 0.924, told, fontsize=8.5, color=QUIET, va="center", linespacing=1.4)
    handles, labels = axis.get_legend_handles_labels()
    figure.legend(handles, labels, loc="upper left", bbox_to_anchor=(0.052, 0.904), ncols=4, frameon=False, fontsize=9)
