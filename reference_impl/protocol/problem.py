"""Problem details (RFC 9457): the table of everything the API can refuse, and the exception that carries one.

``definite`` answers the one question a caller has after a failure: is it certain that the thing did not happen? Where
it is not, repeat the request with the same Idempotency-Key.
"""

import math
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Kind:
    """One row of the table; ``name`` ends the problem's type address, which never changes."""

    name: str
    status: int
    title: str
    definite: bool = True

    @property
    def type(self) -> str:
        return f"/problems/{self.name}"


INVALID_REQUEST = Kind("invalid-request", 400, "The request cannot be understood")
INVALID_CURSOR = Kind("invalid-cursor", 400, "The cursor is not one that this server gave out")
NOT_FOUND = Kind("not-found", 404, "There is nothing at this address")
METHOD_NOT_ALLOWED = Kind("method-not-allowed", 405, "This address does not take this method")
IN_FLIGHT = Kind("idempotency-in-flight", 409, "The first request with this Idempotency-Key is still being handled")
TOO_LARGE = Kind("too-large", 413, "The request body is too large")
INVALID_TEXT = Kind("invalid-text", 422, "The text cannot be posted")
KEY_REUSED = Kind("idempotency-key-reused", 422, "This Idempotency-Key belongs to another comment")
RATE_LIMITED = Kind("rate-limited", 429, "Too many comments from this author")
INTERNAL = Kind("internal", 500, "The server made a mistake", definite=False)
OVERLOADED = Kind("overloaded", 503, "The server has no room for this comment just now")
LOG_UNAVAILABLE = Kind("log-unavailable", 503, "The comment could not be made durable", definite=False)

KINDS = (
    INVALID_REQUEST,
    INVALID_CURSOR,
    NOT_FOUND,
    METHOD_NOT_ALLOWED,
    IN_FLIGHT,
    TOO_LARGE,
    INVALID_TEXT,
    KEY_REUSED,
    RATE_LIMITED,
    INTERNAL,
    OVERLOADED,
    LOG_UNAVAILABLE,
)


class Problem(Exception):  # noqa: N818 - the field's word for it is problem, not error
    """A refusal on its way to the client; ``detail`` names what was seen and what is allowed."""

    def __init__(self, kind: Kind, detail: str, retry_after_s: float | None = None) -> None:
        super().__init__(detail)
        self.kind = kind
        self.detail = detail
        self.retry_after_s = retry_after_s

    def as_dict(self) -> dict[str, Any]:
        problem = {
            "type": self.kind.type,
            "title": self.kind.title,
            "status": self.kind.status,
            "detail": self.detail,
            "definite": self.kind.definite,
        }
        return (
            problem
            if self.retry_after_s is None
            else problem | {"retry_after_s": math.ceil(self.retry_after_s * 1000) / 1000}
        )
