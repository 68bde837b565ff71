"""A TCP proxy in front of any address, whose network can be made bad while it runs.

What one side sends is read no faster than the other takes it, so backpressure passes through and nothing piles up here:
a direction holds at most one piece, and what is on its way while a delay lasts.
"""

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from random import Random

PIECE_BYTES = 64 * 1024
UNDERWAY_MAX = 256  # pieces that a delay holds, in one direction


class TcpProxy:
    """``delay_s`` and ``jitter_s`` are one way; ``bytes_per_s`` 0: no limit; ``cut_off``: nothing arrives any more."""

    def __init__(self, host: str, port: int, seed: int = 0) -> None:
        self.delay_s = 0.0
        self.jitter_s = 0.0
        self.bytes_per_s = 0.0
        self._target = (host, port)
        self._rng = Random(seed)
        self._passes = asyncio.Event()
        self._passes.set()
        self._connections: set[asyncio.Task[None]] = set()
        self.port = 0

    @property
    def cut_off(self) -> bool:
        return not self._passes.is_set()

    @cut_off.setter
    def cut_off(self, value: bool) -> None:
        if value:
            self._passes.clear()
        else:
            self._passes.set()

    @asynccontextmanager
    async def running(self) -> AsyncIterator["TcpProxy"]:
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()
            self.cut()
            await asyncio.gather(*self._connections, return_exceptions=True)

    def cut(self) -> None:
        """End all connections at once."""
        for connection in self._connections:
            connection.cancel()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        with suppress(OSError, asyncio.CancelledError):  # a connection that is cut has ended, and that is all
            up_reader, up_writer = await asyncio.open_connection(*self._target)
            try:
                async with asyncio.TaskGroup() as both:
                    both.create_task(self._carry(reader, up_writer))
                    both.create_task(self._carry(up_reader, writer))
            except* OSError:
                pass
            finally:
                up_writer.transport.abort()
        writer.transport.abort()
        self._connections.discard(task)

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Pass on one direction until it ends."""
        underway: deque[tuple[float, bytes]] = deque()
        changed = asyncio.Condition()

        async def deliver() -> None:
            while True:
                async with changed:
                    await changed.wait_for(lambda: bool(underway))
                    due_s, piece = underway[0]
                await asyncio.sleep(due_s - time.monotonic())
                await self._passes.wait()
                if not piece:
                    writer.write_eof()
                    return
                writer.write(piece)
                await writer.drain()
                async with changed:
                    underway.popleft()
                    changed.notify_all()

        async def take() -> None:
            due_s = 0.0
            while True:
                piece = await reader.read(PIECE_BYTES)
                now = time.monotonic()
                due_s = max(due_s, now + self._takes_s())  # TCP keeps the order
                if piece and due_s <= now and not underway and not self.cut_off and not self.bytes_per_s:
                    writer.write(piece)  # as nearly always: a good network must cost little
                    await writer.drain()
                    continue
                async with changed:
                    await changed.wait_for(lambda: len(underway) < UNDERWAY_MAX)
                    underway.append((due_s, piece))
                    changed.notify_all()
                if not piece:
                    return
                if self.bytes_per_s:
                    await asyncio.sleep(len(piece) / self.bytes_per_s)

        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(deliver())
            tasks.create_task(take())

    def _takes_s(self) -> float:
        return self.delay_s + self._rng.random() * self.jitter_s
