"""A public stream in pieces that caches may keep: one second of its log each, and the manifest that lists them.

The answers depend on nothing but the address, so that one copy serves everybody: no token, no ban, no origin.
"""

from hashlib import blake2b
from typing import Annotated, Any

from fastapi import APIRouter, Header, Path, Query
from pydantic import BaseModel, Field
from starlette.responses import Response

from reference_impl.api.deps import PartsDep, StreamName
from reference_impl.api.poll import MessageView
from reference_impl.api.problems import responses
from reference_impl.policy.polling import MANIFEST_FRESH_S
from reference_impl.protocol import problem
from reference_impl.protocol.problem import Problem
from reference_impl.protocol.segments import REVISION, Revision
from reference_impl.segments import FOR_GOOD, LISTED_MAX

MANIFEST_FRESH = {"Cache-Control": f"public, max-age={MANIFEST_FRESH_S}"}
OFFSET_MAX = 10 * 365 * 24 * 3600

router = APIRouter(prefix="/v1/streams/{stream}/segments", tags=["follow"])

_UNCHANGED: dict[int | str, dict[str, Any]] = {304: {"description": "As before; only with If-None-Match"}}
_PROBLEMS = (problem.INVALID_REQUEST, problem.NOT_FOUND, problem.LOG_UNAVAILABLE)

Offset = Annotated[int, Path(ge=0, le=OFFSET_MAX, description="Whole seconds since the stream was opened.")]
RevisionText = Annotated[str, Path(pattern=f"^{REVISION}$", description="As the manifest names it.", examples=["12-3"])]
IfNoneMatch = Annotated[str | None, Header()]


class SegmentEntry(BaseModel):
    offset: int = Field(description="Whole seconds since the stream was opened.", examples=[61])
    revision: str = Field(description="Changes with every change of the segment.", examples=["12-3"])
    first: int = Field(description="`seq` of its first event.", examples=[31])
    last: int = Field(description="`seq` of its last event.", examples=[42])
    count: int = Field(examples=[12])


class ManifestView(BaseModel):
    """The seconds that have events, oldest first; those that are not over yet are left out."""

    epoch: int = Field(examples=[1795000000])
    opened_at_ms: int = Field(description="Unix time from which the offsets count.", examples=[1795000000123])
    segment_ms: int = Field(examples=[1000])
    head: str = Field(description="Cursor of the last event that this covers.", examples=["1795000000:42"])
    poll_after_ms: int = Field(description="Wait about that long before asking again.", examples=[1000])
    next_from: int | None = Field(description="Ask again with `from=` this for what did not fit; null at the end.")
    segments: list[SegmentEntry]


class SegmentView(BaseModel):
    """One second of the stream's log, with its comments as they are now but for their counts."""

    epoch: int = Field(examples=[1795000000])
    offset: int = Field(examples=[61])
    revision: str = Field(examples=["12-3"])
    first: int = Field(examples=[31])
    last: int = Field(examples=[42])
    items: list[MessageView] = Field(description="The same messages as on `/events`.")


@router.get("", response_model=ManifestView, responses=_UNCHANGED | responses(*_PROBLEMS))
async def read_manifest(
    stream: StreamName,
    parts: PartsDep,
    first: Annotated[
        int | None, Query(alias="from", ge=0, le=OFFSET_MAX, description="From this offset on, not the last 30 s.")
    ] = None,
    limit: Annotated[int, Query(ge=1, le=LISTED_MAX)] = LISTED_MAX,
    if_none_match: IfNoneMatch = None,
) -> Response:
    """List a public stream's segments with their present revisions."""
    text = await parts.segments.manifest(await parts.catalog.stream(stream), first, limit)
    tag = blake2b(text.encode(), digest_size=12).hexdigest()
    return _answer(text, f'"{tag}"', if_none_match, MANIFEST_FRESH)


@router.get(
    "/{offset}/{revision}",
    response_model=SegmentView,
    responses=_UNCHANGED | responses(*_PROBLEMS, problem.SEGMENT_GONE),
)
async def read_segment(
    stream: StreamName, offset: Offset, revision: RevisionText, parts: PartsDep, if_none_match: IfNoneMatch = None
) -> Response:
    """Read one second of a public stream in its present revision; an older one is gone for good."""
    try:
        wanted = Revision.parse(revision)
    except ValueError as error:
        raise Problem(problem.INVALID_REQUEST, str(error)) from error
    text = await parts.segments.segment(await parts.catalog.stream(stream), offset, wanted)
    return _answer(text, f'"{parts.log.epoch}-{offset}-{wanted}"', if_none_match, FOR_GOOD)


def _answer(text: str, tag: str, known: str | None, headers: dict[str, str]) -> Response:
    headers = {**headers, "ETag": tag}
    if known is not None and _matches(known, tag):
        return Response(status_code=304, headers=headers)
    return Response(text, headers=headers, media_type="application/json")


def _matches(known: str, tag: str) -> bool:
    """Weak comparison (RFC 9110, section 13.1.2): a cache that compresses marks its copy's tag as weak."""
    return known.strip() == "*" or tag in {each.strip().removeprefix("W/") for each in known.split(",")}
