"""Builds a worker: a process that does what servers leave to it."""

import asyncio
import signal
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from uuid import uuid4

import structlog
import uvloop

from reference_impl.adapters.memory import MemoryBroker
from reference_impl.adapters.partitioned.layout import agree
from reference_impl.adapters.redis.connection import connect as connect_redis
from reference_impl.adapters.redis.work_queue import RedisWorkQueue
from reference_impl.adapters.sql.connecting import connect
from reference_impl.adapters.sql.migrate import check as check_tables
from reference_impl.adapters.sql.reactions import SqlReactions
from reference_impl.background import background
from reference_impl.config import WorkerSettings
from reference_impl.policy.lease import LeaseConfig
from reference_impl.policy.reactions import ReactionConfig
from reference_impl.reaction_work import REACTIONS, ReactionWork
from reference_impl.wiring import broker_at
from reference_impl.working import Worker, WorkerConfig

log = structlog.get_logger(__name__)


@asynccontextmanager
async def worker_running(settings: WorkerSettings) -> AsyncIterator[Worker]:
    """Everything of one worker; on the way out it gives back what it holds."""
    async with AsyncExitStack() as stack:
        database = connect(settings.log_url)
        stack.push_async_callback(database.close)
        await check_tables(database)
        await agree(database, 1)
        broker = await stack.enter_async_context(broker_at(settings.broker, MemoryBroker(asyncio.get_running_loop())))
        work = ReactionWork(SqlReactions(database), broker, ReactionConfig())
        lease = LeaseConfig(lease_s=settings.lease_s, heartbeat_s=settings.lease_s / 3)
        queue = RedisWorkQueue(connect_redis(settings.workers), REACTIONS, lease_s=lease.lease_s)
        stack.push_async_callback(queue.close)
        name = f"worker-{uuid4().hex[:12]}"
        worker = Worker(name, queue, queue, work.handle, WorkerConfig(lease=lease), time.monotonic)
        await stack.enter_async_context(background(work.run()))
        await stack.enter_async_context(background(worker.run()))
        yield worker


def work_until_signal(settings: WorkerSettings) -> None:
    """Work until SIGINT or SIGTERM. LogUnavailable says why it cannot begin."""
    uvloop.run(_work(settings))


async def _work(settings: WorkerSettings) -> None:
    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    async with worker_running(settings) as worker:
        log.info("working", name=worker.name, queue=REACTIONS)
        await stop.wait()
    log.info("stopped")
