"""``livecomments bench sim``: how fast the tiers of the model's edge are, and how well they agree.

    explicit | an event per delivery, a state per viewer
    hybrid   | a crowd as one interval per fan-out, and one viewer in a hundred explicit
    batch    | all viewers of an edge as one interval per fan-out

All obey the server's policies. Speed counts deliveries, simulated, a second of this machine's time on one core; what a
figure costs (its quantiles) is part of it. Agreement is of p50 and p99 on one scenario that all can run, each
replication with the same arrivals in every tier.
"""

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from simulation.bench.sim_tiers import SHARES, TIERS, Crowd, TierRun
from simulation.machine import fingerprint
from simulation.replications import Streams, digest, replicate
from simulation.statistics import confidence_interval

CONFIDENCE = 0.95
APART_MAX_PCT = 0.5  # at p99

SPEED = {
    "explicit": ("explicit", Crowd(viewers=1_000, comments_per_s=20, seconds=10)),
    "hybrid": ("hybrid", Crowd(viewers=10_000, comments_per_s=100, seconds=20)),
    "batch": ("batch", Crowd(viewers=10_000, comments_per_s=100, seconds=30, edges=100)),
    "batch, display budget 20/s": (
        "batch", Crowd(viewers=10_000, comments_per_s=100, seconds=30, edges=100, shown_per_s=20),
    ),
}  # fmt: skip
AGREEMENT = Crowd(viewers=1_000, comments_per_s=60, seconds=20)


@dataclass(frozen=True, slots=True)
class Speed:
    tier: str
    crowd: Crowd
    deliveries: int
    wall_s: float

    @property
    def per_s(self) -> float:
        return self.deliveries / self.wall_s


@dataclass(frozen=True, slots=True)
class Agreement:
    """How far a tier's quantile is from the explicit one's: mean over replications, and its interval's half-width."""

    tier: str
    quantile: str
    difference_pct: float
    half_width_pct: float


@dataclass(frozen=True, slots=True)
class SimBench:
    speeds: list[Speed]
    agreements: list[Agreement]
    replications_per_min: dict[int, float]  # of the batch tier's scenario, by workers
    digests: dict[int, str]


def bench_sim(runs: int, replications: int, console: Console) -> SimBench:
    speeds = []
    for name, (tier, crowd) in SPEED.items():
        console.print(f"[dim]speed: {name}[/dim]", highlight=False)
        speeds.append(_speed(name, TIERS[tier], crowd, runs))
    console.print(f"[dim]agreement: {replications} replications in every tier[/dim]", highlight=False)
    agreements = _agreements(replications, console)
    rates, digests = {}, {}
    for workers in (1, 2, 4):
        console.print(f"[dim]replications by {workers} workers[/dim]", highlight=False)
        rates[workers], digests[workers] = _replications(replications, workers, console)
    return SimBench(speeds, agreements, rates, digests)


def _speed(name: str, run: Callable[[Crowd, Streams], TierRun], crowd: Crowd, runs: int) -> Speed:
    """The median of so many runs, each a replication of its own."""
    measured = []
    for number in range(runs):
        start_s = time.perf_counter()
        done = run(crowd, Streams(1, "speed", number))
        measured.append(Speed(name, crowd, done.deliveries, time.perf_counter() - start_s))
    return sorted(measured, key=lambda speed: speed.per_s)[runs // 2]


def _agreements(replications: int, console: Console) -> list[Agreement]:
    found = {
        tier: np.array(replicate(partial(_latency, tier), replications, scenario="agreement", console=console))
        for tier in TIERS
    }
    rows = []
    for tier in ("hybrid", "batch"):
        for at, share in enumerate(SHARES):
            apart = (found[tier][:, at] / found["explicit"][:, at] - 1) * 100
            interval = confidence_interval(apart.tolist(), CONFIDENCE)
            rows.append(Agreement(tier, f"p{share * 100:g}", interval.mean, interval.half_width))
    return rows


def _latency(tier: str, streams: Streams) -> list[float]:
    return TIERS[tier](AGREEMENT, streams).latency_s


def _replications(count: int, workers: int, console: Console) -> tuple[float, str]:
    """Replications a minute, with workers that are there already, and the digest of their figures."""
    simulate = partial(_latency, "batch")
    replicate(simulate, workers, workers=workers, scenario="warm-up")
    start_s = time.perf_counter()
    figures = replicate(simulate, count, workers=workers, scenario="replications", console=console)
    return count / (time.perf_counter() - start_s) * 60, digest(figures)


def tables(found: SimBench) -> list[Table]:
    speed = Table(title="Deliveries simulated a second, on one core")
    for heading in ("tier", "edges", "viewers of each", "comments/s", "deliveries", "wall s", "deliveries/s"):
        speed.add_column(heading, justify="left" if heading == "tier" else "right")
    for row in found.speeds:
        crowd = row.crowd
        speed.add_row(
            row.tier, f"{crowd.edges}", f"{crowd.viewers:,}", f"{crowd.comments_per_s:g}", f"{row.deliveries:.3g}",
            f"{row.wall_s:.2f}", f"{row.per_s:.3g}",
        )  # fmt: skip
    agreement = Table(title="Apart from the explicit tier, on the same arrivals")
    for heading in ("tier", "quantile", "difference, %", "95% interval"):
        agreement.add_column(heading, justify="left" if heading == "tier" else "right")
    for each in found.agreements:
        agreement.add_row(each.tier, each.quantile, f"{each.difference_pct:+.3f}", f"±{each.half_width_pct:.3f}")
    replications = Table(title="Replications of the batch tier's agreement scenario")
    for heading in ("workers", "a minute", "digest of the figures"):
        replications.add_column(heading, justify="right")
    for workers, rate in found.replications_per_min.items():
        replications.add_row(f"{workers}", f"{rate:,.0f}", found.digests[workers])
    return [speed, agreement, replications]


def document(found: SimBench) -> dict[str, Any]:
    speeds = [asdict(row) | {"deliveries_per_s": row.per_s} for row in found.speeds]
    return {"machine": fingerprint(), "agreement_scenario": asdict(AGREEMENT), **asdict(found), "speeds": speeds}


def agreed(found: SimBench) -> bool:
    """One digest, and the tail within half a percent."""
    near = all(abs(each.difference_pct) <= APART_MAX_PCT for each in found.agreements if each.quantile == "p99")
    return near and len(set(found.digests.values())) == 1
