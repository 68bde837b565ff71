"""The client as its users see it."""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import AbstractAsyncContextManager, aclosing, asynccontextmanager
from functools import partial
from random import Random
from types import TracebackType
from typing import Any, Literal, Self

import aiohttp

from reference_impl.client.api import Api
from reference_impl.client.http import Http, base_url
from reference_impl.client.long_poll import long_poll, plain_poll
from reference_impl.client.message import Message
from reference_impl.client.segments import segments
from reference_impl.client.sse import sse
from reference_impl.client.stream import Follower, Time, Transport
from reference_impl.client.websocket import Connection, connect, websocket
from reference_impl.policy.retry import Retry, RetryConfig
from reference_impl.protocol.cursor import Cursor

REQUESTS = RetryConfig()
RECONNECTS = RetryConfig(base_s=0.2, cap_s=30.0, attempts_max=240)  # about an hour of outage

TransportName = Literal["auto", "websocket", "sse", "poll", "segments", "polling"]
"""`poll` is held by the server until there is something; `polling` is not. `segments` are of public streams only."""

_PUSHING = frozenset({"websocket", "sse"})
_TRANSPORTS = {"websocket": websocket, "sse": sse, "poll": long_poll, "segments": segments}
_ON_REQUEST = {"polling": plain_poll}  # never chosen automatically: long polling is better wherever both work


class Client:
    """A connection pool to one server with one token; use it as a context manager."""

    def __init__(
        self,
        url: str,
        *,
        token: str | None = None,
        retry: RetryConfig = REQUESTS,
        reconnect: RetryConfig = RECONNECTS,
        seed: int | None = None,
    ) -> None:
        self._url = base_url(url)
        self._token = token
        self._retry = retry
        self._reconnect = reconnect
        self._rng = Random(seed)

    async def __aenter__(self) -> Self:
        # A follower keeps its connection; a limit would leave the hundredth one waiting for ever.
        self._session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0))
        self._http = Http(self._session, self._url, self._token)
        self._api = Api(self._http, self._retry, self._rng)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._session.close()

    async def follow(
        self,
        stream: str,
        cursor: str | Cursor | None = None,
        transport: TransportName = "auto",
        *,
        fill_gaps: bool = False,
        room: str | None = None,
    ) -> AsyncGenerator[Message, None]:
        """Messages after the cursor (without one: from now on), each once and in order, through every loss.

        A `shed` tells of a range of the log that only some of was shown of, on purpose. A connection that ends within
        one is followed by all of it again: what is then new comes late, and nothing comes twice.

        A `gap` is a message too; with ``fill_gaps`` its comments, as they are now, are read from history and come in
        its place. What became of earlier comments meanwhile, edited or deleted, is not among them.

        A large stream has rooms; those who name the same ``room`` meet there. Segments know none.
        """
        start = await self._start(stream, cursor)
        history = self._history(stream) if fill_gaps else None
        retry = Retry(self._reconnect, self._rng)
        time = Time(asyncio.get_running_loop().time, asyncio.sleep)
        follower = Follower(self._transports(stream, transport, room), start, retry, time, history)
        async with aclosing(follower.messages()) as messages:
            async for message in messages:
                yield message

    def connect(
        self, stream: str, cursor: str | Cursor | None = None, *, room: str | None = None
    ) -> AbstractAsyncContextManager[Connection]:
        """One WebSocket, to follow and to post over, for as long as it lasts."""
        return self._connected(stream, cursor, room)

    async def post(
        self,
        stream: str,
        text: str,
        *,
        key: str | None = None,
        parent_id: str | None = None,
        author: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        """Store a comment once, however often it has to be sent; a held one has the status `held`."""
        return await self._api.post(stream, text, key=key, parent_id=parent_id, author=author)

    async def react(self, stream: str, emoji: str, *, comment_id: str | None = None, given: bool = True) -> None:
        """React to a comment, or to the stream itself; or take that back."""
        await self._api.react(stream, emoji, comment_id=comment_id, given=given)

    def history(self, stream: str, *, after: str | Cursor | None = None) -> AsyncGenerator[Message, None]:
        """The comments as they are now, oldest first, from the stream's beginning or after a cursor."""
        return self._api.history(stream, after=after)

    async def head(self, stream: str) -> Cursor:
        """The stream's newest position."""
        return await self._api.head(stream)

    async def development_token(self, user: str, *allow: str, streams: tuple[str, ...] = ("*",)) -> str:
        """A token from a development server, to read and post unless more is asked for."""
        return await self._api.development_token(user, *allow, streams=streams)

    async def _start(self, stream: str, cursor: str | Cursor | None) -> Cursor:
        """Whoever follows from now on needs to know where that is: the first connection may break at once."""
        if cursor is None:
            return await self._api.head(stream)
        return cursor if isinstance(cursor, Cursor) else Cursor.parse(cursor)

    def _history(self, stream: str) -> Any:
        return lambda after: self._api.history(stream, after=after)

    def _transports(self, stream: str, name: TransportName, room: str | None) -> list[Transport]:
        known = _TRANSPORTS | _ON_REQUEST
        if name != "auto" and name not in known:
            raise ValueError(f"the transports are auto, {', '.join(known)}; got {name!r}")
        chosen = _TRANSPORTS if name == "auto" else {name: known[name]}
        return [self._transport(stream, each, source, room) for each, source in chosen.items()]

    def _transport(self, stream: str, name: str, source: Any, room: str | None) -> Transport:
        """Segments are the same for everybody: there are none of private streams, and none of a room."""
        public = name == "segments"
        own = {} if public else {"room": room}
        return Transport(name, partial(source, self._http, stream, **own), pushes=name in _PUSHING, for_all=not public)

    @asynccontextmanager
    async def _connected(
        self, stream: str, cursor: str | Cursor | None, room: str | None
    ) -> AsyncGenerator[Connection, None]:
        async with connect(self._http, stream, await self._start(stream, cursor), room=room) as connection:
            yield connection
