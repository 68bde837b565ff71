"""What an edge does not answer by itself it has the API answer, so that one address serves a client for everything.

A load balancer sends a client's requests to any process behind it; a post that came to an edge and was refused there
would make the client know which is which. The request goes on with the client's own token, so the edge decides nothing.
"""

import re
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from reference_impl.api.body import arrive
from reference_impl.api.comments import BATCH_BODY_MAX
from reference_impl.api.problems import answer_to
from reference_impl.following import Forwarded, Upstream
from reference_impl.protocol import problem
from reference_impl.protocol.problem import Problem

IN_FLIGHT_MAX = 512  # requests being forwarded; over it they are refused
RETRY_S = 1.0

# Of a request: who asks and for what. Origin is not among them, because `WriteGuard` has looked at it here already.
_REQUEST_FIELDS = frozenset(
    {"accept", "authorization", "content-type", "cookie", "idempotency-key", "if-none-match", "user-agent"}
)
# Of an answer: all but what is between this process and the API (RFC 9110, section 7.6.1).
_HOP_FIELDS = frozenset({"connection", "content-encoding", "content-length", "date", "keep-alive", "transfer-encoding"})

_OWN = re.compile(
    r"/|/livez|/readyz|/health|/docs(/.*)?|/web/.*|/problems(/[^/]*)?|/v1/streams/[^/]+/(events|poll|websocket)",
    re.ASCII,
)


class Forward:
    """ASGI application: passes what is the edge's own to ``app`` and everything else to the API."""

    def __init__(self, app: ASGIApp, upstream: Upstream, in_flight_max: int = IN_FLIGHT_MAX) -> None:
        self._app = app
        self._upstream = upstream
        self._in_flight_max = in_flight_max
        self._in_flight = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or _OWN.fullmatch(scope["path"]):
            await self._app(scope, receive, send)
            return
        request = Request(scope, receive)
        try:
            response = await self._forward(request)
        except Exception as error:
            response = answer_to(request, error)
        await response(scope, receive, send)

    async def _forward(self, request: Request) -> Response:
        if self._in_flight >= self._in_flight_max:
            raise Problem(problem.OVERLOADED, f"{self._in_flight} requests are being forwarded already", RETRY_S)
        self._in_flight += 1
        try:
            answered = await self._upstream.forward(await _forwarded(request))
        finally:
            self._in_flight -= 1
        headers = {name: value for name, value in answered.headers.items() if name not in _HOP_FIELDS}
        return Response(answered.body, answered.status, headers)


async def _forwarded(request: Request) -> Forwarded:
    headers = {name: value for name, value in request.headers.items() if name in _REQUEST_FIELDS}
    if request.client:
        headers["x-forwarded-for"] = request.client.host
    path = request.scope["raw_path"].decode("ascii")
    query = f"?{request.url.query}" if request.url.query else ""
    return Forwarded(request.method, path + query, headers, await arrive(request, BATCH_BODY_MAX))


def headers_of(token: str, address: str | None, key: str | None) -> dict[str, str]:
    """What a request for a viewer carries that came over its WebSocket."""
    headers = {"content-type": "application/json"}
    given = {"authorization": f"Bearer {token}" if token else "", "x-forwarded-for": address, "idempotency-key": key}
    return headers | {name: value for name, value in given.items() if value}


async def forward_said(upstream: Upstream, request: Forwarded) -> tuple[int, dict[str, Any]]:
    """Have the API do what a viewer said over its WebSocket; answer the status and the body."""
    answered = await upstream.forward(request)
    return answered.status, orjson.loads(answered.body) if answered.body else {}
