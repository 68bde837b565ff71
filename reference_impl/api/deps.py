"""What routes take: the server's parts, who asks, a stream's name, a comment's id, a cursor."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, cast

from fastapi import Depends, Header, Path, Query, Request

from reference_impl.access import require_reader
from reference_impl.api.limits import AddressRate
from reference_impl.auth.identity import Identity
from reference_impl.auth.keys import KeysUnavailable
from reference_impl.auth.tokens import InvalidToken, TokenVerifier
from reference_impl.catalog import Catalog, ViewerCatalog
from reference_impl.changes import Changes
from reference_impl.following import LogReader, Upstream
from reference_impl.guard import Guard
from reference_impl.hub import Hub
from reference_impl.pages import Pages
from reference_impl.policy.backpressure import Ending
from reference_impl.policy.connections import Connections
from reference_impl.policy.polling import Pacing
from reference_impl.ports import Broker, Clock, CommentLog, Directory, History, ReviewQueue
from reference_impl.protocol import problem
from reference_impl.protocol.cursor import Cursor
from reference_impl.protocol.problem import Problem
from reference_impl.protocol.streams import Stream
from reference_impl.reactions import Reactions
from reference_impl.segments import Segments
from reference_impl.transports.socket_viewer import Pressure
from reference_impl.write_path import WritePath

TOKEN_COOKIE = "livecomments_token"


@dataclass(frozen=True, slots=True, kw_only=True)
class ViewerParts:
    """What the routes that serve viewers need of a running process."""

    log: LogReader
    catalog: ViewerCatalog
    hub: Hub
    guards: Sequence[Guard]
    broker: Broker
    recent: Callable[[], Mapping[str, int | float]] = dict  # how pages were found, where there is a cache for them
    tokens: TokenVerifier
    slow_viewers: Ending
    pressures: Mapping[Ending, Pressure]
    connections: Connections
    addresses: AddressRate
    pacing: Pacing
    clock: Clock
    wall_clock: Clock


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts(ViewerParts):
    """What the routes need of a running server."""

    log: CommentLog
    catalog: Catalog
    history: History
    pages: Pages
    directory: Directory
    review_queue: ReviewQueue
    write_path: WritePath
    changes: Changes
    reactions: Reactions
    segments: Segments
    new_id: Callable[[], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class EdgeParts(ViewerParts):
    """What the routes need of a running edge: others' requests go to the API."""

    upstream: Upstream


async def _parts(request: Request) -> Parts:
    return cast(Parts, request.app.state.parts)


PartsDep = Annotated[Parts, Depends(_parts)]
ViewerPartsDep = Annotated[ViewerParts, Depends(_parts)]


async def identify(request: Request, parts: ViewerPartsDep) -> Identity | None:
    """Who asks, by the token in the header, or for reading in the cookie; None is anybody.

    A cookie is sent by browsers on behalf of other sites' pages too, so it never authorises a change.
    """
    token = token_of(request)
    if not token and "access_token" in request.query_params:
        raise Problem(problem.UNAUTHENTICATED, "a token in the address ends up in logs: send it in the header")
    return await authenticate(parts, token) if token else None


def token_of(request: Request) -> str:
    """The token that a request carries, "" without one."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if not scheme and request.method == "GET":
        token = request.cookies.get(TOKEN_COOKIE, "")
    elif scheme and scheme.lower() != "bearer":
        raise Problem(problem.UNAUTHENTICATED, f"got the scheme {scheme[:20]!r}, only Bearer is known")
    return token.strip()


async def authenticate(parts: ViewerParts, token: str) -> Identity:
    """Answer who a token is for, or refuse it."""
    try:
        return await parts.tokens.verify(token)
    except InvalidToken as error:
        raise Problem(problem.UNAUTHENTICATED, str(error)) from error
    except KeysUnavailable as error:
        raise Problem(problem.KEYS_UNAVAILABLE, str(error), 5.0) from error


IdentityDep = Annotated[Identity | None, Depends(identify)]

STREAM_NAME = "[A-Za-z0-9_-]{1,64}"
UUID = r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$"

StreamName = Annotated[
    str,
    Path(
        pattern=f"^{STREAM_NAME}$",
        description="Name of the stream: 1 to 64 letters, digits, hyphens or underscores.",
        examples=["demo"],
    ),
]

CommentId = Annotated[
    str,
    Path(
        pattern=UUID,
        description="The comment's id.",
        examples=["019ab2d4-7c3e-7000-8000-3f6a5b2c1d00"],
    ),
]

KEY_MAX = 128  # characters

IdempotencyKey = Annotated[
    str | None,
    Header(
        min_length=1,
        max_length=KEY_MAX,
        description="Chosen by the client, one per comment. A repeated request with the same key stores nothing new "
        "and is answered with the first one's comment, for at least an hour "
        "(draft-ietf-httpapi-idempotency-key-header-07).",
        examples=["4c1f9a52-6a8e-4d6c-9d3a-0b6f0a9a7f11"],
    ),
]

PAGE_MAX = 200
Limit = Annotated[int, Query(ge=1, le=PAGE_MAX)]


async def readable(stream: StreamName, parts: ViewerPartsDep, identity: IdentityDep) -> Stream:
    """Answer a stream that the caller may read, as it stands now; a Problem otherwise."""
    found = await parts.catalog.stream(stream)
    require_reader(identity, found)
    await parts.catalog.require_not_banned(identity, stream)
    return found


ReadableStream = Annotated[Stream, Depends(readable)]
"""A stream that the caller may read."""


def parse_cursor(text: str) -> Cursor:
    """Read a client's cursor, or refuse it."""
    try:
        return Cursor.parse(text)
    except ValueError as error:
        raise Problem(problem.INVALID_CURSOR, str(error)) from error
