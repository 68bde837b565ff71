"""Readers that do not keep up: each reads a little now and then, and comes back when it has been let go."""

import asyncio
import socket
import time
from contextlib import suppress
from random import Random
from urllib.parse import urlsplit

from reference_impl.policy.retry import Retry, RetryConfig
from reference_impl.protocol.cursor import Cursor
from reference_impl.protocol.sse import SseParser
from simulation.engines.sse_client import Tally, piece_of
from simulation.experiments.backpressure.plan import RECEIVE_BYTES
from simulation.model.socket_viewer import Reading

READ_MAX = 1 << 20
RETRY = RetryConfig(base_s=0.2, cap_s=5.0)


class Dechunker:
    """Takes the framing off a chunked body (RFC 9112, section 7.1) as its bytes come, whole chunks or not."""

    def __init__(self) -> None:
        self._rest = b""
        self._left = 0  # of the chunk at hand, with the line's end behind it

    def feed(self, data: bytes) -> bytes:
        self._rest += data
        bodies = []
        while self._rest:
            if not self._left:
                line, end, rest = self._rest.partition(b"\r\n")
                if not end:
                    break
                self._left, self._rest = int(line, 16) + 2, rest
            taken = self._rest[: self._left]
            bodies.append(taken[: max(0, self._left - 2)])
            self._left -= len(taken)
            self._rest = self._rest[len(taken) :]
        return b"".join(bodies)


class SlowReader:
    """``began_s`` is when the run began, which stalls are counted from."""

    def __init__(self, url: str, stream: str, start: Cursor, reading: Reading, rng: Random) -> None:
        address = urlsplit(url)
        self.tally = Tally(start.seq + 1)
        self.reconnects = self.bytes = 0
        self.began_s = float("inf")
        self.connected = asyncio.Event()
        self._host, self._port = address.hostname or "127.0.0.1", address.port or 80
        self._path = f"/v1/streams/{stream}/events"
        self._epoch = start.epoch
        self._reading = reading
        self._retry = Retry(RETRY, rng)

    async def follow(self) -> None:
        while True:
            with suppress(ConnectionError):
                await self._connection()
            self.reconnects += 1
            again_at = self._retry.failed(time.monotonic())
            if again_at is None:
                return
            await asyncio.sleep(again_at - time.monotonic())

    async def _connection(self) -> None:
        loop, sock = asyncio.get_running_loop(), socket.socket()
        try:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BYTES)
            sock.setblocking(False)
            await loop.sock_connect(sock, (self._host, self._port))
            await loop.sock_sendall(sock, self._request())
            head = b""
            while b"\r\n\r\n" not in head:
                head += await self._more(sock)
            self._retry.succeeded()
            self.connected.set()
            await self._read(sock, head.partition(b"\r\n\r\n")[2])
        finally:
            sock.close()

    async def _more(self, sock: socket.socket) -> bytes:
        data = await asyncio.get_running_loop().sock_recv(sock, 4096)
        if not data:
            raise ConnectionError
        return data

    async def _read(self, sock: socket.socket, data: bytes) -> None:
        """Read at every tick what the rate allows; ends with the connection."""
        chunks, events = Dechunker(), SseParser()
        due_s = time.monotonic()
        self._take(chunks, events, data)
        while True:
            due_s += self._reading.tick_s
            await asyncio.sleep(max(0.0, due_s - time.monotonic()))
            if self._reading.stalled(time.monotonic() - self.began_s):
                continue
            most = int(min(READ_MAX, self._reading.bytes_per_s * self._reading.tick_s))
            while most > 0:
                try:
                    data = sock.recv(most)
                except BlockingIOError:
                    break
                if not data:
                    return
                most -= len(data)
                self._take(chunks, events, data)

    def _take(self, chunks: Dechunker, events: SseParser, data: bytes) -> None:
        self.bytes += len(data)
        for event in events.feed(chunks.feed(data)):  # each by itself: a gap may stand between comments
            self.tally.take(piece_of([event]))

    def _request(self) -> bytes:
        lines = (
            f"GET {self._path} HTTP/1.1", f"Host: {self._host}:{self._port}", "Accept: text/event-stream",
            f"Last-Event-ID: {Cursor(self._epoch, self.tally.next_seq - 1)}", "", "",
        )  # fmt: skip
        return "\r\n".join(lines).encode()
