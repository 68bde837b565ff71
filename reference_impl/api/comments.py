"""Post, edit and delete comments."""

from typing import Any, Literal

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field
from starlette.responses import Response

from reference_impl.api.body import Body, Json, body_of, read_body
from reference_impl.api.deps import UUID, CommentId, IdempotencyKey, IdentityDep, PartsDep, StreamName
from reference_impl.api.problems import WRITING, responses
from reference_impl.api.views import CommentView, EventView, HeldView
from reference_impl.ports import Appended, Held
from reference_impl.protocol import problem
from reference_impl.protocol.problem import Problem
from reference_impl.protocol.streams import ROOM_NAME, Profile
from reference_impl.write_path import NewComment, Posted

BATCH_MAX = 500
BATCH_BODY_MAX = 1024 * 1024  # bytes

AVATAR = r"^https?://[^\s]{1,490}$"  # nothing that a page might run

router = APIRouter(prefix="/v1/streams/{stream}", tags=["comments"])


class OtherAuthor(Body):
    """Who wrote it, when a gateway posts for its users; needs the capability `admin`."""

    id: str = Field(min_length=1, max_length=64, examples=["ada"])
    name: str | None = Field(None, max_length=200, examples=["Ada"])
    avatar: str | None = Field(None, pattern=AVATAR)
    badges: tuple[str, ...] = Field((), max_length=10)
    role: Literal["host", "moderator"] | None = Field(None, description="Whose comments everybody is shown.")

    def profile(self) -> Profile:
        return Profile(user=self.id, name=self.name or self.id, avatar=self.avatar, badges=self.badges)


class CommentBody(Body):
    text: str = Field(description="At most 500 code points; stored as NFC.", examples=["What a goal!"])
    parent_id: str | None = Field(None, pattern=UUID, description="The comment that this one answers.")
    author: OtherAuthor | None = None
    room: str | None = Field(
        None, pattern=f"^{ROOM_NAME}$", description="The room that its author had named to follow."
    )

    def new(self, key: str | None) -> NewComment:
        author, role = (self.author.profile(), self.author.role) if self.author else (None, None)
        return NewComment(self.text, self.parent_id, author, key, self.room, role)


class BatchItem(CommentBody):
    idempotency_key: str | None = Field(None, min_length=1, max_length=128)


class BatchBody(Body):
    comments: list[BatchItem] = Field(min_length=1, max_length=BATCH_MAX)
    trusted: bool = Field(
        False, description="They were admitted and moderated elsewhere: no limits, no rules. Needs `admin`."
    )


class Edit(Body):
    text: str = Field(description="At most 500 code points; stored as NFC.", examples=["What a save!"])


class BatchResult(BaseModel):
    """What became of one comment: `status` is what posting it alone would have answered."""

    status: int = Field(examples=[201])
    id: str | None = None
    seq: int | None = None
    cursor: str | None = None
    replayed: bool = False
    problem: dict[str, Any] | None = None


class BatchResults(BaseModel):
    results: list[BatchResult] = Field(description="In the order of the request.")


HELD: dict[int | str, dict[str, Any]] = {202: {"model": HeldView, "description": "Held for a moderator"}}
POST_PROBLEMS = (
    *WRITING,
    problem.MODE,
    problem.READ_ONLY,
    problem.IN_FLIGHT,
    problem.STREAM_CLOSED,
    problem.INVALID_TEXT,
    problem.KEY_REUSED,
    problem.NOT_A_THREAD,
    problem.DENIED,
    problem.SLOW_MODE,
)


@router.post(
    "/comments",
    status_code=201,
    response_model=CommentView,
    responses=HELD | responses(*POST_PROBLEMS),
    openapi_extra=body_of(CommentBody),
)
async def post_comment(
    stream: StreamName,
    request: Request,
    parts: PartsDep,
    identity: IdentityDep,
    idempotency_key: IdempotencyKey = None,
) -> Response:
    """Store a comment durably; the answer holds all of it. Needs `post`; for another `author` it needs `admin`."""
    received_s = _begun_s(request, parts)
    body = await read_body(request, CommentBody)
    posted = await parts.write_path.post(stream, identity, body.new(idempotency_key), received_s)
    headers = posted.fields | ({"Idempotent-Replayed": "true"} if posted.answer.replayed else {})
    status, shown = answer_of(posted)
    return Json(shown, status, headers)


def _begun_s(request: Request, parts: PartsDep) -> float:
    """When the server began to read the request; where its protocol does not tell, now."""
    begun_s: float = request.scope.get("state", {}).get("begun_s", parts.clock())
    return begun_s


def answer_of(posted: Posted) -> tuple[int, dict[str, Any]]:
    """The status and body that a post is answered with, whatever it came by."""
    if isinstance(posted.answer, Held):
        return 202, {"id": posted.answer.id, "status": "held"}
    return 201, posted.answer.event.as_dict()


@router.post(
    "/comments:batch",
    response_model=BatchResults,
    responses=responses(*WRITING, problem.MODE, problem.READ_ONLY),
    openapi_extra=body_of(BatchBody),
)
async def post_comments(stream: StreamName, request: Request, parts: PartsDep, identity: IdentityDep) -> Response:
    """Store many comments in one request, each with an answer of its own. Needs `post`; `trusted` ones need `admin`."""
    received_s = _begun_s(request, parts)
    body = await read_body(request, BatchBody, BATCH_BODY_MAX)
    news = [item.new(item.idempotency_key) for item in body.comments]
    answers = await parts.write_path.post_all(stream, identity, news, received_s, trusted=body.trusted)
    return Json({"results": [_result(answer) for answer in answers]})


@router.patch(
    "/comments/{comment}",
    response_model=EventView,
    responses=responses(*WRITING, problem.MODE, problem.STREAM_CLOSED, problem.INVALID_TEXT, problem.DENIED),
    openapi_extra=body_of(Edit),
)
async def edit_comment(
    stream: StreamName, comment: CommentId, request: Request, parts: PartsDep, identity: IdentityDep
) -> Response:
    """Give a comment of one's own another text; viewers get an `edit` event with all of it. Needs `post`."""
    body = await read_body(request, Edit)
    event = await parts.changes.edit(stream, identity, comment, body.text)
    return Json(event.as_dict())


@router.delete("/comments/{comment}", response_model=EventView, responses=responses(*WRITING))
async def delete_comment(stream: StreamName, comment: CommentId, parts: PartsDep, identity: IdentityDep) -> Response:
    """Delete a comment; viewers get a `delete` event, and the text is gone. One's own needs `post`, any `moderate`."""
    event = await parts.changes.delete(stream, identity, comment)
    return Json(event.as_dict())


def _result(answer: Appended | Held | Problem) -> dict[str, Any]:
    if isinstance(answer, Problem):
        return {"status": answer.kind.status, "problem": answer.as_dict()}
    if isinstance(answer, Held):
        return {"status": 202, "id": answer.id, "replayed": answer.replayed}
    event = answer.event
    return {
        "status": 201,
        "id": event.id,
        "seq": event.seq,
        "cursor": f"{event.epoch}:{event.seq}",
        "replayed": answer.replayed,
    }
