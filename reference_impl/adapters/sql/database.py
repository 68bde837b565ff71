"""Runs transactions on an engine: SQLite in threads of its own, PostgreSQL on asyncpg.

What is done in a transaction is written once, as a function of a SQLAlchemy connection. SQLite's write-ahead log with
``synchronous=FULL`` syncs at every commit, so what has been answered survives a power cut; readers have a connection of
their own and never wait for a commit. Source: sqlite.org, "Write-Ahead Logging" and "PRAGMA synchronous".
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any, Protocol, TypeVar

import sqlalchemy
from sqlalchemy import Connection, Engine, event
from sqlalchemy.exc import DBAPIError, InterfaceError, SQLAlchemyError
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import StaticPool

from reference_impl.ports import LogUnavailable

R = TypeVar("R")
Work = Callable[[Connection], R]

BUSY_TIMEOUT_MS = 4_000  # for another process's commit
ANSWER_MAX_S = 5.0  # PostgreSQL's, before it counts as gone
CONNECTIONS_MAX = 8
CACHE_KIB = 64 * 1024
CHECKPOINT_COMMITS = 250  # after so many the write-ahead log's pages are moved into the file, beside the writer
CHECKPOINT_PAGES = 8_192  # past it (32 MiB) the writer moves them itself, so that the log cannot grow for ever


class Database(Protocol):
    async def write(self, work: Work[R]) -> R:
        """Run in one transaction that no other writer of these rows can interleave with; LogUnavailable undoes it."""
        ...

    async def read(self, work: Work[R]) -> R: ...

    async def close(self) -> None: ...


class SqliteDatabase:
    """One file, and a thread each for writing, for reading and for moving pages out of the write-ahead log."""

    def __init__(self, path: Path) -> None:
        self._url = sqlalchemy.URL.create("sqlite", database=str(path))
        self._writer, self._reader = ThreadPoolExecutor(1, "log-writer"), ThreadPoolExecutor(1, "log-reader")
        self._keeper = ThreadPoolExecutor(1, "log-keeper")
        self._commits = 0
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._write, self._read = self._engine("IMMEDIATE"), self._engine("DEFERRED")
            self._keep = self._engine("DEFERRED")
            self._write.connect().close()
        except (OSError, SQLAlchemyError) as error:
            raise LogUnavailable(f"cannot open the log {path}: {_cause(error)}") from error

    async def write(self, work: Work[R]) -> R:
        answer = await self._run(self._writer, self._write, work)
        self._commits += 1
        if self._commits % CHECKPOINT_COMMITS == 0:
            self._keeper.submit(_checkpoint, self._keep)
        return answer

    async def read(self, work: Work[R]) -> R:
        return await self._run(self._reader, self._read, work)

    async def close(self) -> None:
        """Finish the commit that runs, then close."""
        for executor, engine in ((self._keeper, self._keep), (self._reader, self._read), (self._writer, self._write)):
            await asyncio.get_running_loop().run_in_executor(executor, engine.dispose)
            executor.shutdown()

    def _engine(self, mode: str) -> Engine:
        engine = sqlalchemy.create_engine(
            self._url, poolclass=StaticPool, connect_args={"check_same_thread": False, "isolation_level": None}
        )
        event.listen(engine, "connect", _tune)
        event.listen(engine, "begin", lambda connection: connection.exec_driver_sql(f"BEGIN {mode}"))
        return engine

    async def _run(self, executor: ThreadPoolExecutor, engine: Engine, work: Work[R]) -> R:
        try:
            return await asyncio.get_running_loop().run_in_executor(executor, _transaction, engine, work)
        except SQLAlchemyError as error:
            raise LogUnavailable(f"the log did not answer: {_cause(error)}") from error


class PostgresDatabase:
    """A pool of connections to one server."""

    def __init__(self, url: str, schema: str | None = None, connections: int = CONNECTIONS_MAX) -> None:
        # Every frequent query has its index, and none is worth compiling; yet a plan made while a table was empty, or
        # one that is costed high, would have it otherwise.
        settings = {"enable_seqscan": "off", "jit": "off"}
        if schema is not None:
            settings["search_path"] = schema
        arguments = {"timeout": ANSWER_MAX_S, "command_timeout": ANSWER_MAX_S, "server_settings": settings}
        self._engine = create_async_engine(
            sqlalchemy.make_url(url).set(drivername="postgresql+asyncpg"),
            pool_size=connections,
            max_overflow=0,
            pool_timeout=ANSWER_MAX_S,
            pool_pre_ping=True,  # a connection that a restart has cut is replaced instead of failing a request
            connect_args=arguments,
        )

    async def write(self, work: Work[R]) -> R:
        try:
            async with self._engine.begin() as connection:
                return await connection.run_sync(work)
        except (OSError, TimeoutError, SQLAlchemyError) as error:
            raise LogUnavailable(f"the log did not answer: {_cause(error)}") from error

    async def read(self, work: Work[R]) -> R:
        return await self.write(work)

    async def close(self) -> None:
        await self._engine.dispose()


def _transaction(engine: Engine, work: Work[R]) -> R:
    with engine.begin() as connection:
        return work(connection)


def _checkpoint(engine: Engine) -> None:
    """Move pages into the file while the writer goes on; when it fails, the writer does it later."""
    with suppress(SQLAlchemyError), engine.connect() as connection:
        connection.connection.driver_connection.execute("PRAGMA wal_checkpoint(PASSIVE)")  # type: ignore[union-attr]


def _tune(connection: Any, _: object) -> None:
    for pragma in (
        f"busy_timeout = {BUSY_TIMEOUT_MS}",
        "journal_mode = WAL",
        "synchronous = FULL",
        f"wal_autocheckpoint = {CHECKPOINT_PAGES}",
        f"cache_size = -{CACHE_KIB}",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _cause(error: BaseException) -> str:
    """What the engine itself said, without SQLAlchemy's copy of the statement and its parameters."""
    if isinstance(error, DBAPIError | InterfaceError) and error.orig is not None:
        return str(error.orig)
    return str(error) or type(error).__name__
