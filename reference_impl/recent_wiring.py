"""Builds the cache of newest comments, or what stands in its place where there is none."""

import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from random import Random

from reference_impl.adapters.redis.connection import connect
from reference_impl.adapters.redis.recent import RedisRecent
from reference_impl.background import background
from reference_impl.config import RecentPart, RecentWrites, Settings
from reference_impl.following import LogReader
from reference_impl.group_commit import Appender
from reference_impl.guard import Guard, GuardConfig
from reference_impl.pages import Pages, StoredPages
from reference_impl.policy.circuit_breaker import STAYS_CLOSED
from reference_impl.policy.hot_keys import HotKeysConfig
from reference_impl.policy.recent_window import (
    CACHE_BREAKER,
    CACHE_DEADLINE_S,
    CACHE_PLACES,
    WARMING_PLACES,
    RecentConfig,
)
from reference_impl.policy.warming import WarmingConfig
from reference_impl.ports import History
from reference_impl.recent_pages import RecentPages
from reference_impl.recent_writes import BehindQueue, RecentWriter, WriteBehind, WriteThrough

ANSWER_S = 1.0  # after which a call of the cache ends by itself
CACHE = GuardConfig(deadline_s=CACHE_DEADLINE_S, breaker=CACHE_BREAKER, bulkhead=CACHE_PLACES)
WARMING = GuardConfig(bulkhead=WARMING_PLACES)

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
        yield Recent(stored, lambda guarding: guarding, status=stored.status)
        return
    clock, config = time.monotonic, _config(settings)
    guards = {"comments": _cache(settings), "warming": WARMING}
    cache, warming = (Guard(f"recent_{name}", each, clock, Random()) for name, each in guards.items())
    async with AsyncExitStack() as stack:
        store = RedisRecent(connect(settings.recent, ANSWER_S), config)
        stack.push_async_callback(store.close)
        pages = RecentPages(stored, log, history, store, cache, warming, config, clock, Random())
        stack.push_async_callback(pages.close)
        writer = RecentWriter(log, history, store, cache)
        around = await _around(settings, writer, stack)
        yield Recent(pages, around, (cache, warming), lambda: pages.status() | stored.status())


async def _around(settings: Settings, writer: RecentWriter, stack: AsyncExitStack) -> Callable[[Guarding], Guarding]:
    if settings.recent_writes is RecentWrites.THROUGH:
        return lambda guarding: lambda lane, number: WriteThrough(guarding(lane, number), writer)
    queue = BehindQueue(writer)
    stack.push_async_callback(queue.flush)
    await stack.enter_async_context(background(queue.run()))
    return lambda guarding: lambda lane, number: WriteBehind(guarding(lane, number), queue)


def _cache(settings: Settings) -> GuardConfig:
    return replace(CACHE, breaker=STAYS_CLOSED) if RecentPart.BREAKER in settings.recent_without else CACHE


def _config(settings: Settings) -> RecentConfig:
    """Copies of a hot window help where they are on several nodes."""
    without, sharded = settings.recent_without, settings.recent.startswith("redis+cluster:")
    copied = sharded and RecentPart.COPIES not in without
    return RecentConfig(
        single_flight=RecentPart.SINGLE_FLIGHT not in without,
        warming=WarmingConfig(age_max_s=settings.recent_age_s, ahead=RecentPart.WARMING not in without),
        hot_keys=HotKeysConfig() if copied else HotKeysConfig(copies_max=1),
    )
