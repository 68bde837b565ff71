"""Access tokens for the asking, so that a first run needs no identity provider. Production has no such route."""

from collections.abc import Callable
from typing import Any

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field
from starlette.responses import Response

from reference_impl.api.body import Body, Json, body_of, read_body
from reference_impl.api.problems import responses
from reference_impl.auth.identity import Capability
from reference_impl.protocol import problem

LIFETIME_S = 3600

Sign = Callable[[str, str | None, list[dict[str, Any]], float], str]
"""Signs a token for (user, name, caps, lifetime in seconds)."""


class GrantBody(Body):
    streams: list[str] = Field(default=["*"], min_length=1, max_length=64)
    allow: list[Capability] = Field(default=[Capability.READ, Capability.POST], min_length=1)
    roles: list[str] = Field(default=[], max_length=10)


class TokenRequest(Body):
    user: str = Field(min_length=1, max_length=64, examples=["ada"])
    name: str | None = Field(None, min_length=1, max_length=40, examples=["Ada"])
    caps: list[GrantBody] = Field(default_factory=lambda: [GrantBody()], min_length=1, max_length=32)
    lifetime_s: int = Field(LIFETIME_S, ge=1, le=LIFETIME_S)


class TokenAnswer(BaseModel):
    token: str
    expires_in_s: int


def router(sign: Sign) -> APIRouter:
    routes = APIRouter(prefix="/v1/dev/tokens", tags=["development"])

    @routes.post(
        "",
        status_code=201,
        response_model=TokenAnswer,
        responses=responses(problem.INVALID_REQUEST, problem.ORIGIN, problem.TOO_LARGE, problem.NOT_JSON),
        openapi_extra=body_of(TokenRequest),
    )
    async def make_token(request: Request) -> Response:
        """Sign an access token for anybody who asks: development only."""
        body = await read_body(request, TokenRequest)
        caps = [grant.model_dump(mode="json") for grant in body.caps]
        token = sign(body.user, body.name, caps, body.lifetime_s)
        return Json({"token": token, "expires_in_s": body.lifetime_s}, 201)

    return routes
