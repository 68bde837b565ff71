"""`History` in SQL: the comments of a stream as they are now."""

from dataclasses import replace

import sqlalchemy as sql
from sqlalchemy import Connection, Select

from reference_impl.adapters.sql.database import Database
from reference_impl.adapters.sql.reactions import counts_of
from reference_impl.adapters.sql.rows import COLUMNS, event_of, stream_number
from reference_impl.adapters.sql.schema import events, ranges, streams
from reference_impl.following import LogReader
from reference_impl.protocol.events import Event, EventKind

_AT = sql.select(events.c.at_ms).where(
    events.c.stream_id == sql.bindparam("stream"), events.c.seq == sql.bindparam("seq")
)

# Of a split log: all of a range has one time, which its home knows.
_AT_AWAY = (
    sql.select(ranges.c.at_ms)
    .where(ranges.c.stream_id == sql.bindparam("stream"), ranges.c.first <= sql.bindparam("seq"))
    .order_by(ranges.c.first.desc())
    .limit(1)
)


class SqlHistory:
    def __init__(self, database: Database, log: LogReader) -> None:
        self._database = database
        self._log = log

    async def after(self, stream: str, seq: int, limit: int) -> list[Event]:
        return await self._comments(stream, comments_of(stream).where(events.c.seq > seq), limit)

    async def before(self, stream: str, seq: int, limit: int) -> list[Event]:
        query = comments_of(stream).where(events.c.seq < seq).order_by(None).order_by(events.c.seq.desc())
        return (await self._comments(stream, query, limit))[::-1]

    async def replies(self, stream: str, comment: str, after_seq: int, limit: int) -> list[Event]:
        query = comments_of(stream).where(events.c.target == comment, events.c.seq > after_seq)
        return await self._comments(stream, query, limit)

    async def comment(self, stream: str, comment: str) -> Event | None:
        found = await self._comments(stream, comments_of(stream).where(events.c.id == comment), 1)
        return found[0] if found else None

    async def seq_at(self, stream: str, at_ms: int) -> int:
        return await self._database.read(lambda connection: seq_at(connection, stream, at_ms))

    async def _comments(self, stream: str, query: Select[tuple[object, ...]], limit: int) -> list[Event]:
        return await self._database.read(lambda connection: self._run(connection, stream, query.limit(limit)))

    def _run(self, connection: Connection, stream: str, query: Select[tuple[object, ...]]) -> list[Event]:
        found = [event_of(stream, self._log.epoch, row) for row in connection.execute(query).mappings()]
        counts = counts_of(connection, stream, [event.id for event in found])
        return [with_reactions(event, counts.get(event.id)) for event in found]


def comments_of(stream: str) -> Select[tuple[object, ...]]:
    ours = events.c.stream_id == stream_number(stream)
    comments = sql.select(*COLUMNS).where(ours, events.c.kind == EventKind.COMMENT)
    return comments.order_by(events.c.seq)


def with_reactions(event: Event, counts: dict[str, int] | None) -> Event:
    if counts is None or event.data.get("deleted"):
        return event
    return replace(event, data={**event.data, "reactions": counts})


def seq_at(connection: Connection, stream: str, at_ms: int, shown: int | None = None) -> int:
    """Bisect: ``at_ms`` never goes back within a stream, and every ``seq`` is there."""
    row = connection.execute(sql.select(streams.c.id, streams.c.head).where(streams.c.name == stream)).one_or_none()
    if row is None:
        return 0
    return last_before(connection, row.id, 0, row.head if shown is None else shown, at_ms)


def last_before(connection: Connection, stream_id: int, low: int, high: int, at_ms: int) -> int:
    """The highest ``seq`` up to ``high`` that is of before that time; ``low`` is known to be so."""
    while low < high:
        middle = (low + high + 1) // 2
        found = connection.scalar(_AT, {"stream": stream_id, "seq": middle})
        if found is None:
            found = connection.scalar(_AT_AWAY, {"stream": stream_id, "seq": middle}) or 0
        low, high = (middle, high) if found < at_ms else (low, middle - 1)
    return low
