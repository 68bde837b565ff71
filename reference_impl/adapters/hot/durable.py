"""The SQL side of the hot window: who owns a stream, and the archive of what Redis has acknowledged.

Every stream that has ever been in Redis has a row in `windows`. ``open`` means that Redis gives out its ``seq``, in
the row's ``term``; else SQL does. Each change of hands takes a new term under the stream's row lock, so one who comes
late with an old term (an archiver that was stopped, an opener that was slow) finds its transaction refused.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sql
from sqlalchemy import Connection, RowMapping

from reference_impl.adapters.sql.commit import LOCK, Commit, bucket_of, forget_keys
from reference_impl.adapters.sql.database import Database
from reference_impl.adapters.sql.rows import padded
from reference_impl.adapters.sql.schema import log, streams, windows
from reference_impl.ports import Answer, Appended, LogUnavailable
from reference_impl.protocol.events import Draft
from reference_impl.protocol.streams import State

_ROW = sql.select(windows.c.term, windows.c.open, windows.c.epoch).where(
    windows.c.stream_id == sql.bindparam("stream_id")
)
_STANDINGS = (
    sql.select(streams.c.name, streams.c.head, windows.c.term, windows.c.open)
    .join(windows, windows.c.stream_id == streams.c.id, isouter=True)
    .where(streams.c.name.in_(sql.bindparam("names", expanding=True)))
)
_OPEN_NAMES = (
    sql.select(streams.c.name)
    .join(windows, windows.c.stream_id == streams.c.id)
    .where(windows.c.open, streams.c.name > sql.bindparam("after"))
    .order_by(streams.c.name)
    .limit(sql.bindparam("limit"))
)


class Mismatch(LogUnavailable):
    """What is in the window does not follow what is in SQL."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """Who gives out a stream's ``seq``: Redis when ``open``."""

    open: bool
    term: int
    head: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """A term in which Redis has the stream. ``made`` says that this call gave it out, ``new`` that it is the first."""

    term: int
    made: bool
    new: bool
    head: int
    last_at_ms: int
    epoch: int


class Durable:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def append(self, drafts: Sequence[Draft]) -> tuple[int, list[Answer]] | None:
        """Append what goes straight into SQL, and answer the epoch too; None while Redis owns one of the streams."""
        return await self._database.write(lambda connection: _append(connection, drafts))

    async def open(self, stream: str) -> Opening | None:
        """Give a stream to Redis, or answer the term in which it has it; None for one that takes no comments."""
        return await self._database.write(lambda connection: _open(connection, stream))

    async def claim(self, stream: str) -> int | None:
        """Take a new term for taking the stream back; None when Redis has it not (any more)."""
        return await self._database.write(lambda connection: _claim(connection, stream))

    async def archive(self, stream: str, term: int, drafts: Sequence[Draft], first: int) -> int | None:
        """Store comments that have ``first`` and the following ``seq``; those that are there are passed over.

        Answers the stream's head; None when the term is over. Mismatch when they do not follow it.
        """
        return await self._database.write(lambda connection: _archive(connection, stream, term, drafts, first))

    async def shut(self, stream: str, term: int, *, doubt: bool) -> int | None:
        """Take the stream back; ``doubt`` begins a new epoch. Answers the epoch; None when the term is over."""
        return await self._database.write(lambda connection: _shut(connection, stream, term, doubt))

    async def replays(self, drafts: Sequence[Draft]) -> list[Answer | None]:
        """Answer what earlier requests with the drafts' keys, all of one stream, were answered."""
        return await self._database.read(
            lambda connection: Commit(connection, _epoch(connection), bucket_of(time.time())).replays(drafts)
        )

    async def owners(self, names: Sequence[str]) -> tuple[int, dict[str, Owner]]:
        """Answer the epoch, and who owns each stream that there is."""
        return await self._database.read(lambda connection: _owners(connection, names))

    async def open_names(self, after: str, limit: int) -> list[str]:
        """Answer the streams that Redis owns, by name."""
        wanted = {"after": after, "limit": limit}
        return await self._database.read(lambda connection: list(connection.scalars(_OPEN_NAMES, wanted)))


def _append(connection: Connection, drafts: Sequence[Draft]) -> tuple[int, list[Answer]] | None:
    rows = _locked(connection, sorted({draft.stream for draft in drafts}))
    if any(window["open"] for row in rows.values() if (window := _window(connection, row))):
        return None
    epoch, bucket = _epoch(connection), bucket_of(time.time())
    answers = Commit(connection, epoch, bucket).append(drafts)
    forget_keys(connection, bucket)
    return epoch, answers


def _open(connection: Connection, stream: str) -> Opening | None:
    row = _locked(connection, [stream]).get(stream)
    if row is None or row["state"] != State.OPEN:
        return None
    window = _window(connection, row)
    epoch = _epoch(connection)
    there = window is not None and bool(window["open"])
    term = (window["term"] if window else 0) + (not there)
    if not there:
        _write(connection, row, new=window is None, term=term, open=True, epoch=epoch)
    return Opening(
        term=term, made=not there, new=window is None and row["head"] == 0, head=row["head"],
        last_at_ms=row["last_at_ms"], epoch=epoch,
    )  # fmt: skip


def _claim(connection: Connection, stream: str) -> int | None:
    row = _locked(connection, [stream]).get(stream)
    window = row and _window(connection, row)
    if row is None or window is None or not window["open"]:
        return None
    _write(connection, row, term=window["term"] + 1)
    return int(window["term"]) + 1


def _archive(connection: Connection, stream: str, term: int, drafts: Sequence[Draft], first: int) -> int | None:
    row = _held(connection, stream, term)
    if row is None:
        return None
    new = drafts[max(0, row["head"] + 1 - first) :]
    if not new:
        return int(row["head"])
    if first > row["head"] + 1:
        raise Mismatch(f"{stream}: the window goes on at {first}, the archive ends at {row['head']}")
    bucket = bucket_of(time.time())
    answers = Commit(connection, _epoch(connection), bucket).append(new)
    for seq, draft, answer in zip(range(row["head"] + 1, first + len(drafts)), new, answers, strict=True):
        if not isinstance(answer, Appended) or (answer.event.seq, answer.event.at_ms) != (seq, draft.created_at_ms):
            raise Mismatch(f"{stream}: {draft.id} has place {seq} in the window, and the archive says {answer}")
    forget_keys(connection, bucket)
    return first + len(drafts) - 1


def _shut(connection: Connection, stream: str, term: int, doubt: bool) -> int | None:
    row = _held(connection, stream, term)
    if row is None:
        return None
    epoch, window = _epoch(connection), _window(connection, row)
    assert window is not None
    if doubt and window["epoch"] == epoch:  # else it has been told since
        epoch = max(epoch + 1, int(time.time()))
        connection.execute(log.update().values(epoch=epoch))
    _write(connection, row, open=False)
    return epoch


def _owners(connection: Connection, names: Sequence[str]) -> tuple[int, dict[str, Owner]]:
    epoch = _epoch(connection)
    rows = connection.execute(_STANDINGS, {"names": padded(list(names))}) if names else ()
    return epoch, {row.name: Owner(open=bool(row.open), term=row.term or 0, head=row.head) for row in rows}


def _held(connection: Connection, stream: str, term: int) -> RowMapping | None:
    """The stream's locked row, if Redis owns it and the term is the present one."""
    row = _locked(connection, [stream]).get(stream)
    window = row and _window(connection, row)
    return row if window and window["open"] and window["term"] == term else None


def _locked(connection: Connection, names: Sequence[str]) -> dict[str, RowMapping]:
    rows = connection.execute(LOCK, {"names": padded(list(names))}).mappings()
    return {row["name"]: row for row in rows}


def _window(connection: Connection, row: RowMapping) -> RowMapping | None:
    return connection.execute(_ROW, {"stream_id": row["id"]}).mappings().one_or_none()


def _write(connection: Connection, row: RowMapping, *, new: bool = False, **values: object) -> None:
    if new:
        connection.execute(windows.insert().values(stream_id=row["id"], **values))
    else:
        connection.execute(windows.update().where(windows.c.stream_id == row["id"]).values(**values))


def _epoch(connection: Connection) -> int:
    return int(connection.scalar(sql.select(log.c.epoch)) or 0)
