"""A load generator for small requests: an HTTP/1.1 client that does no more than it must, so as not to be the limit.

Closed loop: every connection sends its next request when the last one is answered, which finds the most that a server
does. Open loop: requests are due at fixed times and their latency counts from then, so that a slow server cannot hide
behind a waiting client (Tene, "How NOT to Measure Latency", 2013).
"""

import asyncio
import time
from bisect import bisect_right
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import cast
from urllib.parse import urlsplit

END_OF_HEAD = b"\r\n\r\n"
TICK_S = 0.001
ANSWER_MAX_S = 15.0


@dataclass(slots=True)
class Answers:
    """What came back: latencies of good answers in seconds, and the first bad one.

    ``took_s`` is from when the first request was due to the last answer, of an open loop.
    """

    latency_s: list[float] = field(default_factory=list)
    bad: int = 0
    first_bad: bytes = b""
    took_s: float = 0.0

    def add(self, answer: bytes, latency_s: float) -> None:
        if answer[9:10] == b"2":
            self.latency_s.append(latency_s)
        else:
            self.bad += 1
            self.first_bad = self.first_bad or answer[:500]


class Connection(asyncio.Protocol):
    """One request at a time; ``closed`` once the server has had enough of an idle one."""

    def __init__(self, done: "Callable[[Connection, bytes], None]") -> None:
        self._done = done
        self._received = b""
        self._transport: asyncio.WriteTransport | None = None
        self.due_s = 0.0
        self.closed = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.WriteTransport, transport)

    def send(self, request: bytes, due_s: float) -> None:
        assert self._transport is not None
        self.due_s = due_s
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, found, body = self._received.partition(END_OF_HEAD)
        if not found or len(body) < _content_length(head):
            return
        answer, self._received = self._received, b""
        self._done(self, answer)

    def connection_lost(self, exc: Exception | None) -> None:
        self.closed = True

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()


def _content_length(head: bytes) -> int:
    return int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0] or 0)


def request_bytes(method: str, path: str, token: str = "", body: bytes = b"", key: str = "") -> bytes:
    """One request, ready for the socket."""
    lines = [f"{method} {path} HTTP/1.1", "Host: bench", f"Content-Length: {len(body)}"]
    lines += ["Content-Type: application/json"] if body else []
    lines += [f"Authorization: Bearer {token}"] if token else []
    lines += [f"Idempotency-Key: {key}"] if key else []
    return "\r\n".join(lines).encode() + END_OF_HEAD + body


async def closed_loop(url: str, connections: int, seconds: float, next_request: Callable[[], bytes]) -> Answers:
    """Keep every connection busy for a while."""
    answers, end_s, open_ = Answers(), time.monotonic() + seconds, connections
    finished = asyncio.Event()

    def done(connection: Connection, answer: bytes) -> None:
        nonlocal open_
        now = time.monotonic()
        answers.add(answer, now - connection.due_s)
        if now < end_s:
            connection.send(next_request(), now)
            return
        open_ -= 1
        if not open_:
            finished.set()

    pool = await connect(url, connections, done)
    for connection in pool:
        connection.send(next_request(), time.monotonic())
    await _finish(finished, seconds, pool)
    return answers


async def open_loop(
    url: str, connections: int, seconds: float, rate: float, next_request: Callable[[], bytes]
) -> Answers:
    """Send ``rate`` requests a second, whatever becomes of them."""
    return await at_times(url, connections, [number / rate for number in range(int(rate * seconds))], next_request)


async def at_times(url: str, connections: int, due_s: Sequence[float], next_request: Callable[[], bytes]) -> Answers:
    """Send a request at each of these times from now; one that finds no free connection waits for it."""
    answers, total = Answers(), len(due_s)
    free: deque[Connection] = deque()
    finished = asyncio.Event()
    sent = 0

    def done(connection: Connection, answer: bytes) -> None:
        answers.add(answer, time.monotonic() - connection.due_s)
        free.append(connection)
        if len(answers.latency_s) + answers.bad == total:
            answers.took_s = time.monotonic() - start_s
            finished.set()

    pool = await connect(url, connections, done)
    free.extend(pool)
    start_s = time.monotonic()
    while sent < total:
        due = bisect_right(due_s, time.monotonic() - start_s)
        while sent < due and free:
            free.popleft().send(next_request(), start_s + due_s[sent])
            sent += 1
        await asyncio.sleep(TICK_S)
    await _finish(finished, 0.0, pool)
    return answers


async def connect(url: str, count: int, done: Callable[[Connection, bytes], None]) -> list[Connection]:
    loop, (host, _, port) = asyncio.get_running_loop(), urlsplit(url).netloc.partition(":")
    made = [await loop.create_connection(lambda: Connection(done), host, int(port)) for _ in range(count)]
    return [protocol for _, protocol in made]


async def _finish(finished: asyncio.Event, seconds: float, pool: list[Connection]) -> None:
    """Wait for the last answers, and not for ever."""
    try:
        await asyncio.wait_for(finished.wait(), seconds + ANSWER_MAX_S)
    finally:
        for connection in pool:
            connection.close()
