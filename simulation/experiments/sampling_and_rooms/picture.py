"""Who is seen, by how many, and what that is to a network and to moderators: four panels on one sheet."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import fmean
from textwrap import wrap
from typing import Any

from simulation import drawing
from simulation.experiments.sampling_and_rooms.plan import VARIANTS

INK, QUIET, GRID = "#1f2933", "#6b7780", "#e3e8ec"
COLOURS = dict(zip(VARIANTS, ("#6b7780", "#d9822b", "#b8860b", "#0b6e99", "#2a9d8f"), strict=True))
DASHED = ("priority", "rooms-priority")  # which lie on others
NAMES = {
    "everything": "everything",
    "uniform": "a uniform sample",
    "priority": "a sample, with priority",
    "rooms": "rooms",
    "rooms-priority": "rooms, with priority",
}

Document = Mapping[str, Any]
Rows = Mapping[str, Sequence[Mapping[str, Any]]]
"""The runs of each variant."""


def draw(document: Document, path: Path) -> None:
    """Write it as PNG, PDF or SVG, by the file's name."""
    rows = {
        name: [each for each in document["observations"] if each["variant"] == name and not each["why_void"]]
        for name in VARIANTS
    }
    with drawing.pyplot.rc_context({"font.size": 9, "axes.edgecolor": QUIET, "axes.linewidth": 0.6, "text.color": INK}):
        figure, axes = drawing.pyplot.subplots(2, 2, figsize=(11.0, 8.2), width_ratios=[1.0, 1.15])
        figure.subplots_adjust(left=0.155, right=0.97, top=0.82, bottom=0.06, hspace=0.42, wspace=0.46)
        _lorenz(axes[0, 0], rows)
        _pairs(axes[0, 1], rows, "anybody_chance_pct", "viewer_chance_pct")
        _title(axes[0, 1], "A comment's chance to be shown, %", "filled: to anybody, hollow: to a given viewer")
        _bars(axes[1, 0], rows, "egress_gbit_per_s")
        _title(axes[1, 0], "To a million viewers, Gbit/s", "logarithmic scale")
        _pairs(axes[1, 1], rows, "priority_pct", "seated_pct")
        _title(
            axes[1, 1],
            "Host and moderators, %",
            "filled: of theirs, shown; hollow: of all, seen from viewers' seats",
        )
        figure.text(0.04, 0.962, "Who is seen in a crowd", fontsize=18, weight="bold", va="center")
        told = "\n".join(wrap(document["size"], 150))
        figure.text(0.04, 0.919, told, fontsize=8.5, color=QUIET, va="center", linespacing=1.4)
        figure.savefig(path, dpi=160)
        drawing.pyplot.close(figure)


def _mean(runs: Sequence[Mapping[str, Any]], measure: str) -> float:
    return fmean(each["values"][measure] for each in runs)


def _present(rows: Rows) -> list[str]:
    return [name for name, runs in rows.items() if runs]


def _lorenz(axis: "drawing.Axes", rows: Rows) -> None:
    """The nearer to the diagonal, the more alike is what authors reach."""
    for name in _present(rows):
        curves = [each["facts"]["lorenz"] for each in rows[name]]
        mean = [fmean(values) for values in zip(*curves, strict=True)]
        at = [100 * number / (len(mean) - 1) for number in range(len(mean))]
        axis.plot(
            at, [100 * value for value in mean], color=COLOURS[name], lw=1.8, label=NAMES[name],
            ls=(0, (4, 2)) if name in DASHED else "-",
        )  # fmt: skip
    axis.set(xlim=(0, 100), ylim=(0, 100), xlabel="authors, those who reach fewest first, %")
    axis.legend(loc="upper left", frameon=False, fontsize=8.5)
    _plain(axis)
    _title(axis, "Authors' share of all that is seen, %", "the diagonal is equality")


def _pairs(axis: "drawing.Axes", rows: Rows, filled: str, hollow: str) -> None:
    names = _present(rows)
    for place, name in enumerate(names):
        pair = [_mean(rows[name], filled), _mean(rows[name], hollow)]
        axis.plot(pair, [place, place], color=COLOURS[name], lw=1.2)
        axis.plot(pair[:1], [place], "o", color=COLOURS[name], ms=6)
        axis.plot(pair[1:], [place], "o", color=COLOURS[name], ms=11, markerfacecolor="none")
        for value, shift in zip(pair, (9, -16), strict=True):
            axis.annotate(
                f"{value:.0f}" if value >= 10 else f"{value:.2g}", (value, place), (0, shift),
                textcoords="offset points", ha="center", fontsize=8, color=INK,
            )  # fmt: skip
    axis.set_xscale("log")
    axis.set_xlim(0.3, 200)
    axis.xaxis.set_major_locator(drawing.ticker.FixedLocator([1, 10, 100]))
    axis.xaxis.set_minor_locator(drawing.ticker.FixedLocator([]))
    axis.xaxis.set_major_formatter(drawing.ticker.FuncFormatter(lambda value, _: f"{value:g}"))
    _named(axis, names)


def _bars(axis: "drawing.Axes", rows: Rows, measure: str) -> None:
    names = _present(rows)
    values = [_mean(rows[name], measure) for name in names]
    found = axis.barh(range(len(names)), values, height=0.6, color=[COLOURS[name] for name in names])
    axis.bar_label(found, labels=[f"{value:,.0f}" for value in values], padding=4, fontsize=8.5)
    axis.set_xscale("log")
    axis.set_xlim(1, max(values) * 5)
    axis.xaxis.set_minor_locator(drawing.ticker.FixedLocator([]))
    axis.xaxis.set_major_formatter(drawing.ticker.FuncFormatter(lambda value, _: f"{value:,.0f}"))
    _named(axis, names)


def _named(axis: "drawing.Axes", names: Sequence[str]) -> None:
    axis.set_yticks(range(len(names)), [NAMES[name] for name in names])
    axis.set_ylim(len(names) - 0.5, -0.6)
    _plain(axis)
    axis.grid(axis="y", visible=False)
    axis.grid(axis="x", color=GRID, lw=0.6)


def _plain(axis: "drawing.Axes") -> None:
    axis.spines[["top", "right"]].set_visible(False)
    axis.grid(color=GRID, lw=0.6)
    axis.set_axisbelow(True)
    axis.tick_params(length=2, color=QUIET, labelcolor=INK)


def _title(axis: "drawing.Axes", title: str, note: str) -> None:
    above: dict[str, Any] = {"xycoords": "axes fraction", "textcoords": "offset points", "va": "bottom"}
    axis.annotate(title, (0, 1), (0, 19), weight="bold", fontsize=10, **above)
    axis.annotate(note, (0, 1), (0, 6), color=QUIET, fontsize=8.5, **above)
