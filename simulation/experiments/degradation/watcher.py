"""A viewer who reads all that is sent, and notes when: comments with when they were due, frames, sums of reactions."""

import asyncio
import re
import time
from array import array
from typing import cast
from urllib.parse import urlsplit

import numpy as np
from numpy.typing import NDArray

COMMENT = re.compile(rb"@@(\d+) (\d+) ")
SUMS = b"event: reactions"
FRAME_ENDS = b"\n\n\r\n"
SETTLE_S = 0.5  # no comment for so long: there is none under way
LAST_S = 10.0


class Watcher(asyncio.Protocol):
    def __init__(self, request: bytes) -> None:
        self._request = request
        self._rest = b""
        self._seen = array("d")  # number, due, seen of each comment
        self._sums_s = array("d")
        self._frames_s = array("d")
        self._there = asyncio.get_running_loop().create_future()

    @classmethod
    async def at(cls, url: str, stream: str) -> "Watcher":
        """One that has joined the stream."""
        address = urlsplit(url)
        request = f"GET /v1/streams/{stream}/events HTTP/1.1\r\nHost: bench\r\n\r\n".encode()
        loop = asyncio.get_running_loop()
        host, port = address.hostname or "127.0.0.1", address.port or 80
        _, watcher = await loop.create_connection(lambda: cls(request), host, port)
        await watcher._there
        return watcher

    async def settled(self) -> None:
        """Wait until nothing more comes of what has been posted."""
        until_s, before = time.monotonic() + LAST_S, -1
        while len(self._seen) != before and time.monotonic() < until_s:
            before = len(self._seen)
            await asyncio.sleep(SETTLE_S)

    def found(self, began_s: float) -> dict[str, NDArray[np.float64]]:
        """All by name, in s since then: ``seen`` of shape (n, 3), ``sums_s`` and ``frames_s``."""
        seen = np.array(self._seen).reshape(-1, 3)
        seen[:, 1:] -= began_s
        return {
            "seen": seen,
            "sums_s": np.array(self._sums_s) - began_s,
            "frames_s": np.array(self._frames_s) - began_s,
        }

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        cast(asyncio.Transport, transport).write(self._request)

    def data_received(self, data: bytes) -> None:
        now_s = time.monotonic()
        if not self._there.done():
            self._there.set_result(None)
        data = self._rest + data
        whole = data.rfind(FRAME_ENDS) + len(FRAME_ENDS)
        if whole < len(FRAME_ENDS):
            self._rest = data
            return
        data, self._rest = data[:whole], data[whole:]
        for found in COMMENT.finditer(data):
            self._seen.extend((int(found[1]), int(found[2]) / 1e9, now_s))
        self._sums_s.extend([now_s] * data.count(SUMS))
        self._frames_s.extend([now_s] * data.count(FRAME_ENDS))
