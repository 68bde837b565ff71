"""One live run of the hot partition experiment: ``python -m simulation.experiments.hot_partition.log CASE``.

A process of its own with the server's own log, queues and histories. Its comments are made before the run begins, and
wait from when they were meant to come (no coordinated omission). It says how much of its time went into sending them.
"""

import asyncio
import json
import sys
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

import uvloop

from reference_impl.adapters.memory import MemoryBroker
from reference_impl.adapters.partitioned.history import PartitionedHistory
from reference_impl.adapters.sql.database import Database
from reference_impl.adapters.sql.schema import events
from reference_impl.group_commit import Commits, Outcome
from reference_impl.policy.batching import GroupCommitConfig
from reference_impl.policy.partitioning import Strategy
from reference_impl.ports import Appended
from reference_impl.protocol.events import Draft, EventKind
from reference_impl.storage import Storage, close_databases, migrate_all, open_databases, split
from simulation.bench.partitions_log import SlowWriter, collect_as_the_server, named
from simulation.experiments.hot_partition.plan import VIRAL, Arrival, Case, Run, Scheduled, page_end, pages, schedule

W = TypeVar("W", bound=SlowWriter)


@asynccontextmanager
async def opened(
    case: Case, strategy: Strategy, writer: Callable[[Database, float], W]
) -> AsyncIterator[tuple[Storage, list[W]]]:
    """A new log with the case's streams, and a writer for each of its partitions."""
    with TemporaryDirectory(prefix="livecomments-hot-") as folder:
        url = f"sqlite:///{folder}/log.sqlite"
        await migrate_all(url, case.partitions)
        databases = [writer(each, case.row_us) for each in await open_databases(url, case.partitions)]
        try:
            storage = await split(databases, strategy)
            for name in case.names:
                await storage.directory.create(named(name))
            yield storage, databases
        finally:
            await close_databases(databases)


def commits_of(storage: Storage) -> Commits:
    broker = MemoryBroker(asyncio.get_running_loop())
    return storage.commits(lambda lane, _: lane, broker, GroupCommitConfig(), time.perf_counter)


class Sender:
    """Submits comments and keeps how long each waited; ``sending_s`` is what that took of the event loop."""

    def __init__(self, commits: Commits, strategy: Scheduled) -> None:
        self._commits = commits
        self._strategy = strategy
        self.waits_s: dict[str, float] = {}  # by comment
        self.refused = 0
        self.sending_s = 0.0

    async def as_they_come(self, arrivals: Sequence[Arrival]) -> None:
        start_s = time.perf_counter()
        for each in arrivals:
            if (early_s := start_s + each.due_s - time.perf_counter()) > 0:
                await asyncio.sleep(early_s)
            self.send(each, start_s + each.due_s)
        await self._commits.drain()

    async def at_once(self, arrivals: Sequence[Arrival]) -> float:
        """Answer how many were answered in a second."""
        start_s = time.perf_counter()
        for each in arrivals:
            self.send(each, start_s)
        await self._commits.drain()
        return len(arrivals) / (time.perf_counter() - start_s)

    def send(self, arrival: Arrival, due_s: float) -> None:
        begun_s = time.perf_counter()
        self._strategy.at_s = arrival.due_s
        promise = self._commits.submit(arrival.draft, due_s)
        if promise is None:
            self.refused += 1
        else:
            promise.add_done_callback(lambda done: self._answered(arrival.draft, due_s, done.result()))
        self.sending_s += time.perf_counter() - begun_s

    def _answered(self, draft: Draft, due_s: float, outcome: Outcome) -> None:
        if isinstance(outcome, Appended):
            self.waits_s[draft.id] = time.perf_counter() - due_s
        else:
            self.refused += 1


async def run(case: Case) -> dict[str, Any]:
    """The run, and what the process says of itself."""
    strategy, (come, backlog) = Scheduled(case), schedule(case)
    async with opened(case, strategy, SlowWriter) as (storage, databases):
        sender = Sender(commits_of(storage), strategy)
        start_s, cpu_s = time.perf_counter(), time.process_time()
        await sender.as_they_come(come)
        elapsed_s, used_s = time.perf_counter() - start_s, time.process_time() - cpu_s
        sending_share = sender.sending_s / elapsed_s
        measured = {each.draft.id: each.draft.stream for each in come if each.due_s >= case.warm_up_s}
        found = Run(stored=[len(measured.keys() & await _stored(each)) for each in databases])
        for name, stream in measured.items():
            if name in sender.waits_s:
                (found.viral_s if stream == VIRAL else found.cold_s).append(sender.waits_s[name])
        assert isinstance(storage.history, PartitionedHistory)
        counts = {name: sum(each.draft.stream == name for each in come) for name in case.names}
        await _read(storage.history, case, counts, found)
        found.backlog_per_s = await sender.at_once(backlog)
        found.refused = sender.refused
    shares = {"cpu_share": round(used_s / elapsed_s, 3), "sending_share": round(sending_share, 3)}
    return {"run": asdict(found), "facts": shares | {"busy_s": [round(each.busy_s, 2) for each in databases]}}


async def _read(history: PartitionedHistory, case: Case, counts: dict[str, int], found: Run) -> None:
    """Pages from anywhere of the viral stream, and of those others that have comments."""
    cold = [name for name in case.names[1:] if counts[name]]
    for names, asked in (([VIRAL], found.viral_partitions), (cold, found.cold_partitions)):
        for name, share in pages(names, case.pages, case.seed):
            end, before = page_end(share, counts[name], case.page_comments), history.reader.touched
            start_s = time.perf_counter()
            await history.before(name, end + 1, case.page_comments)
            if name == VIRAL:
                found.pages_s.append(time.perf_counter() - start_s)
            asked.append(history.reader.touched - before)


async def _stored(database: Database) -> set[str]:
    query = events.select().with_only_columns(events.c.id).where(events.c.kind == EventKind.COMMENT)
    return set(await database.read(lambda connection: connection.scalars(query).all()))


def main() -> None:
    case = Case(**json.loads(sys.argv[1]))
    collect_as_the_server()
    sys.stdout.write(json.dumps(uvloop.run(run(case))))


if __name__ == "__main__":
    main()
