"""One run with real processes: a Redis, workers that share one core, and work that is added to their queue.

A worker is killed, or stopped and let go on, as any process is; only a slow one is told to be slow.
"""

import asyncio
import signal
import sqlite3
import time
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, closing
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import redis.asyncio

from reference_impl.adapters.redis.connection import connect
from reference_impl.adapters.redis.work_queue import RedisWorkQueue
from reference_impl.policy.sharing import fair_share
from reference_impl.storage import migrate_all
from simulation.chaos.member import started
from simulation.engines import processes
from simulation.engines.live import BUSY_MAX, own_cpu_s
from simulation.engines.ports import free_port
from simulation.engines.processes import ProcessError
from simulation.experiments.consumer_groups.plan import SLOWER, WATCH_S, Case, Fault
from simulation.experiments.consumer_groups.record import ENDS_S, LOOK_S, Effect, Look, Record
from simulation.experiments.consumer_groups.started import (
    EFFECTS,
    QUEUE,
    case_as_json,
    database_in,
    noted,
    notes_in,
)
from simulation.experiments.failover.fleet import redis_on

PACKAGE = "simulation.experiments.consumer_groups"
SETTLES_S = 20.0  # by then workers have shared the partitions


class Group:
    """The processes of a run, and what is seen of their queue. Times are since ``began_s``, when work began to come."""

    def __init__(self, case: Case, folder: Path, port: int, workers: Sequence[Process]) -> None:
        self._case = case
        self._folder = folder
        self._workers = workers
        self._redis: Any = redis.asyncio.Redis(port=port, protocol=2)
        self._queue = RedisWorkQueue(connect(f"redis://127.0.0.1:{port}"), QUEUE, parts=case.variant.partitions)
        self.began_s = 0.0
        self.looks: list[Look] = []
        self.left = 0  # pieces that are not done when the run ends
        self.befell_s: float | None = None

    @property
    def _now_s(self) -> float:
        return time.monotonic() - self.began_s

    async def close(self) -> None:
        await self._redis.aclose()
        await self._queue.close()

    async def settle(self) -> None:
        """Until each partition has a worker and none has more than its share."""
        variant = self._case.variant
        for worker in self._workers[: variant.workers]:
            await processes.tell(worker, "go")
        share, until_s = fair_share(variant.partitions, variant.workers), time.monotonic() + SETTLES_S
        while True:
            holders = (await self._look()).workers
            if -1 not in holders and max(map(holders.count, holders)) <= share:
                return
            if time.monotonic() > until_s:
                raise ProcessError(f"workers did not share the partitions within {SETTLES_S:g} s: {holders}")
            await asyncio.sleep(LOOK_S)

    async def run(self) -> None:
        """Add work, look at the queue, and do what befalls; then wait until nothing waits."""
        self.began_s = time.monotonic()
        await asyncio.gather(self._add(), self._watch(), self._befall())
        # Nothing tells of an empty queue.
        while (left := (await self._look()).backlog) and self._now_s < self._case.seconds + ENDS_S:  # noqa: ASYNC110
            await asyncio.sleep(LOOK_S)
        self.left = left

    def record(self) -> Record:
        notes = noted(self._folder, self._case.variant.processes)
        path = database_in(self._folder).removeprefix("sqlite:///")
        with closing(sqlite3.connect(path)) as database:
            rows = database.execute(f"SELECT number, worker, at_s FROM {EFFECTS}").fetchall()
        return Record(
            case=self._case, added_s=[due_s for due_s, _ in self._case.arrivals()], looks=self.looks,
            effects=[Effect(number, worker, at_s - self.began_s) for number, worker, at_s in rows],
            begun=notes["begun"], refused=notes["refused"].total(), befell_s=self.befell_s,
        )  # fmt: skip

    async def _add(self) -> None:
        for number, (due_s, user) in enumerate(self._case.arrivals()):
            if (early_s := due_s - self._now_s) > 0:
                await asyncio.sleep(early_s)
            await self._queue.add([(user, number)])

    async def _watch(self) -> None:
        while self._now_s < self._case.seconds:
            self.looks.append(await self._look())
            await asyncio.sleep(LOOK_S)

    async def _look(self) -> Look:
        partitions = self._case.variant.partitions
        async with self._redis.pipeline(transaction=False) as pipeline:
            for partition in range(partitions):
                pipeline.get(f"lc:{{work:{QUEUE}:{partition}}}:holder")
                pipeline.xlen(f"lc:{{work:{QUEUE}:{partition}}}:stream")
            found = await pipeline.execute()
        holders = [-1 if holder is None else int(holder.split(b":")[0]) for holder in found[::2]]
        return Look(self._now_s, sum(found[1::2]), holders)

    async def _befall(self) -> None:
        case, fault = self._case, self._case.variant.fault
        if case.fault_s is None:
            return
        victim = self._workers[case.variant.victim]
        await asyncio.sleep(case.fault_s - self._now_s)
        if fault is not Fault.JOINS:
            await self._begins_a_batch(case.variant.victim)
        self.befell_s = self._now_s
        if fault is Fault.JOINS:
            await processes.tell(victim, "go")
        elif fault is Fault.DEAD:
            victim.kill()
        elif fault is Fault.STOPPED:
            victim.send_signal(signal.SIGSTOP)
            await asyncio.sleep(case.fault_lasts_s)
            victim.send_signal(signal.SIGCONT)
        else:
            await processes.tell(victim, f"{SLOWER}")
            await asyncio.sleep(case.fault_lasts_s)
            await processes.tell(victim, "1")

    async def _begins_a_batch(self, worker: int) -> None:
        """Until it notes that it does, which is all that tells."""
        path = notes_in(self._folder, worker)
        before, until_s = path.stat().st_size, time.monotonic() + SETTLES_S
        while path.stat().st_size == before:
            if time.monotonic() > until_s:
                raise ProcessError(f"worker {worker} had nothing to do for {SETTLES_S:g} s")
            await asyncio.sleep(WATCH_S)


async def run_live(case: Case) -> tuple[Record, dict[str, Any], str]:
    """One run: what was seen, facts of it, and why it is void, if so. ProcessError says what is missing for it."""
    async with _group(case) as group:
        await group.settle()
        began_s, cpu_s = time.monotonic(), own_cpu_s()
        await group.run()
        busy = (own_cpu_s() - cpu_s) / (time.monotonic() - began_s)
        record = group.record()
    why = f"the load used {busy:.0%} of its core" if busy > BUSY_MAX else ""
    if group.left:
        why = f"{group.left} pieces were not done {ENDS_S:g} s after the last one came"
    return record, {"generator_busy": round(busy, 3)}, why


@asynccontextmanager
async def _group(case: Case) -> AsyncIterator[Group]:
    async with AsyncExitStack() as stack:
        folder, port = await stack.enter_async_context(_stores())
        workers = [
            await stack.enter_async_context(_worker(case, number, port, folder))
            for number in range(case.variant.processes)
        ]
        for worker in workers:
            await processes.next_line(worker)
            processes.pin(worker.pid, processes.cores().server)
        group = Group(case, folder, port, workers)
        stack.push_async_callback(group.close)
        yield group


@asynccontextmanager
async def _stores() -> AsyncIterator[tuple[Path, int]]:
    """A folder with a database, and the port of a Redis."""
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="livecomments-groups-")))
        server = await started(stack, redis_on(free_port(), folder))
        if server.process:
            processes.pin(server.process.pid, processes.cores().load)
        url = database_in(folder)
        await migrate_all(url, 1)
        with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as database:
            database.execute(f"CREATE TABLE {EFFECTS} (number INTEGER, worker INTEGER, at_s REAL)")
        yield folder, server.port


@asynccontextmanager
async def _worker(case: Case, number: int, port: int, folder: Path) -> AsyncIterator[Process]:
    arguments = [case_as_json(case), f"{number}", f"redis://127.0.0.1:{port}", str(folder)]
    one, other = processes.cores()
    both = one and other and one | other  # until all have begun
    process = await processes.spawn(f"{PACKAGE}.worker", arguments, both, stdin=PIPE)
    try:
        yield process
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGCONT)  # should the run have ended while it stood still
        await processes.stop(process)


async def probed() -> dict[str, Any]:
    """What calls and effects cost, on a worker's core."""
    async with _stores() as (folder, port):
        arguments = [f"redis://127.0.0.1:{port}", str(folder)]
        found: dict[str, Any] = await processes.answer(
            "the probe", f"{PACKAGE}.probe", arguments, processes.cores().server
        )
    return found
