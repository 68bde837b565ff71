"""What the fan-out benchmark has found: runs, their medians, a table and a picture."""

import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from rich.table import Column, Table

from simulation import drawing
from simulation.machine import fingerprint


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One measurement of one server."""

    server: str
    transport: str
    viewers: int
    window_ms: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What one measurement gave; ``why_void`` is empty when it counts."""

    deliveries_per_s: float
    cpu_us_per_delivery: float
    core_used: float
    p50_ms: float
    p99_ms: float
    rss_kb_per_viewer: float
    client_idle: float  # of the core that viewers and publisher share
    others_on_core: float = 0.0  # share of the server's core that neither it nor idling had
    client: str = "C"
    lost: int
    frame_bytes: int
    rss_grown_kb: int = 0  # over the run
    publishing_us_per_comment: float | None = None  # the same comments with a single viewer
    floor_share: float | None = None
    fan_out_share: float | None = None  # the same without what publishing costs either
    p99_over_floor: float | None = None
    why_void: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """The median of a case's runs that count, and all runs."""

    case: Case
    runs: list[Run] = field(default_factory=list)

    @property
    def valid(self) -> list[Run]:
        return [run for run in self.runs if not run.why_void]

    def median(self, name: str) -> float | None:
        values = [value for run in self.valid if (value := getattr(run, name)) is not None]
        return statistics.median(values) if values else None

    def as_dict(self) -> dict[str, object]:
        names = [name for name in Run.__dataclass_fields__ if name not in ("why_void", "client")]
        medians = {name: _rounded(self.median(name)) for name in names}
        return {**asdict(self.case), **medians, "runs": [asdict(run) for run in self.runs]}


def beside_floor(run: Run, floor: Run | None, viewers: int) -> Run:
    """Compare a run with the floor's of the same round."""
    if floor is None or floor.why_void:
        return run
    own, bare = (_fan_out_us(each, viewers) for each in (run, floor))
    return replace(
        run,
        floor_share=floor.cpu_us_per_delivery / run.cpu_us_per_delivery,
        fan_out_share=bare / own if own and bare else None,
        p99_over_floor=run.p99_ms / floor.p99_ms if floor.p99_ms else None,
    )


def _fan_out_us(run: Run, viewers: int) -> float | None:
    """What a delivery costs beyond the publication, which is there for one viewer as well."""
    if run.publishing_us_per_comment is None:
        return None
    return run.cpu_us_per_delivery - run.publishing_us_per_comment / viewers


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)


def document(rows: Sequence[Row], most: Sequence[tuple[Case, Run]]) -> dict[str, object]:
    """What ``--json`` writes, with the machine it was measured on."""
    return {
        "machine": fingerprint(),
        "rows": [row.as_dict() for row in rows],
        "most": [{**asdict(case), **asdict(run)} for case, run in most],
    }


_COLUMNS = {
    "deliveries/s": ("deliveries_per_s", "{:,.0f}"),
    "CPU us/delivery": ("cpu_us_per_delivery", "{:.2f}"),
    "core": ("core_used", "{:.0%}"),
    "share of floor": ("floor_share", "{:.2f}"),
    "of fan-out": ("fan_out_share", "{:.2f}"),
    "p50 ms": ("p50_ms", "{:.1f}"),
    "p99 ms": ("p99_ms", "{:.1f}"),
    "KB/viewer": ("rss_kb_per_viewer", "{:.1f}"),
    "client idle": ("client_idle", "{:.0%}"),
}


def table(rows: Sequence[Row]) -> Table:
    """The rows for people; a spread is that of the runs that count."""
    numbers = [Column(name, justify="right") for name in _COLUMNS]
    shown = Table("server", "transport", "viewers", "window", *numbers, "runs", box=None, header_style="")
    for row in rows:
        cells = [
            ("" if (value := row.median(name)) is None else form.format(value)) for name, form in _COLUMNS.values()
        ]
        case = row.case
        counted = f"{len(row.valid)} of {len(row.runs)}"
        shown.add_row(case.server, case.transport, f"{case.viewers:,}", f"{case.window_ms:g} ms", *cells, counted)
    return shown


def plot(rows: Sequence[Row], path: Path) -> None:
    """Draw what a delivery costs each server, every run a dot: the spread is part of the figure."""
    groups = sorted({(row.case.window_ms, row.case.transport, row.case.viewers) for row in rows})
    figure, panels = drawing.pyplot.subplots(
        1, len(groups), figsize=(3.2 * len(groups), 4), layout="constrained", squeeze=False
    )
    for axes, group in zip(panels[0], groups, strict=True):
        mine = [row for row in rows if (row.case.window_ms, row.case.transport, row.case.viewers) == group]
        axes.barh(
            [row.case.server for row in mine], [row.median("cpu_us_per_delivery") or 0 for row in mine], alpha=0.5
        )
        for place, row in enumerate(mine):
            axes.plot([run.cpu_us_per_delivery for run in row.valid], [place] * len(row.valid), "k.", markersize=4)
        window_ms, transport, viewers = group
        axes.set(title=f"{transport}, {viewers:,} viewers\nwindow {window_ms:g} ms", xlabel="CPU per delivery, us")
    figure.savefig(path, dpi=120)
    drawing.pyplot.close(figure)
