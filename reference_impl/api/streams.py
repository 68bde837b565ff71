"""Create, list, describe, close and archive streams; change their settings."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from pydantic import Field
from starlette.responses import Response

from reference_impl.access import require
from reference_impl.api import views
from reference_impl.api.body import Body, Json, body_of, read_body
from reference_impl.api.deps import STREAM_NAME, IdentityDep, Limit, PartsDep, ReadableStream, StreamName
from reference_impl.api.problems import READING, WRITING, responses
from reference_impl.api.views import EventView, StreamList, StreamView
from reference_impl.auth.identity import Capability
from reference_impl.catalog import new_stream
from reference_impl.policy.display_budget import PER_S_MAX, PER_S_MIN
from reference_impl.protocol import problem
from reference_impl.protocol.problem import Problem
from reference_impl.protocol.streams import (
    SLOW_MODE_MAX_S,
    Action,
    Display,
    SlowViewers,
    State,
    Visibility,
)

TERMS_MAX = 500

router = APIRouter(prefix="/v1/streams", tags=["streams"])

Term = Annotated[str, Field(min_length=1, max_length=100)]


class Rules(Body):
    """The first layer of moderation: what happens to a comment that a rule catches."""

    blocked_terms: list[Term] | None = Field(default=None, max_length=TERMS_MAX, examples=[["badword"]])
    blocked: Action | None = None
    links: Action | None = None
    repeated: Action | None = Field(default=None, description="The same text by the same user within 30 s.")
    floods: Action | None = Field(default=None, description="Mostly capitals, or very many emoji.")


class Settings(Body):
    """Only what is given changes."""

    slow_mode_s: int | None = Field(
        default=None,
        ge=0,
        le=SLOW_MODE_MAX_S,
        description="Seconds between two comments of a user; 0 is off.",
        examples=[30],
    )
    followers_only: bool | None = None
    members_only: bool | None = None
    emote_only: bool | None = None
    unique_chat: bool | None = Field(default=None, description="No text twice within 30 s, whoever writes it.")
    display: Display | None = Field(
        default=None, description="What is shown at most: readable 5 comments/s, crowd 20 comments/s, or all."
    )
    display_per_s: float | None = Field(
        default=None, ge=PER_S_MIN, le=PER_S_MAX, description="Comments/s instead of the mode's."
    )
    rooms: bool | None = Field(default=None, description="Viewers in rooms of about a thousand.")
    visibility: Visibility | None = None
    slow_viewers: SlowViewers | None = Field(
        default=None, description="What happens to a viewer whose queue is full; counts for those who join after it."
    )
    rules: Rules | None = None

    def change(self) -> dict[str, Any]:
        return self.model_dump(mode="json", exclude_none=True)


class NewStream(Body):
    name: str = Field(pattern=f"^{STREAM_NAME}$", examples=["final-2026"])
    title: str = Field("", max_length=200, examples=["The final"])
    settings: Settings = Field(default_factory=lambda: Settings())


class StreamChange(Body):
    state: State | None = Field(default=None, description="closed: can be read; archived: not listed either.")
    title: str | None = Field(default=None, min_length=1, max_length=200)


@router.post(
    "",
    status_code=201,
    response_model=StreamView,
    responses=responses(*WRITING, problem.NAME_TAKEN),
    openapi_extra=body_of(NewStream),
)
async def create_stream(request: Request, parts: PartsDep, identity: IdentityDep) -> Response:
    """Create a stream. Needs `admin` on its name."""
    body = await read_body(request, NewStream)
    who = require(identity, Capability.ADMIN, body.name)
    settings = parts.catalog.new_settings(body.settings.change())
    stream = new_stream(body.name, body.title or body.name, who.user, parts.wall_clock(), settings)
    if not await parts.directory.create(stream):
        raise Problem(problem.NAME_TAKEN, f"{body.name!r} exists")
    parts.catalog.forget(body.name)
    return Json(views.stream(stream), 201)


@router.get("", response_model=StreamList, responses=responses(*READING))
async def list_streams(
    parts: PartsDep,
    identity: IdentityDep,
    after: Annotated[str, Query(max_length=64, description="Names after this one.")] = "",
    limit: Limit = 50,
) -> Response:
    """List public streams, and those that the token may read, by name; archived ones are left out."""
    found = await parts.directory.streams(after, limit)
    shown = [
        stream
        for stream in found
        if stream.settings.visibility is Visibility.PUBLIC
        or (identity is not None and identity.may(Capability.READ, stream.name))
    ]
    next_after = found[-1].name if len(found) == limit else None
    return Json({"items": [views.stream(stream) for stream in shown], "next_after": next_after})


@router.get("/{stream}", response_model=StreamView, responses=responses(*READING))
async def read_stream(stream: ReadableStream) -> Response:
    """Read a stream's title, state, settings and pin."""
    return Json(views.stream(stream))


@router.patch("/{stream}", response_model=EventView, responses=responses(*WRITING), openapi_extra=body_of(StreamChange))
async def change_stream(stream: StreamName, request: Request, parts: PartsDep, identity: IdentityDep) -> Response:
    """Close, archive, open again or rename a stream; viewers get a `state` event. Needs `admin`."""
    change = (await read_body(request, StreamChange)).model_dump(mode="json", exclude_none=True)
    _something(change)
    event = await parts.changes.describe(stream, identity, change)
    return Json(event.as_dict())


@router.get("/{stream}/settings", response_model=Settings, responses=responses(*READING))
async def read_settings(stream: ReadableStream, identity: IdentityDep) -> Response:
    """Read a stream's settings; its rules only with `moderate`."""
    settings = stream.settings
    moderator = identity is not None and identity.may(Capability.MODERATE, stream.name)
    return Json(settings.as_dict() if moderator else settings.as_public_dict())


@router.patch(
    "/{stream}/settings", response_model=EventView, responses=responses(*WRITING), openapi_extra=body_of(Settings)
)
async def change_settings(stream: StreamName, request: Request, parts: PartsDep, identity: IdentityDep) -> Response:
    """Change some settings; viewers get a `settings` event with all but the rules. Needs `moderate`."""
    change = (await read_body(request, Settings)).change()
    _something(change)
    event = await parts.changes.settings(stream, identity, change)
    return Json(event.as_dict())


def _something(change: dict[str, Any]) -> None:
    if not change:
        raise Problem(problem.INVALID_REQUEST, "the body changes nothing")
