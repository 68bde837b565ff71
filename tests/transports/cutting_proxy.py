"""TCP proxies that make connections bad: one cuts them without a goodbye, one does not read what the server sends."""

import asyncio
import socket
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

RESET = struct.pack("ii", 1, 0)  # SO_LINGER of no time: closing sends a reset instead of an end
NARROW_BYTES = 4096  # what the kernel may hold for a proxy that does not read
ALL = 1 << 40


@asynccontextmanager
async def cutting_proxy(port: int, budget_bytes: Callable[[], int]) -> AsyncIterator[str]:
    """The address of a proxy that cuts each connection after so many bytes; ``budget_bytes`` is asked once for each."""

    async def budget() -> int:
        return budget_bytes()

    async with _proxy(port, budget, 0) as url:
        yield url


@asynccontextmanager
async def stalling_proxy(port: int, going_on: asyncio.Event) -> AsyncIterator[str]:
    """The address of a proxy that reads nothing from the server before ``going_on``."""

    async def budget() -> int:
        await going_on.wait()
        return ALL

    async with _proxy(port, budget, NARROW_BYTES) as url:
        yield url


@asynccontextmanager
async def _proxy(port: int, budget: Callable[[], Awaitable[int]], narrow_bytes: int) -> AsyncIterator[str]:
    connections: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connections.add(asyncio.current_task())
        up_reader, up_writer = await _connect(port, narrow_bytes)
        upward = asyncio.create_task(_copy(reader, up_writer, ALL))
        with suppress(asyncio.CancelledError):  # asyncio would log a handler that ends cancelled
            await _copy(up_reader, writer, await budget())
        upward.cancel()
        for each in (writer, up_writer):
            _reset(each)

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        for connection in connections:
            connection.cancel()
        await asyncio.gather(*connections, return_exceptions=True)


async def _connect(port: int, narrow_bytes: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    sock = socket.socket()
    sock.setblocking(False)
    if narrow_bytes:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, narrow_bytes)
    await asyncio.get_running_loop().sock_connect(sock, ("127.0.0.1", port))
    return await asyncio.open_connection(sock=sock, limit=narrow_bytes or 65536)


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, budget_bytes: int) -> None:
    """Copy until the end, or until the budget is spent."""
    with suppress(OSError):
        while budget_bytes > 0 and (data := await reader.read(min(budget_bytes, 65536))):
            writer.write(data)
            await writer.drain()
            budget_bytes -= len(data)


def _reset(writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    writer.transport.abort()
