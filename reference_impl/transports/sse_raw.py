"""Server-sent events written straight to the transport: no task, queue or encoding per viewer."""

import asyncio
import socket
from collections.abc import Awaitable, Callable
from typing import cast

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from reference_impl.policy.backpressure import BackpressureConfig, Gap, SocketQueue
from reference_impl.ports import Batch, LogUnavailable
from reference_impl.protocol.sse import LAST_CHUNK, chunk, gap_text, retry_text
from reference_impl.transports.handover import Connection

HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no", "Content-Type": "text/event-stream; charset=utf-8"}
RETRY_MS = 2_000

WRITE_BUFFER_BYTES = 64 * 1024  # the transport's own buffer; past it the viewer counts as slow
KERNEL_BUFFER_BYTES = 128 * 1024  # the kernel would otherwise hide megabytes of lag
DEAD_PEER_MS = 30_000  # unacknowledged data for this long means that nobody is there (RFC 5482)


class RawSseViewer(asyncio.Protocol):
    """One viewer's socket; a full one queues under the backpressure policy until it drains."""

    __slots__ = ("_backlog", "_config", "_epoch", "_paused", "_transport", "on_close")

    def __init__(self, config: BackpressureConfig, epoch: int) -> None:
        self._config = config
        self._epoch = epoch
        self._transport: asyncio.Transport = cast(asyncio.Transport, None)
        self._backlog: SocketQueue[Batch] | None = None
        self._paused = False
        self.on_close: Callable[[], None] | None = None

    @property
    def closed(self) -> bool:
        return self._transport.is_closing()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._transport.set_write_buffer_limits(high=WRITE_BUFFER_BYTES)
        _bound_kernel_buffers(transport.get_extra_info("socket"))

    def connection_lost(self, exc: Exception | None) -> None:
        self._backlog = None
        if self.on_close is not None:
            self.on_close()

    def deliver(self, batch: Batch) -> None:
        if self._backlog is None:
            self._transport.write(batch.payload)
        elif not self._backlog.offer(batch, first=batch.first, last=batch.last, size_bytes=len(batch.payload)):
            self._transport.abort()

    def announce(self, text: str) -> None:
        """A slow viewer is not told: it has enough to read, and its heartbeat is the data."""
        if self._backlog is None:
            self._transport.write(chunk(text))

    def close(self) -> None:
        if self._backlog is None:
            self._transport.write(LAST_CHUNK)
        self._transport.close()

    def pause_writing(self) -> None:
        self._paused = True
        if self._backlog is None:
            self._backlog = SocketQueue(self._config)

    def resume_writing(self) -> None:
        self._paused = False
        while self._backlog is not None and not self._paused:
            gap, batch = self._backlog.take()
            if gap is not None:
                self._transport.write(chunk(self._gap_text(gap)))
            if batch is not None:
                self._transport.write(batch.payload)
            elif not self._paused:
                self._backlog = None

    def _gap_text(self, gap: Gap) -> str:
        return gap_text(self._epoch, gap.first, gap.last, "slow")


def _bound_kernel_buffers(sock: socket.socket | None) -> None:
    if sock is None or sock.family == getattr(socket, "AF_UNIX", None):
        return
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, KERNEL_BUFFER_BYTES)
    if hasattr(socket, "TCP_USER_TIMEOUT"):
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, DEAD_PEER_MS)


Join = Callable[[RawSseViewer], Awaitable[Callable[[], None]]]


class RawSseResponse(Response):
    """Sends the headers, hands the socket to a viewer, joins the stream and ends the ASGI call."""

    def __init__(self, viewer: RawSseViewer, join: Join) -> None:
        super().__init__(headers=HEADERS)
        del self.headers["content-length"]
        self._viewer = viewer
        self._join = join

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        connection: Connection = scope["state"]["connection"]
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        if not connection.hand_over(self._viewer):
            return
        self._viewer.announce(retry_text(RETRY_MS))
        try:
            leave = await self._join(self._viewer)
        except LogUnavailable:
            self._viewer.close()  # the client comes back by itself, with the same cursor
            return
        self._viewer.on_close = leave
        if self._viewer.closed:  # it left while it was catching up, before anybody listened for that
            leave()
