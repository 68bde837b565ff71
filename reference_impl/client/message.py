"""What followers are told, and where they are."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from reference_impl.client.failures import Lost
from reference_impl.protocol.cursor import Cursor


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a stream; ``cursor`` is its place in the log, None for what has none."""

    event: str
    data: dict[str, Any]
    cursor: Cursor | None = None

    @property
    def id(self) -> str:
        """The cursor as text, empty when there is none."""
        return "" if self.cursor is None else str(self.cursor)

    @classmethod
    def read(cls, event: str, id: str, data: object) -> "Message":
        """Make one of its parts; ValueError says what is wrong with them."""
        if not isinstance(data, dict):
            raise ValueError(f"the data of {event!r} is no JSON object")
        return cls(event, data, Cursor.parse(id) if id else None)

    @classmethod
    def of(cls, value: Any) -> "Message":
        """Make one of the JSON object that WebSockets and polls carry."""
        if not isinstance(value, dict):
            raise ValueError("a message is a JSON object")
        return cls.read(str(value.get("event")), str(value.get("id", "")), value.get("data"))


def read_lines(text: str) -> list[Message]:
    """Read messages of one JSON object a line."""
    return [Message.of(json.loads(line)) for line in text.split("\n")]


def after(cursor: Cursor | None) -> dict[str, str]:
    """The query that asks for what comes after a cursor; None is from now on."""
    return {} if cursor is None else {"cursor": str(cursor)}


class Position:
    """How far a follower has come; positions order by (epoch, seq)."""

    def __init__(self, cursor: Cursor) -> None:
        self.cursor = cursor

    def passes(self, message: Message) -> bool:
        """Whether a message is new here; if so, the follower has come as far."""
        if message.cursor is None:
            return True
        if message.cursor <= self.cursor and not begins_anew(message):
            return False
        self.cursor = message.cursor
        return True


def begins_anew(message: Message) -> bool:
    """Whether the positions had so far are of another log, or past the end of this one."""
    return message.event == "gap" and message.data.get("reason") == "epoch"


def before(gap: Message) -> Cursor:
    """The position from which all that a gap leaves out is still to come."""
    if gap.cursor is None:
        raise Lost("a gap came without an id")
    return Cursor(gap.cursor.epoch, max(0, number(gap.data, "from") - 1))


def number(data: Mapping[str, Any], name: str) -> int:
    """A figure that a message must have."""
    value = data.get(name)
    if not isinstance(value, int) or value < 0:
        raise Lost(f"{name!r} is to be a number, the server sent {value!r}")
    return value
