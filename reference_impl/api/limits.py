"""What guards every change before its route sees it: the page's origin and the address's rate."""

from collections.abc import Collection
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


class WriteGuard:
    """ASGI middleware: refuses changes by pages of sites that are not named, and by addresses that ask too often.

    Loopback has no rate: behind it are tests, gateways and load generators. Source: Fetch Standard, "Origin header".
    """

    def __init__(self, app: ASGIApp, origins: Collection[str], rate: RateConfig, clock: Clock) -> None:
        self._app = app
        self._origins = frozenset(origins)
        self._limiter = RateLimiter(rate)
        self._clock = clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        refusal = self._refusal(scope) if scope["type"] == "http" and scope["method"] not in SAFE else None
        if refusal is None:
            await self._app(scope, receive, send)
        else:
            await answer(refusal)(scope, receive, send)

    def _refusal(self, scope: Scope) -> Problem | None:
        headers = dict(scope["headers"])
        origin = headers.get(b"origin", b"").decode("latin-1")
        if (
            origin
            and origin not in self._origins
            and urlsplit(origin).netloc != headers.get(b"host", b"").decode("latin-1")
        ):
            return Problem(problem.ORIGIN, f"got {origin[:100]!r}; --cors-origin names the sites that may")
        return self._over_rate(scope["client"])

    def _over_rate(self, client: tuple[str, int] | None) -> Problem | None:
        if client is None or is_loopback(client[0]):
            return None
        now = self._clock()
        admission = self._limiter.admit(client[0], now)
        if admission.admitted:
            return None
        config = self._limiter.config
        detail = f"an address may send {config.burst} changes in {config.period_s:g} s"
        return Problem(problem.RATE_LIMITED, detail, admission.retry_at - now)


@lru_cache(maxsize=4096)
def is_loopback(address: str) -> bool:
    try:
        return ip_address(address).is_loopback
    except ValueError:
        return False  # a Unix socket's peer has no address, and comes from a proxy that must name its client
