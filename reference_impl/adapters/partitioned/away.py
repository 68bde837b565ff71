"""The transaction in a partition that is not the stream's home: events at places that were reserved for them.

A range is filled all at once: with events, and with voids where a draft turned out to be a repeat or to be refused. So
it is either empty or full. Whoever finds one empty past its lease fills it with voids; the late commit then meets them
and has to reserve again.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import groupby
from typing import Any

import sqlalchemy as sql
from sqlalchemy import Connection

from reference_impl.adapters.partitioned.home import comments, repeated
from reference_impl.adapters.partitioned.slots import Range, Slot
from reference_impl.adapters.sql import effects
from reference_impl.adapters.sql.commit import Commit
from reference_impl.adapters.sql.dialects import insert
from reference_impl.adapters.sql.rows import event_of, stream_number
from reference_impl.adapters.sql.schema import events, streams
from reference_impl.ports import Appended
from reference_impl.protocol.events import Draft, EventKind, Review
from reference_impl.protocol.streams import State

_ROW = sql.select(streams.c.id, streams.c.name, streams.c.opened_at_ms).where(streams.c.name == sql.bindparam("name"))
_COUNT = sql.select(sql.func.count()).where(
    events.c.stream_id == stream_number(sql.bindparam("name")),
    events.c.seq.between(sql.bindparam("first"), sql.bindparam("last")),
)


class AwayCommit(Commit):
    """One transaction; afterwards each slot has an answer, but for those that came too late."""

    def __init__(self, connection: Connection, epoch: int, number: int) -> None:
        super().__init__(connection, epoch, 0, number)
        self._there: dict[str, Any] = {}

    def run(self, slots: Sequence[Slot]) -> list[Slot]:
        """Answer the slots whose range has been closed."""
        late: list[Slot] = []
        named = sorted(slots, key=lambda slot: (slot.draft.stream, slot.seq))
        for name, ours in groupby(named, key=lambda slot: slot.draft.stream):
            late += self._stream(name, list(ours))
        self._flush()
        return late

    def _stream(self, name: str, slots: list[Slot]) -> list[Slot]:
        stream = locked(self._connection, name, _range(slots[0]).opened_at_ms)
        made = {_range(slot).first: _range(slot) for slot in slots}
        closed = {first for first, each in made.items() if filled(self._connection, each)}
        late = [slot for slot in slots if _range(slot).first in closed]
        ours = [slot for slot in slots if _range(slot).first not in closed]
        self._there = comments(self._connection, [slot.draft.id for slot in ours if slot.is_comment])
        for slot in ours:
            self._take(stream, slot)
        return late

    def _take(self, stream: dict[str, Any], slot: Slot) -> None:
        """Put a draft, or a void, at its place."""
        draft, at_ms = slot.draft, _range(slot).at_ms
        found = self._there.get(draft.id)
        if found is not None and found["stream_id"] == stream["id"]:
            slot.answer = repeated(draft, event_of(draft.stream, self._epoch, found))
        else:
            stream["head"], stream["last_at_ms"] = slot.seq - 1, at_ms
            slot.answer = self._place(stream, draft)
        if not isinstance(slot.answer, Appended) or slot.answer.replayed:
            self._events.append(_void(stream["id"], self._partition, slot.seq, at_ms))

    def _apply(self, stream: dict[str, Any], draft: Draft) -> effects.Outcome:
        if draft.review is Review.RELEASE:
            draft = replace(draft, review=Review.NONE)  # it waits at home, and is dropped there afterwards
        return super()._apply(stream, draft)


def filled(connection: Connection, wanted: Range) -> bool:
    stretch = {"name": wanted.stream, "first": wanted.first, "last": wanted.last}
    return connection.scalar(_COUNT, stretch) == wanted.last - wanted.first + 1


def which_filled(connection: Connection, wanted: Iterable[Range]) -> list[Range]:
    return [each for each in wanted if filled(connection, each)]


def fill(connection: Connection, wanted: Sequence[Range]) -> None:
    """Close ranges that are past their lease: nobody will use these places any more."""
    for each in sorted(wanted, key=lambda each: each.key):
        stream = locked(connection, each.stream, each.opened_at_ms)
        if not filled(connection, each):
            voids = [_void(stream["id"], each.partition, seq, each.at_ms) for seq in range(each.first, each.last + 1)]
            connection.execute(events.insert(), [dict(zip(_VOID, void, strict=True)) for void in voids])


def locked(connection: Connection, name: str, opened_at_ms: int) -> dict[str, Any]:
    """The stream's row in a partition that is not its home, made when it is first needed."""
    query = _ROW.with_for_update()
    row = connection.execute(query, {"name": name}).mappings().one_or_none()
    if row is None:
        stub = {"name": name, "title": "", "owner": "", "state": str(State.OPEN), "settings": "{}", "home": False}
        new = insert(connection, streams).on_conflict_do_nothing()
        connection.execute(new, stub | {"opened_at_ms": opened_at_ms})
        row = connection.execute(query, {"name": name}).mappings().one()
    return {**row, "state": State.OPEN, "head": 0, "last_at_ms": 0}


_VOID = ("stream_id", "seq", "partition", "kind", "id", "author", "target", "at_ms", "replies", "deleted", "data")


def _void(stream_id: int, partition: int, seq: int, at_ms: int) -> tuple[Any, ...]:
    return (stream_id, seq, partition, EventKind.VOID.value, f"void-{stream_id}-{seq}", "", None, at_ms, 0, 0, "{}")


def _range(slot: Slot) -> Range:
    assert slot.range is not None
    return slot.range
