"""Events of a stream's log, and their JSON form.

Everything that changes what viewers see is an event with a place (epoch, seq): a comment, its edit, its deletion, a
pin, a change of the stream's settings or state. An `edit` and a `pin` carry the comment as it is *now*, never as it
once was, so that reading the log again cannot bring back what has been deleted.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from reference_impl.protocol.cursor import Cursor

Data = Mapping[str, Any]


class EventKind(StrEnum):
    COMMENT = "comment"
    EDIT = "edit"
    DELETE = "delete"
    PIN = "pin"
    UNPIN = "unpin"
    SETTINGS = "settings"
    STATE = "state"
    BAN = "ban"
    UNBAN = "unban"
    VOID = "void"  # a place that nothing took


class Review(StrEnum):
    """What a comment has to do with the queue of those that wait for a moderator."""

    NONE = "none"
    HOLD = "hold"  # into the queue instead of the log
    RELEASE = "release"  # out of the queue into the log


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """An event on its way into the log: complete but for its place there.

    ``idempotency_key`` is the client's, scoped to stream and author; None means that each try is an event of its own.
    """

    stream: str
    id: str  # UUIDv7, RFC 9562; a comment's own
    author: str  # the user who does it
    created_at_ms: int  # Unix time; order comes from seq
    kind: EventKind = EventKind.COMMENT
    data: Data = field(default_factory=dict)
    target: str | None = None  # the comment that is answered, edited, deleted or pinned
    idempotency_key: str | None = None
    own_only: bool = False  # the target must be the author's
    review: Review = Review.NONE


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """An event in the log; ``at_ms`` is Unix time and never goes back within a stream."""

    stream: str
    epoch: int
    seq: int
    kind: EventKind
    id: str
    at_ms: int
    data: Data
    target: str | None = None

    @property
    def cursor(self) -> Cursor:
        return Cursor(self.epoch, self.seq)

    @classmethod
    def of(cls, draft: Draft, cursor: Cursor, at_ms: int, data: Data | None = None) -> "Event":
        """Give a draft its place in the log."""
        return cls(
            stream=draft.stream,
            epoch=cursor.epoch,
            seq=cursor.seq,
            kind=draft.kind,
            id=draft.id,
            at_ms=at_ms,
            data=draft.data if data is None else data,
            target=draft.target,
        )

    def as_dict(self) -> dict[str, Any]:
        """The same object in the answer to a post, in history and on the stream: all that rendering needs."""
        about = {"id": self.id, "seq": self.seq, "cursor": f"{self.epoch}:{self.seq}", "created_at": iso(self.at_ms)}
        if self.kind is EventKind.COMMENT:
            # What most comments have in common is neither stored nor carried about, only shown.
            usual = {"mentions": [], "reply_count": 0, "reactions": {}}
            return {**about, "parent_id": self.target, **usual, **self.data}
        return {**about, "comment_id": self.target, **self.data}


def comment_data(author: Data, text: str, mentions: list[str], **special: str | None) -> dict[str, Any]:
    """What a comment's event carries besides its place; of the ``special`` (`role`, `room`) only what there is."""
    data = {"author": author, "text": text, "mentions": mentions} if mentions else {"author": author, "text": text}
    return {**data, **{name: value for name, value in special.items() if value}}


def author_data(user: str, name: str, avatar: str | None = None, badges: tuple[str, ...] = ()) -> dict[str, Any]:
    return {"id": user, "name": name, "avatar": avatar, "badges": list(badges)}


REDACTED: Data = {"author": author_data("", ""), "text": "", "deleted": True}
"""What is left of a deleted comment."""


def iso(at_ms: int) -> str:
    """Unix milliseconds as RFC 3339, in UTC."""
    return datetime.fromtimestamp(at_ms / 1000, UTC).isoformat(timespec="milliseconds")


def encode_json(value: object) -> str:
    """Compact JSON in UTF-8 characters."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
