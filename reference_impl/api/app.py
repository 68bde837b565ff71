"""Builds the FastAPI application around the server's parts."""

from pathlib import Path
from typing import Protocol

from fastapi import FastAPI
from fastapi.responses import FileResponse
from fastapi.staticfiles import StaticFiles

from reference_impl.api import comments, events, health, problems
from reference_impl.config import Delivery
from reference_impl.hub import Hub
from reference_impl.policy.backpressure import BackpressureConfig
from reference_impl.ports import Clock, CommentLog
from reference_impl.write_path import WritePath

WEB = Path(__file__).parent / "web"

DESCRIPTION = """
Comments on a live event: post them, read them back, and follow them as they come.

Read a page of history, then follow `/events` from its `next_cursor`: nothing is missing and nothing comes twice.
Every refusal is a problem document (RFC 9457); `/problems` lists them.
"""


class Parts(Protocol):
    """What the routes need of a running server."""

    @property
    def log(self) -> CommentLog: ...
    @property
    def hub(self) -> Hub: ...
    @property
    def write_path(self) -> WritePath: ...
    @property
    def backpressure(self) -> BackpressureConfig: ...
    @property
    def clock(self) -> Clock: ...


def build_app(parts: Parts, delivery: Delivery) -> FastAPI:
    app = FastAPI(title="Live Comments", version="0.1.0", description=DESCRIPTION)
    app.state.parts = parts
    problems.install(app)
    app.include_router(health.router)
    app.include_router(comments.router)
    app.include_router(events.router(delivery))
    app.add_api_route("/", _page, include_in_schema=False)
    app.mount("/web", StaticFiles(directory=WEB), name="web")
    return app


async def _page() -> FileResponse:
    return FileResponse(WEB / "index.html")
