"""What can befall a fleet: each fault by name, done and undone, and which of them a machine can do."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from random import Random
from typing import Any

from simulation.chaos.crowd import STREAM
from simulation.chaos.fleet import Fleet
from simulation.chaos.member import Member
from simulation.chaos.redises import master_of
from simulation.engines.postgres import Postgres

RESTART_S = 1.0  # what a supervisor takes to start a process again
SLOW_SYNC_MS = 500
STEP_MS = 3_600_000
BAD_NETWORK = (0.2, 0.3)  # delay and jitter, s, one way


@dataclass(frozen=True, slots=True, kw_only=True)
class Crowd:
    """``rate``: comments/s, in requests of ``batch``; ``viewers``: at each edge."""

    rate: float = 20.0
    batch: int = 1
    viewers: int = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """``lasts_s``: from its beginning until it is undone; a killed process is started again after `RESTART_S`."""

    name: str
    what: str
    lasts_s: float
    befall: Callable[[Fleet, Random, float], Coroutine[Any, Any, None]]
    needs: Callable[[Fleet], str] = lambda fleet: ""  # why it cannot be done here, if so
    crowd: Crowd | None = None  # another one than the run's
    workers: bool = False  # reactions are counted by workers, and must be exact
    cluster: bool = False  # the broker is a Redis Cluster


async def _kill(member: Member) -> None:
    await member.kill()
    await asyncio.sleep(RESTART_S)
    await member.start()


async def _stop(member: Member | Postgres, lasts_s: float) -> None:
    member.pause()
    await _until_over(lasts_s, member.resume)


async def _until_over(lasts_s: float, undo: Callable[[], None]) -> None:
    try:
        await asyncio.sleep(lasts_s)
    finally:
        undo()


async def _kill_edge(fleet: Fleet, rng: Random, lasts_s: float) -> None:
    await _kill(rng.choice(fleet.edges))


async def _stop_edge(fleet: Fleet, rng: Random, lasts_s: float) -> None:
    await _stop(rng.choice(fleet.edges), lasts_s)


async def _kill_api(fleet: Fleet, rng: Random, lasts_s: float) -> None:
    await _kill(rng.choice(fleet.apis))


async def _stop_api(fleet: Fleet, rng: Random, lasts_s: float) -> None:
    await _stop(rng.choice(fleet.apis), lasts_s)


async def _kill_redis(fleet: Fleet, rng: Random, lasts_s: float) -> None:
    await _kill(fleet.redises[0])


async def _stop_redis(fleet: Fleet, rng: Random, lasts_s: float) -> None:
    await _stop(fleet.redises[0], lasts_s)


async def _kill_postgres(fleet: Fleet, rng: Random, lasts_s: float) -> None:
    assert fleet.postgres is not None
    await asyncio.to_thread(fleet.postgres.stop)
    await asyncio.sleep(RESTART_S)
    await asyncio.to_thread(fleet.postgres.start)


async def _stop_postgres(fleet: Fleet, rng: Random, lasts_s: float) -> None:
    assert fleet.postgres is not None
    await _stop(fleet.postgres, lasts_s)


async def _kill_worker(fleet: Fleet, rng: Random, lasts_s: float) -> None:
    await _kill(rng.choice(fleet.workers))


async def _stop_worker(fleet: Fleet, rng: Random, lasts_s: float) -> None:
    await _stop(rng.choice(fleet.workers), lasts_s)


async def _partition_edge(fleet: Fleet, rng: Random, lasts_s: float) -> None:
    network = rng.choice(fleet.networks)
    network.cut_off = True

    def undo() -> None:
        network.cut_off = False

    await _until_over(lasts_s, undo)


async def _slow_broker(fleet: Fleet, rng: Random, lasts_s: float) -> None:
    network = rng.choice(fleet.networks)
    before = network.delay_s, network.jitter_s
    network.delay_s, network.jitter_s = BAD_NETWORK

    def undo() -> None:
        network.delay_s, network.jitter_s = before

    await _until_over(lasts_s, undo)


async def _slow_disk(fleet: Fleet, rng: Random, lasts_s: float) -> None:
    fleet.unreliable.set(sync_ms=SLOW_SYNC_MS)
    await _until_over(lasts_s, fleet.unreliable.set)


async def _clock_back(fleet: Fleet, rng: Random, lasts_s: float) -> None:
    await _step(fleet, -STEP_MS, lasts_s)


async def _clock_ahead(fleet: Fleet, rng: Random, lasts_s: float) -> None:
    await _step(fleet, STEP_MS, lasts_s)


async def _step(fleet: Fleet, clock_ms: int, lasts_s: float) -> None:
    fleet.unreliable.set(clock_ms=clock_ms)
    await _until_over(lasts_s, fleet.unreliable.set)


async def _lose_master(fleet: Fleet, rng: Random, lasts_s: float) -> None:
    """The one that has the stream's channel; it comes back as a replica of the one that has taken over."""
    master = await asyncio.to_thread(master_of, fleet.redises, f"lc:{{{STREAM}}}")
    await master.kill()
    await asyncio.sleep(lasts_s)
    await master.start()


def _needs_postgres(fleet: Fleet) -> str:
    return "" if fleet.postgres else "there is no PostgreSQL (apt-get install postgresql)"


def _needs_shim(fleet: Fleet) -> str:
    return fleet.unreliable.why_not and f"it takes a C compiler: {fleet.unreliable.why_not}"


FAULTS = {
    fault.name: fault
    for fault in (
        Fault(name="kill-edge", what="an edge is killed (-9), and started again after 1 s", lasts_s=RESTART_S,
              befall=_kill_edge),
        Fault(name="stop-edge", what="an edge stands still (SIGSTOP)", lasts_s=3.0, befall=_stop_edge),
        Fault(name="partition-edge", what="an edge and the broker do not reach each other", lasts_s=10.0,
              befall=_partition_edge),
        Fault(name="slow-broker", what="200-500 ms between an edge and the broker, each way", lasts_s=3.0,
              befall=_slow_broker),
        Fault(name="kill-api", what="an API process is killed (-9), and started again after 1 s", lasts_s=RESTART_S,
              befall=_kill_api),
        Fault(name="stop-api", what="an API process stands still (SIGSTOP)", lasts_s=3.0, befall=_stop_api),
        Fault(name="kill-redis", what="Redis is killed (-9), and started again after 1 s", lasts_s=RESTART_S,
              befall=_kill_redis),
        Fault(name="stop-redis", what="Redis stands still (SIGSTOP)", lasts_s=3.0, befall=_stop_redis),
        Fault(name="kill-postgresql", what="PostgreSQL is stopped at once, and started again after 1 s",
              lasts_s=RESTART_S, befall=_kill_postgres, needs=_needs_postgres),
        Fault(name="stop-postgresql", what="PostgreSQL stands still (SIGSTOP)", lasts_s=3.0, befall=_stop_postgres,
              needs=_needs_postgres),
        Fault(name="slow-disk", what="each sync to disk takes 500 ms longer", lasts_s=3.0, befall=_slow_disk,
              needs=_needs_shim),
        Fault(name="clock-back", what="all wall clocks go back by an hour", lasts_s=3.0, befall=_clock_back,
              needs=_needs_shim),
        Fault(name="clock-ahead", what="all wall clocks go ahead by an hour", lasts_s=3.0, befall=_clock_ahead,
              needs=_needs_shim),
        Fault(name="kill-worker", what="a worker is killed (-9), and started again after 1 s", lasts_s=RESTART_S,
              befall=_kill_worker, workers=True),
        Fault(name="stop-worker", what="a worker stands still (SIGSTOP) for longer than its lease", lasts_s=5.0,
              befall=_stop_worker, workers=True),
        Fault(name="cluster-loses-master",
              what="at 2,000 comments/s a Redis Cluster loses the stream's master (-9) for 5 s",
              lasts_s=5.0, befall=_lose_master, cluster=True, crowd=Crowd(rate=2_000, batch=100, viewers=2)),
    )
}  # fmt: skip
