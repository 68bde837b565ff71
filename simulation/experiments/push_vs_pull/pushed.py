"""Viewers that are pushed to, for load tests: what a stretch of bytes says is worked out once for all of them."""

import asyncio
import json
from collections.abc import Callable
from functools import lru_cache
from typing import cast

from reference_impl.protocol.cursor import Cursor
from simulation.engines.sse_client import Decoder, Piece
from simulation.experiments.push_vs_pull.http import END

REMEMBERED = 1_024
UPGRADE = (
    "Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
)  # fmt: skip
TEXT, PING = 0x81, 0x89  # first bytes of whole frames (RFC 6455, section 5.2)
PONG = b"\x8a\x80\0\0\0\0"

NOTHING = Piece((), (), False)


class Pushed(asyncio.Protocol):
    """One connection; ``opened`` comes about with the response's headers, or fails with why there are none."""

    def __init__(self, request: bytes, take: Callable[[Piece], None]) -> None:
        self.transport: asyncio.Transport = cast(asyncio.Transport, None)
        self.opened: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._request = request
        self._take = take
        self._rest = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        self.transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        if self._rest:
            data = self._rest + data
        if not self.opened.done():
            head, found, data = data.partition(END)
            if not found:
                self._rest = head
                return
            self._answered(head)
        piece, self._rest = self._decode(data)
        if piece.seqs:
            self._take(piece)

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.opened.done():
            self.opened.set_exception(ConnectionError(f"not connected: {exc or 'the connection was closed'}"))

    def _answered(self, head: bytes) -> None:
        status = head.partition(b"\r\n")[0]
        if status[9:12] in (b"200", b"101"):
            self.opened.set_result(None)
        else:
            self.opened.set_exception(ConnectionError(f"the server answered {status[:80]!r}"))

    def _decode(self, data: bytes) -> tuple[Piece, bytes]:
        raise NotImplementedError


class SsePushed(Pushed):
    """``decoder`` is all viewers'."""

    decoder = Decoder()

    def _decode(self, data: bytes) -> tuple[Piece, bytes]:
        return self.decoder.decode(data) if data else (NOTHING, b"")


class WebSocketPushed(Pushed):
    """Answers pings, so that the server does not let it go."""

    def _decode(self, data: bytes) -> tuple[Piece, bytes]:
        piece, pings, rest = frames_in(data)
        for _ in range(pings):
            self.transport.write(PONG)
        return piece, rest


@lru_cache(maxsize=REMEMBERED)
def frames_in(data: bytes) -> tuple[Piece, int, bytes]:
    """What whole frames say, how many of them are pings, and the bytes after them."""
    seqs, pings, at = list[int](), 0, 0
    while (found := _frame(data, at)) is not None:
        kind, start, end = found
        pings += kind == PING
        if kind == TEXT:
            for line in data[start:end].split(b"\n"):
                message = json.loads(line)
                if message["event"] == "comment":
                    seqs.append(Cursor.parse(message["id"]).seq)
        at = end
    numbers = tuple(seqs)
    consecutive = bool(numbers) and numbers == tuple(range(numbers[0], numbers[0] + len(numbers)))
    return Piece(numbers, (), consecutive), pings, data[at:]


def _frame(data: bytes, at: int) -> tuple[int, int, int] | None:
    """The first byte of the frame there, and where its payload begins and ends; None: it is not all there."""
    if len(data) < at + 2:
        return None
    size, start = data[at + 1] & 0x7F, at + 2
    if size > 125:
        start += 2 if size == 126 else 8
        if len(data) < start:
            return None
        size = int.from_bytes(data[at + 2 : start])
    return (data[at], start, start + size) if len(data) >= start + size else None
