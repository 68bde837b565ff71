"""What edges ask: the log as it is, the heads of many streams, and how a stream stands.

All of it takes a service token (the role `edge` on every stream): a log holds what viewers are not shown.
"""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, Field
from starlette.responses import Response

from reference_impl.access import require_edge
from reference_impl.api.body import Body, Json, body_of, read_body
from reference_impl.api.deps import STREAM_NAME, IdentityDep, PartsDep, StreamName
from reference_impl.api.problems import responses
from reference_impl.protocol import problem
from reference_impl.protocol.fleet import HEADS_MAX, STRETCH_MAX, event_as_dict, stream_as_dict
from reference_impl.protocol.problem import Problem

SEQ_MAX = 2**53 - 1
BODY_MAX = 128 * 1024  # bytes; HEADS_MAX of the longest names

router = APIRouter(prefix="/v1", tags=["edges"])

_ASKING = (
    problem.INVALID_REQUEST,
    problem.UNAUTHENTICATED,
    problem.FORBIDDEN,
    problem.LOG_UNAVAILABLE,
    problem.KEYS_UNAVAILABLE,
)

Seq = Annotated[int, Query(ge=1, le=SEQ_MAX)]
Name = Annotated[str, Field(pattern=f"^{STREAM_NAME}$")]


class LogEventView(BaseModel):
    """An event as the log has it now: a deleted comment has no text any more."""

    seq: int = Field(examples=[42])
    kind: str = Field(examples=["comment"])
    id: str
    at_ms: int = Field(description="Unix time.", examples=[1795000000123])
    data: dict[str, Any]
    target: str | None = Field(description="The comment that it is about.")


class LogView(BaseModel):
    epoch: int = Field(examples=[1795000000])
    events: list[LogEventView]


class HeadsQuestion(Body):
    streams: list[Name] = Field(max_length=HEADS_MAX, examples=[["demo"]])


class HeadsView(BaseModel):
    epoch: int = Field(examples=[1795000000])
    heads: dict[str, int] = Field(description="The highest `seq` of each stream, 0 for an unknown one.")


class StandingView(BaseModel):
    epoch: int = Field(examples=[1795000000])
    stream: dict[str, Any] | None = Field(description="Null when there is none.")
    bans: dict[str, int | None] = Field(description="Who is banned, until when (Unix ms); null is for good.")
    pinned: LogEventView | None


@router.get(
    "/streams/{stream}/log", response_model=LogView, responses=responses(*_ASKING), summary="Read a stretch of the log"
)
async def read_log(stream: StreamName, first: Seq, last: Seq, parts: PartsDep, identity: IdentityDep) -> Response:
    """Read the events with first <= seq <= last, 500 at most. Needs the role `edge` on every stream."""
    require_edge(identity)
    if not first <= last < first + STRETCH_MAX:
        raise Problem(problem.INVALID_REQUEST, f"1 to {STRETCH_MAX} events at a time, got first={first}, last={last}")
    events = await parts.log.read(stream, first=first, last=last)
    return Json({"epoch": parts.log.epoch, "events": list(map(event_as_dict, events))})


@router.post(
    "/heads",
    response_model=HeadsView,
    responses=responses(*_ASKING, problem.ORIGIN, problem.TIMEOUT, problem.TOO_LARGE, problem.NOT_JSON),
    openapi_extra=body_of(HeadsQuestion),
    summary="Ask for the heads of many streams",
)
async def read_heads(request: Request, parts: PartsDep, identity: IdentityDep) -> Response:
    """Answer the highest `seq` of each stream, and the log's epoch. Needs the role `edge` on every stream."""
    require_edge(identity)
    body = await read_body(request, HeadsQuestion, BODY_MAX)
    return Json({"epoch": parts.log.epoch, "heads": await parts.log.heads(body.streams)})


@router.get(
    "/streams/{stream}/standing",
    response_model=StandingView,
    responses=responses(*_ASKING),
    summary="Read how a stream stands",
)
async def read_standing(stream: StreamName, parts: PartsDep, identity: IdentityDep) -> Response:
    """Read a stream with its bans and its pinned comment, never from memory. Needs the role `edge` everywhere."""
    require_edge(identity)
    standing = parts.catalog.standing
    found, pinned = await standing.stream(stream), await standing.pinned(stream)
    return Json(
        {
            "epoch": parts.log.epoch,
            "stream": stream_as_dict(found) if found else None,
            "bans": await standing.bans(stream),
            "pinned": event_as_dict(pinned) if pinned else None,
        }
    )
