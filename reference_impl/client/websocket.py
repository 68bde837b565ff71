"""One WebSocket: messages down; posts, reactions and typing hints up, each with an answer."""

import asyncio
import itertools
import uuid
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any, NoReturn

import aiohttp

from reference_impl.client.failures import Ended, Lost, Refused
from reference_impl.client.http import Http, lost
from reference_impl.client.message import Message, after, read_lines
from reference_impl.protocol.cursor import Cursor

SUBPROTOCOL = "livecomments.v1"
MESSAGE_BYTES = 8 * 1024 * 1024  # a busy window's frame, with room
FRAMES_MAX = 16  # read and not yet taken; after that the socket is left alone, and the server decides
IN_FLIGHT_MAX = 8  # half of what the server allows
ANSWER_S = 20.0
CLOSE_S = 1.0
REASONS = {4401: "token_expired", 4403: "forbidden"}


class Connection:
    """A WebSocket as long as it lasts: iterate over it for messages; it does not connect again by itself.

    Answers are read with the messages: who posts over a connection must also take what comes over it.
    """

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._batches: asyncio.Queue[list[Message] | Lost | Ended] = asyncio.Queue(FRAMES_MAX)
        self._answers: dict[str, asyncio.Future[dict[str, Any]]] = {}
        self._free = asyncio.Semaphore(IN_FLIGHT_MAX)
        self._references = map(str, itertools.count(1))
        self._over: Lost | Ended | None = None

    async def __aiter__(self) -> AsyncIterator[Message]:
        async for messages in self.batches():
            for message in messages:
                yield message

    async def batches(self) -> AsyncGenerator[list[Message], None]:
        """Messages as they arrive together; Lost or Ended says why no more come."""
        while True:
            batch = await self._batches.get()
            if not isinstance(batch, list):
                self._batches.put_nowait(batch)  # for whoever asks next
                raise batch
            yield batch

    async def post(self, text: str, *, key: str | None = None, parent_id: str | None = None) -> dict[str, Any]:
        """Store a comment; after Lost repeat it with the same key, over a new connection or `Client.post`."""
        data = {"text": text} | ({"parent_id": parent_id} if parent_id else {})
        return await self._ask({"type": "post", "idempotency_key": key or str(uuid.uuid4()), "data": data})

    async def react(self, emoji: str, *, comment_id: str | None = None, given: bool = True) -> None:
        """React to a comment, or to the stream itself; or take that back."""
        await self._ask({"type": "react", "data": {"emoji": emoji, "comment_id": comment_id, "given": given}})

    async def authenticate(self, token: str) -> dict[str, Any]:
        """Go on with another token, before the one in use expires."""
        return await self._ask({"type": "auth", "token": token})

    async def typing(self) -> None:
        """Let the others know that something is being written; nobody answers."""
        await self._send({"type": "typing"})

    async def read(self) -> None:
        """Take what comes, until nothing more does; whoever opened the connection sees to that."""
        try:
            await self._read_frames()
        except (Lost, Ended) as over:
            self._over = over
        except (aiohttp.ClientError, OSError) as error:  # a pong, too, may find that the connection has gone
            self._over = lost("the WebSocket", error)
        for answer in self._answers.values():
            if not answer.done():
                answer.set_exception(self._over or Lost("the connection was closed"))
        await self._batches.put(self._over or Lost("the connection was closed"))

    async def _read_frames(self) -> None:
        while True:
            frame = await self._socket.receive()
            if frame.type is not aiohttp.WSMsgType.TEXT:
                self._closed(frame)
            try:
                messages = read_lines(frame.data)
            except ValueError as error:
                raise Lost(f"a WebSocket message cannot be read: {error}") from error
            told = [message for message in messages if not self._is_answer(message)]
            if told:
                await self._batches.put(told)

    def _closed(self, frame: aiohttp.WSMessage) -> NoReturn:
        code = self._socket.close_code
        if code in REASONS:
            raise Ended(REASONS[code])
        raise Lost(f"the WebSocket was closed with {code} {frame.extra or ''}".rstrip())

    def _is_answer(self, message: Message) -> bool:
        if message.event != "answer":
            return False
        answer = self._answers.get(str(message.data.get("ref")))
        if answer is not None and not answer.done():
            answer.set_result(message.data)
        return True

    async def _ask(self, said: dict[str, Any]) -> dict[str, Any]:
        reference = next(self._references)
        async with self._free:
            answer = self._answers[reference] = asyncio.get_running_loop().create_future()
            try:
                await self._send({**said, "ref": reference})
                async with asyncio.timeout(ANSWER_S):
                    given = await answer
            except TimeoutError as error:
                raise Lost(f"no answer in {ANSWER_S:g} s") from error
            finally:
                del self._answers[reference]
        status, body = int(given.get("status", 0)), given.get("body") or {}
        if status >= 400:
            raise Refused(status, body)
        return dict(body)

    async def _send(self, said: dict[str, Any]) -> None:
        if self._over is not None:
            raise self._over
        try:
            await self._socket.send_json(said)
        except (aiohttp.ClientError, OSError) as error:
            raise Lost(f"the WebSocket broke: {error}") from error


@asynccontextmanager
async def connect(
    http: Http, stream: str, cursor: Cursor | None, *, room: str | None = None
) -> AsyncIterator[Connection]:
    """A WebSocket that follows a stream after the cursor."""
    socket = await _open(http, stream, after(cursor, room))
    connection = Connection(socket)
    reading = asyncio.create_task(connection.read())
    try:
        yield connection
    finally:
        reading.cancel()
        with suppress(asyncio.CancelledError):
            await reading
        await socket.close()


async def websocket(
    http: Http, stream: str, cursor: Cursor | None, *, room: str | None = None
) -> AsyncGenerator[list[Message], None]:
    """Messages after the cursor (None: from now on), as they come, until the connection ends."""
    async with connect(http, stream, cursor, room=room) as connection:
        async for messages in connection.batches():
            yield messages


async def _open(http: Http, stream: str, params: dict[str, str]) -> aiohttp.ClientWebSocketResponse:
    url = http.of_stream(stream, "websocket")
    try:
        return await http.session.ws_connect(
            url,
            params=params,
            headers=http.headers,
            protocols=(SUBPROTOCOL,),
            max_msg_size=MESSAGE_BYTES,
            timeout=aiohttp.ClientWSTimeout(ws_close=CLOSE_S),
        )
    except aiohttp.WSServerHandshakeError as error:
        refused = Refused(error.status, {}, error.headers.get("Retry-After") if error.headers else None)
        if not refused.passing:
            await _ask_why(http, stream, params)
        raise refused from error
    except (aiohttp.ClientError, OSError) as error:
        raise lost(url, error) from error


async def _ask_why(http: Http, stream: str, params: dict[str, str]) -> None:
    """A refused handshake's body cannot be had, and a poll is refused for the same reasons: raise its problem."""
    async with http.answer("GET", http.of_stream(stream, "poll"), params={**params, "wait_s": "0"}):
        return
