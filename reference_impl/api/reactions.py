"""Likes and emoji, for a comment or for the stream itself."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from pydantic import Field
from starlette.responses import Response

from reference_impl.access import require, require_reader
from reference_impl.api.body import Body, Json, body_of, read_body
from reference_impl.api.deps import UUID, IdentityDep, Parts, PartsDep, ReadableStream, StreamName
from reference_impl.api.problems import READING, WRITING, responses
from reference_impl.api.views import ReactionCounts
from reference_impl.auth.identity import Capability, Identity
from reference_impl.ports import Reaction
from reference_impl.protocol import problem
from reference_impl.protocol.problem import Problem
from reference_impl.protocol.streams import State
from reference_impl.protocol.text import is_emoji

router = APIRouter(prefix="/v1/streams/{stream}/reactions", tags=["reactions"])

CommentQuery = Annotated[
    str | None, Query(pattern=UUID, description="Of this comment; without it, of the stream itself.")
]


class NewReaction(Body):
    emoji: str = Field(min_length=1, max_length=16, examples=["👍"])
    comment_id: str | None = Field(None, pattern=UUID, description="Without it the stream itself is meant.")


@router.post(
    "",
    status_code=202,
    response_class=Response,
    responses=responses(*WRITING, problem.INVALID_TEXT, problem.STREAM_CLOSED),
    openapi_extra=body_of(NewReaction),
)
async def react(stream: StreamName, request: Request, parts: PartsDep, identity: IdentityDep) -> Response:
    """React; twice is once. Viewers get sums in a `reactions` event once a second. Needs `post`."""
    return await _take(stream, request, parts, identity, given=True)


@router.post(
    ":withdraw",
    status_code=202,
    response_class=Response,
    responses=responses(*WRITING, problem.INVALID_TEXT, problem.STREAM_CLOSED),
    openapi_extra=body_of(NewReaction),
)
async def withdraw(stream: StreamName, request: Request, parts: PartsDep, identity: IdentityDep) -> Response:
    """Take a reaction back; without one this does nothing. Needs `post`."""
    return await _take(stream, request, parts, identity, given=False)


@router.get("", response_model=ReactionCounts, responses=responses(*READING))
async def count_reactions(stream: ReadableStream, parts: PartsDep, comment_id: CommentQuery = None) -> Response:
    """Count the reactions by emoji: exact to the last second."""
    return Json({"counts": await parts.reactions.counts(stream.name, comment_id or "")})


async def _take(stream: str, request: Request, parts: Parts, identity: Identity | None, *, given: bool) -> Response:
    who = await authorise_reaction(stream, parts, identity)
    take_reaction(stream, await read_body(request, NewReaction), parts, who, given=given)
    return Response(status_code=202)


async def authorise_reaction(stream: str, parts: Parts, identity: Identity | None) -> Identity:
    """Answer who may react on a stream, before anything of the body is looked at."""
    where = await parts.catalog.stream(stream)
    who = require(identity, Capability.POST, stream)
    require_reader(who, where)
    await parts.catalog.require_not_banned(who, stream)
    if where.state is not State.OPEN:
        raise Problem(problem.STREAM_CLOSED, f"the stream is {where.state}")
    return who


def take_reaction(stream: str, body: NewReaction, parts: Parts, who: Identity, *, given: bool) -> None:
    """Take a reaction, or take one back."""
    if not is_emoji(body.emoji):
        raise Problem(problem.INVALID_TEXT, f"a reaction is one emoji, got {body.emoji!r}")
    parts.reactions.react(Reaction(stream, body.comment_id or "", body.emoji, who.user, given))
