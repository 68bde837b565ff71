"""Problem details (RFC 9457): the table of everything the API can refuse, and the exception that carries one.

``definite`` answers the one question a caller has after a failure: is it certain that the thing did not happen? Where
it is not, repeat the request with the same Idempotency-Key.
"""

import math
from collections.abc import Mapping
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
UNAUTHENTICATED = Kind("unauthenticated", 401, "This needs a valid access token")
FORBIDDEN = Kind("forbidden", 403, "The access token does not allow this")
MODE = Kind("chat-mode", 403, "The stream's settings keep this comment out")
BANNED = Kind("banned", 403, "The user is banned from this stream")
ORIGIN = Kind("origin-not-allowed", 403, "Pages of this site may not write here")
NOT_FOUND = Kind("not-found", 404, "There is nothing at this address")
METHOD_NOT_ALLOWED = Kind("method-not-allowed", 405, "This address does not take this method")
TIMEOUT = Kind("request-timeout", 408, "The request did not arrive in time")
IN_FLIGHT = Kind("idempotency-in-flight", 409, "The first request with this Idempotency-Key is still being handled")
NAME_TAKEN = Kind("stream-exists", 409, "There is a stream with this name already")
STREAM_CLOSED = Kind("stream-closed", 409, "The stream takes no more comments")
SEGMENT_GONE = Kind("segment-gone", 410, "The segment has another revision now")
TOO_LARGE = Kind("too-large", 413, "The request body is too large")
NOT_JSON = Kind("not-json", 415, "The request body must be application/json")
INVALID_TEXT = Kind("invalid-text", 422, "The text cannot be posted")
KEY_REUSED = Kind("idempotency-key-reused", 422, "This Idempotency-Key belongs to another comment")
NOT_A_THREAD = Kind("not-a-thread", 422, "Replies have no replies")
DENIED = Kind("denied-by-rules", 422, "The stream's rules do not allow this comment")
UPGRADE_REQUIRED = Kind("upgrade-required", 426, "This address takes WebSockets only")
RATE_LIMITED = Kind("rate-limited", 429, "Too many requests")
SLOW_MODE = Kind("slow-mode", 429, "The stream is in slow mode")
INTERNAL = Kind("internal", 500, "The server made a mistake", definite=False)
OVERLOADED = Kind("overloaded", 503, "The server has no room for this just now")
READ_ONLY = Kind("read-only", 503, "The server takes no new comments just now")
CROWDED = Kind("too-many-connections", 503, "The server takes no more connections just now")
DRAINING = Kind("draining", 503, "The server is about to end; another one takes over")
LOG_UNAVAILABLE = Kind("log-unavailable", 503, "The log did not answer", definite=False)
KEYS_UNAVAILABLE = Kind("keys-unavailable", 503, "The keys that sign access tokens cannot be had just now")

KINDS = tuple(value for value in dict(vars()).values() if isinstance(value, Kind))


class Problem(Exception):  # noqa: N818 - the field's word for it is problem, not error
    """A refusal on its way to the client; ``detail`` names what was seen and what is allowed."""

    def __init__(
        self, kind: Kind, detail: str, retry_after_s: float | None = None, fields: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(detail)
        self.fields = fields or {}  # further header fields of the answer
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
