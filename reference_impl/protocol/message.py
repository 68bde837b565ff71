"""What viewers are sent, whatever the transport: messages, and frames of messages that are encoded once for everybody.

A message of the log, and a `gap`, carries a cursor as its id. Heartbeats, counts and the like have none: they can be
lost, and nobody resumes after them.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any

from reference_impl.protocol.cursor import Cursor
from reference_impl.protocol.events import REDACTED, Event, encode_json

ENVELOPE_BYTES = 64  # about what a message takes on the wire besides its data


@dataclass(frozen=True, slots=True)
class Message:
    """``data`` is JSON on one line; ``seq`` is 0 for what is not an event of the log."""

    event: str
    data: str
    id: str = ""
    seq: int = 0

    @property
    def line(self) -> str:
        """The message as one JSON object."""
        position = f'"id":"{self.id}",' if self.id else ""
        return f'{{"event":"{self.event}",{position}"data":{self.data}}}'

    @property
    def size_bytes(self) -> int:
        """About what it takes on the wire."""
        return len(self.data) + ENVELOPE_BYTES


def of_event(event: Event) -> Message:
    return Message(event.kind, encode_json(event.as_dict()), f"{event.epoch}:{event.seq}", event.seq)


def redacted(comment: Message) -> Message:
    """What is left of a comment once it has been deleted, as the log has it too."""
    left = json.loads(comment.data) | {"mentions": [], **REDACTED}
    return replace(comment, data=encode_json(left))


def notice(event: str, data: Mapping[str, Any]) -> Message:
    """Something that is no event of the log."""
    return Message(event, encode_json(data))


def gap(epoch: int, first: int, last: int, reason: str) -> Message:
    """Say that this connection skips ``first..last``; the client reads them from history if it wants them.

    Its id is ``last``: whoever reconnects after it resumes behind it.
    """
    data = {"from": first, "to": last, "count": last - first + 1, "reason": reason}
    return Message("gap", encode_json(data), str(Cursor(epoch, last)))


class Parting(Enum):
    """Why the server ends a connection."""

    SHUTDOWN = "shutdown"
    DRAIN = "drain"  # another server takes over; `reconnect` said when to come back
    TOKEN_EXPIRED = "token_expired"
    FORBIDDEN = "forbidden"  # banned, or the stream was closed to this reader
    UNAVAILABLE = "unavailable"  # the log is away


FINAL = frozenset({Parting.TOKEN_EXPIRED, Parting.FORBIDDEN})
"""The client is told `end` first: the connection is not wanted back as it is."""


class Frame:
    """Messages that are written together: consecutive events ``first..last`` of a log, or notices (both are 0)."""

    __slots__ = ("_payloads", "first", "last", "messages")

    def __init__(self, messages: Iterable[Message]) -> None:
        self.messages = tuple(messages)
        self.first = self.messages[0].seq
        self.last = self.messages[-1].seq
        self._payloads: dict[Encode, bytes] = {}

    @property
    def size_bytes(self) -> int:
        return sum(message.size_bytes for message in self.messages)

    def payload(self, encode: "Encode") -> bytes:
        """The frame in a wire format, encoded when the first viewer needs it."""
        payload = self._payloads.get(encode)
        if payload is None:
            payload = self._payloads[encode] = encode(self)
        return payload

    def after(self, seq: int) -> "Frame":
        """The part of it that comes after ``seq``."""
        return Frame(message for message in self.messages if message.seq > seq)


Encode = Callable[[Frame], bytes]
"""A wire format."""
