"""Builds the cache of newest comments, or what stands in its place where there is none."""

import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from random import Random

from reference_impl.adapters.redis.connection import connect
from reference_impl.adapters.redis.recent import RedisRecent
from reference_impl.background import background
from reference_impl.config import RecentWrites, Settings
from reference_impl.following import LogReader
from reference_impl.group_commit import Appender
from reference_impl.guard import Guard, GuardConfig
from reference_impl.pages import Pages, StoredPages
from reference_impl.policy.bulkhead import BulkheadConfig
from reference_impl.policy.circuit_breaker import BreakerConfig
from reference_impl.policy.hot_keys import HotKeysConfig
from reference_impl.ports import History
from reference_impl.recent_pages import RecentConfig, RecentPages
from reference_impl.recent_writes import BehindQueue, RecentWriter, WriteBehind, WriteThrough

ANSWER_S = 1.0  # after which a call of the cache ends by itself
# The log is there too, so nobody waits long for a cache, and little is lost by leaving it alone at once.
CACHE = GuardConfig(
    deadline_s=0.25,
    breaker=BreakerConfig(slow_s=0.25, silence_s=1.0),
    bulkhead=BulkheadConfig(in_flight_max=64, waiting_max=2_000),
)
WARMING = GuardConfig(bulkhead=BulkheadConfig(in_flight_max=4, waiting_max=1_000))

Guarding = Callable[[Appender, int], Appender]


@dataclass(frozen=True, slots=True)
class Recent:
    """``around`` puts the cache behind what appends to a partition."""

    pages: Pages
    around: Callable[[Guarding], Guarding]
    guards: Sequence[Guard] = ()
    status: Callable[[], Mapping[str, int | float]] = dict


@asynccontextmanager
async def recent_comments(settings: Settings, log: LogReader, history: History) -> AsyncIterator[Recent]:
    """The cache for as long as the block lasts; what waits to be written is written on the way out."""
    stored = StoredPages(log, history)
    if not settings.recent:
        yield Recent(stored, lambda guarding: guarding)
        return
    clock, config = time.monotonic, _config(settings)
    cache, warming = (Guard(f"recent_{name}", each, clock, Random()) for name, each in _GUARDS.items())
    async with AsyncExitStack() as stack:
        store = RedisRecent(connect(settings.recent, ANSWER_S), config.comments_max)
        stack.push_async_callback(store.close)
        pages = RecentPages(stored, log, history, store, cache, warming, config, clock, Random())
        stack.push_async_callback(pages.close)
        writer = RecentWriter(log, history, store, cache)
        around = await _around(settings, writer, stack)
        yield Recent(pages, around, (cache, warming), pages.status)


_GUARDS = {"comments": CACHE, "warming": WARMING}


async def _around(settings: Settings, writer: RecentWriter, stack: AsyncExitStack) -> Callable[[Guarding], Guarding]:
    if settings.recent_writes is RecentWrites.THROUGH:
        return lambda guarding: lambda lane, number: WriteThrough(guarding(lane, number), writer)
    queue = BehindQueue(writer)
    stack.push_async_callback(queue.flush)
    await stack.enter_async_context(background(queue.run()))
    return lambda guarding: lambda lane, number: WriteBehind(guarding(lane, number), queue)


def _config(settings: Settings) -> RecentConfig:
    """Copies of a hot window help where they are on several nodes."""
    if settings.recent.startswith("redis+cluster:"):
        return RecentConfig()
    return RecentConfig(hot_keys=HotKeysConfig(copies_max=1))
