"""What each guarantee keeps, how late it is, and what it costs, side by side on one sheet."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from simulation import drawing
from simulation.experiments.delivery_guarantees.plan import VARIANTS
from simulation.experiments.showing import drawn

INK, QUIET, GRID = "#1f2933", "#6b7780", "#e3e8ec"
ERRORS = {
    "lost_pct": ("never seen", "#c0392b"),
    "doubled_pct": ("shown again", "#d9822b"),
    "stored_again_pct": ("stored again", "#b8a06a"),
    "behind_pct": ("shown behind a later one", "#8e5ea2"),
}
LATENCIES = {"p50_ms": ("p50", "#0b6e99"), "p99_ms": ("p99", INK)}
COSTS = {
    "requests": ("requests", "#9bbfd0"),
    "cpu_ms": ("server's CPU", "#0b6e99"),
    "bytes": ("bytes to viewers", INK),
}
BAR = 0.8  # of a variant, all its bars together

Document = Mapping[str, Any]
Cell = Mapping[str, Any]
Cells = Mapping[tuple[str, str], Cell]
Side = Mapping[str, Any]


def draw(document: Document, path: Path) -> None:
    """Write it as PNG, PDF or SVG, by the file's name.

    Bars are live runs; rings are the model with the same arrivals, which is what tables give the difference of.
    """
    cells = {(cell["variant"], cell["measure"]): cell for cell in document["comparison"]}
    with drawing.pyplot.rc_context({"font.size": 9, "axes.edgecolor": QUIET, "text.color": INK}):
        figure, axes = drawing.pyplot.subplots(
            1, 3, figsize=(12.5, 4.4), layout="constrained", width_ratios=(1.5, 1, 1.2), sharey=True
        )
        _errors(axes[0], cells)
        _latencies(axes[1], cells)
        _costs(axes[2], cells)
        figure.suptitle(
            "What is kept when networks lose things (bars: live, or simulated; rings: the model, same arrivals)",
            x=0.01,
            ha="left",
        )
        figure.savefig(path, dpi=150)
        drawing.pyplot.close(figure)


def _errors(axis: "drawing.Axes", cells: Cells) -> None:
    """How many of a hundred comments, for each viewer or for the log."""
    _group(axis, cells, ERRORS, "{:.1f}")
    _finish(axis, "of 100 comments", columns=2)
    axis.set_yticks(range(len(VARIANTS)), [name.replace("-", " ") for name in VARIANTS])
    axis.invert_yaxis()


def _latencies(axis: "drawing.Axes", cells: Cells) -> None:
    _group(axis, cells, LATENCIES, "{:,.0f}")
    axis.set_xscale("log")
    _finish(axis, "ms late, of those seen")


def _costs(axis: "drawing.Axes", cells: Cells) -> None:
    """As multiples of the first variant's."""
    first = next(iter(VARIANTS))
    bases = {measure: _shown(cells[first, measure])[0] for measure in COSTS if (first, measure) in cells}
    scaled = {which: _scaled(cell, bases[which[1]]) for which, cell in cells.items() if which[1] in bases}
    _group(axis, scaled, COSTS, "{:.2f}")
    axis.axvline(1.0, color=QUIET, lw=0.8, ls=":")
    _finish(axis, f"cost, {first.replace('-', ' ')} = 1")


def _group(axis: "drawing.Axes", cells: Cells, measures: Mapping[str, tuple[str, str]], form: str) -> None:
    """The same bars for each variant that has them."""
    for row, (measure, (label, colour)) in enumerate(measures.items()):
        for place, variant in enumerate(VARIANTS):
            if cell := cells.get((variant, measure)):
                _bar(axis, cell, place, (row, len(measures)), colour, label, form)


def _bar(
    axis: "drawing.Axes", cell: Cell, place: int, which: tuple[int, int], colour: str, label: str, form: str
) -> None:
    """One of so many of a variant, with its figure and how far that reaches, and the model's ring."""
    (value, below, above), (row, rows) = _shown(cell), which
    height, modelled = BAR / rows, cell["paired"] if cell["live"] else None
    at = place + (row - (rows - 1) / 2) * height
    spread = [[below], [above]]
    named = label if place == 0 else ""
    axis.barh(at, value, height * 0.9, xerr=spread, color=colour, label=named, error_kw={"lw": 0.8, "ecolor": QUIET})
    beside = max(value + above, modelled or 0.0)
    axis.annotate(
        form.format(value), (beside, at), (6, 0), textcoords="offset points", va="center", fontsize=7.5, color=QUIET
    )
    if modelled is not None:
        axis.plot(modelled, at, "o", mfc="white", mec=colour, ms=4.5, clip_on=False)


def _shown(cell: Cell) -> tuple[float, float, float]:
    engine = "live" if cell["live"] else "sim"
    return drawn(cell[engine], engine)


def _scaled(cell: Cell, base: float) -> Cell:
    def scale(side: Side | None) -> Side | None:
        return side and {name: value and value / base for name, value in side.items()}

    paired = cell["paired"]
    return {"live": scale(cell["live"]), "sim": scale(cell["sim"]), "paired": paired and paired / base}


def _finish(axis: "drawing.Axes", title: str, columns: int = 3) -> None:
    axis.set_title(title, loc="left", fontsize=10, weight="bold")
    axis.spines[["top", "right"]].set_visible(False)
    axis.grid(axis="x", color=GRID, lw=0.6)
    axis.set_axisbelow(True)
    axis.margins(x=0.18)
    axis.tick_params(length=2, color=QUIET)
    axis.legend(fontsize=8, frameon=False, loc="upper center", bbox_to_anchor=(0.5, -0.08), ncols=columns)
