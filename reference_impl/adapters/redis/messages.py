"""What processes tell each other over Redis: a batch of one stream's messages, in the order of their publishing.

A batch is a JSON object with a version. What cannot be read (another version, another program on the same channel) is
the receiver's to count and ignore: the log has it, and a newer process must not end an older one.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

from reference_impl.ports import Aggregate, Published, Stamps
from reference_impl.protocol.events import Event, EventKind

VERSION = 1


class Unreadable(ValueError):  # noqa: N818 - named for what the receiver meets
    """The bytes are no batch of this version."""


@dataclass(frozen=True, slots=True)
class Batch:
    """``origin`` names the process; the stream is spread over so many ``channels``; ``unreadable`` were left out."""

    origin: str
    messages: Sequence[Published | Aggregate]
    channels: int = 1
    unreadable: int = field(default=0, compare=False)


def encode(batch: Batch) -> bytes:
    """Raise TypeError for data that JSON does not know."""
    messages = [_as_dict(message) for message in batch.messages]
    return orjson.dumps({"v": VERSION, "from": batch.origin, "channels": batch.channels, "messages": messages})


def decode(payload: bytes) -> Batch:
    """Raise Unreadable for what is no batch; a message in it that cannot be read is left out and counted."""
    try:
        fields = orjson.loads(payload)
        version, origin, channels, given = fields["v"], fields["from"], fields["channels"], fields["messages"]
    except (ValueError, KeyError, TypeError) as error:
        raise Unreadable(f"no batch of messages: {payload[:80]!r}") from error
    if version != VERSION or not isinstance(channels, int) or not isinstance(given, list):
        raise Unreadable(f"a batch of version {version!r}, and {VERSION} is what is read here")
    messages = [message for each in given if (message := _message(each)) is not None]
    return Batch(str(origin), messages, channels, len(given) - len(messages))


def _as_dict(message: Published | Aggregate) -> dict[str, Any]:
    if isinstance(message, Aggregate):
        return {"stream": message.stream, "name": message.name, "data": message.data}
    event, stamps = message.event, message.stamps
    return {
        "stream": event.stream,
        "epoch": event.epoch,
        "seq": event.seq,
        "kind": event.kind,
        "id": event.id,
        "at_ms": event.at_ms,
        "data": event.data,
        "target": event.target,
        "stamps": stamps and (stamps.received_s, stamps.admitted_s, stamps.durable_s),
    }


def _message(fields: Any) -> Published | Aggregate | None:
    try:
        if "seq" not in fields:
            return Aggregate(_text(fields["stream"]), _text(fields["name"]), dict(fields["data"]))
        stamps = fields["stamps"]
        return Published(_event(fields), Stamps(*map(float, stamps)) if stamps else None)
    except (KeyError, TypeError, ValueError):
        return None


def _event(fields: dict[str, Any]) -> Event:
    return Event(
        stream=_text(fields["stream"]),
        epoch=int(fields["epoch"]),
        seq=int(fields["seq"]),
        kind=EventKind(fields["kind"]),
        id=_text(fields["id"]),
        at_ms=int(fields["at_ms"]),
        data=dict(fields["data"]),
        target=fields["target"],
    )


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"not a text: {value!r}")
    return value
