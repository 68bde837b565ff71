"""One run of the partitions benchmark, in a process of its own: ``python -m simulation.bench.partitions_log CASE``.

The log, the queues in front of it and the histories are the server's own. Comments come when they come, and wait is
counted from then (no coordinated omission). A laptop's disk hides what partitions are for, so each row that is written
may cost a stated time more, during which its partition's writer does nothing else.
"""

import asyncio
import gc
import json
import random
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import accumulate
from typing import TypeVar

import numpy as np
import uuid_utils
import uvloop
from sqlalchemy import Connection

from reference_impl.adapters.memory import MemoryBroker
from reference_impl.adapters.partitioned.history import PartitionedHistory
from reference_impl.adapters.sql.database import Database, Work
from reference_impl.adapters.sql.schema import events
from reference_impl.group_commit import Commits, Outcome
from reference_impl.policy.batching import GroupCommitConfig
from reference_impl.policy.partitioning import (
    ByStreamAndTime,
    HotSplit,
    HotSplitConfig,
    Partitioning,
    Strategy,
    strategy,
)
from reference_impl.ports import Appended
from reference_impl.protocol.events import Draft, EventKind, author_data, comment_data
from reference_impl.protocol.streams import State, Stream, StreamSettings
from reference_impl.storage import close_databases, migrate_all, open_databases, split

USERS = 2_000
VIRAL = "viral"
ZIPF = 1.1
PAGE = 50
PAGES = 200
IN_FLIGHT = 2_000  # when it is to take as many as it can
TICK_S = 0.002

R = TypeVar("R")


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    strategy: str
    folder: str
    partitions: int
    streams: int
    viral_share: float
    per_s: float
    seconds: float
    row_us: float
    bucket_s: float
    split_per_s: float
    seed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What one run gave: ``cold`` is of all streams but the viral one.

    ``skew`` is the comments of the most loaded partition over the mean, ``busy_skew`` the same of its writer's time.
    """

    strategy: str
    row_us: float
    seed: int
    comments_per_s: float
    append_p50_ms: float
    append_p99_ms: float
    cold_p50_ms: float
    cold_p99_ms: float
    unanswered: int
    skew: float
    busy_skew: float
    most_per_s: float
    page_p50_ms: float
    page_p99_ms: float
    page_partitions: float
    cold_page_partitions: float


class SlowWriter:
    """A database whose rows cost something; ``busy_s`` is how long its writer has worked, ``rows`` what it wrote."""

    def __init__(self, real: Database, row_us: float) -> None:
        self._real = real
        self._row_s = row_us / 1e6
        self.busy_s = 0.0
        self.rows = 0

    async def write(self, work: Work[R]) -> R:
        def slowly(connection: Connection) -> R:
            start_s, before = time.perf_counter(), changes(connection)
            answer = work(connection)
            written = changes(connection) - before
            time.sleep(self._row_s * written)
            self.rows += written
            self.busy_s += time.perf_counter() - start_s
            return answer

        return await self._real.write(slowly)

    async def read(self, work: Work[R]) -> R:
        return await self._real.read(work)

    async def close(self) -> None:
        await self._real.close()


class Load:
    """Comments of one viral stream and of many others, whose shares fall off as Zipf has it."""

    def __init__(self, case: Case) -> None:
        self._random = random.Random(case.seed)
        self.streams = [VIRAL, *(f"stream{number}" for number in range(1, case.streams))]
        rest = [1 / rank**ZIPF for rank in range(1, case.streams)]
        scale = (1 - case.viral_share) / sum(rest)
        self._shares = list(accumulate([case.viral_share, *(each * scale for each in rest)]))

    def draft(self) -> Draft:
        (stream,) = self._random.choices(self.streams, cum_weights=self._shares)
        user = f"user{self._random.randrange(USERS)}"
        data = comment_data(author_data(user, user), f"What a goal! {self._random.getrandbits(30)}", [])
        return Draft(
            stream=stream, id=str(uuid_utils.uuid7()), author=user, created_at_ms=int(time.time() * 1000), data=data,
            idempotency_key=str(uuid_utils.uuid7()),
        )  # fmt: skip


class Waits:
    """How long comments waited, by whether theirs was the viral stream."""

    def __init__(self) -> None:
        self.viral_s: list[float] = []
        self.cold_s: list[float] = []
        self.unanswered = 0
        self.left = 0

    def submit(self, commits: Commits, draft: Draft, due_s: float) -> bool:
        promise = commits.submit(draft, due_s)
        if promise is None:
            self.unanswered += 1
            return False
        self.left += 1
        promise.add_done_callback(lambda done: self._answered(draft, due_s, done.result()))
        return True

    def _answered(self, draft: Draft, due_s: float, outcome: Outcome) -> None:
        self.left -= 1
        if isinstance(outcome, Appended):
            (self.viral_s if draft.stream == VIRAL else self.cold_s).append(time.perf_counter() - due_s)
        else:
            self.unanswered += 1

    @property
    def all_s(self) -> list[float]:
        return self.viral_s + self.cold_s


async def measure(case: Case) -> Measured:
    url = f"sqlite:///{case.folder}/log.sqlite"
    await migrate_all(url, case.partitions)
    databases = [SlowWriter(each, case.row_us) for each in await open_databases(url, case.partitions)]
    try:
        return await _measure(case, databases)
    finally:
        await close_databases(databases)


async def _measure(case: Case, databases: Sequence[SlowWriter]) -> Measured:
    storage, load = await split(databases, _strategy(case)), Load(case)
    for name in load.streams:
        await storage.directory.create(named(name))
    commits = storage.commits(
        lambda lane, _: lane, MemoryBroker(asyncio.get_running_loop()), GroupCommitConfig(), time.perf_counter
    )
    await _as_they_come(commits, load, case.per_s, case.seconds / 4)  # warm-up
    stored, busy = await _stored(databases), [each.busy_s for each in databases]
    waits, elapsed_s = await _as_they_come(commits, load, case.per_s, case.seconds)
    loads = np.subtract(await _stored(databases), stored)
    busy_s = np.subtract([each.busy_s for each in databases], busy)
    history = storage.history
    assert isinstance(history, PartitionedHistory)
    pages_ms, touched = await _read(history, [VIRAL], case.seed)
    _, cold_touched = await _read(history, load.streams[1:], case.seed)
    most = await _as_many_as_it_can(commits, load, case.seconds / 2)
    wait, cold = np.percentile(waits.all_s, [50, 99]) * 1000, np.percentile(waits.cold_s, [50, 99]) * 1000
    page = np.percentile(pages_ms, [50, 99])
    return Measured(
        strategy=case.strategy, row_us=case.row_us, seed=case.seed,
        comments_per_s=round(len(waits.all_s) / elapsed_s, 1),
        append_p50_ms=round(wait[0], 2), append_p99_ms=round(wait[1], 2),
        cold_p50_ms=round(cold[0], 2), cold_p99_ms=round(cold[1], 2),
        unanswered=waits.unanswered,
        skew=round(float(loads.max() / loads.mean()), 3), busy_skew=round(float(busy_s.max() / busy_s.mean()), 3),
        most_per_s=round(most, 1),
        page_p50_ms=round(page[0], 2), page_p99_ms=round(page[1], 2),
        page_partitions=touched, cold_page_partitions=cold_touched,
    )  # fmt: skip


async def _as_they_come(commits: Commits, load: Load, per_s: float, seconds: float) -> tuple[Waits, float]:
    """An open loop; the time until the last one was answered counts too."""
    waits, start_s, sent = Waits(), time.perf_counter(), 0
    while (now_s := time.perf_counter() - start_s) < seconds:
        while sent / per_s <= now_s:
            waits.submit(commits, load.draft(), start_s + sent / per_s)
            sent += 1
        await asyncio.sleep(TICK_S)
    await commits.drain()
    return waits, time.perf_counter() - start_s


async def _as_many_as_it_can(commits: Commits, load: Load, seconds: float) -> float:
    """Keep it full; comments a second."""
    waits, start_s = Waits(), time.perf_counter()
    while time.perf_counter() - start_s < seconds:
        while waits.left < IN_FLIGHT:
            waits.submit(commits, load.draft(), time.perf_counter())
        await asyncio.sleep(TICK_S)
    answered, elapsed_s = len(waits.all_s), time.perf_counter() - start_s
    await commits.drain()
    return answered / elapsed_s


async def _read(history: PartitionedHistory, streams: Sequence[str], seed: int) -> tuple[list[float], float]:
    """Pages from anywhere: their times, and how many partitions one asks."""
    chosen, before, times_ms = random.Random(seed), history.reader.touched, []
    for number in range(PAGES):
        name = streams[number % len(streams)]
        last = await history.seq_at(name, 2**50)
        start_s = time.perf_counter()
        await history.before(name, chosen.randint(min(PAGE, last), last) + 1, PAGE)
        times_ms.append((time.perf_counter() - start_s) * 1000)
    return times_ms, round((history.reader.touched - before) / PAGES, 2)


async def _stored(databases: Sequence[Database]) -> list[int]:
    query = events.select().with_only_columns(events.c.seq).where(events.c.kind == EventKind.COMMENT)
    return [await each.read(lambda connection: len(connection.execute(query).all())) for each in databases]


def _strategy(case: Case) -> Strategy:
    chosen = Partitioning(case.strategy)
    if chosen is Partitioning.BY_TIME:
        return ByStreamAndTime(case.partitions, case.bucket_s)
    if chosen is Partitioning.HOT_SPLIT:
        hot = HotSplitConfig(split_per_s=case.split_per_s, merge_per_s=case.split_per_s / 2)
        return HotSplit(case.partitions, hot)
    return strategy(chosen, case.partitions)


def named(name: str) -> Stream:
    """An open stream."""
    return Stream(name=name, title=name, owner="", state=State.OPEN, settings=StreamSettings(), opened_at_ms=0)


def changes(connection: Connection) -> int:
    """How many rows a connection of SQLite has written so far."""
    driver = connection.connection.driver_connection
    assert driver is not None
    return int(driver.total_changes)


def collect_as_the_server() -> None:
    """Garbage is collected as seldom as in the server."""
    gc.freeze()
    gc.set_threshold(5_000, 20, 100)


def main() -> None:
    case = Case(**json.loads(sys.argv[1]))
    collect_as_the_server()
    sys.stdout.write(json.dumps(asdict(uvloop.run(measure(case)))))


if __name__ == "__main__":
    main()
