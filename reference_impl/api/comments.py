"""Post a comment; read a stream's history."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.responses import JSONResponse, Response

from reference_impl.api.deps import IdempotencyKey, PartsDep, StreamName, parse_cursor
from reference_impl.api.problems import responses
from reference_impl.protocol import problem
from reference_impl.protocol.cursor import Cursor
from reference_impl.protocol.problem import Problem

BODY_MAX = 16 * 1024  # bytes; a comment of 500 code points needs at most 6 KB of escaped JSON
PAGE_MAX = 200

router = APIRouter(prefix="/v1/streams/{stream}/comments", tags=["comments"])


class NewComment(BaseModel):
    model_config = ConfigDict(extra="forbid")
    author: str = Field(description="Display name, at most 40 code points.", examples=["Ada"])
    text: str = Field(description="At most 500 code points; stored as NFC.", examples=["What a goal!"])


class Author(BaseModel):
    name: str


class CommentView(BaseModel):
    """A comment as pages render it."""

    id: str = Field(description="UUIDv7", examples=["019ab2d4-7c3e-7000-8000-3f6a5b2c1d00"])
    seq: int = Field(description="Place in the stream: contiguous, from 1.", examples=[42])
    cursor: str = Field(description="Position in the stream; opaque.", examples=["1795000000:42"])
    author: Author
    text: str
    created_at: str = Field(examples=["2026-11-23T08:00:00.123+00:00"])


class Page(BaseModel):
    """A stretch of history, oldest first."""

    items: list[CommentView]
    next_cursor: str = Field(description="Go on from here: `after=` for newer comments, or `/events?cursor=`.")
    prev_cursor: str = Field(description="Go back from here: `before=` for older comments.")
    has_more: bool = Field(description="Whether there is more in the direction that was asked for.")


@router.post(
    "",
    status_code=201,
    response_model=CommentView,
    responses=responses(
        problem.INVALID_REQUEST,
        problem.IN_FLIGHT,
        problem.TOO_LARGE,
        problem.INVALID_TEXT,
        problem.KEY_REUSED,
        problem.RATE_LIMITED,
        problem.OVERLOADED,
        problem.LOG_UNAVAILABLE,
    ),
    openapi_extra={
        "requestBody": {"required": True, "content": {"application/json": {"schema": NewComment.model_json_schema()}}}
    },
)
async def post_comment(
    stream: StreamName, request: Request, parts: PartsDep, idempotency_key: IdempotencyKey = None
) -> Response:
    """Store a comment durably; the answer holds all of it."""
    received_s = parts.clock()
    body = await _body(request)
    appended = await parts.write_path.post(stream, body.author, body.text, idempotency_key, received_s)
    headers = {"Idempotent-Replayed": "true"} if appended.replayed else None
    return JSONResponse(appended.comment.as_dict(), 201, headers)


@router.get(
    "",
    response_model=Page,
    responses=responses(problem.INVALID_REQUEST, problem.INVALID_CURSOR, problem.LOG_UNAVAILABLE),
)
async def list_comments(
    stream: StreamName,
    parts: PartsDep,
    before: Annotated[str | None, Query(description="Comments older than this cursor.")] = None,
    after: Annotated[str | None, Query(description="Comments newer than this cursor.")] = None,
    limit: Annotated[int, Query(ge=1, le=PAGE_MAX)] = 50,
) -> Response:
    """Read history both ways: the newest page, the one before a cursor, or the one after it."""
    if before is not None and after is not None:
        raise Problem(problem.INVALID_REQUEST, "give 'before' or 'after', not both")
    head = (await parts.log.heads([stream]))[stream]
    if after is not None:
        first = _seq(after, parts.log.epoch, head) + 1
        last = min(first + limit - 1, head)
    else:
        last = head if before is None else _seq(before, parts.log.epoch, head + 1) - 1
        first = max(1, last - limit + 1)
    items = await parts.log.read(stream, first=first, last=last)
    return JSONResponse(
        {
            "items": [comment.as_dict() for comment in items],
            "next_cursor": str(Cursor(parts.log.epoch, last)),
            "prev_cursor": str(Cursor(parts.log.epoch, first)),
            "has_more": last < head if after is not None else first > 1,
        }
    )


def _seq(text: str, epoch: int, highest: int) -> int:
    """The sequence number of a cursor into this log; one into another log, or past its end, is refused."""
    cursor = parse_cursor(text)
    if cursor.epoch != epoch or cursor.seq > highest:
        detail = f"{text!r} is not a position of this stream, whose cursors run from {epoch}:0 to {epoch}:{highest}"
        raise Problem(problem.INVALID_CURSOR, detail)
    return cursor.seq


async def _body(request: Request) -> NewComment:
    raw = bytearray()
    async for part in request.stream():
        raw += part
        if len(raw) > BODY_MAX:
            raise Problem(problem.TOO_LARGE, f"the body has over {BODY_MAX} bytes")
    try:
        return NewComment.model_validate_json(bytes(raw))
    except ValidationError as error:
        raise Problem(problem.INVALID_REQUEST, "; ".join(map(_explain, error.errors()))) from error


def _explain(error: Any) -> str:
    where = ".".join(map(str, error["loc"])) or "body"
    return f"{where}: {error['msg']}, got {error['input']!r:.80}"
