"""A picture of how near the model comes: every scenario of the suite in one row."""

from collections.abc import Mapping
from pathlib import Path
from statistics import median
from typing import Any

from simulation import drawing
from simulation.comparing import ENGINES, scored

COLOURS = {"forecast": "#d9822b", "replay": "#5a8f3d"}

WIDE = 3.0  # ratios beyond that are shown on a logarithmic axis

Document = Mapping[str, Any]


def plot(document: Document, path: Path) -> None:
    """Every scenario: live runs as a range around 1, both engines as ratios to the live median, at p50 and p99."""
    figure, axes = drawing.pyplot.subplots(
        1, 2, figsize=(13, 0.32 * len(document["scenarios"]) + 1.6), layout="constrained"
    )
    for axis, quantile in zip(axes, ("p50", "p99"), strict=True):
        rows = scored(document, "end_to_end", quantile)
        for place, row in enumerate(rows):
            middle = median(row.live)
            axis.plot([min(row.live) / middle, max(row.live) / middle], [place] * 2, color="#0b6e99", lw=5, alpha=0.35)
            for engine in ENGINES:
                axis.plot(1 + row.error(engine), place, "o", color=COLOURS[engine], ms=6)
        axis.axvline(1, color="#0b6e99", lw=1)
        if axis.get_xlim()[1] > WIDE:
            axis.set_xscale("log")
            axis.xaxis.set_major_formatter(drawing.ticker.StrMethodFormatter("{x:g}"))
            axis.xaxis.set_minor_formatter(drawing.ticker.NullFormatter())
        axis.set_yticks(range(len(rows)), [row.name for row in rows], fontsize=8)
        axis.invert_yaxis()
        axis.set_title(f"{quantile}, relative to the live median", loc="left", fontsize=11)
        axis.grid(axis="x", alpha=0.3)
        axis.spines[["top", "right"]].set_visible(False)
    marks = [drawing.lines.Line2D([], [], color="#0b6e99", lw=5, alpha=0.35)]
    marks += [drawing.lines.Line2D([], [], color=colour, marker="o", ls="") for colour in COLOURS.values()]
    figure.legend(marks, ["range of the live runs", *COLOURS], loc="outside upper right", ncols=3, frameon=False)
    figure.savefig(path, dpi=120)
    drawing.pyplot.close(figure)
