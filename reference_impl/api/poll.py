"""Follow a stream by asking again and again: held until there is something (long polling), or not."""

from typing import Annotated, Any

from fastapi import APIRouter, Header, Query, Request
from pydantic import BaseModel, Field
from starlette.responses import Response

from reference_impl.api.deps import IdentityDep, ReadableStream, ViewerParts, ViewerPartsDep
from reference_impl.api.joining import JOINING, CursorQuery, RoomQuery, follow, hello, start, take_place
from reference_impl.api.problems import READING, responses
from reference_impl.auth.identity import Identity
from reference_impl.policy.polling import ITEMS_MAX, WAIT_MAX_S
from reference_impl.protocol.cursor import Cursor
from reference_impl.protocol.streams import Visibility
from reference_impl.transports.long_poll import PollViewer

FRESH_S = 1  # a cache in front may answer all who ask with the same cursor for so long

router = APIRouter(prefix="/v1/streams/{stream}/poll", tags=["follow"])


_NOTHING_NEW: dict[int | str, dict[str, Any]] = {304: {"description": "Nothing new; only with If-None-Match"}}


class MessageView(BaseModel):
    event: str = Field(examples=["comment"])
    id: str | None = Field(None, description="Its cursor, if it has a place in the log.", examples=["1795000000:42"])
    data: dict[str, Any]


class PollView(BaseModel):
    """What came after the cursor."""

    items: list[MessageView] = Field(description="The same messages as on `/events`.")
    next_cursor: str = Field(description="Ask for what comes after this next.")
    poll_after_ms: int = Field(description="Wait that long before asking again.")


@router.get(
    "",
    response_model=PollView,
    responses=_NOTHING_NEW | responses(*READING, *JOINING),
)
async def poll(
    stream: ReadableStream,
    request: Request,
    parts: ViewerPartsDep,
    identity: IdentityDep,
    cursor: CursorQuery = None,
    wait_s: Annotated[
        float, Query(ge=0, le=WAIT_MAX_S, description="How long the answer may be held; 0 is plain polling.")
    ] = 25.0,
    with_hello: Annotated[bool, Query(alias="hello", description="Begin with how the stream stands.")] = False,
    room: RoomQuery = None,
    if_none_match: Annotated[str | None, Header()] = None,
) -> Response:
    """Read what came after the cursor; the answer is held until there is something, or for a while."""
    viewer, position = PollViewer(), start(cursor)
    if with_hello:
        viewer.deliver(await hello(parts, stream))
    held = wait_s > 0
    at_once = with_hello or position is None or not held
    hold_s = 0.0 if at_once else parts.pacing.hold_s(wait_s)
    place = take_place(request, parts, joins=False)
    try:
        next_cursor = await _collect(parts, stream.name, identity, viewer, position, hold_s, room)
    finally:
        place.leave()
    full, empty = len(viewer.messages) >= ITEMS_MAX, viewer.position() is None
    pause_s = parts.pacing.pause_s(held=held, full=full, empty=empty)
    cacheable = not held and stream.settings.visibility is Visibility.PUBLIC
    return _answer(viewer, next_cursor, round(pause_s * 1000), if_none_match if cacheable else None, cacheable)


async def _collect(
    parts: ViewerParts,
    stream: str,
    identity: Identity | None,
    viewer: PollViewer,
    position: Cursor | None,
    hold_s: float,
    room: str | None,
) -> str:
    """Let the viewer follow for a while; answer where the next one goes on."""
    seat = await follow(parts, stream, viewer, position, identity, room)
    try:
        if hold_s:
            await viewer.wait(hold_s)
    finally:
        seat.leave()
    return viewer.position() or str(Cursor(parts.log.epoch, seat.position))


def _answer(viewer: PollViewer, next_cursor: str, pause_ms: int, known: str | None, cacheable: bool) -> Response:
    if not cacheable:
        headers = {"Cache-Control": "no-store"}
    else:
        headers = {"Cache-Control": f"public, max-age={FRESH_S}", "ETag": f'"{next_cursor}"'}
        if known == headers["ETag"]:
            return Response(status_code=304, headers=headers)
    items = ",".join(message.line for message in viewer.messages)
    body = f'{{"items":[{items}],"next_cursor":"{next_cursor}","poll_after_ms":{pause_ms}}}'
    return Response(body, headers=headers, media_type="application/json")
