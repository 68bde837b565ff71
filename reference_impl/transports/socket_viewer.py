"""A viewer whose socket the hub writes to itself: no task, queue or encoding per viewer while it keeps up."""

import asyncio
import socket
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from reference_impl.policy.backpressure import BackpressureConfig, EdgeQueues, SocketQueue
from reference_impl.protocol.message import Frame, Parting, gap

if TYPE_CHECKING:
    from reference_impl.transports.lane import Lane

KERNEL_BUFFER_BYTES = 128 * 1024  # the kernel would otherwise hide megabytes of lag
UNSENT_BYTES = 64 * 1024  # of that, what may wait behind what the peer has not acknowledged (TCP_NOTSENT_LOWAT)
DEAD_PEER_MS = 30_000  # unacknowledged data for this long means that nobody is there (RFC 5482)


@dataclass(frozen=True, slots=True)
class Pressure:
    """What bounds a viewer's queue: its own configuration, and the queues of the edge in all."""

    config: BackpressureConfig
    queues: "EdgeQueues[SocketViewer]"


class SocketViewer(asyncio.Protocol):
    """A socket that does not take a frame queues under the backpressure policy until it has drained."""

    __slots__ = ("_endings", "_epoch", "_pressure", "_queue", "_transport", "_waiter", "fd", "index", "lane")

    @staticmethod
    def encode(frame: Frame) -> bytes:
        """The transport's wire format."""
        raise NotImplementedError

    def __init__(self, pressure: Pressure, epoch: int) -> None:
        self._pressure = pressure
        self._epoch = epoch
        self._transport: asyncio.Transport = cast(asyncio.Transport, None)
        self._queue: SocketQueue[Frame] | None = None
        self._waiter: asyncio.Future[None] | None = None
        self.lane: Lane | None = None
        self.index = 0  # its place in the lane
        self.fd = -1  # for the lane; -1 when bytes must not go past the transport (TLS)
        self._endings: tuple[Callable[[], None], ...] | None = ()  # None once they have been called

    @property
    def closed(self) -> bool:
        return self._transport.is_closing()

    @property
    def behind(self) -> bool:
        return self._queue is not None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._transport.set_write_buffer_limits(high=0)  # a socket that leaves anything over is behind
        sock = transport.get_extra_info("socket")
        _bound_kernel_buffers(sock)
        if sock is not None and transport.get_extra_info("sslcontext") is None:
            self.fd = sock.fileno()

    def connection_lost(self, exc: Exception | None) -> None:
        self._leave_lane()  # the descriptor is closed next, and may be somebody else's after that
        self._forget_queue()
        self.gone()

    def gone(self) -> None:
        """Tell those who want to know that there is no connection, any more or from the start."""
        endings, self._endings = self._endings or (), None
        for ending in endings:
            ending()

    def call_at_end(self, ending: Callable[[], None]) -> None:
        """Have it called when the connection has ended; at once if that was before."""
        if self._endings is None:
            ending()
        else:
            self._endings += (ending,)

    def write(self, payload: bytes) -> None:
        """Send bytes that all viewers of the lane are sent; the transport keeps what the socket does not take."""
        if not self._transport.is_closing():
            self._transport.write(payload)

    def deliver(self, frame: Frame) -> None:
        """Send or queue a frame; a notice is passed over by those who have enough to read."""
        if self._queue is None:
            self.write(frame.payload(self.encode))
        elif frame.first:
            size_bytes = len(frame.payload(self.encode))
            if self._queue.offer(frame, first=frame.first, last=frame.last, size_bytes=size_bytes):
                self._account()
            else:
                self.abort()

    async def drained(self) -> None:
        if self._queue is None or self.closed:
            return
        if self._waiter is None:
            self._waiter = asyncio.get_running_loop().create_future()
        await self._waiter

    def ping(self) -> None:
        """Heartbeats find a dead peer too: what it does not acknowledge ends the connection (TCP_USER_TIMEOUT)."""

    def close(self, parting: Parting) -> None:
        raise NotImplementedError

    def abort(self) -> None:
        """End the connection and drop what it has not taken."""
        self._leave_lane()
        self._forget_queue()
        self._transport.abort()

    def shed(self) -> None:
        """Make room for the other queues of this edge."""
        if self._queue is None:
            return
        before = self._queue.queued_bytes
        if self._queue.shed() and self._queue.queued_bytes < before:
            self._pressure.queues.set(self, self._queue.queued_bytes)
        else:
            self.abort()

    def pause_writing(self) -> None:
        if self._queue is None:
            leaving_bytes = self._transport.get_write_buffer_size()
            self._queue = SocketQueue(self._pressure.config, leaving_bytes)
            if self.lane is not None:
                self.lane.fell_behind(self)
            self._account()

    def resume_writing(self) -> None:
        while self._queue is not None and not self._transport.get_write_buffer_size():
            missed, frame = self._queue.take()
            if missed is not None:
                self.write(Frame([gap(self._epoch, missed.first, missed.last, "slow")]).payload(self.encode))
            if frame is not None:
                self.write(frame.payload(self.encode))
                self._account()
            elif missed is None:
                self._caught_up()

    def _caught_up(self) -> None:
        self._forget_queue()
        if self.lane is not None:
            self.lane.caught_up(self)

    def _account(self) -> None:
        if self._queue is not None:
            worst = self._pressure.queues.set(self, self._queue.queued_bytes)
            if worst is not None:
                worst.shed()

    def _forget_queue(self) -> None:
        if self._queue is not None:
            self._queue = None
            self._pressure.queues.set(self, 0)
        if self._waiter is not None:
            self._waiter.set_result(None)
            self._waiter = None

    def _leave_lane(self) -> None:
        if self.lane is not None:
            self.lane.remove(self)


def _bound_kernel_buffers(sock: socket.socket | None) -> None:
    if sock is None or sock.family == getattr(socket, "AF_UNIX", None):
        return
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, KERNEL_BUFFER_BYTES)
    for name, value in (("TCP_USER_TIMEOUT", DEAD_PEER_MS), ("TCP_NOTSENT_LOWAT", UNSENT_BYTES)):
        if hasattr(socket, name):
            sock.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
