"""Requests to the API over kept-alive connections: bounded, each with a deadline, to the next address when one fails.

aiohttp, because the client uses it already: its pool keeps connections alive and bounds them, and it times out each
step. The standard library's client blocks, and httpx would be one more dependency for the same.
"""

import json
import time
from collections.abc import Callable, Mapping
from http import HTTPStatus
from random import Random
from typing import Any

import aiohttp
from yarl import URL

from reference_impl.following import Forwarded, ForwardedAnswer
from reference_impl.policy.failover import Failover
from reference_impl.policy.retry import RetryConfig
from reference_impl.ports import LogUnavailable

CONNECTIONS_MAX = 64  # to all addresses together; a request past it waits for one, as long as its deadline lets it
IDLE_S = 3.0  # less than the API keeps an idle connection (uvicorn: 5 s), so that no request meets its end
CONNECT_S = 2.0
ASK_S = 5.0  # for a question of the edge's own
FORWARD_S = 30.0  # for a client's request
ANSWER_BYTES = 16 * 1024 * 1024
REST = RetryConfig(base_s=0.1, cap_s=2.0)  # of an address that failed

_FAILURES = (aiohttp.ClientError, OSError, TimeoutError)
_NEVER_SENT = (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError)


class _Broken(Exception):  # noqa: N818 - a property of the answer
    """An address did not do its part; another one may."""


class ApiConnection:
    """``urls`` are equal: processes on the same log. ``token`` answers the edge's own service token."""

    def __init__(
        self, urls: tuple[str, ...], token: Callable[[], str], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._token = token
        self._clock = clock
        self._failover = Failover([url.rstrip("/") for url in urls], REST, Random())
        connector = aiohttp.TCPConnector(limit=CONNECTIONS_MAX, keepalive_timeout=IDLE_S)
        # What an edge brings back goes to many clients: it keeps no cookies, and passes redirects on.
        self._session = aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar())

    async def close(self) -> None:
        await self._session.close()

    async def ask(self, method: str, path: str, body: object = None) -> dict[str, Any]:
        """Ask for the edge itself, one address after the other; LogUnavailable when none of them answers."""
        raw = b"" if body is None else json.dumps(body).encode()
        headers = {"authorization": f"Bearer {self._token()}", "content-type": "application/json"}
        answer = await self._any(Forwarded(method, path, headers, raw), ASK_S, repeatable=True, own=True)
        if answer.status != HTTPStatus.OK:
            raise LogUnavailable(f"the API refused {method} {path.partition('?')[0]}: {_detail(answer)}")
        try:
            value: dict[str, Any] = json.loads(answer.body)
        except ValueError as error:
            raise LogUnavailable(f"the API's answer to {path} is no JSON") from error
        return value

    async def forward(self, request: Forwarded) -> ForwardedAnswer:
        """Ask for a client; only what cannot have been done is asked of a second address."""
        repeatable = request.method in ("GET", "HEAD") or "idempotency-key" in request.headers
        return await self._any(request, FORWARD_S, repeatable=repeatable, own=False)

    async def _any(self, request: Forwarded, deadline_s: float, *, repeatable: bool, own: bool) -> ForwardedAnswer:
        until_s = self._clock() + deadline_s
        reason = f"no address is asked for {self._failover.again_s(self._clock()):.1f} s, all have failed"
        for url in self._failover.candidates(self._clock()):
            try:
                answer = await self._once(url, request, max(0.1, until_s - self._clock()), own=own)
            except (*_FAILURES, _Broken) as error:
                self._failover.failed(url, self._clock())
                reason = f"{url}: {str(error) or type(error).__name__}"
                if not (repeatable or isinstance(error, _NEVER_SENT)):
                    break
                continue
            self._failover.succeeded(url)
            return answer
        raise LogUnavailable(f"the API did not answer: {reason}")

    async def _once(self, url: str, request: Forwarded, deadline_s: float, *, own: bool) -> ForwardedAnswer:
        try:
            answer = await self._send(url, request, deadline_s)
        except (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError) as error:
            if not own or isinstance(error, aiohttp.ClientConnectorError):
                raise
            answer = await self._send(url, request, deadline_s)  # a connection kept alive had been closed over there
        if own and answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            raise _Broken(_detail(answer))
        return answer

    async def _send(self, url: str, request: Forwarded, deadline_s: float) -> ForwardedAnswer:
        timeout = aiohttp.ClientTimeout(total=deadline_s, sock_connect=CONNECT_S)
        async with self._session.request(
            request.method, URL(url + request.path, encoded=True), data=request.body or None, headers=request.headers,
            timeout=timeout, allow_redirects=False,
        ) as response:  # fmt: skip
            body = await _whole(response)
            return ForwardedAnswer(response.status, _lower(response.headers), body)


async def _whole(response: aiohttp.ClientResponse) -> bytes:
    body = bytearray()
    async for part in response.content.iter_any():
        body += part
        if len(body) > ANSWER_BYTES:
            raise _Broken(f"the answer has over {ANSWER_BYTES} bytes")
    return bytes(body)


def _lower(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


def _detail(answer: ForwardedAnswer) -> str:
    """What a problem document says."""
    try:
        return f"{answer.status}, {json.loads(answer.body)['detail']}"
    except (ValueError, TypeError, KeyError):
        return f"status {answer.status}"
