"""Builds the FastAPI application around the server's parts."""

from pathlib import Path
from typing import Any

import fastapi_offline
from fastapi import FastAPI
from fastapi.middleware.cors import CORSMiddleware
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.responses import FileResponse, HTMLResponse
from fastapi.staticfiles import StaticFiles
from starlette.responses import Response
from starlette.types import ASGIApp

from reference_impl.api import (
    comments,
    development,
    events,
    fleet,
    health,
    history,
    moderation,
    poll,
    problems,
    reactions,
    segments,
    streams,
    users,
    websocket,
)
from reference_impl.api.deps import EdgeParts, Parts, ViewerParts
from reference_impl.api.direct import DirectPosts
from reference_impl.api.door import Door
from reference_impl.api.forwarding import Forward
from reference_impl.api.limits import WriteGuard
from reference_impl.config import Settings
from reference_impl.version import VERSION

WEB = Path(__file__).parent / "web"
SWAGGER_UI = Path(fastapi_offline.__file__).parent / "static"

DESCRIPTION = """
Comments on a live event: post them, read them back, and follow them as they come.

Anybody reads a public stream. Everything else takes an access token, `Authorization: Bearer …`: a JWT with `sub`,
`aud`, `iat`, `exp` and `caps`, a list of `{"streams": ["demo"], "allow": ["read", "post"], "roles": ["member"]}`.

Read a page of history, then follow `/events` from its `next_cursor`: nothing is missing and nothing comes twice.
Every refusal is a problem document (RFC 9457); `/problems` lists them.
"""


class WebFiles(StaticFiles):
    """The page's modules, asked for anew each time (an ETag answers 304), so that old and new ones never mix."""

    def file_response(self, *args: Any, **kwargs: Any) -> Response:
        response = super().file_response(*args, **kwargs)
        response.headers["Cache-Control"] = "no-cache"
        return response


def build_app(parts: Parts, settings: Settings, sign: development.Sign | None) -> ASGIApp:
    """The application with what stands before it. Without ``sign`` there is no route that gives tokens away."""
    return _guarded(DirectPosts(build_api(parts, settings, sign), parts), parts, settings)


def build_edge_app(parts: EdgeParts, settings: Settings) -> ASGIApp:
    """The application of an edge: what follows a stream is answered here, everything else by the API."""
    app = _bare(parts)
    for noun in (health, websocket, poll):
        app.include_router(noun.router)
    app.include_router(events.router(settings.delivery))
    _add_pages(app)
    return _guarded(Forward(app, parts.upstream), parts, settings)


def _guarded(app: ASGIApp, parts: ViewerParts, settings: Settings) -> ASGIApp:
    app = WriteGuard(Door(app, parts), settings.cors_origins, parts.addresses)
    if settings.cors_origins:
        app = CORSMiddleware(
            app,
            allow_origins=settings.cors_origins,
            allow_methods=["GET", "POST", "PUT", "PATCH", "DELETE"],
            allow_headers=["Authorization", "Content-Type", "Idempotency-Key", "Last-Event-ID"],
            expose_headers=["Retry-After", "Idempotent-Replayed", "RateLimit", "RateLimit-Policy"],
        )
    return app


def build_api(parts: Parts, settings: Settings, sign: development.Sign | None) -> FastAPI:
    app = _bare(parts)
    for noun in (health, streams, comments, history, reactions, moderation, users, websocket, poll, segments, fleet):
        app.include_router(noun.router)
    app.include_router(events.router(settings.delivery))
    if sign is not None:
        app.include_router(development.router(sign))
    _add_pages(app)
    app.openapi = lambda: _document(app)  # type: ignore[method-assign]
    return app


def _bare(parts: ViewerParts) -> FastAPI:
    app = FastAPI(title="Live Comments", version=VERSION, description=DESCRIPTION, docs_url=None, redoc_url=None)
    app.state.parts = parts
    problems.install(app)
    return app


def _add_pages(app: FastAPI) -> None:
    app.add_api_route("/", _page, include_in_schema=False)
    app.add_api_route("/docs", _docs, include_in_schema=False)
    app.mount("/docs/ui", StaticFiles(directory=SWAGGER_UI), name="docs")
    app.mount("/web", WebFiles(directory=WEB), name="web")


def _document(app: FastAPI) -> dict[str, Any]:
    """FastAPI's own document, less the validation errors that it expects and this server answers as problems."""
    if app.openapi_schema is None:
        document = FastAPI.openapi(app)
        for item in document["paths"].values():
            for operation in item.values():
                if "HTTPValidationError" in str(operation["responses"].get("422")):
                    del operation["responses"]["422"]
        for unused in ("HTTPValidationError", "ValidationError"):
            document["components"]["schemas"].pop(unused, None)
    return app.openapi_schema or {}


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
