"""Follow a stream as server-sent events."""

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Header, Query
from sse_starlette.sse import EventSourceResponse
from starlette.responses import Response

from reference_impl.api import views
from reference_impl.api.deps import Parts, PartsDep, ReadableStream, parse_cursor
from reference_impl.api.problems import READING, responses
from reference_impl.config import Delivery
from reference_impl.protocol import problem
from reference_impl.protocol.cursor import Cursor
from reference_impl.protocol.events import encode_json
from reference_impl.protocol.sse import event_text
from reference_impl.protocol.streams import Stream
from reference_impl.transports.sse_plain import PlainSseViewer
from reference_impl.transports.sse_raw import HEADERS, RawSseResponse, RawSseViewer

PLAIN_PING_S = 15

_STREAM: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "Events of the log, each with its cursor as id: `comment`, `edit`, `delete`, `pin`, `unpin`, "
        "`settings`, `state`. Without an id: `hello` (the stream as it stands, once at the start), `reactions` (sums, "
        "at most once a second) and `heartbeat`. A `gap` says what was left out on this connection: "
        "read it from history.",
        "content": {"text/event-stream": {"schema": {"type": "string"}}},
    }
}

LastEventId = Annotated[str | None, Header(description="Sent by browsers when they reconnect; wins over `cursor`.")]
CursorQuery = Annotated[str | None, Query(description="Follow from here; without it, from now on.")]


def router(delivery: Delivery) -> APIRouter:
    """The route, with the delivery that the server was started with."""
    routes = APIRouter(prefix="/v1/streams/{stream}/events", tags=["events"])
    endpoint = {Delivery.RAW: _follow_raw, Delivery.PLAIN: _follow_plain}[delivery]
    routes.add_api_route(
        "",
        endpoint,
        response_class=Response,
        responses=_STREAM | responses(*READING, problem.INVALID_CURSOR),
        summary="Follow a stream",
    )
    return routes


async def _follow_raw(
    stream: ReadableStream, parts: PartsDep, last_event_id: LastEventId = None, cursor: CursorQuery = None
) -> Response:
    """Comments as they come, after the cursor, each once and in order."""
    start, hello = _start(last_event_id, cursor), await _hello(parts, stream)
    viewer = RawSseViewer(parts.backpressure, parts.log.epoch)

    async def join(joining: RawSseViewer) -> Callable[[], None]:
        joining.announce(hello)
        return await parts.hub.join(stream.name, joining, start)

    return RawSseResponse(viewer, join)


async def _follow_plain(
    stream: ReadableStream, parts: PartsDep, last_event_id: LastEventId = None, cursor: CursorQuery = None
) -> Response:
    """Comments as they come, after the cursor, each once and in order."""
    viewer = PlainSseViewer(parts.backpressure, parts.log.epoch)
    viewer.announce(await _hello(parts, stream))
    leave = await parts.hub.join(stream.name, viewer, _start(last_event_id, cursor))
    return EventSourceResponse(viewer.events(leave), headers=HEADERS, ping=PLAIN_PING_S)


async def _hello(parts: Parts, stream: Stream) -> str:
    """What one who comes late has missed: the stream's state and settings, and the pinned comment."""
    pinned = await parts.catalog.pinned(stream)
    about = views.stream(stream) | {"pinned": pinned.as_dict() if pinned else None}
    return event_text("hello", encode_json(about))


def _start(last_event_id: str | None, cursor: str | None) -> Cursor | None:
    text = last_event_id or cursor
    return parse_cursor(text) if text else None
