"""Events of a stream's log, and their JSON form."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from reference_impl.protocol.cursor import Cursor


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A comment on its way into the log: complete but for its place there.

    ``idempotency_key`` is the client's, scoped to stream and author; None means that each try is a comment of its own.
    """

    stream: str
    id: str  # UUIDv7, RFC 9562
    author: str
    text: str
    created_at_ms: int  # Unix time, for display only: order comes from seq
    idempotency_key: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Comment:
    """A comment in the log, at its place (epoch, seq)."""

    stream: str
    epoch: int
    seq: int
    id: str
    author: str
    text: str
    created_at_ms: int

    @property
    def cursor(self) -> Cursor:
        return Cursor(self.epoch, self.seq)

    @classmethod
    def of(cls, draft: Draft, cursor: Cursor) -> "Comment":
        """Give a draft its place in the log."""
        return cls(
            stream=draft.stream,
            epoch=cursor.epoch,
            seq=cursor.seq,
            id=draft.id,
            author=draft.author,
            text=draft.text,
            created_at_ms=draft.created_at_ms,
        )

    def as_dict(self) -> dict[str, Any]:
        """Everything a page needs to render the comment: the same object in the 201, in history and on the stream."""
        return {
            "id": self.id,
            "seq": self.seq,
            "cursor": str(self.cursor),
            "author": {"name": self.author},
            "text": self.text,
            "created_at": datetime.fromtimestamp(self.created_at_ms / 1000, UTC).isoformat(timespec="milliseconds"),
        }


def encode_json(value: object) -> str:
    """Compact JSON in UTF-8 characters."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
