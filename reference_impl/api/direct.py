"""The way of a post past the framework: everything else of a request costs more than the post itself.

FastAPI documents the two routes and would answer them just the same; this ASGI application stands before it and calls
their functions without its routing and dependency machinery. While no comments are taken it looks at nothing but the
path: a refusal that costs as much as a comment spares an overloaded server nothing.
"""

import re

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from reference_impl.api.comments import post_comment, post_comments
from reference_impl.api.deps import KEY_MAX, STREAM_NAME, Parts, identify
from reference_impl.api.problems import answer, answer_to
from reference_impl.protocol import problem
from reference_impl.protocol.problem import Problem

_POST = re.compile(f"/v1/streams/({STREAM_NAME})/comments(:batch)?", re.ASCII)


class DirectPosts:
    """Passes everything but posts on to ``app``; limits and CORS come before it."""

    def __init__(self, app: ASGIApp, parts: Parts) -> None:
        self._app = app
        self._parts = parts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        match = _POST.fullmatch(scope["path"]) if scope["type"] == "http" and scope["method"] == "POST" else None
        if match is None:
            await self._app(scope, receive, send)
            return
        if (refusal := self._parts.write_path.turn_away()) is not None:
            await answer(refusal)(scope, receive, send)
            return
        request = Request(scope, receive)
        try:
            response = await (self._post_all if match[2] else self._post)(match[1], request)
        except Exception as error:
            response = answer_to(request, error)
        await response(scope, receive, send)

    async def _post(self, stream: str, request: Request) -> Response:
        key = request.headers.get("idempotency-key")
        if key is not None and not 1 <= len(key) <= KEY_MAX:
            detail = f"idempotency-key: 1 to {KEY_MAX} characters are allowed, got {len(key)}"
            raise Problem(problem.INVALID_REQUEST, detail)
        return await post_comment(stream, request, self._parts, await identify(request, self._parts), key)

    async def _post_all(self, stream: str, request: Request) -> Response:
        return await post_comments(stream, request, self._parts, await identify(request, self._parts))
