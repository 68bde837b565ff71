"""Turns everything that can go wrong into a problem document, and lists the kinds."""

import math
from http import HTTPStatus
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from reference_impl.api.body import explain
from reference_impl.ports import LogUnavailable
from reference_impl.protocol import problem
from reference_impl.protocol.problem import KINDS, Kind, Problem
from reference_impl.write_path import unavailable

MEDIA_TYPE = "application/problem+json"

log = structlog.get_logger(__name__)


def install(app: FastAPI) -> None:
    for kind in (Problem, RequestValidationError, LogUnavailable, Exception):
        app.add_exception_handler(kind, _any)
    app.add_exception_handler(HTTPException, _http)
    app.add_api_route("/problems", _kinds, summary="All kinds of problem", tags=["problems"])
    app.add_api_route(
        "/problems/{name}",
        _kind,
        summary="One kind of problem",
        tags=["problems"],
        responses=responses(problem.NOT_FOUND),
    )


def responses(*kinds: Kind) -> dict[int | str, dict[str, Any]]:
    """OpenAPI entries for the problems that a route can answer with."""
    by_status: dict[int | str, dict[str, Any]] = {}
    for kind in kinds:
        entry = by_status.setdefault(kind.status, {"content": {MEDIA_TYPE: {"examples": {}}}})
        entry["description"] = HTTPStatus(kind.status).phrase
        example = Problem(kind, "what was seen, and what is allowed").as_dict()
        entry["content"][MEDIA_TYPE]["examples"][kind.name] = {"value": example}
    return by_status


READING = (
    problem.INVALID_REQUEST,
    problem.UNAUTHENTICATED,
    problem.FORBIDDEN,
    problem.BANNED,
    problem.NOT_FOUND,
    problem.LOG_UNAVAILABLE,
    problem.KEYS_UNAVAILABLE,
)
"""What every route that reads a stream can answer with."""

WRITING = (
    *READING,
    problem.ORIGIN,
    problem.TIMEOUT,
    problem.TOO_LARGE,
    problem.NOT_JSON,
    problem.RATE_LIMITED,
    problem.OVERLOADED,
)
"""What every route that changes something can answer with."""


def answer(refusal: Problem) -> Response:
    headers = dict(refusal.fields)
    if refusal.kind is problem.UNAUTHENTICATED:
        headers["WWW-Authenticate"] = 'Bearer realm="live comments"'
    if refusal.retry_after_s is not None:
        headers["Retry-After"] = str(max(1, math.ceil(refusal.retry_after_s)))
    return JSONResponse(refusal.as_dict(), refusal.kind.status, headers, MEDIA_TYPE)


def answer_to(request: Request, error: Exception) -> Response:
    """The problem document for anything that a route can raise."""
    return answer(problem_of(error, request.url.path))


def problem_of(error: Exception, path: str) -> Problem:
    """What has gone wrong, as the client may know it."""
    if isinstance(error, LogUnavailable):
        error = unavailable(error)
    if isinstance(error, RequestValidationError):
        error = Problem(problem.INVALID_REQUEST, "; ".join(map(explain, error.errors())))
    if not isinstance(error, Problem):
        log.error("failed", path=path, exc_info=error)
        # The server's own log has the trace; the client learns only that it may repeat the request.
        error = Problem(problem.INTERNAL, "the details are in the server's log")
    elif error.kind in COUNTED:
        log.debug("refused", kind=error.kind.name, path=path, detail=error.detail)
    elif error.kind.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        log.warning("refused", kind=error.kind.name, path=path, detail=error.detail)
    return error


COUNTED = (problem.CROWDED, problem.READ_ONLY)
"""What /health counts instead: a line for each would be work when there is most of it."""


async def _any(request: Request, error: Exception) -> Response:
    return answer_to(request, error)


async def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    kinds = {kind.status: kind for kind in (problem.NOT_FOUND, problem.METHOD_NOT_ALLOWED)}
    kind = kinds.get(error.status_code, problem.INVALID_REQUEST)
    refusal = answer(Problem(kind, f"{request.method} {request.url.path}"))
    refusal.headers.update(error.headers or {})
    return refusal


async def _kinds() -> list[dict[str, Any]]:
    return [_row(kind) for kind in KINDS]


async def _kind(name: str) -> dict[str, Any]:
    for kind in KINDS:
        if kind.name == name:
            return _row(kind)
    known = ", ".join(kind.name for kind in KINDS)
    raise Problem(problem.NOT_FOUND, f"no problem is called {name[:40]!r}; the kinds are {known}")


def _row(kind: Kind) -> dict[str, Any]:
    return {"type": kind.type, "title": kind.title, "status": kind.status, "definite": kind.definite}
