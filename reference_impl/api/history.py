"""Read a stream's comments: both ways by cursor, by offset from the stream's start, one alone, and replies."""

from typing import Annotated, Any

from fastapi import APIRouter, Query
from starlette.responses import Response

from reference_impl.api.body import Json
from reference_impl.api.deps import CommentId, Limit, PartsDep, ReadableStream, parse_cursor
from reference_impl.api.problems import READING, responses
from reference_impl.api.views import CommentView, Page, page
from reference_impl.pages import Stretch
from reference_impl.ports import History
from reference_impl.protocol import problem
from reference_impl.protocol.cursor import Cursor
from reference_impl.protocol.events import Event
from reference_impl.protocol.problem import Problem

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
    if after is not None or offset_ms is not None:
        cursor = None if after is None else parse_cursor(after)
        seq = cursor.seq if cursor else await parts.history.seq_at(stream.name, stream.opened_at_ms + (offset_ms or 0))
        found = await parts.pages.after(stream.name, seq, limit + 1)
        _require_inside(cursor, parts.log.epoch, found.head)
        return Json(_page_after(found, seq, limit, parts.log.epoch))
    cursor = None if before is None else parse_cursor(before)
    found = await parts.pages.before(stream.name, cursor.seq if cursor else None, limit + 1)
    _require_inside(cursor, parts.log.epoch, found.head + 1)
    return Json(_page_before(found, cursor.seq if cursor else found.head + 1, limit, parts.log.epoch))


def _page_after(found: Stretch, seq: int, limit: int, epoch: int) -> dict[str, Any]:
    items, more = found.comments[:limit], len(found.comments) > limit
    first, last = (items[0].seq, items[-1].seq) if items else (seq + 1, seq)
    return page(items, epoch, first=first, last=last if more else max(found.head, last), has_more=more)


def _page_before(found: Stretch, below: int, limit: int, epoch: int) -> dict[str, Any]:
    items, more = found.comments[-limit:], len(found.comments) > limit
    return page(items, epoch, first=items[0].seq if more else 1, last=max(below - 1, 0), has_more=more)


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
    cursor = None if after is None else parse_cursor(after)
    _require_inside(cursor, parts.log.epoch, (await parts.log.heads([stream.name]))[stream.name])
    seq = cursor.seq if cursor else parent.seq
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


def _require_inside(cursor: Cursor | None, epoch: int, highest: int) -> None:
    """Refuse a cursor into another log, or past the end of this one."""
    if cursor is not None and (cursor.epoch != epoch or cursor.seq > highest):
        runs = f"whose cursors run from {epoch}:0 to {epoch}:{highest}"
        raise Problem(problem.INVALID_CURSOR, f"{str(cursor)!r} is not a position of this stream, {runs}")
