"""Every engine of the log; a new one is proven by adding it here."""

import asyncio
import itertools
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from reference_impl.adapters.sql import migrate
from reference_impl.adapters.sql.database import Database, PostgresDatabase, SqliteDatabase
from reference_impl.adapters.sql.directory import SqlDirectory, SqlProfileSpread
from reference_impl.adapters.sql.history import SqlHistory
from reference_impl.adapters.sql.log import SqlLog
from reference_impl.adapters.sql.reactions import SqlReactions
from reference_impl.adapters.sql.review_queue import SqlReviewQueue
from reference_impl.protocol.events import Draft, author_data, comment_data
from reference_impl.protocol.streams import State, Stream, StreamSettings

ENGINES = ("sqlite", "postgres")


@dataclass
class Store:
    """A log and what goes with it, on one engine."""

    database: Database
    log: SqlLog
    history: SqlHistory
    directory: SqlDirectory
    queue: SqlReviewQueue
    reactions: SqlReactions
    spread: SqlProfileSpread


@dataclass
class Engine:
    """Where a test's log is, opened as often as it wants."""

    url: str

    async def open(self, *streams: str) -> Store:
        database = self.connect()
        await migrate.upgrade(database)
        log = await SqlLog.begin(database)
        store = Store(
            database, log, SqlHistory(database, log.epoch), SqlDirectory(database), SqlReviewQueue(database),
            SqlReactions(database), SqlProfileSpread(database),
        )  # fmt: skip
        for name in streams or ("s", "t"):
            await store.directory.create(stream(name))
        return store

    def connect(self) -> Database:
        if self.url.startswith("sqlite"):
            return SqliteDatabase(Path(self.url.removeprefix("sqlite:///")))
        return PostgresDatabase(self.url)

    def use(self, work: Callable[[Store], Awaitable[object]]) -> object:
        """Open, work, close."""

        async def main() -> object:
            store = await self.open()
            try:
                return await work(store)
            finally:
                await store.log.close()

        return asyncio.run(main())


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


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Engine:
    if request.param == "postgres":
        return Engine(request.getfixturevalue("new_postgres_url"))
    return Engine(f"sqlite:///{tmp_path / 'log.sqlite'}")
