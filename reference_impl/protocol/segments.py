"""Segments: a public stream's log in pieces of one second, each at an address that never has two contents.

A segment's address has the second (counted from the stream's opening, so that a replay steps with a video) and a
revision: how many events the second has, and how often one of them has been changed since. Caches may keep it for as
long as they like; a manifest, which they keep for a second, says which revisions are the present ones.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from reference_impl.protocol.cursor import Cursor
from reference_impl.protocol.events import Event, EventKind, encode_json
from reference_impl.protocol.message import Message

SEGMENT_MS = 1000
SETTLE_MS = 200  # after a second's end, before it is listed: commits under way still bring its last events
POLL_AFTER_MS = 1000

REVISION = r"[0-9]{1,9}-[0-9]{1,9}(-[0-9.]{1,8})?"

_REVISION = re.compile(r"(\d{1,9})-(\d{1,9})(?:-(\d{1,3}(?:\.\d{1,4})?))?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Revision:
    """The state of a second: ``count`` events, ``changes`` of them since they came; shown of it ``per_s``, or all."""

    count: int
    changes: int
    per_s: float | None = None

    def __str__(self) -> str:
        budget = "" if self.per_s is None else f"-{self.per_s:g}"
        return f"{self.count}-{self.changes}{budget}"

    @classmethod
    def parse(cls, text: str) -> "Revision":
        """Read a revision from an address; ValueError names what was seen."""
        match = _REVISION.fullmatch(text)
        if match is None:
            raise ValueError(f"a revision looks like '12-3' or '12-3-20', got {text[:40]!r}")
        return cls(int(match[1]), int(match[2]), float(match[3]) if match[3] else None)

    def older_than(self, present: "Revision") -> bool:
        """Whether the second can have been in this state before and never will be again; both numbers only grow."""
        here, there = (self.count, self.changes), (present.count, present.changes)
        return here != there and self.count <= present.count and self.changes <= present.changes


@dataclass(frozen=True, slots=True)
class Span:
    """A second that has events: those from ``first`` to ``last``, with none between them left out."""

    offset: int
    first: int
    last: int
    changes: int = 0
    per_s: float | None = None  # the display budget

    @property
    def revision(self) -> Revision:
        return Revision(self.last - self.first + 1, self.changes, self.per_s)

    def as_dict(self) -> dict[str, Any]:
        revision = self.revision
        return {
            "offset": self.offset, "revision": str(revision), "first": self.first, "last": self.last,
            "count": revision.count,
        }  # fmt: skip


def offset_of(at_ms: int, opened_at_ms: int) -> int:
    """The second of a moment; what a clock set back has dated before the opening counts for the first one."""
    return max(0, at_ms - opened_at_ms) // SEGMENT_MS


def complete(now_ms: int, opened_at_ms: int) -> int:
    """The first second that may still get events; those before it are complete."""
    return offset_of(now_ms - SETTLE_MS, opened_at_ms)


def timeless(event: Event) -> Event:
    """An event without its count of replies, which goes on changing without being a change of the second."""
    if event.kind is EventKind.COMMENT:
        return replace(event, data={name: value for name, value in event.data.items() if name != "reply_count"})
    if "comment" in event.data:
        return replace(event, data={**event.data, "comment": {**event.data["comment"], "reply_count": 0}})
    return event


def manifest(head: Cursor, opened_at_ms: int, spans: Sequence[Span], next_from: int | None) -> str:
    """``head`` is the last event that the manifest covers, ``next_from`` where the next one begins."""
    return encode_json(
        {
            "epoch": head.epoch,
            "opened_at_ms": opened_at_ms,
            "segment_ms": SEGMENT_MS,
            "head": str(head),
            "poll_after_ms": POLL_AFTER_MS,
            "next_from": next_from,
            "segments": [span.as_dict() for span in spans],
        }
    )


def segment(epoch: int, span: Span, messages: Sequence[Message]) -> str:
    items = ",".join(message.line for message in messages)
    return (
        f'{{"epoch":{epoch},"offset":{span.offset},"revision":"{span.revision}",'
        f'"first":{span.first},"last":{span.last},"items":[{items}]}}'
    )
