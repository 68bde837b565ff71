"""What followers are told, and where they are."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from reference_impl.client.failures import Lost
from reference_impl.protocol.cursor import Cursor

AHEAD_MAX = 10_000  # places beyond a position that are remembered; then the oldest are forgotten
RANGES = frozenset({"gap", "shed"})  # they are about many places, and have that of the last one


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a stream; ``cursor`` is the position behind it, None if nobody goes on from there.

    What a crowded stream shows of a window has a ``place`` in the log and no cursor: the window's `shed` has it.
    """

    event: str
    data: dict[str, Any]
    cursor: Cursor | None = None

    @property
    def id(self) -> str:
        """The cursor as text, empty when there is none."""
        return "" if self.cursor is None else str(self.cursor)

    @property
    def place(self) -> Cursor | None:
        """Where in the log it is; None for what is no part of it."""
        if self.cursor is not None or "seq" not in self.data or "cursor" not in self.data:
            return self.cursor
        return Cursor.parse(str(self.data["cursor"]))

    @classmethod
    def read(cls, event: str, id: str, data: object) -> "Message":
        """Make one of its parts; ValueError says what is wrong with them."""
        if not isinstance(data, dict):
            raise ValueError(f"the data of {event!r} is no JSON object")
        message = cls(event, data, Cursor.parse(id) if id else None)
        _ = message.place  # one that cannot be read is found here
        return message

    @classmethod
    def of(cls, value: Any) -> "Message":
        """Make one of the JSON object that WebSockets and polls carry."""
        if not isinstance(value, dict):
            raise ValueError("a message is a JSON object")
        return cls.read(str(value.get("event")), str(value.get("id", "")), value.get("data"))


def read_lines(text: str) -> list[Message]:
    """Read messages of one JSON object a line."""
    return [Message.of(json.loads(line)) for line in text.split("\n")]


def after(cursor: Cursor | None, room: str | None = None) -> dict[str, str]:
    """The query that asks for what comes after a cursor (None is from now on), in a room of the reader's choice."""
    asked = {"cursor": None if cursor is None else str(cursor), "room": room}
    return {name: value for name, value in asked.items() if value is not None}


class Position:
    """How far a follower has come; positions order by (epoch, seq).

    It moves by whole windows. Whoever is cut within one is told it again, so what was shown beyond is remembered.
    """

    def __init__(self, cursor: Cursor) -> None:
        self.cursor = cursor
        self._ahead: dict[Cursor, None] = {}

    def passes(self, message: Message) -> bool:
        """Whether a message is new here; if so, the follower has come as far."""
        place, anew = message.place, begins_anew(message)
        if place is None:
            return True
        if place <= self.cursor and not anew:
            return False
        known = place in self._ahead and message.event not in RANGES
        if message.cursor is None:
            self._remember(place)
        else:
            self.go_to(message.cursor, anew=anew)
        return not known

    def go_to(self, cursor: Cursor, *, anew: bool = False) -> None:
        """Go on after a cursor; ``anew`` in another log, where nothing has been shown."""
        self.cursor = cursor
        if self._ahead:
            self._ahead = {} if anew else {place: None for place in self._ahead if place > cursor}

    def _remember(self, place: Cursor) -> None:
        self._ahead[place] = None
        if len(self._ahead) > AHEAD_MAX:
            del self._ahead[next(iter(self._ahead))]


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
