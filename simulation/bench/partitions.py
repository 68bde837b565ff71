"""``livecomments bench partitions``: what each strategy of splitting a log costs, and what it gives.

One viral stream and many others, over SQLite files with a writer each. Every run is a process of its own
(`partitions_log`), on one core; the strategies take turns, so that a change of the machine's mood meets them all.
"""

import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from rich.table import Table

from simulation import drawing
from simulation.bench.partitions_log import Case, Measured
from simulation.docs.spoken import ranged
from simulation.engines import processes
from simulation.tables import on_screen

STRATEGIES = ("by_stream", "by_time", "by_user", "by_comment", "hot_split")
VIRAL_SHARE = 0.6
BUCKETS = 4  # of by_time in a measurement
SPLIT_SHARE = 0.2  # of all comments, past which hot_split spreads a stream

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    partitions: int
    streams: int
    per_s: float
    seconds: float
    runs: int
    row_us: tuple[float, ...]


async def bench_partitions(strategies: Sequence[str], plan: Plan, say: Say) -> list[Measured]:
    """Each strategy at each cost of a row, as often as the plan says."""
    rows = []
    for run in range(plan.runs):
        for row_us in plan.row_us:
            for strategy in strategies:
                say(f"run {run + 1} of {plan.runs}: {strategy}, {row_us:g} us a row")
                rows.append(await _run(strategy, row_us, run + 1, plan, processes.cores().server))
    return rows


async def _run(strategy: str, row_us: float, seed: int, plan: Plan, core: set[int] | None) -> Measured:
    with TemporaryDirectory(prefix="livecomments-bench-") as folder:
        case = Case(
            strategy=strategy, folder=folder, partitions=plan.partitions, streams=plan.streams,
            viral_share=VIRAL_SHARE, per_s=plan.per_s, seconds=plan.seconds, row_us=row_us,
            bucket_s=plan.seconds / BUCKETS, split_per_s=plan.per_s * SPLIT_SHARE, seed=seed,
        )  # fmt: skip
        process = await processes.spawn("simulation.bench.partitions_log", [json.dumps(asdict(case))], core)
        try:
            said, complained = await process.communicate()
        finally:
            await processes.stop(process)
    if process.returncode:
        raise processes.ProcessError(f"{strategy}: {processes.last_words(complained.decode(errors='replace'))}")
    sys.stderr.buffer.write(complained)
    return Measured(**json.loads(said))


HEADINGS = (
    "strategy", "comments/s", "append p50 ms", "append p99 ms", "of cold streams", "skew", "most/s",
    "partitions a page", "page p99 ms", "partitions a cold page",
)  # fmt: skip


def lines(rows: Sequence[Measured], row_us: float) -> list[list[str]]:
    """The figures in words, a line for each strategy: the median of its runs, and the range where it matters."""
    found = []
    for strategy in dict.fromkeys(row.strategy for row in rows):
        ours = [row for row in rows if (row.strategy, row.row_us) == (strategy, row_us)]
        found.append([
            f"`{strategy}`", f"{_median(ours, 'comments_per_s'):,.0f}", f"{_median(ours, 'append_p50_ms'):,.0f}",
            _with_range(ours, "append_p99_ms"), f"{_median(ours, 'cold_p99_ms'):,.0f}", f"{_median(ours, 'skew'):.2f}",
            _with_range(ours, "most_per_s"), f"{_median(ours, 'page_partitions'):.1f}",
            f"{_median(ours, 'page_p99_ms'):.1f}", f"{_median(ours, 'cold_page_partitions'):.1f}",
        ])  # fmt: skip
    return found


def _median(rows: Sequence[Measured], name: str) -> float:
    return float(median(getattr(row, name) for row in rows))


def _with_range(rows: Sequence[Measured], name: str) -> str:
    return ranged([getattr(row, name) for row in rows], 0)


def costs(rows: Sequence[Measured]) -> list[float]:
    return list(dict.fromkeys(row.row_us for row in rows))


def cost_in_words(row_us: float) -> str:
    if not row_us:
        return "The disk as it is"
    return f"A partition that takes {1e6 / row_us:,.0f} rows a second"


def tables(rows: Sequence[Measured]) -> list[Table]:
    return [on_screen(HEADINGS, lines(rows, row_us), title=cost_in_words(row_us)) for row_us in costs(rows)]


def plot(rows: Sequence[Measured], path: Path) -> None:
    """Draw how long an append takes, and how uneven the load is, for each strategy."""
    names = list(dict.fromkeys(row.strategy for row in rows))
    figure, (left, right) = drawing.pyplot.subplots(1, 2, figsize=(9, 3.5), layout="constrained")
    width = 0.8 / len(costs(rows))
    for shift, row_us in enumerate(costs(rows)):
        ours = [[row for row in rows if (row.strategy, row.row_us) == (name, row_us)] for name in names]
        at = [place + shift * width for place in range(len(names))]
        left.bar(at, [_median(some, "append_p99_ms") for some in ours], width, label=cost_in_words(row_us))
        if not shift:
            right.bar(at, [_median(some, "skew") for some in ours], width)
    left.set(yscale="log", ylabel="append p99, ms")
    right.set(ylabel="skew: most loaded partition / mean")
    for axes in (left, right):
        axes.set_xticks(range(len(names)), names, rotation=20)
        axes.grid(axis="y", alpha=0.3)
    figure.legend(*left.get_legend_handles_labels(), loc="outside upper left", ncols=2, fontsize=8, frameon=False)
    figure.savefig(path, dpi=120)
    drawing.pyplot.close(figure)
