"""What routes take: the server's parts, a stream's name, a cursor."""

from typing import TYPE_CHECKING, Annotated, cast

from fastapi import Depends, Header, Path, Request

from reference_impl.protocol import problem
from reference_impl.protocol.cursor import Cursor
from reference_impl.protocol.problem import Problem

if TYPE_CHECKING:
    from reference_impl.api.app import Parts


async def _parts(request: Request) -> "Parts":
    return cast("Parts", request.app.state.parts)


PartsDep = Annotated["Parts", Depends(_parts)]

StreamName = Annotated[
    str,
    Path(
        pattern=r"^[A-Za-z0-9_-]{1,64}$",
        description="Name of the stream: 1 to 64 letters, digits, hyphens or underscores.",
        examples=["demo"],
    ),
]

IdempotencyKey = Annotated[
    str | None,
    Header(
        min_length=1,
        max_length=128,
        description="Chosen by the client, one per comment. A repeated request with the same key stores nothing new "
        "and is answered with the first one's comment (draft-ietf-httpapi-idempotency-key-header-07).",
        examples=["4c1f9a52-6a8e-4d6c-9d3a-0b6f0a9a7f11"],
    ),
]


def parse_cursor(text: str) -> Cursor:
    """Read a client's cursor, or refuse it."""
    try:
        return Cursor.parse(text)
    except ValueError as error:
        raise Problem(problem.INVALID_CURSOR, str(error)) from error
