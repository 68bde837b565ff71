"""A viewer and both ends of its connection: what it has read, what the kernels hold, and what the server queues for it.

One stream of bytes with three marks, of which each may be behind the next:

    read   | by the client, at its own rate
    pushed | into the kernels' buffers, which take ``kernel_bytes``, and after that nothing before they have room again
    written| to the transport; what is not pushed is leaving, and the viewer is behind

The server's side obeys `SocketQueue` and `EdgeQueues` as `reference_impl.transports.socket_viewer` does.
"""

import math
from collections import deque
from dataclasses import dataclass

import simpy

from reference_impl.policy.backpressure import BackpressureConfig, EdgeQueues, Gap, SocketQueue

GAP_BYTES = 90  # of the notice that names a gap


@dataclass(frozen=True, slots=True)
class Frame:
    """Comments ``first..last`` on their way to a viewer, or the notice that they will not come."""

    first: int
    last: int
    size_bytes: int
    missed: bool = False

    def __len__(self) -> int:
        return self.last - self.first + 1


@dataclass(frozen=True, slots=True, kw_only=True)
class SocketConfig:
    """Both kernels' buffers take ``kernel_bytes``; once full, they take more when ``resume_bytes`` have been read."""

    kernel_bytes: int = 192 * 1024
    resume_bytes: int = 48 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """How a client reads: at once, or so many bytes a second, and not at all during stalls (from, to)."""

    bytes_per_s: float = math.inf
    stalls: tuple[tuple[float, float], ...] = ()
    tick_s: float = 0.050  # between two reads of a client that does not read at once

    def stalled(self, now: float) -> bool:
        return any(start <= now < end for start, end in self.stalls)


class SocketViewer:
    """``at_once`` viewers read what is sent when it is sent; the others are told of by a `Reader`."""

    __slots__ = (
        "_config", "_frames", "_pressure", "_pushed", "_queues", "_read", "_written", "at_once", "delivered",
        "drained", "duplicated", "lost", "open", "position", "queue", "skipped",
    )  # fmt: skip

    def __init__(self, config: SocketConfig, pressure: BackpressureConfig, queues: "EdgeQueues[SocketViewer]") -> None:
        self._config = config
        self._pressure = pressure
        self._queues = queues
        self._frames: deque[tuple[int, Frame]] = deque()  # (where it ends in the stream of bytes, frame), not yet read
        self._read = self._pushed = self._written = 0
        self.at_once = True
        self.open = True
        self.position = 0  # the last comment that the client has, or knows it will not get
        self.delivered = self.skipped = self.lost = self.duplicated = 0  # comments
        self.queue: SocketQueue[Frame] | None = None
        self.drained: simpy.Event | None = None  # who waits for it to have taken everything

    @property
    def behind(self) -> bool:
        return self.queue is not None

    @property
    def writable(self) -> bool:
        """The kernels would take more of what is leaving."""
        room = self._config.kernel_bytes - (self._pushed - self._read)
        return self.open and self.queue is not None and room >= self._config.resume_bytes

    @property
    def read_up(self) -> bool:
        """Nothing is on its way to the client."""
        return not self._frames and self.queue is None

    @property
    def over(self) -> bool:
        """The connection has ended, and the client has read what came."""
        return not self.open and self._read == self._pushed

    def take(self, frame: Frame) -> None:
        """The client has a whole frame."""
        new = frame.last - self.position
        if frame.first == self.position + 1 and not frame.missed:  # as nearly always, and this is what runs spend
            self.delivered += new
        elif frame.missed:
            self.skipped += new
        else:
            self.lost += max(0, new - len(frame))
            self.duplicated += max(0, len(frame) - new)
            self.delivered += min(len(frame), max(0, new))
        if new > 0:
            self.position = frame.last

    def write(self, frame: Frame) -> None:
        """Give bytes to the transport; what the kernels do not take makes the viewer fall behind."""
        if self.at_once and not self._frames:
            self.take(frame)
            return
        self._written += frame.size_bytes
        self._frames.append((self._written, frame))
        self._push()
        if self._written > self._pushed and self.queue is None:
            self.queue = SocketQueue(self._pressure, self._written - self._pushed)
            self._account()

    def deliver(self, frame: Frame) -> None:
        """Send or queue a frame."""
        if self.queue is None:
            self.write(frame)
        elif self.queue.offer(frame, first=frame.first, last=frame.last, size_bytes=frame.size_bytes):
            self._account()
        else:
            self.abort()

    def resume(self) -> None:
        """The socket takes bytes again: what was leaving, and then what waits."""
        self._push()
        while self.queue is not None and self._pushed == self._written:
            missed, frame = self.queue.take()
            if missed is not None:
                self.write(_notice(missed))
            if frame is not None:
                self.write(frame)
                self._account()
            elif missed is None:
                self._forget_queue()

    def read(self, most_bytes: float) -> None:
        """The client reads, and has every comment that is whole."""
        self._read = int(min(self._pushed, self._read + most_bytes))
        while self._frames and self._frames[0][0] <= self._read:
            self.take(self._frames.popleft()[1])
        if self._frames:
            end, frame = self._frames[0]
            came = max(0, self._read - (end - frame.size_bytes)) * len(frame) // frame.size_bytes
            if came and not frame.missed:
                rest = Frame(frame.first + came, frame.last, frame.size_bytes * (len(frame) - came) // len(frame))
                self.take(Frame(frame.first, frame.first + came - 1, 0))
                self._frames[0] = (end, rest)

    def hang_up(self) -> None:
        """The client is through with a connection that is over."""
        self._frames.clear()
        self._read = self._pushed = self._written = 0

    def abort(self) -> None:
        """End the connection and drop what the kernels have not taken."""
        self.open = False
        self._written = self._pushed
        self._forget_queue()

    def shed(self) -> None:
        """Make room for the other queues of this edge."""
        if self.queue is None:
            return
        before = self.queue.queued_bytes
        if self.queue.shed() and self.queue.queued_bytes < before:
            self._queues.set(self, self.queue.queued_bytes)
        else:
            self.abort()

    def _push(self) -> None:
        self._pushed = min(self._written, max(self._pushed, self._read + self._config.kernel_bytes))

    def _account(self) -> None:
        if self.queue is not None:
            worst = self._queues.set(self, self.queue.queued_bytes)
            if worst is not None:
                worst.shed()

    def _forget_queue(self) -> None:
        if self.queue is not None:
            self.queue = None
            self._queues.set(self, 0)
        if self.drained is not None:
            drained, self.drained = self.drained, None
            drained.succeed()


def _notice(missed: Gap) -> Frame:
    return Frame(missed.first, missed.last, GAP_BYTES, missed=True)
