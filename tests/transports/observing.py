"""Observers that follow over one transport and keep everything, twice if it comes twice: nothing is forgiven here."""

import asyncio
import random
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import aclosing, asynccontextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import aiohttp

from reference_impl.client import Client, Lost, Message, Refused
from reference_impl.client.http import Http
from reference_impl.client.long_poll import long_poll, plain_poll
from reference_impl.client.segments import segments
from reference_impl.client.sse import sse
from reference_impl.client.websocket import websocket
from reference_impl.policy.retry import RetryConfig
from reference_impl.protocol.cursor import Cursor
from tests.server.conftest import DEADLINE_S, ServerProcess

QUICK = RetryConfig(base_s=0.01, cap_s=0.2, attempts_max=1_000)
CASES = (
    ("raw", "sse"),
    ("raw", "websocket"),
    ("raw", "poll"),
    ("raw", "polling"),
    ("raw", "segments"),
    ("plain", "sse"),
    ("edge", "sse"),
    ("edge", "websocket"),
    ("edge", "poll"),
    ("edge", "polling"),
)
PROMPT = tuple(case for case in CASES if case[1] != "segments")  # these know the log's end and not only its last second
TRANSPORTS = ("sse", "websocket", "poll", "polling")  # they greet, and tell what happens as it happens
POSTERS = 4


async def brief(pause_s: float) -> None:
    """Polls at a test's pace instead of the server's."""
    await asyncio.sleep(min(pause_s, 0.01))


async def short(pause_s: float) -> None:
    """The same for manifests, which the server makes a few times a second."""
    await asyncio.sleep(min(pause_s, 0.1))


SOURCES = {
    "sse": sse,
    "websocket": websocket,
    "poll": partial(long_poll, pause=brief),
    "polling": partial(plain_poll, pause=brief),
    "segments": partial(segments, pause=short),
}


@dataclass(frozen=True)
class Case:
    """A server, and the transport to be used."""

    server: ServerProcess
    transport: str

    @property
    def cached(self) -> bool:
        """Whether what it tells is the same for all, and some seconds old."""
        return self.transport == "segments"


def run(work: Coroutine[Any, Any, Any]) -> Any:
    """Run a test's coroutine, and let it fail instead of hanging."""
    return asyncio.run(asyncio.wait_for(work, 2 * DEADLINE_S))


@asynccontextmanager
async def requests(url: str, token: str | None = None) -> AsyncIterator[Http]:
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        yield Http(session, url, token)


async def collect(
    http: Http,
    transport: str,
    stream: str,
    cursor: Cursor | None,
    last: int,
    got: list[Message] | None = None,
    most: int | None = None,
) -> list[Message]:
    """What one connection tells that has a cursor, up to the event ``last`` or until ``most`` messages are there.

    Lost when the connection ends before; ``got`` then holds what came.
    """
    got = [] if got is None else got
    kept = 0
    async with aclosing(SOURCES[transport](http, stream, cursor)) as batches:
        async for batch in batches:
            for message in batch:
                if message.cursor is not None:
                    got.append(message)
                    kept += 1
                if kept == most:
                    return got
            if got and got[-1].cursor.seq >= last:
                return got
    raise Lost("the connection ended")


async def collect_through_losses(
    http: Http,
    transport: str,
    stream: str,
    cursor: Cursor,
    last: int,
    most: Callable[[], int | None] = lambda: None,
) -> list[Message]:
    """The same over as many connections as it takes, each going on where the one before has ended."""
    got: list[Message] = []
    while not got or got[-1].cursor.seq < last:
        place = got[-1].cursor if got else cursor
        with suppress(Lost):
            try:
                await collect(http, transport, stream, place, last, got, most())
            except Refused as refused:
                if not refused.passing:
                    raise
                await brief(1.0)
    return got


async def follow_until(
    client: Client, stream: str, cursor: Cursor, transport: str, last: int, **options: bool
) -> list[Message]:
    """What the client itself shows that has a cursor, up to the event ``last``."""
    got: list[Message] = []
    async with aclosing(client.follow(stream, cursor, transport, **options)) as messages:
        async for message in messages:
            if message.cursor is not None:
                got.append(message)
            if got and got[-1].cursor.seq >= last:
                break
    return got


def seqs(messages: list[Message]) -> list[int]:
    return [message.cursor.seq for message in messages]


def triples(messages: list[Message]) -> list[tuple[str, str, dict[str, Any]]]:
    return [(message.event, message.id, message.data) for message in messages]


@dataclass
class Posting:
    """Posts ``total`` numbered comments, several at a time; `on_stored` is told how many there are, after each."""

    client: Client
    stream: str
    total: int
    on_stored: Callable[[int], None] = lambda _: None
    stored: list[dict[str, Any]] = field(default_factory=list)

    async def run(self) -> None:
        numbers = iter(range(self.total))
        await asyncio.gather(*(self._post(numbers) for _ in range(POSTERS)))

    async def _post(self, numbers: Any) -> None:
        for number in numbers:
            self.stored.append(await self.client.post(self.stream, f"{number}"))
            self.on_stored(len(self.stored))


@asynccontextmanager
async def client_of(server: ServerProcess, user: str = "Ada", *allow: str) -> AsyncIterator[Client]:
    """A client that reconnects at a test's pace."""
    token = await asyncio.to_thread(server.token, user, *allow)
    async with Client(server.url, token=token, retry=QUICK, reconnect=QUICK, seed=1) as client:
        yield client


def rng_of(case: Case) -> random.Random:
    """The same moments in every run, other ones for each transport."""
    return random.Random(case.transport)
