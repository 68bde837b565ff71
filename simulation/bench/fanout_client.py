"""The fan-out benchmark's load where there is no C compiler: speaks the lines of `native/client.c`, in Python.

Every byte of every viewer is read here, so its ceiling is lower: it is busy at some 200,000 deliveries/s, and says so
by its idle share.
"""

import asyncio
import json
import os
import re
import sys
import time
from typing import cast

import numpy as np
import uvloop

COMMENT = re.compile(rb"@@(\d+) (\d+) ")
TAIL = 64
OPENING_MAX = 64


class Viewer(asyncio.Protocol):
    """One connection; counts its bytes, and of what is sampled every comment."""

    def __init__(self, request: bytes, first_send: bytes, opened: "asyncio.Future[None]", sampled: bool) -> None:
        self._request = request
        self._first_send = first_send
        self._opened = opened
        self._sampled = sampled
        self._tail = b""
        self._transport: asyncio.Transport = cast(asyncio.Transport, None)
        self.clear()
        self.closed = False

    @property
    def sampled(self) -> bool:
        return self._sampled

    def clear(self) -> None:
        self.bytes = self.repeated = 0
        self.seen: set[int] = set()
        self.latencies_ms: list[float] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        self.bytes += len(data)
        if not self._opened.done():
            self._open(data)
        elif self._sampled:
            self._read(self._tail + data, time.monotonic_ns())

    def connection_lost(self, exc: Exception | None) -> None:
        self.closed = True
        if not self._opened.done():
            self._opened.set_exception(ConnectionError("a viewer was let go"))

    def _open(self, data: bytes) -> None:
        if b"\r\n\r\n" in data:
            self._transport.write(self._first_send)
            if data[9:12] in (b"200", b"101"):
                self._opened.set_result(None)
            else:
                self._opened.set_exception(ConnectionError(f"refused: {data[:60]!r}"))

    def _read(self, data: bytes, now_ns: int) -> None:
        end = 0
        for match in COMMENT.finditer(data):
            number, end = int(match[1]), match.end()
            self.repeated += number in self.seen
            self.seen.add(number)
            self.latencies_ms.append((now_ns - int(match[2])) / 1e6)
        self._tail = data[max(end, len(data) - TAIL) :]


class Load:
    def __init__(self, port: int, count: int, every: int, first_send: bytes, request: bytes) -> None:
        self._port = port
        self._first_send = first_send
        self._request = request
        self._sampled = [number % every == 0 for number in range(count)]
        self._viewers: list[Viewer] = []
        self._start_s = self._start_cpu_s = 0.0

    async def connect(self) -> None:
        opening = asyncio.Semaphore(OPENING_MAX)

        async def one(sampled: bool) -> None:
            async with opening:
                opened: asyncio.Future[None] = asyncio.get_running_loop().create_future()
                viewer = Viewer(self._request, self._first_send, opened, sampled)
                await asyncio.get_running_loop().create_connection(lambda: viewer, "127.0.0.1", self._port)
                await opened
                self._viewers.append(viewer)

        await asyncio.gather(*map(one, self._sampled))

    def obey(self, line: str) -> str | None:
        if line == "start":
            for viewer in self._viewers:
                viewer.clear()
            self._start_s, self._start_cpu_s = time.monotonic(), time.process_time()
            return "started"
        if line == "last":
            return str(min(len(viewer.seen) for viewer in self._viewers if viewer.sampled))
        return json.dumps(self._counts()) if line == "stop" else None

    def _counts(self) -> dict[str, float]:
        busy = (time.process_time() - self._start_cpu_s) / (time.monotonic() - self._start_s)
        sampled = [viewer for viewer in self._viewers if viewer.sampled]
        latencies = np.array([each for viewer in sampled for each in viewer.latencies_ms] or [0.0])
        return {
            "connections": len(self._viewers),
            "closed": sum(viewer.closed for viewer in self._viewers),
            "sampled": len(sampled),
            "comments": sum(len(viewer.seen) for viewer in sampled),
            "lost": sum(max(viewer.seen, default=0) - len(viewer.seen) for viewer in sampled),
            "repeated": sum(viewer.repeated for viewer in sampled),
            "bytes": sum(viewer.bytes for viewer in self._viewers),
            "bytes_min": min(viewer.bytes for viewer in self._viewers),
            "bytes_max": max(viewer.bytes for viewer in self._viewers),
            "p50_ms": float(np.percentile(latencies, 50)),
            "p99_ms": float(np.percentile(latencies, 99)),
            "max_ms": float(latencies.max()),
            "idle_share": 1 - busy,
        }


async def run(port: int, count: int, every: int, first_send: bytes) -> None:
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    request = (await reader.readuntil(b"\0"))[:-1]
    load = Load(port, count, every, b"" if first_send == b"-" else first_send, request)
    await load.connect()
    _say("ready")
    while (answer := load.obey((await reader.readline()).decode().strip())) is not None:
        _say(answer)


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    port, count, every, first_send = sys.argv[1:]
    uvloop.run(run(int(port), int(count), int(every), os.fsencode(first_send)))
