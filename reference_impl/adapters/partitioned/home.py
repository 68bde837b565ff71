"""The transaction at a stream's home: what belongs there is committed, and for all else places are reserved.

Both take the next ``seq`` under the stream's row lock, so that there is one order and no hole. What is reserved is one
range for each run of drafts that go to the same partition at the same millisecond.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sql
from sqlalchemy import Connection, RowMapping

from reference_impl.adapters.partitioned.slots import Range, Slot
from reference_impl.adapters.sql import effects
from reference_impl.adapters.sql.commit import LOCK, Commit
from reference_impl.adapters.sql.dialects import insert_rows
from reference_impl.adapters.sql.rows import COLUMNS, event_of, padded
from reference_impl.adapters.sql.schema import events, held, ranges, streams
from reference_impl.adapters.sql.segments import count_showing
from reference_impl.ports import Answer, Appended, Held, Refused
from reference_impl.protocol import problem
from reference_impl.protocol.events import Draft, Event, EventKind, Review
from reference_impl.protocol.streams import State

_RANGE = ("stream_id", "first", "last", "partition", "at_ms", "lease_until_ms")
_PINS = sql.select(events.c.target).where(
    events.c.target.in_(sql.bindparam("comments", expanding=True)), events.c.kind == EventKind.PIN
)


@dataclass(slots=True)
class _Run:
    """Drafts of one stream and one moment whose places follow each other, on their way to one partition."""

    slots: list[Slot]
    at_ms: int

    def goes_on(self, slot: Slot, at_ms: int) -> bool:
        last = self.slots[-1]
        return (last.partition, last.seq + 1, self.at_ms) == (slot.partition, slot.seq, at_ms)


class HomeCommit(Commit):
    """One transaction; afterwards each slot has an answer or a range."""

    def __init__(self, connection: Connection, epoch: int, number: int, lease_until_ms: int) -> None:
        super().__init__(connection, epoch, 0, number)
        self._number = number
        self._lease_until_ms = lease_until_ms
        self._slot: Slot
        self._runs: dict[str, list[_Run]] = {}
        self._there: dict[str, Any] = {}
        self._pinned: set[str] = set()

    def run(self, slots: Sequence[Slot], closed: Mapping[str, int]) -> dict[str, list[Range]]:
        """Answer the ranges of each stream that were not known to be full, with those made now."""
        self._read_streams(LOCK, sorted({slot.draft.stream for slot in slots}))
        self._there = comments(self._connection, [slot.draft.id for slot in slots if slot.is_comment])
        self._pinned = self._pins([slot for slot in slots if slot.partition != self._number])
        unknown = {
            name: open_ranges(self._connection, row, max(row["closed"], closed.get(name, 0)))
            for name, row in self._streams.items()
        }
        for slot in slots:
            self._slot = slot
            slot.answer, slot.range = self._decide(slot), None
        self._flush()
        self._unlock()
        self._close(closed)
        for made in self._write_ranges():
            unknown[made.stream].append(made)
        return unknown

    def _decide(self, slot: Slot) -> Answer | None:
        stream, draft = self._streams.get(slot.draft.stream), slot.draft
        if stream is None:
            return Refused(problem.NOT_FOUND, f"there is no stream {draft.stream!r}")
        if draft.review is Review.HOLD:
            return self._hold(stream, draft)
        found = self._there.get(draft.id) if slot.is_comment else None
        if found is not None and found["stream_id"] == stream["id"]:
            return repeated(draft, event_of(draft.stream, self._epoch, found))
        return self._place(stream, draft) if slot.partition == self._number else self._reserve(stream, slot)

    def _apply(self, stream: dict[str, Any], draft: Draft) -> effects.Outcome:
        if draft.kind is EventKind.PIN and self._slot.target_at != self._number:
            effects.pin(self._connection, stream, draft.target)
            self._pinned.add(draft.target or "")
            return {}  # what it shows is looked up when everything before it is known
        return super()._apply(stream, draft)

    def _hold(self, stream: dict[str, Any], draft: Draft) -> Answer:
        if self._waits(draft.id):
            return Held(draft.id, replayed=True)
        return super()._hold(stream, draft)

    def _waits(self, comment: str) -> bool:
        return self._connection.scalar(sql.select(held.c.id).where(held.c.id == comment)) is not None

    def _reserve(self, stream: dict[str, Any], slot: Slot) -> Refused | None:
        draft = slot.draft
        if stream["state"] != State.OPEN and draft.kind in (EventKind.COMMENT, EventKind.EDIT):
            return Refused(problem.STREAM_CLOSED, f"the stream is {stream['state']}")
        if draft.review is Review.RELEASE and not self._waits(draft.id):
            return Refused(problem.NOT_FOUND, f"no comment {draft.id} waits for review")
        stream["head"] += 1
        stream["last_at_ms"] = max(stream["last_at_ms"], draft.created_at_ms)
        slot.seq, slot.shown_at_home = stream["head"], draft.target in self._pinned
        runs = self._runs.setdefault(draft.stream, [])
        if not runs or not runs[-1].goes_on(slot, stream["last_at_ms"]):
            runs.append(_Run([], stream["last_at_ms"]))
        runs[-1].slots.append(slot)
        return None

    def _write_ranges(self) -> list[Range]:
        made, rows = [], []
        for name, runs in self._runs.items():
            stream = self._streams[name]
            for run in runs:
                first, last, partition = run.slots[0].seq, run.slots[-1].seq, run.slots[0].partition
                made.append(
                    Range(name, first, last, partition, run.at_ms, self._lease_until_ms, stream["opened_at_ms"])
                )
                rows.append((stream["id"], first, last, partition, run.at_ms, self._lease_until_ms))
                for slot in run.slots:
                    slot.range = made[-1]
        insert_rows(self._connection, ranges, _RANGE, rows)
        return made

    def _pins(self, away: Sequence[Slot]) -> set[str]:
        """Which comments that are about to change are carried by a pin here."""
        targets = [slot.draft.target for slot in away if not slot.is_comment and slot.draft.target]
        return set(self._connection.scalars(_PINS, {"comments": padded(targets)})) if targets else set()

    def _close(self, closed: Mapping[str, int]) -> None:
        """Write down how far everything is known to be full, so that nobody has to look back."""
        for name, seq in closed.items():
            stream = self._streams.get(name)
            if stream is not None and seq > stream["closed"]:
                self._connection.execute(streams.update().where(streams.c.id == stream["id"]).values(closed=seq))


def repeated(draft: Draft, event: Event) -> Answer:
    """The answer to a draft whose comment is there already."""
    if draft.review is Review.RELEASE:
        return Refused(problem.NOT_FOUND, f"no comment {draft.id} waits for review")
    return Appended(event, replayed=True)


def comments(connection: Connection, ids: list[str]) -> dict[str, RowMapping]:
    if not ids:
        return {}
    query = sql.select(events.c.stream_id, *COLUMNS)
    query = query.where(events.c.id.in_(padded(ids)), events.c.kind == EventKind.COMMENT)
    return {row["id"]: row for row in connection.execute(query).mappings()}


def open_ranges(connection: Connection, stream: dict[str, Any] | RowMapping, closed: int) -> list[Range]:
    """The ranges beyond ``closed``, the first ones first: what a lease's time can bring, as each commit closes."""
    query = sql.select(ranges).where(ranges.c.stream_id == stream["id"], ranges.c.first > closed)
    found = connection.execute(query.order_by(ranges.c.first)).mappings()
    return [range_of(stream["name"], stream["opened_at_ms"], row) for row in found]


def range_of(stream: str, opened_at_ms: int, row: RowMapping) -> Range:
    return Range(stream, row["first"], row["last"], row["partition"], row["at_ms"], row["lease_until_ms"], opened_at_ms)


def tell_pins(connection: Connection, stream: str, targets: Sequence[str], *, deleted: bool) -> list[int]:
    """Comments elsewhere have changed: so have the seconds of the pins that carry them, and a deleted one is no pin."""
    query = sql.select(streams.c.id, streams.c.opened_at_ms).where(streams.c.name == stream)
    row = connection.execute(query.with_for_update()).one()
    if deleted:
        pinned = streams.c.pinned.in_(targets)
        connection.execute(streams.update().where(streams.c.id == row.id, pinned).values(pinned=None))
    return count_showing(connection, row.id, row.opened_at_ms, targets)
