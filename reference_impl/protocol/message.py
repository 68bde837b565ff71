"""What viewers are sent, whatever the transport: messages, and frames of messages that are encoded once for everybody.

A message of the log, and a `gap`, carries a cursor as its id. Heartbeats, counts and the like have none: they can be
lost, and nobody resumes after them.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
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
    """Messages that are written together: the events ``first..last`` of a log, or notices (both are 0)."""

    __slots__ = ("_payloads", "first", "last", "messages")

    def __init__(self, messages: Iterable[Message], first: int | None = None, last: int | None = None) -> None:
        self.messages = tuple(messages)
        self.first = self.messages[0].seq if first is None else first
        self.last = self.messages[-1].seq if last is None else last
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

    def parts(self) -> Iterator["Frame"]:
        """The smallest pieces that account for themselves."""
        return (Frame((message,)) for message in self.messages)


@dataclass(frozen=True, slots=True)
class Shedding:
    """Why a viewer is not shown all: `budget` of the stream's display, in windows of that length, or another `room`."""

    reason: str
    window_ms: int


class PartialFrame(Frame):
    """What is shown of the events ``first..last``, and a `shed` that accounts for the rest.

    Only the `shed` has an id: a position moves by whole frames, so whoever is cut within one gets it once more.
    """

    __slots__ = ("_epoch", "_shedding", "_shown")

    def __init__(self, epoch: int, first: int, last: int, shown: Sequence[Message], shedding: Shedding) -> None:
        self._epoch, self._shown, self._shedding = epoch, shown, shedding
        dropped = last - first + 1 - len(shown)
        data = {
            "from": first, "to": last, "shown": len(shown), "dropped": dropped,
            "window_ms": shedding.window_ms, "reason": shedding.reason,
        }  # fmt: skip
        shed = Message("shed", encode_json(data), str(Cursor(epoch, last)))
        super().__init__([*(replace(message, id="") for message in shown), shed], first, last)

    def parts(self) -> Iterator[Frame]:
        yield self

    def after(self, seq: int) -> Frame:
        rest = [message for message in self._shown if message.seq > seq]
        return shown_of(self._epoch, max(seq + 1, self.first), self.last, rest, self._shedding)


def shown_of(epoch: int, first: int, last: int, shown: Sequence[Message], shedding: Shedding) -> Frame:
    """A frame that accounts for all of ``first..last``; when nothing is left out there is nothing to say about it."""
    if len(shown) == last - first + 1:
        return Frame(shown)
    return PartialFrame(epoch, first, last, shown, shedding)


Encode = Callable[[Frame], bytes]
"""A wire format."""
