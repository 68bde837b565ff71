"""A chaos run: a fleet, a crowd, one fault after another, then quiet, and then the reckoning."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, field
from random import Random
from typing import Any

import aiohttp

from reference_impl.client import Client
from reference_impl.protocol.cursor import Cursor
from simulation.chaos.crowd import STREAM, Authors, viewers
from simulation.chaos.fans import cheer, counted
from simulation.chaos.faults import FAULTS, Crowd
from simulation.chaos.fleet import Fleet, fleet
from simulation.chaos.record import Record, broken, lost_with_an_epoch
from simulation.chaos.redises import Sync
from simulation.chaos.sights import Sight, sight
from simulation.engines.api_client import open_stream, user_token
from simulation.engines.processes import ProcessError

BEFORE_S = 2.0  # of ordinary life, which what follows is measured against
AFTER_S = 4.0  # for recovery, before the next fault
QUIET_S = 60.0  # at the end, for the last viewer to have come back; most runs need a second of it
REST = "the rest"  # of the faults
ALLOWED = ("read", "post", "moderate", "admin")

Say = Callable[[str], None]
Clock = Callable[[], float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """``seconds``: after all faults in their order, go on with any of them until so long has passed."""

    seed: int = 1
    faults: Sequence[str] = tuple(FAULTS)
    seconds: float = 0.0
    crowd: Crowd = field(default_factory=Crowd)
    hot: Sync | None = None  # hot-first, on a Redis that keeps its data so

    def __post_init__(self) -> None:
        if unknown := [name for name in self.faults if name not in FAULTS]:
            raise ValueError(f"the faults are {', '.join(FAULTS)}; got {unknown[0]!r}")


@dataclass(slots=True)
class Outcome:
    """``timeline``: (s since the start, fault), which with the seed repeats the run; ``broken``: what must not be."""

    plan: Plan
    log: str = ""
    timeline: list[tuple[float, str]] = field(default_factory=list)
    skipped: dict[str, str] = field(default_factory=dict)
    sights: list[Sight] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)
    broken: list[str] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


async def run_chaos(plan: Plan, say: Say) -> Outcome:
    """Let every fault of the plan befall a fleet; cancelling ends the faults, and what was seen so far is judged."""
    outcome, rng, start_s = Outcome(plan), Random(plan.seed), time.monotonic()
    for group in _groups(plan):
        fault = FAULTS[group[0]]
        cluster, workers, load = fault.cluster, fault.workers, fault.crowd or plan.crowd
        redis, others = "a Redis Cluster" if cluster else "Redis", ", two workers" if workers else ""
        say(f"starting {redis}, the log, two API processes, two edges{others}")
        async with fleet(cluster=cluster, workers=workers, hot=plan.hot) as started:
            outcome.log = "PostgreSQL" if started.postgres else "SQLite"
            for faults in _rounds(group, 0.0 if cluster else start_s + plan.seconds, rng):
                async with crowd(started, load, rng) as record:
                    cancelled = await _befall(
                        started, faults, record, outcome, rng, lambda: time.monotonic() - start_s, say
                    )
                    say("quiet: everybody catches up")
                outcome.broken += await reckon(started, record, outcome)
                if cancelled:
                    outcome.skipped[REST] = "the run was ended early"
                    return outcome
    return outcome


def _groups(plan: Plan) -> list[list[str]]:
    """Faults that one fleet and one crowd can take, one after another."""
    found: dict[tuple[bool, bool, Crowd], list[str]] = {}
    for name in plan.faults:
        fault = FAULTS[name]
        found.setdefault((fault.cluster, fault.workers, fault.crowd or plan.crowd), []).append(name)
    return list(found.values())


def _rounds(faults: Sequence[str], until_s: float, rng: Random) -> Iterator[Sequence[str]]:
    """All of them once, in the order given; then as many as that of any, for as long as was asked for.

    After each round all is judged and a new crowd comes, so that a long run needs no more memory than a short one.
    """
    yield faults
    while time.monotonic() < until_s:
        yield rng.choices(faults, k=len(faults))


@asynccontextmanager
async def crowd(started: Fleet, load: Crowd, rng: Random) -> AsyncIterator[Record]:
    """Authors and viewers for as long as the block lasts, and until the viewers have what the authors wrote."""
    record, stop = Record(), asyncio.Event()
    urls = [member.url for member in started.apis]
    token = await user_token(urls[0], "author", *ALLOWED)
    await open_stream(urls[0], STREAM, token)
    async with Client(urls[0]) as client:
        start = await client.head(STREAM)
    edges = {member.name: member.url for member in started.edges}
    async with viewers(edges, load.viewers, start, record):
        authors = [asyncio.create_task(Authors(urls, token, record, rng, batch=load.batch).post(load.rate, stop))]
        if started.workers:
            authors.append(asyncio.create_task(cheer(urls, STREAM, record, rng, stop)))
        try:
            yield record
        finally:
            stop.set()
            await asyncio.gather(*authors)
            await _caught_up(urls[0], record)
            if started.workers:
                await counted(urls[0], STREAM, record)


async def reckon(started: Fleet, record: Record, outcome: Outcome) -> list[str]:
    """Hold what was told and seen against what the log says now."""
    async with Client(started.apis[0].url) as client:
        head = await client.head(STREAM)
        history = [message.data async for message in client.history(STREAM)]
    for name, count in _counts(record).items():
        outcome.counts[name] = outcome.counts.get(name, 0) + count
    lost = lost_with_an_epoch(record, history, head.epoch) if outcome.plan.hot else set()
    outcome.counts["lost"] = outcome.counts.get("lost", 0) + len(lost)
    record.acknowledged = [each for each in record.acknowledged if each.id not in lost]
    found = broken(record, history, (head.epoch, head.seq))
    stored = await asyncio.to_thread(started.stored)
    if stored is not None and (stored[0] != stored[1] or stored[1] != head.seq):
        found.append(f"SQL has {stored[0]} events up to {stored[1]}, and the head is {head.seq}")
    return found


def _counts(record: Record) -> dict[str, int]:
    return {
        "acknowledged": len(record.acknowledged),
        "given up": record.refused,
        "not made": record.unmade,
        "retried": record.retried,
        "deleted": len(record.deleted),
        "reactions": sum(record.reactions.values()),
        "viewers": len(record.viewers),
        "delivered": sum(len(viewer.seen) for viewer in record.viewers),
        "gaps": sum(seen.kind == "gap" for viewer in record.viewers for seen in viewer.seen),
    }


async def _befall(
    started: Fleet, faults: Sequence[str], record: Record, outcome: Outcome, rng: Random, passed_s: Clock, say: Say
) -> bool:
    """One fault after another; True when that was cut short."""
    try:
        for name in faults:
            fault = FAULTS[name]
            if why := fault.needs(started):
                outcome.skipped[name] = why
                continue
            await asyncio.sleep(BEFORE_S)
            at_s = time.monotonic()
            outcome.timeline.append((round(passed_s(), 1), name))
            say(f"{passed_s():6.1f} s  {name}: {fault.what}")
            await _undisturbed(fault.befall(started, rng, fault.lasts_s))
            until_s = time.monotonic()
            await asyncio.sleep(AFTER_S)
            outcome.sights.append(sight(name, record, at_s, until_s, time.monotonic()))
            say(f"          {outcome.sights[-1].in_words()}")
    except asyncio.CancelledError:
        return True
    return False


async def _undisturbed(fault: Coroutine[Any, Any, None]) -> None:
    """A fault that has begun is undone, whatever ends the run."""
    task = asyncio.create_task(fault)
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        await task
        raise


async def _caught_up(url: str, record: Record) -> None:
    """Wait until every viewer is where the log is; whoever is not by the end of it never will be."""
    until_s = time.monotonic() + QUIET_S
    while time.monotonic() < until_s:
        try:
            async with Client(url) as client:
                head: Cursor = await client.head(STREAM)
        except (aiohttp.ClientError, OSError) as error:
            raise ProcessError(f"the API does not answer at the end: {error}") from error
        if all(viewer.seen and viewer.seen[-1].place >= (head.epoch, head.seq) for viewer in record.viewers):
            return
        await asyncio.sleep(0.2)
