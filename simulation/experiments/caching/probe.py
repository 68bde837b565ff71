"""What a page's parts cost here: ``python -m simulation.experiments.caching.probe FOLDER REDIS PID``.

The server's own log, cache and guards in a process of their own, asked for one thing at a time by a crowd at once, with
nothing else going on. None of the experiment's variants is run.
"""

import asyncio
import json
import sys
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from typing import Any

import uuid_utils
import uvloop

from reference_impl.adapters.memory import MemoryBroker
from reference_impl.adapters.redis.connection import connect
from reference_impl.adapters.redis.recent import RedisRecent
from reference_impl.guard import Guard, GuardConfig
from reference_impl.guarded_log import Guards
from reference_impl.pages import StoredPages
from reference_impl.policy.circuit_breaker import STAYS_CLOSED
from reference_impl.policy.recent_window import RecentConfig, Wanted
from reference_impl.ports import CommentLog, History, LogUnavailable
from reference_impl.protocol.events import Draft, author_data, comment_data
from reference_impl.recent import Built, Changes
from reference_impl.recent_wiring import ANSWER_S, CACHE
from reference_impl.storage import migrate_all, open_databases, whole
from simulation.bench.partitions_log import collect_as_the_server, named
from simulation.engines.ports import free_port
from simulation.engines.processes import cpu_seconds
from simulation.experiments.caching.plan import LIMIT, STORED, Size

STREAM = "demo"
AT_ONCE = Size().crowd
ROUNDS = 20
STRANGERS = 6  # clients that have no connection to the cache
LONE = 100
PATIENCE_S = 10.0  # on a busy machine a call is late, and costs no more for that
NEWEST = Wanted(True, None, LIMIT + 1)

Ask = Callable[[], Awaitable[Any]]


@dataclass(frozen=True, slots=True)
class Cost:
    """Of one call: on this process's core, and on the core of the cache."""

    own_s: float
    cache_s: float


class Probe:
    """``log`` and ``history`` are behind their guard, as a server has them; ``url`` is the cache's."""

    def __init__(self, log: CommentLog, history: History, store: RedisRecent, url: str, cache_pid: int) -> None:
        self._log, self._store, self._url, self._pid = log, store, url, cache_pid
        self._stored = StoredPages(log, history)
        patient = replace(CACHE, deadline_s=PATIENCE_S, breaker=STAYS_CLOSED)  # what a call costs, however late it is
        self._guard = Guard("the probe's cache", patient, time.monotonic, Random(1))

    async def measure(self) -> dict[str, Any]:
        stored, log = self._stored, self._log
        newest = (await stored.before(STREAM, None, LIMIT + 51)).comments
        built = Built(log.epoch, STORED, newest[0].seq, STORED, newest, cost_s=0.0)
        await self._store.build(STREAM, 0, built)
        change = Changes(log.epoch, [(STORED, newest[-1])], [(STORED, STORED)])
        narrow = await self._cost(lambda: stored.before(STREAM, None, LIMIT + 1))
        wide = await self._cost(lambda: stored.before(STREAM, None, 2 * LIMIT + 1))
        comment_s = max(0.0, (wide.own_s - narrow.own_s) / LIMIT)
        head = await self._cost(lambda: log.heads([STREAM]))
        hit = await self._cost(lambda: self._recall(STREAM))
        miss = await self._cost(lambda: self._recall("nobody"))
        build = await self._cost(lambda: self._guard.once(lambda: self._store.build(STREAM, 0, built)))
        remember = await self._cost(lambda: self._guard.once(lambda: self._store.remember(STREAM, change)))
        return {
            "read_s": narrow.own_s - comment_s * (LIMIT + 1), "comment_s": comment_s, "head_s": head.own_s,
            "recall_s": hit.own_s, "call_s": (miss.own_s + build.own_s) / 2, "failed_s": await self._failed_s(),
            "connect_s": max(0.0, await self._first_s() - hit.own_s),
            "cache": {
                "hop_s": await self._hop_s(hit), "recall_s": hit.cache_s, "miss_s": miss.cache_s,
                "build_s": build.cache_s, "remember_s": remember.cache_s,
            },
        }  # fmt: skip

    async def _recall(self, stream: str) -> Any:
        epoch = self._log.epoch
        return await self._guard.once(lambda: self._store.recall(stream, 0, 1, epoch, 0, NEWEST))

    async def _cost(self, ask: Ask) -> Cost:
        """By a few at once, again and again."""
        await asyncio.gather(*(ask() for _ in range(AT_ONCE)))
        own_s, cache_s = time.process_time(), cpu_seconds(self._pid)
        for _ in range(ROUNDS):
            await asyncio.gather(*(ask() for _ in range(AT_ONCE)))
        calls = AT_ONCE * ROUNDS
        return Cost((time.process_time() - own_s) / calls, (cpu_seconds(self._pid) - cache_s) / calls)

    async def _hop_s(self, hit: Cost) -> float:
        """What a lone call takes that is nobody's work, one way."""
        began_s, own_s, cache_s = time.perf_counter(), time.process_time(), cpu_seconds(self._pid)
        for _ in range(LONE):
            await self._recall(STREAM)
        worked_s = time.process_time() - own_s + cpu_seconds(self._pid) - cache_s
        return max(0.0, (time.perf_counter() - began_s - worked_s) / LONE / 2)

    async def _first_s(self) -> float:
        """A call of a client that has no connection yet: each of those at once makes one."""
        own_s, epoch = 0.0, self._log.epoch
        for _ in range(STRANGERS):
            stranger = RedisRecent(connect(self._url, PATIENCE_S), RecentConfig())
            before_s = time.process_time()
            await asyncio.gather(*(stranger.recall(STREAM, 0, 1, epoch, 0, NEWEST) for _ in range(AT_ONCE)))
            own_s += time.process_time() - before_s
            await stranger.close()
        return own_s / STRANGERS / AT_ONCE

    async def _failed_s(self) -> float:
        """A call of a cache that is not there."""
        gone = RedisRecent(connect(f"redis://127.0.0.1:{free_port()}", ANSWER_S), RecentConfig())
        epoch = self._log.epoch

        async def fail() -> None:
            try:
                await gone.recall(STREAM, 0, 1, epoch, 0, NEWEST)
            except LogUnavailable:
                return

        cost = await self._cost(fail)
        await gone.close()
        return cost.own_s


async def main(folder: Path, url: str, cache_pid: int) -> dict[str, Any]:
    log = f"sqlite:///{folder / 'probe.sqlite'}"
    await migrate_all(log, 1)
    (database,) = await open_databases(log, 1)
    guards = Guards(time.monotonic, Random(1), GuardConfig(deadline_s=PATIENCE_S, breaker=STAYS_CLOSED))
    storage = await whole(database, guards.engine(database))
    await storage.directory.create(named(STREAM))
    await storage.log.append([_draft(number) for number in range(STORED)])
    guarded = guards.log(storage.log, MemoryBroker(asyncio.get_running_loop()))
    store = RedisRecent(connect(url, PATIENCE_S), RecentConfig())
    collect_as_the_server()
    try:
        return await Probe(guarded, storage.history, store, url, cache_pid).measure()
    finally:
        await store.close()
        await storage.log.close()


def _draft(number: int) -> Draft:
    user = f"u{number % 100}"
    return Draft(
        stream=STREAM, id=str(uuid_utils.uuid7()), author=user, created_at_ms=number,
        data=comment_data(author_data(user, user), f"What a goal! {number * 7919 % 1_000_003}", []),
    )  # fmt: skip


if __name__ == "__main__":
    sys.stdout.write(json.dumps(uvloop.run(main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])))))
