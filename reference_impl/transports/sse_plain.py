"""Server-sent events the ordinary way: sse-starlette, with a queue, a task and an encoding per viewer.

Kept because the course measures it against the raw path. The queue has the same bound and the same endings.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Protocol

from sse_starlette.event import ServerSentEvent
from sse_starlette.sse import EventSourceResponse
from starlette.types import Receive, Scope, Send

from reference_impl.policy.backpressure import BackpressureConfig, SocketQueue
from reference_impl.ports import LogUnavailable
from reference_impl.protocol.message import FINAL, Frame, Message, Parting, gap, notice
from reference_impl.transports.sse_raw import HEADERS

PING_S = 15


class Seat(Protocol):
    """A place on a stream, to be left."""

    def leave(self) -> None: ...


class PlainSseViewer:
    """One viewer's queue of messages; `events` is what sse-starlette iterates over."""

    def __init__(self, config: BackpressureConfig, epoch: int) -> None:
        self._queue: SocketQueue[Frame] = SocketQueue(config)
        self._notices: deque[Message] = deque(maxlen=4)  # in front of the queue
        self._epoch = epoch
        self._wake = asyncio.Event()
        self._taken = asyncio.Event()
        self._closed = False

    def deliver(self, frame: Frame) -> None:
        if not frame.first:
            self._notices.extend(frame.messages if not self._queue else ())  # one who has enough to read is not told
        for part in frame.parts() if frame.first else ():
            if not self._queue.offer(part, first=part.first, last=part.last, size_bytes=part.size_bytes):
                self._closed = True
        self._wake.set()

    async def drained(self) -> None:
        while self._queue and not self._closed:
            self._taken.clear()
            await self._taken.wait()

    def ping(self) -> None:
        """sse-starlette sends comments of its own."""

    def close(self, parting: Parting) -> None:
        if parting in FINAL:
            self.deliver(Frame([notice("end", {"reason": parting.value})]))
        self._closed = True
        self._wake.set()
        self._taken.set()

    async def events(self) -> AsyncIterator[ServerSentEvent]:
        """What the viewer is sent, until it is let go."""
        while not self._closed:
            await self._wake.wait()
            self._wake.clear()
            for message in self._ready():
                yield ServerSentEvent(message.data, event=message.event, id=message.id or None, sep="\n")
            self._taken.set()

    def _ready(self) -> Iterator[Message]:
        while self._notices:
            yield self._notices.popleft()
        while self._queue and not self._closed:
            missed, frame = self._queue.take()
            if missed is not None:
                yield gap(self._epoch, missed.first, missed.last, "slow")
            if frame is not None:
                yield from frame.messages


class PlainSseResponse(EventSourceResponse):
    """Joins while it is sent, so that one who catches up can be waited for; leaves however it ends."""

    def __init__(self, viewer: PlainSseViewer, join: Callable[[], Awaitable[Seat]], leave: Callable[[], None]) -> None:
        super().__init__(viewer.events(), headers=HEADERS, ping=PING_S)
        self._viewer = viewer
        self._join = join
        self._leave = leave

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        joining = asyncio.create_task(self._take_seat())
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._viewer.close(Parting.SHUTDOWN)  # whatever waits for it waits no longer
            seat = await joining
            if seat is not None:
                seat.leave()
            self._leave()

    async def _take_seat(self) -> Seat | None:
        try:
            return await self._join()
        except LogUnavailable:
            self._viewer.close(Parting.UNAVAILABLE)
            return None
