"""The part of the wiring that has to do with engines: a log in one piece, or over several partitions."""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import Any

from reference_impl.adapters.hot.archive import Archive
from reference_impl.adapters.hot.archiver import Archiver, Sweep
from reference_impl.adapters.hot.caught_up import HotHistory, HotProfileSpread, HotReactions, HotSegments
from reference_impl.adapters.hot.durable import Durable
from reference_impl.adapters.hot.log import HotLog
from reference_impl.adapters.hot.window import Exposure, Window, WindowConfig
from reference_impl.adapters.partitioned.directory import PartitionedDirectory, PartitionedProfileSpread
from reference_impl.adapters.partitioned.history import PartitionedHistory
from reference_impl.adapters.partitioned.layout import Partitions, agree, made_with
from reference_impl.adapters.partitioned.log import PartitionedLog
from reference_impl.adapters.partitioned.stores import PartitionedReactions, PartitionedReviewQueue, PartitionedSegments
from reference_impl.adapters.redis.connection import connect as connect_redis
from reference_impl.adapters.sql import migrate
from reference_impl.adapters.sql.connecting import connect, make_schemas
from reference_impl.adapters.sql.database import Database, SqliteDatabase
from reference_impl.adapters.sql.directory import SqlDirectory, SqlProfileSpread
from reference_impl.adapters.sql.history import SqlHistory
from reference_impl.adapters.sql.log import SqlLog
from reference_impl.adapters.sql.reactions import SqlReactions
from reference_impl.adapters.sql.review_queue import SqlReviewQueue
from reference_impl.adapters.sql.segments import SqlSegments
from reference_impl.archive_work import QueuedArchive
from reference_impl.config import Settings
from reference_impl.group_commit import Appender, Commits, GroupCommit
from reference_impl.partition_commits import PartitionCommits
from reference_impl.policy.batching import GroupCommitConfig
from reference_impl.policy.partitioning import HotSplit, HotSplitConfig, Partitioning, Strategy, strategy
from reference_impl.ports import (
    Broker,
    Clock,
    CommentLog,
    Directory,
    History,
    LogUnavailable,
    ProfileSpread,
    ReactionStore,
    ReviewQueue,
    SegmentStore,
)
from reference_impl.working import WorkQueue

log = logging.getLogger(__name__)

Guarding = Callable[[Appender, int], Appender]
"""Puts the queue of a partition behind a guard."""


Work = Callable[[], Coroutine[Any, Any, None]]
"""Something to be done, which may take as long as the process lives."""


async def nothing() -> None:
    """A log that needs nothing done beside it."""


@dataclass(frozen=True, slots=True)
class Hot:
    """What there is beside the tables of a log whose newest comments are in Redis."""

    durable: Durable
    window: Window
    archive: Archive
    sweep: Sweep

    @classmethod
    def at(cls, engine: Database, url: str, config: WindowConfig) -> "Hot":
        durable, window = Durable(engine), Window(connect_redis(url), config)
        archive = Archive(durable, window)
        return cls(durable, window, archive, Sweep(archive, durable, config.entries_max // 2))


@dataclass(frozen=True, slots=True, kw_only=True)
class Storage:
    log: CommentLog
    history: History
    directory: Directory
    review_queue: ReviewQueue
    reactions: ReactionStore
    segments: SegmentStore
    profiles: ProfileSpread
    commits: Callable[[Guarding, Broker, GroupCommitConfig, Clock], Commits]
    work: Work = nothing  # what the log has to have done beside it
    release: Work = nothing  # part with all but the databases, in order


async def whole(engine: Database, tables: Database | None = None) -> Storage:
    """A log in one piece; ``tables`` is how everything but the log asks its engine."""
    if names := await Durable(engine).open_names("", 3):
        raise LogUnavailable(
            f"the newest comments of {', '.join(names)} are in Redis: say --hot, and to a server --log-mode hot-first; "
            "one that is stopped brings them all to the log"
        )
    log, database = await SqlLog.begin(engine), tables or engine
    return Storage(
        log=log,
        history=SqlHistory(database, log),
        directory=SqlDirectory(database),
        review_queue=SqlReviewQueue(database),
        reactions=SqlReactions(database),
        segments=SqlSegments(database, log),
        profiles=SqlProfileSpread(database),
        commits=lambda guarding, broker, config, clock: GroupCommit(guarding(log, 0), broker, config, clock),
    )


async def hot(
    engine: Database, url: str, config: WindowConfig, tables: Database | None = None, queue: WorkQueue | None = None
) -> Storage:
    """A log in one piece whose newest comments are in Redis; ``tables`` as in `whole`.

    With a ``queue`` archiving is left to its workers.
    """
    beside = Hot.at(engine, url, config)
    log_exposure(await beside.window.exposure(), config.replicas)
    archiver = QueuedArchive(queue) if queue else Archiver(beside.archive)
    look = beside.sweep.watch if queue else beside.sweep.archive_all

    async def work() -> None:
        await asyncio.gather(archiver.run(), beside.sweep.run(look))

    return hot_storage(await SqlLog.begin(engine), beside, tables or engine, archiver.placed, work)


def hot_storage(
    sql_log: SqlLog, beside: Hot, database: Database, placed: Callable[[str], None], work: Work = nothing
) -> Storage:
    """A hot log and its tables, each of which has windows archived before it is asked."""
    archive = beside.archive
    hot_log = HotLog(sql_log, beside.durable, beside.window, archive, placed)
    return Storage(
        log=hot_log,
        history=HotHistory(SqlHistory(database, hot_log), archive),
        directory=SqlDirectory(database),
        review_queue=SqlReviewQueue(database),
        reactions=HotReactions(SqlReactions(database), archive),
        segments=HotSegments(SqlSegments(database, hot_log), archive),
        profiles=HotProfileSpread(SqlProfileSpread(database), archive, beside.durable),
        commits=lambda guarding, broker, queue, clock: GroupCommit(guarding(hot_log, 0), broker, queue, clock),
        work=work,
        release=hot_log.release,
    )


def log_exposure(exposure: Exposure, replicas: int) -> None:
    """Say at the start what hot-first may cost."""
    level = logging.WARNING if exposure is Exposure.ALL and not replicas else logging.INFO
    log.log(level, "hot-first: a crash of Redis may lose %s; replicas=%d", exposure.value, replicas)


async def split(engines: Sequence[Database], strategy: Strategy, tables: Sequence[Database] | None = None) -> Storage:
    """A log over several partitions; ``tables`` as in `whole`."""
    log, partitions = await PartitionedLog.begin(Partitions(engines), strategy), Partitions(tables or engines)
    return Storage(
        log=log,
        history=PartitionedHistory(partitions, log.reader, log.epoch),
        directory=PartitionedDirectory(partitions, log.reader),
        review_queue=PartitionedReviewQueue(partitions),
        reactions=PartitionedReactions(partitions),
        segments=PartitionedSegments(partitions, log.reader),
        profiles=PartitionedProfileSpread(partitions, log.reader),
        commits=lambda guarding, broker, config, clock: PartitionCommits(
            log.place,
            [guarding(log.lane(number), number) for number in range(len(engines))],
            lambda lane: GroupCommit(lane, broker, config, clock),
        ),
    )


async def storage_of(
    settings: Settings,
    databases: Sequence[Database],
    tables: Sequence[Database],
    origin: str,
    archive_queue: WorkQueue | None = None,
) -> Storage:
    """The storage that the settings ask for; ``origin`` names this process to others. LogUnavailable: there is none."""
    if len(databases) > 1 and (settings.hot or settings.workers):
        raise LogUnavailable("this log is split, and neither --hot nor --workers can do with more than one partition")
    if len(databases) > 1:
        return await split(databases, _strategy(settings, len(databases)), tables)
    if settings.partitioning is not Partitioning.BY_STREAM:
        raise LogUnavailable(
            f"partitioning {settings.partitioning.value} needs several partitions, and this log is in one piece: "
            "say --partitions 4 with a new --data or --log"
        )
    if settings.hot:
        return await hot(databases[0], settings.hot, _window_config(settings, origin), tables[0], archive_queue)
    return await whole(databases[0], tables[0])


def _window_config(settings: Settings, origin: str) -> WindowConfig:
    """The script tells other processes itself, if they listen on the Redis that it runs on."""
    return WindowConfig(
        announces=settings.broker == settings.hot,
        sharded=settings.hot.startswith("redis+cluster:"),
        replicas=settings.hot_replicas,
        origin=origin,
    )


def _strategy(settings: Settings, partitions: int) -> Strategy:
    if settings.partitioning is Partitioning.HOT_SPLIT:
        hot = HotSplitConfig(split_per_s=settings.split_per_s, merge_per_s=settings.split_per_s / 2)
        return HotSplit(partitions, hot)
    return strategy(settings.partitioning, partitions)


async def open_databases(url: str, partitions: int | None) -> list[Database]:
    """Connect to all partitions; None is as many as the log was made with, one for a new one.

    Embedded files are brought up to date; any other engine's tables must be so.
    """
    databases = [connect(url)]
    try:
        await _ready(databases[0])
        count = await agree(databases[0], partitions)
        for number in range(1, count):
            databases.append(connect(url, number, count))
            await _ready(databases[-1])
    except BaseException:
        await close_databases(databases)
        raise
    return databases


async def migrate_all(url: str, partitions: int | None) -> tuple[str | None, str]:
    """Make or update the tables of all partitions; the answer is the revision of the first, before and after."""
    databases = [connect(url)]
    try:
        revisions = await migrate.upgrade(databases[0])
        # How many there are stays open as long as nobody says it.
        count = await (agree(databases[0], partitions) if partitions else databases[0].read(made_with)) or 1
        await make_schemas(databases[0], count)
        for number in range(1, count):
            databases.append(connect(url, number, count))
            await migrate.upgrade(databases[-1])
    finally:
        await close_databases(databases)
    return revisions


async def close_databases(databases: Sequence[Database]) -> None:
    for database in databases:
        await database.close()


async def _ready(database: Database) -> None:
    if isinstance(database, SqliteDatabase):
        await migrate.upgrade(database)
    await migrate.check(database)
