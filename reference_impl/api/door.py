"""Turns viewers away before the framework has looked at them.

Through routing, dependencies and the stream's state a refusal costs as much as letting somebody in, and a crowd makes
most of its tries in vain: so who would be refused anyway is answered here.
"""

import re

from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from reference_impl.api.deps import STREAM_NAME, ViewerParts
from reference_impl.api.joining import address_of, turned_away
from reference_impl.api.problems import answer

_FOLLOW = re.compile(f"/v1/streams/{STREAM_NAME}/events", re.ASCII)


class Door:
    """Passes on to ``app`` whoever may come in, where it is decided; limits and CORS come before it."""

    def __init__(self, app: ASGIApp, parts: ViewerParts) -> None:
        self._app = app
        self._parts = parts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        follows = scope["type"] == "http" and scope["method"] == "GET" and _FOLLOW.fullmatch(scope["path"])
        crowded = (
            self._parts.connections.turn_away(address_of(Request(scope)), self._parts.clock()) if follows else None
        )
        app = self._app if crowded is None else answer(turned_away(crowded))
        await app(scope, receive, send)
