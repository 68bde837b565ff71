"""``livecomments bench edges``: what the same crowd gets of the same chat from the server alone, and from edges.

The server, the edges, Redis, the posts and the viewers share this machine's cores, so figures of several processes say
what they cost, and on a machine with cores to spare what they gain.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass

from rich.table import Table

from simulation.engines import live
from simulation.engines.set_up import servers
from simulation.result import RunResult
from simulation.scenario import Audience, Scenario, System, Workload


@dataclass(frozen=True, slots=True)
class Row:
    """One run; ``why_void`` says why its figures prove nothing, if so."""

    edges: int
    viewers: int
    comments_per_s: float
    deliveries_per_s: float
    p50_ms: float | None
    p99_ms: float | None
    faults: int  # comments lost, doubled or out of order, over all viewers
    why_void: str


async def bench_edges(
    numbers: Sequence[int], viewers: int, speed: float, seconds: float, say: Callable[[str], None]
) -> list[Row]:
    """One run for each number of edges; 0 is the server alone."""
    live.pin_self()
    rows = []
    for edges in numbers:
        say(f"{edges} edges, {viewers} viewers, {seconds:g} s")
        scenario = Scenario(
            name="edges",
            duration_s=seconds,
            audience=Audience(viewers=viewers),
            workload=Workload(speed=speed),
            system=System(rate_burst=100_000, edges=edges),
        )
        async with servers(scenario, 0, None, say) as running:
            rows.append(_row(edges, viewers, await live.run_live(scenario, running, live.Progress())))
    return rows


def _row(edges: int, viewers: int, run: RunResult) -> Row:
    latency, rates = run.quantiles_ms("end_to_end"), run.throughput_per_s
    faults = sum(run.counts[name] for name in ("lost", "duplicated", "reordered"))
    return Row(
        edges, viewers, rates["comments"], rates["deliveries"], latency["p50"], latency["p99"], faults, run.why_void
    )


def table(rows: Sequence[Row]) -> Table:
    shown = Table("edges", "viewers", "comments/s", "deliveries/s", "p50 ms", "p99 ms", "faults", "void")
    for row in rows:
        shown.add_row(*(f"{value}" if value is not None else "-" for value in asdict(row).values()))
    return shown
