"""The figures of ``livecomments bench display``, as table, picture and artefact."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.table import Table

from simulation import drawing, tables


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """``rooms`` or one hall; the budget is the mode's 20/s."""

    rooms: bool
    viewers: int
    rate: float
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """One case's figures; bytes are of the body, per viewer and second, and of all that was posted as events."""

    case: Case
    posted: int
    shown_per_s: float
    bytes_per_s: float
    bytes_per_s_max: float
    budget_bytes_per_s: float
    everything_bytes_per_s: float
    unaccounted: int
    server_core_share: float
    chance: float
    chance_p5: float
    chance_p95: float
    gini: float
    longest_wait_s: float
    delete_p50_ms: float
    delete_p99_ms: float
    history_p99_ms: float
    segments_p99_ms: float
    deletes: int

    @classmethod
    def read(cls, row: dict[str, Any]) -> "Shown":
        return cls(**{**row, "case": Case(**row["case"])})


def faultless(rows: Sequence[Shown]) -> bool:
    """Whether everybody could account for everything, and got no more than the budget in bytes, bursts included."""
    return not any(row.unaccounted for row in rows)


def lines(rows: Sequence[Shown]) -> list[list[str]]:
    """The figures in words, a line each, a column for each case."""
    return [
        ["comments shown, per s", *(f"{row.shown_per_s:.1f}" for row in rows)],
        ["bytes to a viewer, per s (most)", *(f"{row.bytes_per_s:,} ({row.bytes_per_s_max:,})" for row in rows)],
        ["its budget in bytes, per s", *(f"{row.budget_bytes_per_s:,}" for row in rows)],
        ["all that was posted, per s", *(f"{row.everything_bytes_per_s:,}" for row in rows)],
        ["events that a viewer cannot account for", *(f"{row.unaccounted}" for row in rows)],
        ["a comment's chance to be on a screen", *(f"{row.chance:.1%}" for row in rows)],
        ["by author, 5 % to 95 %", *(f"{row.chance_p5:.1%} to {row.chance_p95:.1%}" for row in rows)],
        ["inequality of that chance (Gini)", *(f"{row.gini:.2f}" for row in rows)],
        ["longest wait of an author, s", *(f"{row.longest_wait_s:.1f}" for row in rows)],
        ["deletion to screen, p50 and p99, ms", *(f"{row.delete_p50_ms:.0f}, {row.delete_p99_ms:.0f}" for row in rows)],
        [
            "the same in history and in segments, p99, ms",
            *(f"{row.history_p99_ms:.0f}, {row.segments_p99_ms:.0f}" for row in rows),
        ],
        ["the server's core", *(f"{row.server_core_share:.0%}" for row in rows)],
    ]


def _names(rows: Sequence[Shown]) -> list[str]:
    return ["rooms" if row.case.rooms else "one hall" for row in rows]


def table(rows: Sequence[Shown]) -> Table:
    case = rows[0].case
    title = f"{case.viewers:,} viewers in crowd mode, {case.rate:,.0f} comments/s"
    return tables.on_screen(["", *_names(rows)], lines(rows), title=title)


def plot(rows: Sequence[Shown], path: Path) -> None:
    """Draw what a viewer is sent, beside its budget and beside everything."""
    figure, axes = drawing.pyplot.subplots(figsize=(8, 3), layout="constrained")
    names = _names(rows)
    for offset, name, label in (
        (-0.25, "bytes_per_s", "sent"), (0.0, "budget_bytes_per_s", "budget"), (0.25, "everything_bytes_per_s", "all"),
    ):  # fmt: skip
        places = [number + offset for number in range(len(rows))]
        bars = axes.barh(places, [getattr(row, name) / 1000 for row in rows], height=0.22, label=label)
        axes.bar_label(bars, fmt="%.1f", padding=3)
    axes.set(xscale="log", xlim=(1, 10_000), xlabel="kB/s to a viewer", yticks=range(len(rows)), yticklabels=names)
    axes.set_title(f"{rows[0].case.viewers:,} viewers, {rows[0].case.rate:,.0f} comments/s")
    axes.invert_yaxis()
    axes.legend(loc="upper right")
    figure.savefig(path, dpi=120)
    drawing.pyplot.close(figure)
