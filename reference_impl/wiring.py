"""The one place where real things are built and joined."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext, suppress
from dataclasses import dataclass

import uuid_utils

from reference_impl.adapters.memory import MemoryBroker
from reference_impl.adapters.sqlite import SqliteLog
from reference_impl.config import Settings
from reference_impl.group_commit import GroupCommit
from reference_impl.hub import Hub, HubConfig
from reference_impl.observability.measure import CsvRecorder
from reference_impl.policy.backpressure import BackpressureConfig
from reference_impl.policy.batching import GroupCommitConfig
from reference_impl.policy.coalescing import CoalescingConfig
from reference_impl.policy.rate import RateConfig, RateLimiter
from reference_impl.ports import Clock, CommentLog
from reference_impl.write_path import WritePath


@dataclass(frozen=True, slots=True)
class Parts:
    """What the API works with."""

    log: CommentLog
    hub: Hub
    write_path: WritePath
    backpressure: BackpressureConfig
    clock: Clock


@asynccontextmanager
async def running(settings: Settings) -> AsyncIterator[Parts]:
    """Everything of one server process, from opening the log to the last commit.

    On the way out the viewers are let go, what has been submitted is committed and answered, and the log is closed.
    """
    clock = time.monotonic
    log = SqliteLog(settings.data / "comments.sqlite")
    broker = MemoryBroker(asyncio.get_running_loop())
    commits = GroupCommit(log, broker, GroupCommitConfig(), clock)
    with CsvRecorder(settings.measure) if settings.measure else nullcontext() as recorder:
        config = HubConfig(coalescing=CoalescingConfig(window_s=settings.window_ms / 1000))
        hub = Hub(log, config, clock, recorder)
        broker.subscribe(hub.receive)
        housekeeping = asyncio.create_task(hub.run())
        try:
            yield Parts(log, hub, _write_path(settings, commits, clock), _backpressure(settings), clock)
        finally:
            housekeeping.cancel()
            with suppress(asyncio.CancelledError):
                await housekeeping
            hub.close()
            await commits.drain()
            await log.close()


def _write_path(settings: Settings, commits: GroupCommit, clock: Clock) -> WritePath:
    limiter = RateLimiter(RateConfig(burst=settings.rate_burst, period_s=settings.rate_period_s))
    return WritePath(commits, limiter, clock=clock, wall_clock=time.time, new_id=lambda: str(uuid_utils.uuid7()))


def _backpressure(settings: Settings) -> BackpressureConfig:
    return BackpressureConfig(queue_bytes=settings.queue_bytes, ending=settings.slow_viewer)
