"""Builds the FastAPI application around the server's parts."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

import fastapi_offline
from fastapi import FastAPI
from fastapi.middleware.cors import CORSMiddleware
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.responses import FileResponse, HTMLResponse
from fastapi.staticfiles import StaticFiles
from starlette.responses import Response

from reference_impl.api import comments, events, health, problems
from reference_impl.config import Delivery
from reference_impl.hub import Hub
from reference_impl.policy.backpressure import BackpressureConfig
from reference_impl.ports import Clock, CommentLog
from reference_impl.write_path import WritePath

WEB = Path(__file__).parent / "web"
SWAGGER_UI = Path(fastapi_offline.__file__).parent / "static"

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


class WebFiles(StaticFiles):
    """The page's modules, asked for anew each time (an ETag answers 304), so that old and new ones never mix."""

    def file_response(self, *args: Any, **kwargs: Any) -> Response:
        response = super().file_response(*args, **kwargs)
        response.headers["Cache-Control"] = "no-cache"
        return response


def build_app(parts: Parts, delivery: Delivery, cors_origins: Sequence[str] = ()) -> FastAPI:
    app = FastAPI(title="Live Comments", version="0.1.0", description=DESCRIPTION, docs_url=None, redoc_url=None)
    app.state.parts = parts
    if cors_origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=cors_origins,
            allow_methods=["GET", "POST"],
            allow_headers=["Content-Type", "Idempotency-Key", "Last-Event-ID"],
            expose_headers=["Retry-After", "Idempotent-Replayed"],
        )
    problems.install(app)
    app.include_router(health.router)
    app.include_router(comments.router)
    app.include_router(events.router(delivery))
    app.add_api_route("/", _page, include_in_schema=False)
    app.add_api_route("/docs", _docs, include_in_schema=False)
    app.mount("/docs/ui", StaticFiles(directory=SWAGGER_UI), name="docs")
    app.mount("/web", WebFiles(directory=WEB), name="web")
    return app


async def _page() -> FileResponse:
    return FileResponse(WEB / "index.html", headers={"Cache-Control": "no-cache"})


async def _docs() -> HTMLResponse:
    """The API's documentation, from files that come with the installation: no page loads anything from elsewhere."""
    return get_swagger_ui_html(
        openapi_url="/openapi.json",
        title="Live Comments API",
        swagger_js_url="/docs/ui/swagger-ui-bundle.js",
        swagger_css_url="/docs/ui/swagger-ui.css",
        swagger_favicon_url="/web/favicon.svg",
    )
