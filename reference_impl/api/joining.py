"""The way in of a viewer, the same for every transport: is there room, from where on, and what has it missed."""

from random import Random
from typing import Annotated, Any

from fastapi import Header, Query, Request

from reference_impl.api import views
from reference_impl.api.deps import ViewerParts, parse_cursor, readable
from reference_impl.api.limits import is_loopback
from reference_impl.auth.identity import Identity
from reference_impl.hub import Seat
from reference_impl.policy.backpressure import Ending
from reference_impl.policy.connections import Connections, Crowded
from reference_impl.ports import Viewer
from reference_impl.protocol import problem
from reference_impl.protocol.cursor import Cursor
from reference_impl.protocol.message import Frame, Parting, notice
from reference_impl.protocol.problem import Problem
from reference_impl.protocol.streams import ROOM_NAME, SlowViewers, Stream
from reference_impl.transports.socket_viewer import Pressure

DRAINED_S = 5.0  # by then another server has taken over

_JITTER = Random()

JOINING = (problem.INVALID_CURSOR, problem.CROWDED, problem.DRAINING)
"""What a viewer can be refused for, besides what any reader can."""

CursorQuery = Annotated[str | None, Query(description="Follow from here; without it, from now on.")]
RoomQuery = Annotated[
    str | None, Query(pattern=f"^{ROOM_NAME}$", description="Be with all who name the same, if the stream has rooms.")
]
LastEventId = Annotated[str | None, Header(description="Sent by browsers when they reconnect; wins over `cursor`.")]


class Place:
    """A counted connection; ``leave`` gives it back, once however often it is called."""

    __slots__ = ("_address", "_connections")

    def __init__(self, connections: Connections, address: str | None) -> None:
        self._connections: Connections | None = connections
        self._address = address

    def leave(self) -> None:
        if self._connections is not None:
            self._connections.leave(self._address)
            self._connections = None


def take_place(request: Request, parts: ViewerParts, *, joins: bool = True) -> Place:
    """Room for one more viewer; a Problem with Retry-After when there is none."""
    if parts.hub.draining:
        raise Problem(
            problem.DRAINING, "connect again, and another server answers", DRAINED_S * _JITTER.uniform(0.2, 1)
        )
    address = address_of(request)
    crowded = parts.connections.enter(address, parts.clock(), joins=joins)
    if crowded is not None:
        raise turned_away(crowded)
    return Place(parts.connections, address)


def address_of(request: Request) -> str | None:
    """Who is counted by his address; None has no limit of his own."""
    return request.client.host if request.client and not is_loopback(request.client.host) else None


def turned_away(crowded: Crowded) -> Problem:
    return Problem(problem.CROWDED, crowded.reason, crowded.away_s(_JITTER))


def pressure(parts: ViewerParts, stream: Stream) -> Pressure:
    """What bounds the queue of a viewer of this stream."""
    chosen = stream.settings.slow_viewers
    return parts.pressures[parts.slow_viewers if chosen is SlowViewers.SERVER else Ending(chosen.value)]


async def follow(
    parts: ViewerParts,
    stream: str,
    viewer: Viewer,
    position: Cursor | None,
    identity: Identity | None,
    room: str | None,
) -> Seat:
    """Join, and make sure that who was let in may still read: much can happen before a viewer hears of changes."""
    seat = await parts.hub.join(stream, viewer, position, identity, room)
    try:
        await readable(stream, parts, identity)
    except Problem:
        viewer.close(Parting.FORBIDDEN)
    return seat


async def greet(
    parts: ViewerParts,
    stream: str,
    viewer: Viewer,
    greeting: Frame,
    position: Cursor | None,
    identity: Identity | None,
    room: str | None,
) -> Seat:
    """Greet a viewer and let it follow; what is posted once somebody has been greeted reaches him."""
    await parts.hub.open(stream)
    viewer.deliver(greeting)
    return await follow(parts, stream, viewer, position, identity, room)


async def hello(parts: ViewerParts, stream: Stream) -> Frame:
    """What one who comes late has missed: the stream's state and settings, and the pinned comment."""
    pinned = await parts.catalog.pinned(stream)
    about: dict[str, Any] = views.stream(stream) | {
        "pinned": pinned.as_dict() if pinned else None,
        "viewers": dict(zip(("count", "error"), parts.hub.watching(stream.name), strict=True)),
        "heartbeat_ms": round(parts.hub.config.heartbeat_s * 1000),
        "server_time_ms": round(parts.wall_clock() * 1000),
    }
    return Frame([notice("hello", about)])


def start(cursor: str | None, last_event_id: str | None = None) -> Cursor | None:
    """Where to follow from."""
    text = last_event_id or cursor
    return parse_cursor(text) if text else None
