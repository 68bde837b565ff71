"""What a split log's transactions cost here: ``python -m simulation.experiments.hot_partition.probe CASE``.

Lone appends of batches of several sizes, at one home after the other and with nothing else going on, so that the steps
of an append follow one another and each has its time and its processor time to itself. Rows cost what they cost in a
run, since a processor that has just slept is slower. None of the experiment's variants is run.
"""

import asyncio
import json
import sys
import time
from collections import defaultdict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import chain
from random import Random
from statistics import median
from typing import Any, TypeVar

import numpy as np
import uvloop

from reference_impl.adapters.partitioned.away import which_filled
from reference_impl.adapters.partitioned.history import PartitionedHistory
from reference_impl.adapters.partitioned.log import PartitionedLog
from reference_impl.adapters.partitioned.slots import Range
from reference_impl.adapters.sql.database import Database, Work
from reference_impl.group_commit import Commits
from reference_impl.policy.partitioning import home
from reference_impl.ports import Appended
from reference_impl.protocol.events import Draft
from simulation.bench.partitions_log import SlowWriter, collect_as_the_server
from simulation.experiments.hot_partition.log import commits_of, opened
from simulation.experiments.hot_partition.plan import Case, draft, page_end, pages
from simulation.model.partition_costs import total

R = TypeVar("R")
BATCHES = ((48, 4), (16, 8), (4, 12), (1, 24))  # comments in one, and how many of them
STREAMS = 10  # of a batch with several
FILLED = 160  # comments of a stream that pages are read of
PAGES = 300
LOOKS = 40
HANDOVERS = 60
HANDOVER_GAP_S = 0.01
WARM_BATCHES = (2, 6, 16)  # comments in one while all partitions are at work
WARM_TURNS = 10


@dataclass(slots=True)
class Step:
    """One step of an append: its transactions, which run beside one another."""

    transactions: int = 0
    rows: int = 0
    took_s: float = 0.0
    cpu_s: float = 0.0


class Steps:
    """A step begins with a transaction while none is under way, and ends when none is any more."""

    def __init__(self) -> None:
        self.done: list[Step] = []
        self.transactions = 0
        self._under_way = 0
        self._begun = 0.0, 0.0

    def begin(self) -> None:
        if not self._under_way:
            self.done.append(Step())
            self._begun = time.perf_counter(), time.process_time()
        self._under_way += 1

    def end(self, rows: int) -> None:
        self._under_way -= 1
        self.transactions += 1
        step = self.done[-1]
        step.transactions, step.rows = step.transactions + 1, step.rows + rows
        step.took_s, step.cpu_s = time.perf_counter() - self._begun[0], time.process_time() - self._begun[1]


class Watched(SlowWriter):
    """A writer that tells when a transaction begins and ends."""

    def __init__(self, steps: Steps, real: Database, row_us: float) -> None:
        super().__init__(real, row_us)
        self._steps = steps

    async def write(self, work: Work[R]) -> R:
        before = self.rows
        self._steps.begin()
        try:
            return await super().write(work)
        finally:
            self._steps.end(self.rows - before)


class To:
    """A strategy that says what it is told."""

    def __init__(self, partitions: int) -> None:
        self.partitions = partitions
        self.number = 0

    def place(self, stream: str, author: str, comment_id: str, at_s: float) -> int:
        return self.number


class Probe:
    """``seen`` are samples of each cost: what there was to do, and in the end what processor time it took."""

    def __init__(self, case: Case) -> None:
        self._case = case
        self._rng, self._sent = Random(case.seed), 0
        self._to, self._steps = To(case.partitions), Steps()
        self._seen: dict[str, list[tuple[float, ...]]] = defaultdict(list)
        self._waits_s: list[float] = []

    async def run(self) -> dict[str, Any]:
        async with opened(self._case, self._to, lambda real, us: Watched(self._steps, real, us)) as (storage, _):
            assert isinstance(storage.log, PartitionedLog)
            assert isinstance(storage.history, PartitionedHistory)
            commits = commits_of(storage)
            await self._appends(commits)
            await self._looks(storage.log)
            warm = await self._warm(commits)
            handover_s = await _handover_s()
            pages_s = {}
            for asked in range(1, self._case.partitions + 1):
                pages_s[str(asked)] = await self._pages(storage.history, commits, asked)
        fitted = {name: [part * warm for part in each] for name, each in self._fitted().items()}
        waits_s = [max(0.0, each - handover_s) for each in self._waits_s]
        return fitted | {"warm": warm, "waits_s": waits_s, "handover_s": handover_s, "pages_s": pages_s}

    def _fitted(self) -> dict[str, list[float]]:
        return {name: fit(rows) for name, rows in self._seen.items()}

    async def _appends(self, commits: Commits) -> None:
        """What is done for the first time costs more, so the first batch of each kind does not count."""
        for size, times in BATCHES:
            for streams in sorted({1, min(size, STREAMS)}):
                for away in (0, 1):
                    for number in range(times + 1):
                        await self._append(commits, size, streams, away, counts=number > 0)

    async def _append(self, commits: Commits, size: int, streams: int, away: int, *, counts: bool) -> None:
        self._steps.done.clear()
        cpu_s = time.process_time()
        streams = await self._batch(commits, 0, size, streams, away)
        if counts:
            self._keep(size, streams, away, time.process_time() - cpu_s)

    async def _batch(self, commits: Commits, at: int, size: int, streams: int, away: int) -> int:
        """One append of streams at home in a partition, there or in the next one; answer how many streams it had."""
        count = self._case.partitions
        names = [name for name in self._case.names if home(name, count) == at][:streams]
        self._to.number = (at + away) % count
        drafts = [self._draft(names[number % len(names)]) for number in range(size)]
        promise = commits.submit_all(drafts, time.perf_counter())
        assert promise is not None
        assert all(isinstance(each, Appended) for each in await promise)
        return min(len(names), size)

    async def _warm(self, commits: Commits) -> float:
        """How much of its lone cost a transaction takes while all partitions are at work, and the processor is warm."""
        fitted, before = self._fitted(), self._steps.transactions
        cpu_s, expected_s, steps = time.process_time(), 0.0, 0
        for away in (0, 1):
            turns = [self._turns(commits, at, away) for at in range(self._case.partitions)]
            for size, streams in chain.from_iterable(await asyncio.gather(*turns)):
                expected_s += total(fitted["append"], size)
                expected_s += total(fitted["home"], streams, size * (1 - away), size * away)
                expected_s += (
                    total(fitted["claim"], size) - fitted["claim"][0] + away * total(fitted["away"], streams, size)
                )
                steps += 1 + away
        claims = self._steps.transactions - before - steps
        return (time.process_time() - cpu_s) / (expected_s + claims * fitted["claim"][0])

    async def _turns(self, commits: Commits, at: int, away: int) -> list[tuple[int, int]]:
        """Batches of one partition's streams, one after the other; their sizes and streams."""
        sizes = [size for size in WARM_BATCHES for _ in range(WARM_TURNS)]
        return [(size, await self._batch(commits, at, size, STREAMS, away)) for size in sizes]

    def _keep(self, size: int, streams: int, away: int, cpu_s: float) -> None:
        claim, at_home, *rest = self._steps.done
        self._seen["claim"].append((claim.transactions, size, claim.cpu_s))
        self._seen["home"].append((1, streams, size * (1 - away), size * away, at_home.cpu_s))
        for step in rest:
            self._seen["away"].append((1, streams, size, step.cpu_s))
        self._seen["append"].append((1, size, cpu_s - sum(step.cpu_s for step in self._steps.done)))
        alone = [step for step in self._steps.done if step.transactions == 1]
        self._waits_s += [max(0.0, each.took_s - each.cpu_s - each.rows * self._case.row_us / 1e6) for each in alone]

    def _draft(self, stream: str) -> Draft:
        """Each of a moment of its own, so that each place that is given away is a range."""
        self._sent += 1
        return draft(self._case, stream, self._sent / 1000, self._rng)

    async def _looks(self, log: PartitionedLog) -> None:
        for count in (1, 8):
            some = [Range(self._case.names[0], first, first, 1, 0, 0, 0) for first in range(1, count + 1)]
            for _ in range(LOOKS):
                cpu_s = time.process_time()
                await log.partitions[1].read(lambda connection, some=some: which_filled(connection, some))  # type: ignore[misc]
                self._seen["look"].append((1, count, time.process_time() - cpu_s))

    async def _pages(self, history: PartitionedHistory, commits: Commits, asked: int) -> list[float]:
        """Times of pages for which so many partitions are asked."""
        name = self._case.names[-asked]
        promises = []
        for number in range(FILLED):
            self._to.number = (home(name, self._case.partitions) + number % asked) % self._case.partitions
            promises.append(commits.submit(self._draft(name), time.perf_counter()))
        await commits.drain()
        times_s = []
        for _, share in pages([name], PAGES, self._case.seed):
            end, start_s = page_end(share, FILLED, self._case.page_comments), time.perf_counter()
            await history.before(name, end + 1, self._case.page_comments)
            times_s.append(time.perf_counter() - start_s)
        return times_s


async def _handover_s() -> float:
    """To a thread that sleeps, with nothing to do, and back."""
    loop, times_s = asyncio.get_running_loop(), []
    with ThreadPoolExecutor(1) as thread:
        for _ in range(HANDOVERS):
            await asyncio.sleep(HANDOVER_GAP_S)
            start_s = time.perf_counter()
            await loop.run_in_executor(thread, int)
            times_s.append(time.perf_counter() - start_s)
    return median(times_s)


def fit(samples: Sequence[tuple[float, ...]]) -> list[float]:
    """Least squares through the medians of equal work; no part of a cost is below zero."""
    alike: dict[tuple[float, ...], list[float]] = defaultdict(list)
    for *work, took_s in samples:
        alike[tuple(work)].append(took_s)
    work_done, took = np.array(list(alike)), np.array([median(some) for some in alike.values()])
    used = list(range(work_done.shape[1]))
    while True:
        parts = np.linalg.lstsq(work_done[:, used], took, rcond=None)[0]
        if parts.min() >= 0:
            break
        del used[int(parts.argmin())]
    found = [0.0] * work_done.shape[1]
    for at, part in zip(used, parts, strict=True):
        found[at] = float(part)
    return found


def main() -> None:
    case = Case(**json.loads(sys.argv[1]))
    collect_as_the_server()
    sys.stdout.write(json.dumps(uvloop.run(Probe(case).run())))


if __name__ == "__main__":
    main()
