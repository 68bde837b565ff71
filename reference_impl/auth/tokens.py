"""Checks access tokens (JWT, RFC 7519) by the advice of RFC 8725: fixed algorithms, audience, a short life."""

from collections.abc import Callable
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

import jwt
from jwt.types import Options

from reference_impl.auth.identity import Identity
from reference_impl.auth.keys import KeySource, UnknownKey

TOKEN_MAX = 8 * 1024  # bytes
TYPES = (None, "jwt", "at+jwt", "application/at+jwt")  # RFC 9068, section 4
TIMES_MAX = 1e12  # Unix seconds; beyond it, and "NaN", no arithmetic is done


class InvalidToken(Exception):  # noqa: N818 - a property of the token
    """Says what was seen and what is allowed, never the token itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenConfig:
    audience: str = "livecomments"
    issuer: str | None = None  # None: not looked at
    leeway_s: float = 30.0  # by which clocks may differ
    lifetime_max_s: float = 3600.0  # from iat to exp
    cache_max: int = 10_000  # verified tokens; past it the oldest is verified again

    def __post_init__(self) -> None:
        if not 0 <= self.leeway_s <= 60:
            raise ValueError(f"leeway_s must be 0 to 60, got {self.leeway_s}")
        if self.lifetime_max_s <= 0 or self.cache_max < 1:
            raise ValueError("lifetime_max_s and cache_max must be positive")


class TokenVerifier:
    """Verifying a signature costs more than the rest of a post, so a verified token is remembered until it expires."""

    def __init__(self, keys: KeySource, config: TokenConfig, wall_clock: Callable[[], float]) -> None:
        self._keys = keys
        self._config = config
        self._wall_clock = wall_clock
        self._verified: dict[bytes, Identity] = {}

    async def verify(self, token: str) -> Identity:
        """Answer who the token is for; InvalidToken, or KeysUnavailable."""
        if len(token) > TOKEN_MAX:
            raise InvalidToken(f"the token has {len(token)} characters, at most {TOKEN_MAX} are allowed")
        digest = blake2b(token.encode("utf-8", "replace"), digest_size=16).digest()
        known = self._verified.get(digest)
        identity = known or await self._verify(token)
        if identity.expired(self._wall_clock() - self._config.leeway_s):
            raise InvalidToken("the token has expired")
        if known is None:
            self._remember(digest, identity)
        return identity

    async def _verify(self, token: str) -> Identity:
        try:
            header = jwt.get_unverified_header(token)
            self._check_header(header)
            key = await self._keys.key(header.get("kid"), header["alg"])
            claims = jwt.decode(
                token, key, algorithms=list(self._keys.algorithms), audience=self._config.audience,
                issuer=self._config.issuer, options=_OPTIONS,
            )  # fmt: skip
            self._check_times(claims)
            return Identity.from_claims(claims)
        except (jwt.PyJWTError, UnknownKey, ValueError) as error:
            raise InvalidToken(f"the token is not valid: {error}") from error

    def _check_header(self, header: dict[str, Any]) -> None:
        if header.get("alg") not in self._keys.algorithms:
            allowed = " and ".join(self._keys.algorithms)
            raise ValueError(f"it is signed with {str(header.get('alg'))[:20]!r}, allowed are {allowed}")
        kind = header.get("typ")
        if (kind.lower() if isinstance(kind, str) else kind) not in TYPES:
            raise ValueError(f"its type is {str(kind)[:20]!r}, allowed are JWT and at+jwt")

    def _check_times(self, claims: dict[str, Any]) -> None:
        issued, expires, begins = (_seconds(claims, name) for name in ("iat", "exp", "nbf"))
        if expires - issued > self._config.lifetime_max_s:
            raise ValueError(f"it lives {expires - issued:g} s, at most {self._config.lifetime_max_s:g} s are allowed")
        if max(issued, begins) > self._wall_clock() + self._config.leeway_s:
            raise ValueError("it was issued in the future, or is not valid yet")

    def _remember(self, digest: bytes, identity: Identity) -> None:
        self._verified[digest] = identity
        if len(self._verified) > self._config.cache_max:
            del self._verified[next(iter(self._verified))]


def _seconds(claims: dict[str, Any], name: str) -> float:
    value = claims.get(name, 0)
    if not isinstance(value, int | float) or isinstance(value, bool) or not abs(value) < TIMES_MAX:
        raise ValueError(f"{name} must be a number of seconds, got {str(value)[:40]!r}")
    return value


# The clock is the server's, handed in; PyJWT would look at its own.
_OPTIONS: Options = {
    "require": ["exp", "iat", "sub", "aud"],
    "verify_exp": False,
    "verify_iat": False,
    "verify_nbf": False,
}
