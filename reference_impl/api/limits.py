"""What guards every change before its route sees it: the page's origin and the address's rate."""

from collections.abc import Collection, Mapping
from functools import lru_cache
from ipaddress import ip_address
from urllib.parse import urlsplit

from starlette.types import ASGIApp, Receive, Scope, Send

from reference_impl.api.problems import answer
from reference_impl.policy.rate import RateConfig, RateLimiter
from reference_impl.ports import Clock
from reference_impl.protocol import problem
from reference_impl.protocol.problem import Problem

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


class AddressRate:
    """How often an address may send a change. Loopback has no rate: behind it are tests, gateways, load generators."""

    def __init__(self, rate: RateConfig, clock: Clock) -> None:
        self._limiter = RateLimiter(rate)
        self._clock = clock

    def refusal(self, address: str | None) -> Problem | None:
        """Count a change, or say why not."""
        if address is None or is_loopback(address):
            return None
        now = self._clock()
        admission = self._limiter.admit(address, now)
        if admission.admitted:
            return None
        config = self._limiter.config
        detail = f"an address may send {config.burst} changes in {config.period_s:g} s"
        return Problem(problem.RATE_LIMITED, detail, admission.retry_at - now)


class WriteGuard:
    """ASGI middleware: refuses changes by pages of sites that are not named, and by addresses that ask too often.

    A WebSocket may bring changes too, so its handshake is asked for its origin (Fetch Standard, "Origin header").
    """

    def __init__(self, app: ASGIApp, origins: Collection[str], addresses: AddressRate) -> None:
        self._app = app
        self._origins = frozenset(origins)
        self._addresses = addresses

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        refusal = self._refusal(scope) if scope["type"] == "http" else None
        if refusal is None:
            await self._app(scope, receive, send)
        else:
            await answer(refusal)(scope, receive, send)

    def _refusal(self, scope: Scope) -> Problem | None:
        if scope["method"] not in SAFE:
            client = scope["client"]
            return self._foreign(dict(scope["headers"])) or self._addresses.refusal(client[0] if client else None)
        if scope["path"].endswith("/websocket"):
            return self._foreign(dict(scope["headers"]))
        return None

    def _foreign(self, headers: Mapping[bytes, bytes]) -> Problem | None:
        origin = headers.get(b"origin", b"").decode("latin-1")
        own = urlsplit(origin).netloc == headers.get(b"host", b"").decode("latin-1")
        if not origin or origin in self._origins or own:
            return None
        return Problem(problem.ORIGIN, f"got {origin[:100]!r}; --cors-origin names the sites that may")


@lru_cache(maxsize=4096)
def is_loopback(address: str) -> bool:
    try:
        return ip_address(address).is_loopback
    except ValueError:
        return False  # a Unix socket's peer has no address, and comes from a proxy that must name its client
