"""What an event does to the rest of the store, in the same transaction, and what it says to viewers.

Each effect answers the event's data, or why the event cannot be.
"""

from typing import Any

import orjson
import sqlalchemy as sql
from sqlalchemy import Connection, RowMapping

from reference_impl.adapters.sql.rows import COLUMNS, carrying, event_of
from reference_impl.adapters.sql.schema import bans, events, held, streams
from reference_impl.adapters.sql.segments import count_changes
from reference_impl.ports import Refused
from reference_impl.protocol import problem
from reference_impl.protocol.events import REDACTED, Data, Draft, EventKind, Review
from reference_impl.protocol.streams import public

Outcome = Data | Refused

BANS_MAX = 10_000  # of one stream; a server holds those of the streams in use


def apply(connection: Connection, stream: dict[str, Any], draft: Draft, epoch: int) -> Outcome:
    if draft.kind is EventKind.COMMENT:
        return _comment(connection, stream, draft)
    if draft.kind is EventKind.UNPIN:
        return _unpin(connection, stream, draft)
    if draft.kind in (EventKind.BAN, EventKind.UNBAN):
        return _ban(connection, stream, draft)
    if draft.kind in (EventKind.SETTINGS, EventKind.STATE):
        return _stream(connection, stream, draft)
    target = _target(connection, stream, draft)
    if isinstance(target, Refused):
        return target
    return {EventKind.EDIT: _edit, EventKind.DELETE: _delete, EventKind.PIN: _pin}[draft.kind](
        connection, stream, draft, target, epoch
    )


def _target(connection: Connection, stream: dict[str, Any], draft: Draft) -> RowMapping | Refused:
    """The comment that the event is about."""
    query = sql.select(*COLUMNS).where(
        events.c.id == draft.target, events.c.stream_id == stream["id"], events.c.kind == EventKind.COMMENT
    )
    row = connection.execute(query).mappings().one_or_none()
    if row is None:
        return Refused(problem.NOT_FOUND, f"there is no comment {draft.target} in this stream")
    return unfit(draft, row) or row


def unfit(draft: Draft, target: RowMapping) -> Refused | None:
    """Why an event cannot be about this comment."""
    if target["deleted"]:
        return Refused(problem.NOT_FOUND, f"there is no comment {draft.target} in this stream")
    if draft.own_only and target["author"] != draft.author:
        return Refused(problem.FORBIDDEN, "the comment is another user's, and you may not moderate this stream")
    if draft.kind is EventKind.COMMENT and target["target"] is not None:
        return Refused(problem.NOT_A_THREAD, f"{draft.target} is a reply itself; answer {target['target']}")
    return None


def _comment(connection: Connection, stream: dict[str, Any], draft: Draft) -> Outcome:
    if draft.target is not None:
        parent = _target(connection, stream, draft)
        if isinstance(parent, Refused):
            return parent
        _count_reply(connection, draft.target, 1)
    if draft.review is Review.RELEASE and not connection.execute(held.delete().where(held.c.id == draft.id)).rowcount:
        return Refused(problem.NOT_FOUND, f"no comment {draft.id} waits for review")
    return draft.data


def _edit(connection: Connection, stream: dict[str, Any], draft: Draft, target: RowMapping, epoch: int) -> Outcome:
    data = orjson.loads(target["data"]) | draft.data
    _store(connection, stream, target, data)
    return carrying(event_of(draft.stream, epoch, {**target, "data": orjson.dumps(data)}))  # type: ignore[arg-type]


def _delete(connection: Connection, stream: dict[str, Any], draft: Draft, target: RowMapping, epoch: int) -> Outcome:
    _store(connection, stream, target, REDACTED, deleted=1)
    if target["target"] is not None:
        _count_reply(connection, target["target"], -1)
    pinned = streams.c.pinned == target["id"]
    connection.execute(streams.update().where(streams.c.id == stream["id"], pinned).values(pinned=None))
    return draft.data


def _pin(connection: Connection, stream: dict[str, Any], draft: Draft, target: RowMapping, epoch: int) -> Outcome:
    pin(connection, stream, target["id"])
    return carrying(event_of(draft.stream, epoch, target))


def pin(connection: Connection, stream: dict[str, Any], comment: str | None) -> None:
    connection.execute(streams.update().where(streams.c.id == stream["id"]).values(pinned=comment))


def _unpin(connection: Connection, stream: dict[str, Any], draft: Draft) -> Outcome:
    pinned = connection.scalar(sql.select(streams.c.pinned).where(streams.c.id == stream["id"]))
    if pinned is None:
        return Refused(problem.NOT_FOUND, "no comment is pinned in this stream")
    connection.execute(streams.update().where(streams.c.id == stream["id"]).values(pinned=None))
    return draft.data


def _stream(connection: Connection, stream: dict[str, Any], draft: Draft) -> Outcome:
    """Settings are merged here, under the lock, so that of two changes at once neither is lost."""
    if draft.kind is EventKind.STATE:
        stream["state"] = draft.data.get("state", stream["state"])
        change: dict[str, Any] = dict(draft.data)
        data: Data = draft.data
    else:
        stored = connection.scalar(sql.select(streams.c.settings).where(streams.c.id == stream["id"]))
        settings = merged(orjson.loads(stored or "{}"), draft.data)
        change, data = {"settings": orjson.dumps(settings).decode()}, public(settings)
    connection.execute(streams.update().where(streams.c.id == stream["id"]).values(**change))
    return data


def _ban(connection: Connection, stream: dict[str, Any], draft: Draft) -> Outcome:
    mine = sql.and_(bans.c.stream_id == stream["id"], bans.c.user == draft.data["user"])
    lifted = connection.execute(bans.delete().where(mine)).rowcount
    if draft.kind is EventKind.UNBAN:
        return draft.data if lifted else Refused(problem.NOT_FOUND, f"{draft.data['user']!r} is not banned")
    banned = connection.scalar(sql.select(sql.func.count()).where(bans.c.stream_id == stream["id"])) or 0
    if banned >= BANS_MAX:
        return Refused(problem.OVERLOADED, f"{BANS_MAX} users are banned from this stream, and that is the most")
    connection.execute(
        bans.insert().values(stream_id=stream["id"], user=draft.data["user"], until_ms=draft.data["until_ms"])
    )
    return draft.data


def merged(old: Data, change: Data) -> dict[str, Any]:
    """JSON Merge Patch of objects (RFC 7396), without its deletion by null."""
    nested = {name: merged(old.get(name, {}), value) for name, value in change.items() if isinstance(value, dict)}
    return {**old, **change, **nested}


def _count_reply(connection: Connection, comment: str, change: int) -> None:
    connection.execute(events.update().where(events.c.id == comment).values(replies=events.c.replies + change))


def _store(connection: Connection, stream: dict[str, Any], comment: RowMapping, data: Data, deleted: int = 0) -> None:
    stored = {"data": orjson.dumps(data).decode(), "deleted": deleted}
    connection.execute(events.update().where(events.c.id == comment["id"]).values(**stored))
    count_changes(connection, stream["id"], stream["opened_at_ms"], {comment["id"]: comment["at_ms"]})
