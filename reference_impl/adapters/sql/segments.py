"""`SegmentStore` in SQL, and the count of changes that goes with every edit and deletion, in its transaction.

A stream's ``at_ms`` never goes back along ``seq``, and no ``seq`` is missing. So a second is a stretch of the primary
key, whose ends are found by bisection: no index on time is needed, and a manifest costs no more as the log grows.
"""

from collections.abc import Iterator, Mapping, Sequence

import sqlalchemy as sql
from sqlalchemy import Connection, RowMapping

from reference_impl.adapters.sql.database import Database
from reference_impl.adapters.sql.dialects import insert
from reference_impl.adapters.sql.history import last_before
from reference_impl.adapters.sql.rows import COLUMNS, padded, render
from reference_impl.adapters.sql.schema import events, ranges, segment_changes, streams
from reference_impl.following import LogReader
from reference_impl.ports import LogUnavailable
from reference_impl.protocol.events import Event, EventKind
from reference_impl.protocol.segments import SEGMENT_MS, Span, offset_of

SLICE = 512  # events that are grouped into seconds at a time
TARGETS_MAX = 500  # comments asked about at a time
READS_MAX = 5  # of a segment that is changed while it is read

_STREAM = sql.select(streams.c.id, streams.c.head, streams.c.opened_at_ms).where(
    streams.c.name == sql.bindparam("stream")
)
_OPENED = sql.bindparam("opened", type_=sql.BigInteger)
_SECOND = sql.case((events.c.at_ms < _OPENED, 0), else_=(events.c.at_ms - _OPENED) // SEGMENT_MS).label("second")
_SECONDS = (
    sql.select(_SECOND, sql.func.min(events.c.seq).label("first"), sql.func.max(events.c.seq).label("last"))
    .where(events.c.stream_id == sql.bindparam("id"))
    .where(events.c.seq.between(sql.bindparam("after") + 1, sql.bindparam("to")))
    .group_by(sql.text("1"))
    .order_by(sql.text("1"))
)
_AWAY_SECOND = sql.case((ranges.c.at_ms < _OPENED, 0), else_=(ranges.c.at_ms - _OPENED) // SEGMENT_MS).label("second")
_PLACES = sql.union_all(
    sql.select(_SECOND, events.c.seq.label("first"), events.c.seq.label("last"))
    .where(events.c.stream_id == sql.bindparam("id"))
    .where(events.c.seq.between(sql.bindparam("after") + 1, sql.bindparam("to"))),
    sql.select(_AWAY_SECOND, ranges.c.first, ranges.c.last)
    .where(ranges.c.stream_id == sql.bindparam("id"))
    .where(ranges.c.first.between(sql.bindparam("after") + 1, sql.bindparam("to"))),
).subquery()
# All of a range is of one second, so the home alone can tell the seconds of a split stream.
_SPLIT_SECONDS = (
    sql.select(
        _PLACES.c.second, sql.func.min(_PLACES.c.first).label("first"), sql.func.max(_PLACES.c.last).label("last")
    )
    .group_by(_PLACES.c.second)
    .order_by(_PLACES.c.second)
)
_CHANGES = (
    sql.select(segment_changes.c.second, segment_changes.c.changes)
    .where(segment_changes.c.stream_id == sql.bindparam("id"))
    .where(segment_changes.c.second.between(sql.bindparam("first"), sql.bindparam("last")))
)
_EVENTS = (
    sql.select(*COLUMNS)
    .where(events.c.stream_id == sql.bindparam("id"))
    .where(events.c.seq.between(sql.bindparam("first"), sql.bindparam("last")))
    .order_by(events.c.seq)
)
# Every event that shows the comment: itself, and the edits and pins that carry it as it is now.
_SHOWING = sql.select(events.c.at_ms).where(
    events.c.target.in_(sql.bindparam("comments", expanding=True)), events.c.kind.in_([EventKind.EDIT, EventKind.PIN])
)


class SqlSegments:
    def __init__(self, database: Database, log: LogReader) -> None:
        self._database = database
        self._log = log

    async def spans(self, stream: str, first: int, until: int, limit: int) -> tuple[list[Span], int]:
        return await self._database.read(lambda connection: spans_of(connection, stream, first, until, limit))

    async def segment(self, stream: str, offset: int) -> tuple[Span, list[Event]] | None:
        return await self._database.read(lambda connection: self._segment(connection, stream, offset))

    async def showing(self, stream: str, comment: str) -> list[int]:
        return await self._database.read(lambda connection: showing(connection, stream, comment))

    def _segment(self, connection: Connection, stream: str, offset: int) -> tuple[Span, list[Event]] | None:
        """Read until nothing changed meanwhile: an engine may show each statement a later state than the one before."""
        for _ in range(READS_MAX):
            before, _ = spans_of(connection, stream, offset, offset + 1, 1)
            if not before:
                return None
            wanted = {"id": _stream(connection, stream)["id"], "first": before[0].first, "last": before[0].last}
            rows = connection.execute(_EVENTS, wanted).mappings().all()
            found = render(connection, stream, self._log.epoch, rows)
            if spans_of(connection, stream, offset, offset + 1, 1)[0] == before:
                return before[0], found
        raise LogUnavailable(f"second {offset} of {stream!r} has changed at each of {READS_MAX} reads")


def count_changes(connection: Connection, stream_id: int, opened_at_ms: int, comments: Mapping[str, int]) -> list[int]:
    """Comments, each with its time, change: so do their seconds and those whose edits and pins carry them."""
    return count_showing(connection, stream_id, opened_at_ms, list(comments), list(comments.values()))


def count_showing(
    connection: Connection, stream_id: int, opened_at_ms: int, comments: Sequence[str], own: Sequence[int] = ()
) -> list[int]:
    """As `count_changes`, for comments that may live elsewhere; ``own`` is when those that are here were written."""
    moments = list(own)
    for some in _slices(list(comments), TARGETS_MAX):
        moments += connection.scalars(_SHOWING, {"comments": padded(some)})
    seconds = sorted({offset_of(each, opened_at_ms) for each in moments})
    new = insert(connection, segment_changes)
    counted = new.on_conflict_do_update(
        index_elements=["stream_id", "second"], set_={"changes": segment_changes.c.changes + 1}
    )
    if seconds:
        connection.execute(counted, [{"stream_id": stream_id, "second": second, "changes": 1} for second in seconds])
    return seconds


def _stream(connection: Connection, name: str) -> RowMapping | dict[str, int]:
    found = connection.execute(_STREAM, {"stream": name}).mappings().one_or_none()
    return found or {"id": 0, "head": 0, "opened_at_ms": 0}


def showing(connection: Connection, stream: str, comment: str) -> list[int]:
    opened_at_ms = _stream(connection, stream)["opened_at_ms"]
    own = sql.select(events.c.at_ms).where(events.c.id == comment)
    moments = [*connection.scalars(own), *connection.scalars(_SHOWING, {"comments": [comment]})]
    return sorted({offset_of(each, opened_at_ms) for each in moments})


def spans_of(
    connection: Connection, name: str, first: int, until: int, limit: int, shown: int | None = None
) -> tuple[list[Span], int]:
    """``shown`` is how far a split stream may be seen."""
    stream = _stream(connection, name)
    at, opened = stream["id"], stream["opened_at_ms"]
    head, seconds = (stream["head"], _SECONDS) if shown is None else (shown, _SPLIT_SECONDS)
    start = last_before(connection, at, 0, head, opened + first * SEGMENT_MS) if first > 0 else 0
    end = last_before(connection, at, start, head, opened + until * SEGMENT_MS)
    changes = changes_of(connection, name, first, until)
    found: list[Span] = []
    while start < end and len(found) < limit:
        wanted = {"id": at, "opened": opened, "after": start, "to": min(start + SLICE, end)}
        rows = connection.execute(seconds, wanted).all()
        # The slice may have cut its last second.
        start = last_before(connection, at, rows[-1].last, end, opened + (rows[-1].second + 1) * SEGMENT_MS)
        found += [Span(row.second, row.first, row.last, changes.get(row.second, 0)) for row in rows[:-1]]
        found.append(Span(rows[-1].second, rows[-1].first, start, changes.get(rows[-1].second, 0)))
    return found[:limit], end


def changes_of(connection: Connection, name: str, first: int, until: int) -> dict[int, int]:
    """How often the comments of each second have changed, as far as they are here."""
    wanted = _stretch(_stream(connection, name)["id"], first, until)
    return {row.second: row.changes for row in connection.execute(_CHANGES, wanted)}


def _slices(values: list[str], size: int) -> Iterator[list[str]]:
    for start in range(0, len(values), size):
        yield values[start : start + size]


def _stretch(stream_id: int, first: int, until: int) -> dict[str, int]:
    return {"id": stream_id, "first": first, "last": until - 1}
