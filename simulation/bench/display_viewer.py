"""A viewer of a crowded stream that accounts for every event, and reads each stretch of bytes once for all."""

import asyncio
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import cast

from reference_impl.protocol.sse import SseParser

WORDS_BYTES = 23  # of an event as text, besides its name, its id and its data


@dataclass(frozen=True, slots=True)
class Piece:
    """What a stretch of bytes tells: events that were shown, and how far it accounts for all others."""

    shown: tuple[tuple[int, str, str], ...]  # seq, kind, the comment that is deleted
    to: int
    dropped: int
    sizes: tuple[tuple[str, int], ...]  # of each message: what it is, and its bytes


class Viewer(asyncio.Protocol):
    """One connection, which must account for every event from its first to its last."""

    def __init__(self, request: bytes, position: int, heard: Callable[["Viewer", Piece], None]) -> None:
        self._request = request
        self._heard = heard
        self._rest = b""
        self._open = False
        self.position = position
        self.bytes = self.shown = self.wrong = 0
        self.transport: asyncio.Transport = cast(asyncio.Transport, None)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        self.transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        data = self._rest + data
        if not self._open:
            _, found, body = data.partition(b"\r\n\r\n")
            if not found:
                self._rest = data
                return
            self._open, self._rest, data = True, b"", body
        self.bytes += len(data) - len(self._rest)
        whole = data.rfind(b"\n\n\r\n") + 4  # the end of the last HTTP chunk that is here whole
        self._rest = data[whole:] if whole > 3 else data
        if whole > 3:
            self._take(understood(data[:whole]))

    def _take(self, pieces: Sequence[Piece]) -> None:
        for piece in pieces:
            count = sum(seq > self.position for seq, _, _ in piece.shown)
            self.shown += sum(kind == "comment" for _, kind, _ in piece.shown)
            self.wrong += piece.to - self.position != count + piece.dropped
            self.position = piece.to
            self._heard(self, piece)


@lru_cache(maxsize=512)
def understood(data: bytes) -> tuple[Piece, ...]:
    """Read whole chunks of server-sent events; a message's position is its id, and that of those before it."""
    pieces: list[Piece] = []
    waiting: list[tuple[int, str, str]] = []
    sizes: list[tuple[str, int]] = []
    text = b"".join(line + b"\n" for line in data.split(b"\n") if not line.endswith(b"\r"))
    for event in SseParser().feed(text):
        if event.event in ("hello", "heartbeat", "viewers", "room", "typing", "reactions"):
            continue
        body = json.loads(event.data)
        sizes.append((event.event, len(event.data.encode()) + len(event.event + event.id) + WORDS_BYTES))
        if event.event == "shed":
            pieces.append(Piece(tuple(waiting), body["to"], body["dropped"], tuple(sizes)))
            waiting, sizes = [], []
            continue
        waiting.append((body["seq"], event.event, body.get("comment_id") or ""))
        if event.id:
            pieces.append(Piece(tuple(waiting), body["seq"], 0, tuple(sizes)))
            waiting, sizes = [], []
    return tuple(pieces)
