"""Follow a stream as server-sent events."""

from collections.abc import Callable
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from reference_impl.api.deps import IdentityDep, ReadableStream, ViewerPartsDep
from reference_impl.api.joining import (
    JOINING,
    CursorQuery,
    LastEventId,
    RoomQuery,
    greet,
    hello,
    pressure,
    start,
    take_place,
)
from reference_impl.api.problems import READING, responses
from reference_impl.config import Delivery
from reference_impl.transports.socket_viewer import SocketViewer
from reference_impl.transports.sse_plain import PlainSseResponse, PlainSseViewer
from reference_impl.transports.sse_raw import RawSseResponse, RawSseViewer

_STREAM: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "Events of the log, each with its cursor as id: `comment`, `edit`, `delete`, `pin`, `unpin`, "
        "`settings`, `state`, `ban`, `unban`. Without an id: `hello` (the stream as it stands, once at the start), "
        "`reactions` (sums, at most once a second), `viewers` (about how many), `typing`, `heartbeat`, `reconnect` "
        "(come back after that time), `end` (do not). A `gap` says what was left out on this connection: "
        "read it from history. A `shed` counts the comments that are not shown on purpose, by the stream's display "
        "budget or because they are another room's; its id is that of the shown ones before it, too. "
        "`room` says in which room one is.",
        "content": {"text/event-stream": {"schema": {"type": "string"}}},
    }
}


def router(delivery: Delivery) -> APIRouter:
    """The route, with the delivery that the server was started with."""
    routes = APIRouter(prefix="/v1/streams/{stream}/events", tags=["follow"])
    endpoint = {Delivery.RAW: _follow_raw, Delivery.PLAIN: _follow_plain}[delivery]
    routes.add_api_route(
        "",
        endpoint,
        response_class=Response,
        responses=_STREAM | responses(*READING, *JOINING),
        summary="Follow a stream",
    )
    return routes


async def _follow_raw(
    stream: ReadableStream,
    request: Request,
    parts: ViewerPartsDep,
    identity: IdentityDep,
    last_event_id: LastEventId = None,
    cursor: CursorQuery = None,
    room: RoomQuery = None,
) -> Response:
    """Comments as they come, after the cursor, each once and in order."""
    viewer = RawSseViewer(pressure(parts, stream), parts.log.epoch)
    position, greeting = start(cursor, last_event_id), await hello(parts, stream)
    viewer.call_at_end(take_place(request, parts).leave)

    async def join(joining: SocketViewer) -> Callable[[], None]:
        return (await greet(parts, stream.name, joining, greeting, position, identity, room)).leave

    return RawSseResponse(viewer, join)


async def _follow_plain(
    stream: ReadableStream,
    request: Request,
    parts: ViewerPartsDep,
    identity: IdentityDep,
    last_event_id: LastEventId = None,
    cursor: CursorQuery = None,
    room: RoomQuery = None,
) -> Response:
    """Comments as they come, after the cursor, each once and in order."""
    viewer = PlainSseViewer(pressure(parts, stream).config, parts.log.epoch)
    position, greeting = start(cursor, last_event_id), await hello(parts, stream)
    place = take_place(request, parts)
    return PlainSseResponse(
        viewer, lambda: greet(parts, stream.name, viewer, greeting, position, identity, room), place.leave
    )
