"""Rows of `events` as events: a comment as it is now, an edit or a pin with the comment that it concerns."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

import orjson
import sqlalchemy as sql
from sqlalchemy import Connection, RowMapping

from reference_impl.adapters.sql.schema import events, streams
from reference_impl.protocol.events import REDACTED, Event, EventKind

COLUMNS = (
    events.c.seq,
    events.c.kind,
    events.c.id,
    events.c.author,
    events.c.target,
    events.c.at_ms,
    events.c.replies,
    events.c.deleted,
    events.c.data,
)
_CARRYING_A_COMMENT = {EventKind.EDIT, EventKind.PIN}


def stream_number(name: "str | sql.BindParameter[str]") -> "sql.ScalarSelect[int]":
    """A stream's id as a value, not by a join: every planner then reads a stretch of the primary key."""
    return sql.select(streams.c.id).where(streams.c.name == name).scalar_subquery()


def stored_data(event: Event) -> str:
    """An event's data as the table holds it; what only carries a comment is made up again when it is read."""
    return "{}" if event.kind in _CARRYING_A_COMMENT else orjson.dumps(event.data).decode()


def event_of(stream: str, epoch: int, row: RowMapping) -> Event:
    kind = EventKind(row["kind"])
    data = orjson.loads(row["data"])
    if kind is EventKind.COMMENT:
        data = dict(REDACTED) if row["deleted"] else data
        if row["replies"]:
            data["reply_count"] = row["replies"]
    return Event(
        stream=stream, epoch=epoch, seq=row["seq"], kind=kind, id=row["id"], at_ms=row["at_ms"], data=data,
        target=row["target"],
    )  # fmt: skip


def render(connection: Connection, stream: str, epoch: int, rows: Sequence[RowMapping]) -> list[Event]:
    """Events of one stream, each with all that a page needs to show it."""
    targets = {row["target"] for row in rows if row["kind"] in _CARRYING_A_COMMENT}
    comments = comments_by_id(connection, stream, epoch, targets) if targets else {}
    return [_with_comment(event_of(stream, epoch, row), comments) for row in rows]


def comments_by_id(connection: Connection, stream: str, epoch: int, ids: Iterable[str]) -> dict[str, Event]:
    query = sql.select(*COLUMNS).where(events.c.id.in_(padded(list(ids))), events.c.kind == EventKind.COMMENT)
    return {row["id"]: event_of(stream, epoch, row) for row in connection.execute(query).mappings()}


def carrying(comment: Event) -> dict[str, Any]:
    """The data of an event about a comment."""
    return {"comment": comment.as_dict()}


def padded(values: list[Any]) -> list[Any]:
    """Fill up to a power of two with repeats, so that an engine sees few different statements and keeps its plans."""
    wanted = 1 << max(len(values) - 1, 0).bit_length()
    return values + values[:1] * (wanted - len(values))


def _with_comment(event: Event, comments: dict[str, Event]) -> Event:
    if event.kind not in _CARRYING_A_COMMENT or event.target not in comments:
        return event
    return replace(event, data=carrying(comments[event.target]))
