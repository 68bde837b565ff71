"""The embedded log: one SQLite file, one writer thread, many comments to one fsync.

WAL with ``synchronous=FULL`` syncs the write-ahead log at every commit, so what `append` has answered survives a power
cut. The sequence number is assigned inside the commit (``BEGIN IMMEDIATE`` holds the write lock), hence contiguous even
when two processes share the file. Reads have a connection and a thread of their own and never wait for a commit.
Source: sqlite.org, "Write-Ahead Logging" and "PRAGMA synchronous".
"""

import asyncio
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from hashlib import blake2b
from pathlib import Path
from typing import TypeVar

from reference_impl.ports import Appended, KeyReused, LogUnavailable
from reference_impl.protocol.cursor import Cursor
from reference_impl.protocol.events import Comment, Draft

R = TypeVar("R")

BUSY_TIMEOUT_MS = 2_000

_SCHEMA = """
CREATE TABLE IF NOT EXISTS log (epoch INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS comments (
    stream TEXT NOT NULL, seq INTEGER NOT NULL, id TEXT NOT NULL, author TEXT NOT NULL, text TEXT NOT NULL,
    created_at_ms INTEGER NOT NULL, PRIMARY KEY (stream, seq)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS idempotency (
    stream TEXT NOT NULL, author TEXT NOT NULL, key TEXT NOT NULL, fingerprint BLOB NOT NULL, seq INTEGER NOT NULL,
    PRIMARY KEY (stream, author, key)
) WITHOUT ROWID;
"""
_COLUMNS = "seq, id, author, text, created_at_ms"


def _fingerprint(draft: Draft) -> bytes:
    """What must be equal for a repeated key to be the same request."""
    return blake2b(draft.text.encode(), digest_size=16).digest()


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    connection.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    return connection


@contextmanager
def _transaction(connection: sqlite3.Connection) -> Iterator[None]:
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


class SqliteLog:
    """Opens the file, making it when it is not there; LogUnavailable says why it cannot."""

    def __init__(self, path: Path) -> None:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._write, self._read = _connect(path), _connect(path)
            self.epoch = self._begin()
        except (OSError, sqlite3.Error) as error:
            raise LogUnavailable(f"cannot open the log {path}: {error}") from error
        self._writer = ThreadPoolExecutor(1, "log-writer")
        self._reader = ThreadPoolExecutor(1, "log-reader")

    async def append(self, drafts: Sequence[Draft]) -> list[Appended | KeyReused]:
        return await self._run(self._writer, lambda: self._append(drafts))

    async def read(self, stream: str, *, first: int, last: int) -> list[Comment]:
        query = f"SELECT {_COLUMNS} FROM comments WHERE stream = ? AND seq BETWEEN ? AND ? ORDER BY seq"
        return await self._run(
            self._reader,
            lambda: [self._comment(stream, row) for row in self._read.execute(query, (stream, first, last))],
        )

    async def heads(self, streams: Sequence[str]) -> dict[str, int]:
        return await self._run(self._reader, lambda: {stream: _head(self._read, stream) for stream in streams})

    async def close(self) -> None:
        """Finish the commit that runs, then close."""
        for executor, connection in ((self._reader, self._read), (self._writer, self._write)):
            await asyncio.get_running_loop().run_in_executor(executor, connection.close)
            executor.shutdown()

    async def _run(self, executor: ThreadPoolExecutor, work: Callable[[], R]) -> R:
        try:
            return await asyncio.get_running_loop().run_in_executor(executor, work)
        except sqlite3.Error as error:
            raise LogUnavailable(f"the log did not answer: {error}") from error

    def _begin(self) -> int:
        with _transaction(self._write):
            for statement in _SCHEMA.split(";"):
                self._write.execute(statement)
            row = self._write.execute("SELECT epoch FROM log").fetchone()
            if row is None:
                row = (int(time.time()),)
                self._write.execute("INSERT INTO log VALUES (?)", row)
        return int(row[0])

    def _append(self, drafts: Sequence[Draft]) -> list[Appended | KeyReused]:
        with _transaction(self._write):
            heads = {stream: _head(self._write, stream) for stream in {draft.stream for draft in drafts}}
            return [self._append_one(draft, heads) for draft in drafts]

    def _append_one(self, draft: Draft, heads: dict[str, int]) -> Appended | KeyReused:
        earlier = self._earlier(draft)
        if earlier is not None:
            return earlier
        heads[draft.stream] += 1
        seq = heads[draft.stream]
        self._write.execute(
            "INSERT INTO comments VALUES (?, ?, ?, ?, ?, ?)",
            (draft.stream, seq, draft.id, draft.author, draft.text, draft.created_at_ms),
        )
        if draft.idempotency_key is not None:
            self._write.execute(
                "INSERT INTO idempotency VALUES (?, ?, ?, ?, ?)",
                (draft.stream, draft.author, draft.idempotency_key, _fingerprint(draft), seq),
            )
        return Appended(Comment.of(draft, Cursor(self.epoch, seq)))

    def _earlier(self, draft: Draft) -> Appended | KeyReused | None:
        """Answer what an earlier request with the same key left, None when this is the first."""
        if draft.idempotency_key is None:
            return None
        row = self._write.execute(
            f"SELECT fingerprint, {_COLUMNS} FROM idempotency JOIN comments USING (stream, seq, author) "
            "WHERE stream = ? AND author = ? AND key = ?",
            (draft.stream, draft.author, draft.idempotency_key),
        ).fetchone()
        if row is None:
            return None
        if row[0] != _fingerprint(draft):
            return KeyReused()
        return Appended(self._comment(draft.stream, row[1:]), replayed=True)

    def _comment(self, stream: str, row: tuple[int, str, str, str, int]) -> Comment:
        seq, id_, author, text, created_at_ms = row
        return Comment(
            stream=stream, epoch=self.epoch, seq=seq, id=id_, author=author, text=text, created_at_ms=created_at_ms
        )


def _head(connection: sqlite3.Connection, stream: str) -> int:
    row = connection.execute("SELECT max(seq) FROM comments WHERE stream = ?", (stream,)).fetchone()
    return int(row[0] or 0)
