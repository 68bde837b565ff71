"""Requests to one server with one token, and their failures under the client's own names."""

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import quote, urlsplit

import aiohttp

from reference_impl.client.failures import Lost, Refused

CONNECT_S = 10.0
ANSWER_S = 30.0  # for a request that is not held
PROBLEM_BYTES = 64 * 1024  # of a refusal that are read
ANSWER_BYTES = 16 * 1024 * 1024  # the largest page, many times over


def base_url(url: str) -> str:
    """Where a server is, as http://127.0.0.1:8080; ValueError if that cannot be."""
    if urlsplit(url).scheme not in ("http", "https"):
        raise ValueError(f"the server's address begins with http:// or https://, got {url[:100]!r}")
    return url.rstrip("/")


class Http:
    """``url`` is a `base_url`."""

    def __init__(self, session: aiohttp.ClientSession, url: str, token: str | None) -> None:
        self.session = session
        self._url = url
        self._token = token

    def of_stream(self, stream: str, what: str) -> str:
        """The address of something of a stream."""
        return f"{self._url}/v1/streams/{quote(stream, safe='')}/{what}"

    @property
    def headers(self) -> dict[str, str]:
        """What every request carries."""
        return {"Authorization": f"Bearer {self._token}"} if self._token else {}

    @asynccontextmanager
    async def answer(
        self,
        method: str,
        url: str,
        *,
        params: Mapping[str, str] | None = None,
        body: object = None,
        headers: Mapping[str, str] | None = None,
        total_s: float | None = ANSWER_S,
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """An answer, however long its body takes; Refused if it is a refusal, Lost if it does not come or breaks."""
        timeout = aiohttp.ClientTimeout(total=total_s, sock_connect=CONNECT_S)
        fields = self.headers | dict(headers or {})
        try:
            async with self.session.request(
                method, self._absolute(url), params=params, json=body, headers=fields, timeout=timeout
            ) as response:
                if response.status >= 400:
                    raise await _refusal(response)
                yield response
        except (aiohttp.ClientError, OSError) as error:
            raise lost(f"{method} {url}", error) from error

    async def ask(self, method: str, url: str, **options: Any) -> tuple[int, dict[str, Any]]:
        """The status and the JSON object of an answer."""
        async with self.answer(method, url, **options) as response:
            return response.status, await read_object(response)

    def _absolute(self, url: str) -> str:
        return url if url.startswith(self._url) else self._url + url


def lost(what: str, error: Exception) -> Lost:
    """A failure of the network under the client's own name."""
    reason = f"{what}: {str(error) or type(error).__name__}"
    return Lost(reason, reached=not isinstance(error, aiohttp.ClientConnectorError))


async def read_object(response: aiohttp.ClientResponse) -> dict[str, Any]:
    """The JSON object of an answer, {} if it has no body; what is too large or something else counts as lost."""
    try:
        raw = await _read(response, ANSWER_BYTES)
        value = json.loads(raw) if raw else {}
    except ValueError as error:
        raise Lost(f"{response.url}: {error}") from error
    if not isinstance(value, dict):
        raise Lost(f"{response.url}: the answer is no JSON object")
    return value


async def _refusal(response: aiohttp.ClientResponse) -> Refused:
    problem: Any = {}
    if response.content_type == "application/problem+json":
        try:
            problem = json.loads(await _read(response, PROBLEM_BYTES))
        except ValueError:
            problem = {}
    return Refused(response.status, problem if isinstance(problem, dict) else {}, response.headers.get("Retry-After"))


async def _read(response: aiohttp.ClientResponse, size_max: int) -> bytes:
    """All of a body; ValueError if it is larger."""
    raw = bytearray()
    async for part in response.content.iter_any():
        raw += part
        if len(raw) > size_max:
            raise ValueError(f"the answer has over {size_max} bytes")
    return bytes(raw)
