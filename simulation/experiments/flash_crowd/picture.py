"""Who is there, who joins, what those see who were there, and how many edges there are, over time."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from simulation import drawing
from simulation.experiments.flash_crowd.plan import VARIANTS, Times

INK, QUIET, GRID = "#1f2933", "#6b7780", "#e3e8ec"
COLOURS = {
    "nothing": INK,
    "nothing-open": "#c0392b",
    "prewarmed": "#3f8f5b",
    "reactive": "#0b6e99",
    "reactive-cpu": "#d9822b",
}
WIDTHS = dict(zip(COLOURS, (4.0, 3.2, 2.4, 1.8, 1.2), strict=True))
SIZE = (8.27, 9.6)  # inches, as wide as A4
LEAST_MS = 10.0  # of the picture

Document = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Line:
    """A variant's first repeat in one engine; a model is dashed where it stands beside a live run."""

    name: str
    engine: str
    dashed: bool
    series: Mapping[str, Any]

    @property
    def times_s(self) -> Times:
        ends_s: Times = self.series["bin_s"] * (1 + np.arange(len(self.series["edges"])))
        return ends_s


def draw(document: Document, path: Path) -> None:
    """Write it as PNG, PDF or SVG, by the file's name."""
    columns = [lines for fleet in (False, True) if (lines := _lines(document, fleet))]
    with drawing.pyplot.rc_context({"font.size": 8, "axes.edgecolor": QUIET, "axes.linewidth": 0.6, "text.color": INK}):
        figure, axes = drawing.pyplot.subplots(
            4,
            len(columns),
            figsize=SIZE,
            sharex="col",
            squeeze=False,
            gridspec_kw={"height_ratios": [1.4, 1, 1.2, 0.8]},
        )
        figure.subplots_adjust(left=0.085, right=0.98, top=0.835, bottom=0.05, hspace=0.28, wspace=0.2)
        for number, lines in enumerate(columns):
            _column(list(axes[:, number]), lines, first=number == 0)
        _heading(figure, document, [line for lines in columns for line in lines])
        figure.savefig(path, dpi=160)
        drawing.pyplot.close(figure)


def _lines(document: Document, fleet: bool) -> list[Line]:
    rows = [row for row in document["observations"] if not row["why_void"] and "series" in row["facts"]]
    rows = [row for row in rows if VARIANTS[row["variant"]].fleet is fleet]
    live = {row["variant"] for row in rows if row["engine"] == "live"}
    return [
        Line(
            row["variant"].removeprefix("fleet-"),
            row["engine"],
            row["engine"] == "sim" and row["variant"] in live,
            row["facts"]["series"],
        )
        for row in rows
    ]


def _column(axes: "Sequence[drawing.Axes]", lines: Sequence[Line], first: bool) -> None:
    panels: Sequence[tuple[str, str, Callable[[drawing.Axes, Line, dict[str, Any]], Any]]] = (
        ("Viewers", "viewers", _plain),
        ("Joins/s", "joins_per_s", _plain),
        ("Comment p99 of those who were there, ms", "present_p99_ms", _plain),
        ("Edges", "edges", _steps),
    )
    for axis, (title, name, drawn) in zip(axes, panels, strict=True):
        _dress(axis, title)
        for line in lines:
            # Lines that lie on each other are seen all the same: those that are drawn first are wider.
            width = 1.1 if line.dashed else WIDTHS[line.name]
            style = {"color": COLOURS[line.name], "lw": width, "zorder": 4 - width / 10}
            drawn(axis, line, {"ls": (0, (3, 2)) if line.dashed else "-", **style, "name": name})
    wanting = lines[0]
    axes[0].plot(wanting.times_s, wanting.series["wanting"], color=QUIET, lw=0.8, ls=":")
    axes[0].annotate(
        "who want to be there", (wanting.times_s[-1], wanting.series["wanting"][-1]), (0, 4),
        textcoords="offset points", color=QUIET, fontsize=7.5, ha="right",
    )  # fmt: skip
    axes[0].set_ylim(0, 1.15 * max(wanting.series["wanting"]))
    axes[2].set_ylim(LEAST_MS, None)
    for axis in (axes[1], axes[3]):
        axis.set_ylim(0, None)
    for axis in (axes[0], axes[1], axes[3]):
        axis.yaxis.set_major_formatter(drawing.ticker.StrMethodFormatter("{x:,.0f}"))
    axes[2].set_yscale("log")
    for of in (axes[2].yaxis.set_major_formatter, axes[2].yaxis.set_minor_formatter):
        of(drawing.ticker.FuncFormatter(_one_two_five))
    axes[3].set_xlabel("seconds since the first of the crowd came", color=QUIET)
    where = "Here, live (dashed: the model)" if any(line.engine == "live" for line in lines) else "Here, simulated"
    axes[0].text(0, 1.15, where if first else "A fleet, simulated", transform=axes[0].transAxes, weight="bold")


def _one_two_five(value: float, _: int) -> str:
    """Labels where there is room for them."""
    return f"{value:,.0f}" if f"{value:e}"[0] in "125" else ""


def _plain(axis: "drawing.Axes", line: Line, style: dict[str, Any]) -> None:
    values = np.array(line.series[style.pop("name")], dtype=np.float64)
    axis.plot(line.times_s, values, **style)


def _steps(axis: "drawing.Axes", line: Line, style: dict[str, Any]) -> None:
    axis.step(line.times_s, line.series[style.pop("name")], where="pre", **style)


def _dress(axis: "drawing.Axes", title: str) -> None:
    axis.set_title(title, loc="left", fontsize=8.5, color=INK, pad=4)
    axis.spines[["top", "right"]].set_visible(False)
    axis.grid(axis="y", color=GRID, lw=0.6)
    axis.set_axisbelow(True)
    axis.tick_params(which="both", length=2, color=QUIET, labelcolor=QUIET)


def _heading(figure: "drawing.Figure", document: Document, lines: Sequence[Line]) -> None:
    figure.text(0.085, 0.965, "A hundred times the viewers", fontsize=16, weight="bold", va="center")
    figure.text(0.085, 0.938, document["size"].replace("; ", ";\n"), fontsize=7, color=QUIET, va="top", linespacing=1.4)
    names = dict.fromkeys(line.name for line in lines)
    handles = [drawing.lines.Line2D([], [], color=COLOURS[name], lw=1.8, label=name) for name in names]
    figure.legend(
        handles=handles, loc="upper left", bbox_to_anchor=(0.075, 0.915), ncols=len(handles), frameon=False,
        fontsize=7.5, handlelength=1.4, columnspacing=1.2,
    )  # fmt: skip
