"""Builds a worker: a process that does what servers leave to it."""

import asyncio
import signal
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from uuid import uuid4

import structlog
import uvloop

from reference_impl.adapters.hot.archiver import Sweep
from reference_impl.adapters.hot.caught_up import HotReactions
from reference_impl.adapters.hot.window import WindowConfig
from reference_impl.adapters.http_cache import HttpCache
from reference_impl.adapters.memory import MemoryBroker
from reference_impl.adapters.partitioned.layout import agree
from reference_impl.adapters.redis.connection import connect as connect_redis
from reference_impl.adapters.redis.work_queue import RedisWorkQueue
from reference_impl.adapters.sql.connecting import connect
from reference_impl.adapters.sql.database import Database
from reference_impl.adapters.sql.log import SqlLog
from reference_impl.adapters.sql.migrate import check as check_tables
from reference_impl.adapters.sql.reactions import SqlReactions
from reference_impl.archive_work import ARCHIVE, SWEEPING_PART, ArchiveWork
from reference_impl.background import background
from reference_impl.config import WorkerSettings
from reference_impl.policy.lease import LeaseConfig
from reference_impl.policy.reactions import ReactionConfig
from reference_impl.profile_work import PROFILES, ProfileWork
from reference_impl.profiles import ProfileRefresher
from reference_impl.purging import Purger
from reference_impl.reaction_work import REACTIONS, OnceStore, ReactionWork
from reference_impl.segments import Segments
from reference_impl.storage import Hot, Storage, hot_storage, whole
from reference_impl.wiring import broker_at, settings_in
from reference_impl.working import Handle, Worker, WorkerConfig

log = structlog.get_logger(__name__)


@asynccontextmanager
async def worker_running(settings: WorkerSettings) -> AsyncIterator[None]:
    """Everything of one worker; on the way out it gives back what it holds."""
    async with AsyncExitStack() as stack:
        database = connect(settings.log_url)
        stack.push_async_callback(database.close)
        await check_tables(database)
        await agree(database, 1)
        beside = Hot.at(database, settings.hot, WindowConfig()) if settings.hot else None
        if beside:
            stack.push_async_callback(beside.window.close)
        storage, once = await _stored(database, beside)
        broker = await stack.enter_async_context(broker_at(settings.broker, MemoryBroker(asyncio.get_running_loop())))
        reactions = ReactionWork(once, broker, ReactionConfig())
        purger = _purger(settings, storage)
        refresher = ProfileRefresher(storage.directory, storage.profiles, purger.restyled)
        profiles = ProfileWork(storage.profiles, refresher)
        for task in (reactions.run(), purger.run()):
            await stack.enter_async_context(background(task))
        name = f"worker-{uuid4().hex[:12]}"
        work = {REACTIONS: reactions.handle, PROFILES: profiles.handle}
        if beside:
            work[ARCHIVE] = ArchiveWork(beside.archive).handle
        for queue, handle in work.items():
            worker = await stack.enter_async_context(_worker(settings, name, queue, handle))
            await stack.enter_async_context(background(worker.run()))
            if beside and queue == ARCHIVE:
                await stack.enter_async_context(background(_sweep(beside.sweep, worker)))
        log.info("working", name=name, queues=",".join(work))
        yield


async def _stored(database: Database, beside: Hot | None) -> tuple[Storage, OnceStore]:
    """The tables, and where reactions are counted; of a hot-first log with what is in Redis brought there before."""
    if beside is None:
        return await whole(database), SqlReactions(database)
    storage = hot_storage(await SqlLog.begin(database), beside, database, lambda stream: None)
    return storage, HotReactions(SqlReactions(database), beside.archive)


async def _sweep(sweep: Sweep, worker: Worker) -> None:
    """Look at all windows as long as it is this worker's turn; two at once do no harm."""

    async def look() -> None:
        if worker.holds(SWEEPING_PART):
            await sweep.archive_all()

    await sweep.run(look)


@asynccontextmanager
async def _worker(settings: WorkerSettings, name: str, of: str, handle: Handle) -> AsyncIterator[Worker]:
    """One who shares a queue with those of other processes."""
    lease = LeaseConfig(lease_s=settings.lease_s, heartbeat_s=settings.lease_s / 3)
    queue = RedisWorkQueue(connect_redis(settings.workers), of, lease_s=lease.lease_s)
    try:
        yield Worker(name, queue, queue, handle, WorkerConfig(lease=lease))
    finally:
        await queue.close()


def _purger(settings: WorkerSettings, storage: Storage) -> Purger:
    """Has caches replace the seconds in which an author has changed."""
    segments = Segments(storage.segments, storage.log, time.monotonic, time.time)
    caches = map(HttpCache, settings.caches)
    return Purger(segments, storage.segments, caches, settings_in(storage.directory), time.monotonic, time.time)


def work_until_signal(settings: WorkerSettings) -> None:
    """Work until SIGINT or SIGTERM. LogUnavailable says why it cannot begin."""
    uvloop.run(_work(settings))


async def _work(settings: WorkerSettings) -> None:
    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    async with worker_running(settings):
        await stop.wait()
    log.info("stopped")
