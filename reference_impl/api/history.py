"""Read a stream's comments: both ways by cursor, by offset from the stream's start, one alone, and replies."""

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import Response

from reference_impl.api.body import Json
from reference_impl.api.deps import CommentId, Limit, PartsDep, ReadableStream, parse_cursor
from reference_impl.api.problems import READING, responses
from reference_impl.api.views import CommentView, Page, page
from reference_impl.ports import History
from reference_impl.protocol import problem
from reference_impl.protocol.events import Event
from reference_impl.protocol.problem import Problem
from reference_impl.protocol.streams import Stream

OFFSET_MAX_MS = 10 * 365 * 24 * 3600 * 1000

router = APIRouter(prefix="/v1/streams/{stream}", tags=["comments"])

Before = Annotated[str | None, Query(description="Comments older than this cursor.")]
After = Annotated[str | None, Query(description="Comments newer than this cursor.")]
Offset = Annotated[
    int | None, Query(ge=0, le=OFFSET_MAX_MS, description="Comments from this long after the stream was opened.")
]


@router.get("/comments", response_model=Page, responses=responses(*READING, problem.INVALID_CURSOR))
async def list_comments(
    stream: ReadableStream,
    parts: PartsDep,
    before: Before = None,
    after: After = None,
    offset_ms: Offset = None,
    limit: Limit = 50,
) -> Response:
    """Read history: the newest page, the one before or after a cursor, or the one at an offset (to replay in step)."""
    if sum(each is not None for each in (before, after, offset_ms)) > 1:
        raise Problem(problem.INVALID_REQUEST, "give one of 'before', 'after' and 'offset_ms'")
    head = (await parts.log.heads([stream.name]))[stream.name]
    epoch = parts.log.epoch
    if after is not None or offset_ms is not None:
        seq = _seq(after, epoch, head) if after is not None else await _seq_at(parts.history, stream, offset_ms or 0)
        found = await parts.history.after(stream.name, seq, limit + 1)
        items, more = found[:limit], len(found) > limit
        last = items[-1].seq if more else max(head, seq)
        return Json(page(items, epoch, first=items[0].seq if items else seq + 1, last=last, has_more=more))
    below = head + 1 if before is None else _seq(before, epoch, head + 1)
    found = await parts.history.before(stream.name, below, limit + 1)
    items, more = found[-limit:], len(found) > limit
    return Json(page(items, epoch, first=items[0].seq if more else 1, last=max(below - 1, 0), has_more=more))


@router.get("/comments/{comment}", response_model=CommentView, responses=responses(*READING))
async def read_comment(stream: ReadableStream, comment: CommentId, parts: PartsDep) -> Response:
    """Read one comment as it is now."""
    return Json((await find_comment(parts.history, stream.name, comment)).as_dict())


@router.get("/comments/{comment}/replies", response_model=Page, responses=responses(*READING, problem.INVALID_CURSOR))
async def list_replies(
    stream: ReadableStream, comment: CommentId, parts: PartsDep, after: After = None, limit: Limit = 50
) -> Response:
    """Read the answers to a comment, oldest first."""
    parent = await find_comment(parts.history, stream.name, comment)
    head = (await parts.log.heads([stream.name]))[stream.name]
    seq = parent.seq if after is None else _seq(after, parts.log.epoch, head)
    found = await parts.history.replies(stream.name, comment, seq, limit + 1)
    items, more = found[:limit], len(found) > limit
    last = items[-1].seq if items else seq
    return Json(page(items, parts.log.epoch, first=items[0].seq if items else seq, last=last, has_more=more))


async def find_comment(history: History, stream: str, comment: str) -> Event:
    """Answer a comment, or raise the problem that there is none."""
    found = await history.comment(stream, comment)
    if found is None:
        raise Problem(problem.NOT_FOUND, f"there is no comment {comment} in this stream")
    return found


async def _seq_at(history: History, stream: Stream, offset_ms: int) -> int:
    return await history.seq_at(stream.name, stream.opened_at_ms + offset_ms)


def _seq(text: str, epoch: int, highest: int) -> int:
    """The sequence number of a cursor into this log; one into another log, or past its end, is refused."""
    cursor = parse_cursor(text)
    if cursor.epoch != epoch or cursor.seq > highest:
        detail = f"{text!r} is not a position of this stream, whose cursors run from {epoch}:0 to {epoch}:{highest}"
        raise Problem(problem.INVALID_CURSOR, detail)
    return cursor.seq
