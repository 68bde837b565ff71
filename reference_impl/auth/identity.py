"""What an access token says: a user, and his capabilities on streams. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

GRANTS_MAX = 32
STREAMS_MAX = 64  # named in one grant
USER_MAX = 64  # code points
NAME_MAX = 40
EVERY = "*"
EDGE_ROLE = "edge"  # of the project's own processes, which read logs as they are


class Capability(StrEnum):
    """Each includes the ones before it."""

    READ = "read"
    POST = "post"
    MODERATE = "moderate"
    ADMIN = "admin"


_RANK = {capability: rank for rank, capability in enumerate(Capability)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """What is allowed on some streams, and the user's standing there (follower, member, vip)."""

    streams: frozenset[str]
    highest: Capability
    roles: frozenset[str] = frozenset()

    def covers(self, stream: str) -> bool:
        return stream in self.streams or EVERY in self.streams


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """A user as the token names him; ``expires_at`` is Unix seconds."""

    user: str
    name: str | None
    grants: tuple[Grant, ...]
    expires_at: float

    def may(self, capability: Capability, stream: str) -> bool:
        wanted = _RANK[capability]
        return any(_RANK[grant.highest] >= wanted and grant.covers(stream) for grant in self.grants)

    def roles(self, stream: str) -> frozenset[str]:
        return frozenset[str]().union(*(grant.roles for grant in self.grants if grant.covers(stream)))

    def serves(self, role: str) -> bool:
        """Whether this is a process of the deployment itself: the role on every stream."""
        return any(role in grant.roles and EVERY in grant.streams for grant in self.grants)

    def expired(self, now: float) -> bool:
        return now >= self.expires_at

    @classmethod
    def from_claims(cls, claims: Mapping[str, Any]) -> "Identity":
        """Read a token's claims; ValueError names what was seen and what is allowed."""
        user, name, caps, expires = (claims.get(each) for each in ("sub", "name", "caps", "exp"))
        if not isinstance(user, str) or not 1 <= len(user) <= USER_MAX or not user.isprintable():
            raise ValueError(f"sub must be a printable text of 1 to {USER_MAX} code points, got {str(user)[:80]!r}")
        if name is not None and (not isinstance(name, str) or not 1 <= len(name) <= NAME_MAX):
            raise ValueError(f"name must be a text of 1 to {NAME_MAX} code points, got {str(name)[:80]!r}")
        if not isinstance(caps, list) or len(caps) > GRANTS_MAX:
            raise ValueError(f"caps must be a list of at most {GRANTS_MAX} grants, got {str(caps)[:80]!r}")
        if not isinstance(expires, int | float) or isinstance(expires, bool):
            raise ValueError(f"exp must be a number of seconds, got {str(expires)[:80]!r}")
        return cls(user=user, name=name, grants=tuple(map(_grant, caps)), expires_at=float(expires))


def _grant(claim: Any) -> Grant:
    if not isinstance(claim, Mapping):
        raise ValueError(f"a grant is an object with 'streams' and 'allow', got {str(claim)[:80]!r}")
    streams = _texts(claim, "streams", STREAMS_MAX)
    allowed = [_capability(text) for text in _texts(claim, "allow", len(Capability))]
    if not streams or not allowed:
        raise ValueError(f"a grant names at least one stream and one capability, got {str(claim)[:80]!r}")
    highest = max(allowed, key=_RANK.__getitem__)
    return Grant(streams=frozenset(streams), highest=highest, roles=frozenset(_texts(claim, "roles", STREAMS_MAX)))


def _texts(claim: Mapping[str, Any], name: str, most: int) -> list[str]:
    value = claim.get(name, [])
    if not isinstance(value, list) or len(value) > most or not all(isinstance(each, str) for each in value):
        raise ValueError(f"a grant's {name} is a list of at most {most} texts, got {str(value)[:80]!r}")
    return value


def _capability(text: str) -> Capability:
    try:
        return Capability(text)
    except ValueError as error:
        known = ", ".join(Capability)
        raise ValueError(f"a capability is one of {known}, got {text[:40]!r}") from error
