"""Every engine of the log; a new one is proven by adding it here."""

import asyncio
import itertools
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from reference_impl.adapters.partitioned.directory import PartitionedDirectory, PartitionedProfileSpread
from reference_impl.adapters.partitioned.history import PartitionedHistory
from reference_impl.adapters.partitioned.layout import Partitions
from reference_impl.adapters.partitioned.log import PartitionedLog
from reference_impl.adapters.partitioned.stores import (
    PartitionedReactions,
    PartitionedReviewQueue,
    PartitionedSegments,
)
from reference_impl.adapters.sql import migrate
from reference_impl.adapters.sql.connecting import connect, upgrade
from reference_impl.adapters.sql.database import Database
from reference_impl.adapters.sql.directory import SqlDirectory, SqlProfileSpread
from reference_impl.adapters.sql.history import SqlHistory
from reference_impl.adapters.sql.log import SqlLog
from reference_impl.adapters.sql.reactions import SqlReactions
from reference_impl.adapters.sql.review_queue import SqlReviewQueue
from reference_impl.adapters.sql.segments import SqlSegments
from reference_impl.policy.partitioning import HotSplit, HotSplitConfig, Partitioning, Strategy, strategy
from reference_impl.ports import CommentLog, Directory, History, ProfileSpread, ReactionStore, ReviewQueue, SegmentStore
from reference_impl.protocol.events import Draft, author_data, comment_data
from reference_impl.protocol.streams import State, Stream, StreamSettings

WHOLE = ("sqlite", "postgres")  # the log in one piece
SPLIT = (*(f"sqlite {kind}" for kind in Partitioning), "postgres by_comment", "postgres hot_split")
PARTITIONS = 3
EASILY_HOT = HotSplitConfig(split_per_s=1.2, merge_per_s=0.5)  # from the third comment on


@dataclass
class Store:
    """A log and what goes with it, on one engine."""

    database: Database
    log: CommentLog
    history: History
    directory: Directory
    queue: ReviewQueue
    reactions: ReactionStore
    spread: ProfileSpread
    segments: SegmentStore


@dataclass
class Engine:
    """Where a test's log is, opened as often as it wants."""

    url: str
    partitioning: Partitioning | None = None

    @property
    def partitions(self) -> int:
        return 1 if self.partitioning is None else PARTITIONS

    async def open(self, *streams: str) -> Store:
        store = await (self._whole() if self.partitioning is None else self._split(self.partitioning))
        for name in streams or ("s", "t"):
            await store.directory.create(stream(name))
        return store

    async def _whole(self) -> Store:
        database = self.connect()
        await migrate.upgrade(database)
        log = await SqlLog.begin(database)
        return Store(
            database, log, SqlHistory(database, log.epoch), SqlDirectory(database), SqlReviewQueue(database),
            SqlReactions(database), SqlProfileSpread(database), SqlSegments(database, log.epoch),
        )  # fmt: skip

    async def _split(self, partitioning: Partitioning) -> Store:
        databases = [self.connect(number) for number in range(PARTITIONS)]
        await upgrade(self.url, databases)
        partitions = Partitions(databases)
        log = await PartitionedLog.begin(partitions, placing(partitioning))
        reader = log.reader
        return Store(
            databases[0], log, PartitionedHistory(partitions, reader, log.epoch),
            PartitionedDirectory(partitions, reader), PartitionedReviewQueue(partitions),
            PartitionedReactions(partitions), PartitionedProfileSpread(partitions, reader),
            PartitionedSegments(partitions, reader),
        )  # fmt: skip

    def connect(self, number: int = 0) -> Database:
        return connect(self.url, number)

    def use(self, work: Callable[[Store], Awaitable[object]]) -> object:
        """Open, work, close."""

        async def main() -> object:
            store = await self.open()
            try:
                return await work(store)
            finally:
                await store.log.close()

        return asyncio.run(main())


def placing(partitioning: Partitioning) -> Strategy:
    if partitioning is Partitioning.HOT_SPLIT:
        return HotSplit(PARTITIONS, EASILY_HOT)
    return strategy(partitioning, PARTITIONS)


def stream(name: str, **settings: object) -> Stream:
    return Stream(
        name=name, title=name, owner="", state=State.OPEN, settings=StreamSettings(**settings), opened_at_ms=0
    )


_ids = itertools.count(1)


def draft(text: str = "hello", *, stream: str = "s", author: str = "ann", key: str | None = None, **more) -> Draft:
    """A comment's draft, or another event's when ``more`` says so."""
    fields = {
        "stream": stream, "id": f"00000000-0000-7000-8000-{next(_ids):012x}", "author": author, "created_at_ms": 1,
        "data": comment_data(author_data(author, author), text, []), "idempotency_key": key,
    }  # fmt: skip
    return Draft(**fields | more)


@pytest.fixture(params=WHOLE + SPLIT)
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Engine:
    return engine_of(request, tmp_path)


@pytest.fixture(params=WHOLE)
def whole(request: pytest.FixtureRequest, tmp_path: Path) -> Engine:
    """For what is so of a log in one piece only."""
    return engine_of(request, tmp_path)


def engine_of(request: pytest.FixtureRequest, tmp_path: Path) -> Engine:
    kind, *partitioning = request.param.split()
    url = request.getfixturevalue("new_postgres_url") if kind == "postgres" else f"sqlite:///{tmp_path / 'log.sqlite'}"
    return Engine(url, *map(Partitioning, partitioning))
