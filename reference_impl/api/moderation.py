"""Pins, held comments and reports: what moderators work with."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request
from pydantic import Field
from starlette.responses import Response

from reference_impl.access import require
from reference_impl.api import views
from reference_impl.api.body import Body, Json, body_of, read_body
from reference_impl.api.deps import UUID, CommentId, IdentityDep, Limit, Parts, PartsDep, ReadableStream, StreamName
from reference_impl.api.history import find_comment
from reference_impl.api.problems import READING, WRITING, responses
from reference_impl.api.views import CommentView, EventView, HeldList, ReportList
from reference_impl.auth.identity import Capability, Identity
from reference_impl.ports import HeldComment, Report
from reference_impl.protocol import problem
from reference_impl.protocol.problem import Problem

router = APIRouter(prefix="/v1/streams/{stream}", tags=["moderation"])

UserName = Annotated[str, Path(min_length=1, max_length=64, description="The user's id, a token's `sub`.")]
After = Annotated[str, Query(max_length=64, description="Those after this id.")]


class Pin(Body):
    comment_id: str = Field(pattern=UUID)


class NewBan(Body):
    duration_s: int | None = Field(None, ge=1, le=365 * 86_400, description="Without it the ban is for good.")


class NewReport(Body):
    reason: str = Field(min_length=1, max_length=64, examples=["spam"])
    note: str = Field("", max_length=500)


@router.get("/pin", response_model=CommentView, responses=responses(*READING))
async def read_pin(stream: ReadableStream, parts: PartsDep) -> Response:
    """Read the pinned comment."""
    found = await parts.catalog.pinned(stream)
    if found is None:
        raise Problem(problem.NOT_FOUND, "no comment is pinned in this stream")
    return Json(found.as_dict())


@router.put("/pin", response_model=EventView, responses=responses(*WRITING), openapi_extra=body_of(Pin))
async def pin(stream: StreamName, request: Request, parts: PartsDep, identity: IdentityDep) -> Response:
    """Pin a comment in place of the one that was; viewers get a `pin` event with it. Needs `moderate`."""
    body = await read_body(request, Pin)
    event = await parts.changes.pin(stream, identity, body.comment_id)
    return Json(event.as_dict())


@router.delete("/pin", response_model=EventView, responses=responses(*WRITING))
async def unpin(stream: StreamName, parts: PartsDep, identity: IdentityDep) -> Response:
    """Take the pin away; viewers get an `unpin` event. Needs `moderate`."""
    return Json((await parts.changes.unpin(stream, identity)).as_dict())


@router.put("/bans/{user}", response_model=EventView, responses=responses(*WRITING), openapi_extra=body_of(NewBan))
async def ban(stream: StreamName, user: UserName, request: Request, parts: PartsDep, identity: IdentityDep) -> Response:
    """Ban a user: his posts are refused and his open connections end at once. Needs `moderate`."""
    body = await read_body(request, NewBan)
    until_ms = None if body.duration_s is None else int((parts.wall_clock() + body.duration_s) * 1000)
    return Json((await parts.changes.ban(stream, identity, user, until_ms)).as_dict())


@router.delete("/bans/{user}", response_model=EventView, responses=responses(*WRITING))
async def unban(stream: StreamName, user: UserName, parts: PartsDep, identity: IdentityDep) -> Response:
    """Lift a ban. Needs `moderate`."""
    return Json((await parts.changes.unban(stream, identity, user)).as_dict())


@router.get("/held", response_model=HeldList, responses=responses(*READING))
async def list_held(
    stream: StreamName, parts: PartsDep, identity: IdentityDep, after: After = "", limit: Limit = 50
) -> Response:
    """List the comments that wait for a moderator, oldest first. Needs `moderate`."""
    await parts.changes.moderator(stream, identity)
    items = await parts.review_queue.held(stream, after, limit)
    return Json({"items": [views.held(item) for item in items]})


@router.post(
    "/held/{comment}:approve", response_model=CommentView, responses=responses(*WRITING, problem.STREAM_CLOSED)
)
async def approve(stream: StreamName, comment: CommentId, parts: PartsDep, identity: IdentityDep) -> Response:
    """Let a held comment in: it takes its place in the log now. Needs `moderate`."""
    held = await _held(parts, stream, identity, comment)
    return Json((await parts.changes.release(stream, identity, held)).as_dict())


@router.post("/held/{comment}:deny", status_code=204, response_class=Response, responses=responses(*WRITING))
async def deny(stream: StreamName, comment: CommentId, parts: PartsDep, identity: IdentityDep) -> Response:
    """Forget a held comment. Needs `moderate`."""
    await _held(parts, stream, identity, comment)
    if not await parts.review_queue.drop_held(stream, comment):
        raise Problem(problem.NOT_FOUND, f"no comment {comment} waits for review")
    return Response(status_code=204)


@router.post(
    "/comments/{comment}/reports",
    status_code=204,
    response_class=Response,
    responses=responses(*WRITING),
    openapi_extra=body_of(NewReport),
)
async def report_comment(
    stream: StreamName, comment: CommentId, request: Request, parts: PartsDep, identity: IdentityDep
) -> Response:
    """Report a comment; a reporter counts once per comment, however often he says it. Needs `read`."""
    where = await parts.catalog.stream(stream)
    who = require(identity, Capability.READ, where.name)
    body = await read_body(request, NewReport)
    await find_comment(parts.history, stream, comment)
    await parts.review_queue.report(
        Report(
            id=parts.new_id(),
            stream=stream,
            comment=comment,
            reporter=who.user,
            reason=body.reason,
            note=body.note,
            at_ms=int(parts.wall_clock() * 1000),
        )
    )
    return Response(status_code=204)


@router.get("/reports", response_model=ReportList, responses=responses(*READING))
async def list_reports(
    stream: StreamName, parts: PartsDep, identity: IdentityDep, after: After = "", limit: Limit = 50
) -> Response:
    """List the reports on a stream's comments, oldest first. Needs `moderate`."""
    await parts.changes.moderator(stream, identity)
    items = await parts.review_queue.reports(stream, after, limit)
    return Json({"items": [views.report(item) for item in items]})


async def _held(parts: Parts, stream: str, identity: Identity | None, comment: str) -> HeldComment:
    await parts.changes.moderator(stream, identity)
    found = await parts.review_queue.held_comment(stream, comment)
    if found is None:
        raise Problem(problem.NOT_FOUND, f"no comment {comment} waits for review")
    return found
