"""Follow a stream as server-sent events."""

from typing import Annotated, Any

from fastapi import APIRouter, Header, Query
from sse_starlette.sse import EventSourceResponse
from starlette.responses import Response

from reference_impl.api.deps import PartsDep, StreamName, parse_cursor
from reference_impl.api.problems import responses
from reference_impl.config import Delivery
from reference_impl.protocol import problem
from reference_impl.protocol.cursor import Cursor
from reference_impl.transports.sse_plain import PlainSseViewer
from reference_impl.transports.sse_raw import HEADERS, RawSseResponse, RawSseViewer

PLAIN_PING_S = 15

_STREAM: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "Events `comment` (id: its cursor), `gap` (comments left out on this connection: read them from "
        "history) and `heartbeat`.",
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
        responses=_STREAM | responses(problem.INVALID_REQUEST, problem.INVALID_CURSOR),
        summary="Follow a stream",
    )
    return routes


async def _follow_raw(
    stream: StreamName, parts: PartsDep, last_event_id: LastEventId = None, cursor: CursorQuery = None
) -> Response:
    """Comments as they come, after the cursor, each once and in order."""
    start = _start(last_event_id, cursor)
    viewer = RawSseViewer(parts.backpressure, parts.log.epoch)
    return RawSseResponse(viewer, lambda joining: parts.hub.join(stream, joining, start))


async def _follow_plain(
    stream: StreamName, parts: PartsDep, last_event_id: LastEventId = None, cursor: CursorQuery = None
) -> Response:
    """Comments as they come, after the cursor, each once and in order."""
    viewer = PlainSseViewer(parts.backpressure, parts.log.epoch)
    leave = await parts.hub.join(stream, viewer, _start(last_event_id, cursor))
    return EventSourceResponse(viewer.events(leave), headers=HEADERS, ping=PLAIN_PING_S)


def _start(last_event_id: str | None, cursor: str | None) -> Cursor | None:
    text = last_event_id or cursor
    return parse_cursor(text) if text else None
