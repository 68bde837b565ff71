"""The variants side by side under the picture: what they do to viewers, and what they cost."""

from collections.abc import Callable, Mapping
from typing import Any

from simulation import drawing

Row = Mapping[str, Any]

COLUMNS: tuple[tuple[str, Callable[[Mapping[str, float]], str]], ...] = (
    ("p99 before\nthe goals, s", lambda of: f"{of['before_p99_ms'] / 1000:.2f}"),
    ("after the\nsecond, s", lambda of: f"{of['lost_p99_ms'] / 1000:.2f}"),
    ("after the\ncut, s", lambda of: f"{of['after_cut_p99_ms'] / 1000:.2f}"),
    ("without an\nedge p50, s", lambda of: f"{of['gap_p50_s']:.1f}"),
    ("\np99, s", lambda of: f"{of['gap_p99_s']:.0f}"),
    ("not back\nat the end", lambda of: f"{of['away']:,.0f}"),
    ("sent at most,\nTbit/s", lambda of: f"{of['egress_tbit_per_s']:.2f}"),
    ("\nedges", lambda of: f"{of['edges']:,.0f}"),
    ("bill, thou-\nsand USD", lambda of: f"{of['total_usd'] / 1000:,.1f}"),
)
NAME_SHARE = 0.17  # of the width


def draw_table(axis: "drawing.Axes", found: Mapping[str, Row], colours: Mapping[str, str]) -> None:
    """A row per variant in its own colour; the prices under it."""
    axis.axis("off")
    axis.set_xlim(0, 1)
    rows = len(found)
    axis.set_ylim(-1.0, rows + 1.2)
    step = (1 - NAME_SHARE) / len(COLUMNS)
    places = [NAME_SHARE + step * (at + 1) for at in range(len(COLUMNS))]
    for (heading, _), x in zip(COLUMNS, places, strict=True):
        axis.text(x, rows + 0.15, heading, ha="right", va="bottom", fontsize=7, color="#6b7780", linespacing=1.2)
    axis.plot([0, 1], [rows, rows], color="#1f2933", lw=0.8, clip_on=False)
    for at, (variant, row) in enumerate(found.items()):
        y = rows - at - 0.5
        axis.text(0, y, variant, color=colours.get(variant, "#1f2933"), weight="bold", va="center", fontsize=8)
        for (_, tell), x in zip(COLUMNS, places, strict=True):
            axis.text(x, y, tell(row["values"]), ha="right", va="center", fontsize=8)
    axis.plot([0, 1], [0, 0], color="#1f2933", lw=0.8, clip_on=False)
    prices = next(iter(found.values()))["facts"]["bill"]["prices"]
    told = (
        f"Bill: {prices['hours']:g} hours at {prices['core_hour_usd']:g} USD a core-hour and "
        f"{prices['egress_gb_usd']:g} USD a GB sent: prices to be replaced by your own."
    )
    axis.text(0, -0.25, told, fontsize=7, color="#6b7780", va="top")
