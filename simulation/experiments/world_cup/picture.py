"""The match on one sheet: seven panels on one axis of time, goals and faults across all, and the plans side by side."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from simulation import drawing
from simulation.experiments.world_cup.plan import AS_PLANNED, OWN_REGION, VARIANTS, Plan, in_words
from simulation.experiments.world_cup.table import draw_table

INK, QUIET, GRID = "#1f2933", "#6b7780", "#e3e8ec"
GOAL, LOST, CUT = "#b8860b", "#c0392b", "#9aa5ad"
REGIONS = {"europe": "#0b6e99", "americas": "#b5577a", "asia": "#3f8f5b"}
COLOURS = dict(zip(VARIANTS, (INK, "#c0392b", "#8e5ea2", "#d9822b", "#2a9d8f"), strict=True))
A4 = (8.27, 11.69)  # inches
TRYING = (OWN_REGION, "no jitter")  # plans by which those who lost their edge try otherwise
TRIED_S = 30  # whoever tries to the end has tried within so long: the backoff's cap
MARGIN_S = 50  # right of the match, for the lines' names
LATE_MS = 1000.0  # what a comment may take

Document = Mapping[str, Any]
Series = Mapping[str, Any]


def draw(document: Document, path: Path) -> None:
    """Write it as PNG, PDF or SVG, by the file's name; the first repeat of each variant is shown."""
    found = _by_variant(document)
    planned = AS_PLANNED if AS_PLANNED in found else next(iter(found))
    plan = VARIANTS.get(planned, Plan())
    with drawing.pyplot.rc_context({"font.size": 8, "axes.edgecolor": QUIET, "axes.linewidth": 0.6, "text.color": INK}):
        figure = drawing.pyplot.figure(figsize=A4)
        axes = _panels(figure, len(found))
        series = {variant: row["facts"]["series"] for variant, row in found.items()}
        _comments(axes[0], series[planned])
        _shed(axes[1], series[planned])
        _regions(axes[2], series[planned])
        _variants(axes[3], series, plan.lost[0])
        _viewers(axes[4], series)
        _tries(axes[5], series)
        _egress(axes[6], series)
        _marks(axes[:-1], plan)
        _heading(figure, document, plan)
        draw_table(axes[-1], found, COLOURS)
        figure.savefig(path, dpi=200)
        drawing.pyplot.close(figure)


def _by_variant(document: Document) -> dict[str, Mapping[str, Any]]:
    rows: dict[str, Mapping[str, Any]] = {}
    for row in document["observations"]:
        if not row["why_void"]:
            rows.setdefault(row["variant"], row)
    return rows


def _panels(figure: "drawing.Figure", variants: int) -> "list[drawing.Axes]":
    ratios = [1.0, 0.42, 1.2, 1.2, 0.75, 0.6, 0.8, 0.5 + 0.14 * variants]
    places = {"left": 0.075, "right": 0.97, "top": 0.893, "bottom": 0.02}
    grid = figure.add_gridspec(len(ratios), 1, height_ratios=ratios, hspace=0.46, **places)
    first = figure.add_subplot(grid[0])
    rest = [figure.add_subplot(grid[at], sharex=first) for at in range(1, len(ratios) - 1)]
    for axis in (first, *rest):
        axis.spines[["top", "right"]].set_visible(False)
        axis.grid(axis="y", color=GRID, lw=0.6)
        axis.set_axisbelow(True)
        axis.tick_params(length=2, color=QUIET, labelcolor=QUIET, labelbottom=axis is rest[-1])
    return [first, *rest, figure.add_subplot(grid[-1])]


def _heading(figure: "drawing.Figure", document: Document, plan: Plan) -> None:
    figure.text(0.075, 0.968, "The final, second by second", fontsize=19, weight="bold", va="center")
    told = (
        f"{plan.viewers / 1e6:g} million viewers, {plan.peak_per_s:,.0f} comments/s at a goal, {plan.edges} edges in "
        "three regions: simulated, with the server's own policies.\nA cluster of edges is lost at the second goal; "
        f"later a region is cut off for {plan.cut_s[1] - plan.cut_s[0]:g} s. Bursts are those of a recorded chat."
    )
    figure.text(0.075, 0.937, told, fontsize=8.5, color=QUIET, va="center", linespacing=1.45)


def _title(axis: "drawing.Axes", title: str, note: str) -> None:
    above: dict[str, Any] = {"xycoords": "axes fraction", "textcoords": "offset points", "va": "bottom"}
    axis.annotate(title, (0, 1), (0, 6), weight="bold", fontsize=9, **above)
    axis.annotate(note, (1, 1), (0, 6), color=QUIET, fontsize=7.5, ha="right", **above)


def _coloured(series: Mapping[str, Series]) -> list[tuple[str, Series, str, bool]]:
    """Each variant with its colour, and whether it is the plan that the others are held against."""
    return [(name, each, COLOURS.get(name, INK), name == AS_PLANNED) for name, each in series.items()]


def _comments(axis: "drawing.Axes", series: Series) -> None:
    posted = np.array(series["posted_per_s"]) / 1000
    axis.fill_between(np.arange(len(posted)), posted, color="#cfe2eb", lw=0, step="mid")
    axis.step(np.arange(len(posted)), posted, color=REGIONS["europe"], lw=0.9, where="mid")
    axis.set_ylim(0, posted.max() * 1.3)
    shown = f"a viewer is shown {np.mean(series['shown_per_s']):.0f} comments/s, whatever is posted"
    _title(axis, "Comments posted, thousand/s", shown)


def _shed(axis: "drawing.Axes", series: Series) -> None:
    shed = np.array(series["shed_pct"])
    axis.fill_between(np.arange(len(shed)), shed, color="#f3dcd8", lw=0)
    axis.plot(shed, color=LOST, lw=0.9)
    axis.set_ylim(0, 105)
    axis.yaxis.set_major_locator(drawing.ticker.FixedLocator([0, 50, 100]))
    _title(
        axis,
        "Left out by the display budget, % of the comments of a viewer's own room",
        "a sample, the same for all in it",
    )


def _regions(axis: "drawing.Axes", series: Series) -> None:
    names = []
    for region, colour in REGIONS.items():
        values = np.array(series["p99_ms"][region])
        axis.plot(values, color=colour, lw=1.1)
        names.append((float(np.median(values[-40:])), in_words(region), colour))
    _seconds(axis, [np.array(series["p99_ms"][region]) for region in REGIONS])
    _name_all(axis, len(series["watching"]), names)
    _title(axis, "From post to screen as planned, p99, by region", "a comment counts when it was meant to be posted")


def _variants(axis: "drawing.Axes", series: Mapping[str, Series], region: str) -> None:
    names, rows = [], []
    for variant, each, colour, first in _coloured(series):
        values = np.array(each["p99_ms"][region])
        rows.append(values)
        axis.plot(values, color=colour, lw=1.5 if first else 1.0, zorder=4 if first else 3)
        names.append((float(np.median(values[-12:])), variant, colour))
    _seconds(axis, rows)
    _name_all(axis, len(rows[0]), names)
    _title(axis, f"The same in {in_words(region)}, where the cluster is lost, by plan", "logarithmic scale")


def _viewers(axis: "drawing.Axes", series: Mapping[str, Series]) -> None:
    names, fewest = [], float("inf")
    for variant, each, colour, first in _coloured(series):
        there = np.array(each["watching"]) / 1e6
        if first:
            axis.fill_between(np.arange(len(there)), there, color="#eef1f3", lw=0)
        axis.plot(there, color=colour, lw=1.5 if first else 1.0, zorder=4 if first else 3)
        names.append((float(there[-1]), variant, colour))
        fewest = min(fewest, float(there.min()))
    full = max(at_end for at_end, _, _ in names)
    axis.set_ylim(fewest - 0.15 * (full - fewest), full + 0.08 * (full - fewest))
    behind = [each for each in names if each[0] < full]
    _name_all(axis, len(there), [*behind, (full, "all other plans" if behind else "all plans", INK)])
    _title(axis, "Viewers with an edge, million", "the scale begins above zero")


def _tries(axis: "drawing.Axes", series: Mapping[str, Series]) -> None:
    """Those of plans that differ in what a viewer tries; a second without any has no point."""
    names, most = [], 0.0
    for variant, each, colour, first in _coloured(series):
        tries = np.array(each["tries_per_s"], dtype=np.float64)
        if not first and variant not in TRYING:
            continue
        tries[tries == 0] = np.nan
        if np.isfinite(tries[-TRIED_S:]).any():
            names.append((float(np.nanmax(tries[-TRIED_S:])), variant, colour))
        axis.plot(tries, color=colour, lw=1.5 if first else 1.0, zorder=4 if first else 3, marker=".", ms=2.5)
        most = max(most, float(np.nanmax(tries, initial=0.0)))
    axis.set_yscale("log")
    axis.set_ylim(100, max(1_000.0, most * 3))
    axis.yaxis.set_major_locator(drawing.ticker.FixedLocator([1e3, 1e5]))
    axis.yaxis.set_minor_locator(drawing.ticker.FixedLocator([]))
    axis.yaxis.set_major_formatter(drawing.ticker.FuncFormatter(lambda each, _: f"{each / 1000:,.0f} k"))
    _name_all(axis, len(tries), names)
    peak = max(next(iter(series.values()))["tries_per_s"]) / 1e6
    _title(
        axis,
        "Tries to connect a second",
        f"logarithmic; as planned up to {peak:.1f} million, which full jitter spreads",
    )


def _egress(axis: "drawing.Axes", series: Mapping[str, Series]) -> None:
    names = []
    for variant, each, colour, first in _coloured(series):
        values = np.array(each["egress_tbit_per_s"])
        axis.plot(values, color=colour, lw=1.5 if first else 1.0, zorder=4 if first else 3)
        if first or variant == "no display budget":
            names.append((float(np.median(values[-40:])), variant, colour))
    axis.set_ylim(0, None)
    _name_all(axis, len(values), names)
    _title(axis, "Sent to viewers, Tbit/s", "after the cut the region is sent what it lacks")


def _seconds(axis: "drawing.Axes", rows: Sequence[Any]) -> None:
    """A logarithmic axis in ms, written in seconds."""
    most = max(float(row.max()) for row in rows)
    axis.set_yscale("log")
    axis.set_ylim(250, most * 1.5)
    ticks = [each for each in (300, 1000, 3000, 10_000, 30_000, 100_000, 300_000) if each < most * 1.5]
    axis.yaxis.set_major_locator(drawing.ticker.FixedLocator(ticks))
    axis.yaxis.set_minor_locator(drawing.ticker.FixedLocator([]))
    axis.yaxis.set_major_formatter(drawing.ticker.FuncFormatter(lambda ms, _: f"{ms / 1000:g} s"))
    axis.axhline(LATE_MS, color=QUIET, lw=0.7, ls=(0, (4, 3)), zorder=1)


def _name_all(axis: "drawing.Axes", at: float, names: Sequence[tuple[float, str, str]]) -> None:
    """Lines' names at their ends, moved apart where they would meet."""
    point = 72 / axis.figure.dpi
    lowest = float("-inf")
    for value, text, colour in sorted(names):
        y = float(axis.transData.transform((at, value))[1]) * point
        moved = max(y, lowest + 9) - y
        lowest = y + moved
        axis.annotate(
            text, (at, value), (4, moved), textcoords="offset points", color=colour, fontsize=7.5, va="center"
        )


def _marks(axes: "Sequence[drawing.Axes]", plan: Plan) -> None:
    """Goals and faults across all panels, named on top."""
    lost, cut_s = f"{in_words(plan.lost[0])}/{plan.lost[1]}", plan.cut_s[1] - plan.cut_s[0]
    for axis in axes:
        axis.axvspan(*plan.cut_s, color="#f0f2f4", lw=0, zorder=0)
        axis.axvline(plan.goals_s[0], color=GOAL, lw=1.0, zorder=1)
        axis.axvline(plan.goals_s[1], color=LOST, lw=1.0, zorder=1)
        axis.set_xlim(0, plan.seconds + MARGIN_S)
        axis.xaxis.set_major_locator(drawing.ticker.FixedLocator(list(range(0, round(plan.seconds) + 1, 30))))
        axis.xaxis.set_major_formatter(
            drawing.ticker.FuncFormatter(lambda at_s, _: f"{int(at_s) // 60}:{int(at_s) % 60:02d}")
        )
    top = axes[0]
    for at_s, text, colour in (
        (plan.goals_s[0], "GOAL", GOAL),
        (plan.goals_s[1], f"GOAL, and the cluster\n{lost} is lost", LOST),
        (plan.cut_s[0], f"{in_words(plan.cut)} is cut off\nfor {cut_s:g} s", QUIET),
    ):
        top.annotate(
            text, (at_s, 1), (3, -2), xycoords=("data", "axes fraction"), textcoords="offset points", color=colour,
            fontsize=7.5, weight="bold", va="top",
        )  # fmt: skip
