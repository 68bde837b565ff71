"""What the API tells an edge: a stretch of a log, and how a stream stands, as JSON values and back."""

from collections.abc import Mapping
from typing import Any

from reference_impl.protocol.events import Event, EventKind
from reference_impl.protocol.streams import State, Stream, StreamSettings

STRETCH_MAX = 500  # events in one answer
HEADS_MAX = 1_000  # streams in one question


def event_as_dict(event: Event) -> dict[str, Any]:
    """An event less its stream and epoch, which all events of an answer have in common."""
    return {
        "seq": event.seq,
        "kind": event.kind.value,
        "id": event.id,
        "at_ms": event.at_ms,
        "data": dict(event.data),
        "target": event.target,
    }


def event_of(stream: str, epoch: int, value: Mapping[str, Any]) -> Event:
    """Read what `event_as_dict` wrote; KeyError, TypeError or ValueError if it did not."""
    return Event(
        stream=stream,
        epoch=epoch,
        seq=int(value["seq"]),
        kind=EventKind(value["kind"]),
        id=str(value["id"]),
        at_ms=int(value["at_ms"]),
        data=dict(value["data"]),
        target=value["target"],
    )


def stream_as_dict(stream: Stream) -> dict[str, Any]:
    """A stream with all its settings but the rules, which edges have no use for."""
    return {
        "name": stream.name,
        "title": stream.title,
        "owner": stream.owner,
        "state": stream.state.value,
        "settings": stream.settings.as_public_dict(),
        "opened_at_ms": stream.opened_at_ms,
        "head": stream.head,
        "pinned": stream.pinned,
    }


def stream_of(value: Mapping[str, Any]) -> Stream:
    """Read what `stream_as_dict` wrote; KeyError, TypeError or ValueError if it did not."""
    return Stream(
        name=str(value["name"]),
        title=str(value["title"]),
        owner=str(value["owner"]),
        state=State(value["state"]),
        settings=StreamSettings.of(dict(value["settings"])),
        opened_at_ms=int(value["opened_at_ms"]),
        head=int(value["head"]),
        pinned=value["pinned"],
    )
