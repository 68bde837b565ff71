"""Users as they are shown beside comments."""

from typing import Annotated

from fastapi import APIRouter, Path, Request
from pydantic import Field
from starlette.responses import Response

from reference_impl.access import require
from reference_impl.api import views
from reference_impl.api.body import Body, Json, body_of, read_body
from reference_impl.api.comments import AVATAR
from reference_impl.api.deps import IdentityDep, PartsDep
from reference_impl.api.problems import READING, WRITING, responses
from reference_impl.api.views import UserView
from reference_impl.auth.identity import Capability, Identity
from reference_impl.protocol import problem
from reference_impl.protocol.problem import Problem
from reference_impl.protocol.streams import Profile
from reference_impl.write_path import clean_name

router = APIRouter(prefix="/v1/users", tags=["users"])

UserId = Annotated[str, Path(min_length=1, max_length=64, examples=["ada"])]


class ProfileChange(Body):
    """Only what is given changes; `badges` and `reputation` are for those with `admin` on every stream."""

    name: str | None = Field(None, max_length=200, examples=["Ada"])
    avatar: str | None = Field(None, pattern=AVATAR, examples=["https://example.org/ada.png"])
    badges: list[Annotated[str, Field(min_length=1, max_length=32)]] | None = Field(None, max_length=10)
    reputation: int | None = Field(None, ge=-1_000_000, le=1_000_000)


@router.get("/{user}", response_model=UserView, responses=responses(*READING))
async def read_user(user: UserId, parts: PartsDep) -> Response:
    """Read a user's profile; one who never changed it has none."""
    profile = await parts.directory.profile(user)
    if profile is None:
        raise Problem(problem.NOT_FOUND, f"user {user!r} has no profile")
    return Json(views.user(profile))


@router.patch(
    "/{user}",
    response_model=UserView,
    responses=responses(*WRITING, problem.INVALID_TEXT),
    openapi_extra=body_of(ProfileChange),
)
async def change_user(user: UserId, request: Request, parts: PartsDep, identity: IdentityDep) -> Response:
    """Change one's own profile; earlier comments show it a little later. Another's needs `admin` on every stream."""
    who = _may_change(identity, user)
    body = await read_body(request, ProfileChange)
    if (body.badges is not None or body.reputation is not None) and not who.may(Capability.ADMIN, "*"):
        raise Problem(problem.FORBIDDEN, "badges and reputation are given by those with 'admin' on every stream")
    old = await parts.directory.profile(user) or Profile(
        user=user, name=(who.name if who.user == user else None) or user
    )
    profile = Profile(
        user=user,
        name=old.name if body.name is None else clean_name(body.name),
        avatar=old.avatar if body.avatar is None else body.avatar,
        badges=old.badges if body.badges is None else tuple(body.badges),
        reputation=old.reputation if body.reputation is None else body.reputation,
    )
    await parts.directory.save(profile)
    parts.catalog.changed_profile(user)
    return Json(views.user(profile))


def _may_change(identity: Identity | None, user: str) -> Identity:
    if identity is not None and identity.user == user:
        return identity
    return require(identity, Capability.ADMIN, "*")
