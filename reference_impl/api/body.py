"""Reads and writes JSON bodies: bounded in size and time, refused with what was seen and what is allowed."""

import asyncio
from typing import Any, TypeVar

import orjson
from fastapi import Request
from pydantic import BaseModel, ConfigDict, ValidationError
from starlette.responses import Response

from reference_impl.protocol import problem
from reference_impl.protocol.problem import Problem
from reference_impl.transports.handover import Connection

BODY_MAX = 16 * 1024  # bytes; a comment of 500 code points needs at most 6 KB of escaped JSON
ARRIVAL_MAX_S = 10.0

M = TypeVar("M", bound=BaseModel)


class Body(BaseModel):
    """A request's body; fields that nobody knows are refused, because they are mostly misspelt ones."""

    model_config = ConfigDict(extra="forbid")


class Json(Response):
    """A JSON answer that is not validated again."""

    media_type = "application/json"

    def render(self, content: Any) -> bytes:
        return orjson.dumps(content)


async def read_body(request: Request, model: type[M], longest: int = BODY_MAX) -> M:
    """Read and check the request's body, or refuse it."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise Problem(problem.NOT_JSON, f"got content type {kind[:80] or 'none'!r}")
    raw = await arrive(request, longest)
    try:
        return model.model_validate_json(raw)
    except ValidationError as error:
        raise Problem(problem.INVALID_REQUEST, "; ".join(map(explain, error.errors()[:5]))) from error


async def arrive(request: Request, longest: int) -> bytes:
    """The body; nearly always it came with the head, and there is nothing to wait for."""
    connection: Connection | None = request.scope.get("state", {}).get("connection")
    whole = connection.whole_body() if connection else None
    if whole is not None and len(whole) <= longest:
        return whole
    try:
        async with asyncio.timeout(ARRIVAL_MAX_S):
            return await _read(request, longest)
    except TimeoutError as error:
        detail = f"the body was not there after {ARRIVAL_MAX_S:g} s"
        raise Problem(problem.TIMEOUT, detail) from error


async def _read(request: Request, longest: int) -> bytes:
    raw = bytearray()
    async for part in request.stream():
        raw += part
        if len(raw) > longest:
            raise Problem(problem.TOO_LARGE, f"the body has over {longest} bytes")
    return bytes(raw)


def explain(error: Any) -> str:
    """One of pydantic's errors as a sentence."""
    where = ".".join(map(str, error["loc"])) or "body"
    return f"{where}: {error['msg']}, got {error['input']!r:.80}"


def body_of(model: type[BaseModel]) -> dict[str, Any]:
    """The OpenAPI entry of a body that a route reads by itself."""
    schema = model.model_json_schema()
    definitions = schema.pop("$defs", {})
    content = {"application/json": {"schema": _inlined(schema, definitions)}}
    return {"requestBody": {"required": True, "content": content}}


def _inlined(node: Any, definitions: dict[str, Any]) -> Any:
    """References into a model's own definitions would not be found from the whole document."""
    if isinstance(node, list):
        return [_inlined(each, definitions) for each in node]
    if not isinstance(node, dict):
        return node
    if "$ref" in node:
        return _inlined(definitions[node["$ref"].rpartition("/")[2]], definitions)
    return {name: _inlined(value, definitions) for name, value in node.items()}
