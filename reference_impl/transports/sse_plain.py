"""Server-sent events the ordinary way: sse-starlette, with a queue, a task and an encoding per viewer.

Kept because the course measures it against the raw path. The queue has the same bound and the same endings.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Iterator

from sse_starlette.event import ServerSentEvent

from reference_impl.policy.backpressure import BackpressureConfig, SocketQueue
from reference_impl.protocol.message import FINAL, Frame, Message, Parting, gap, notice
from reference_impl.protocol.sse import sse_text


class PlainSseViewer:
    """One viewer's queue of events; `events` is what sse-starlette iterates over."""

    def __init__(self, config: BackpressureConfig, epoch: int) -> None:
        self._queue: SocketQueue[Message] = SocketQueue(config)
        self._notices: deque[Message] = deque(maxlen=4)  # in front of the queue
        self._epoch = epoch
        self._wake = asyncio.Event()
        self._closed = False

    def deliver(self, frame: Frame) -> None:
        for message in frame.messages:
            if not message.seq:
                self._notice(message)
            elif not self._queue.offer(message, first=message.seq, last=message.seq, size_bytes=len(sse_text(message))):
                self._closed = True
        self._wake.set()

    async def drained(self) -> None:
        """It joins before its response begins, so there is nobody yet to wait for."""

    def ping(self) -> None:
        """sse-starlette sends comments of its own."""

    def close(self, parting: Parting) -> None:
        if parting in FINAL:
            self._notice(notice("end", {"reason": parting.value}))
        self._closed = True
        self._wake.set()

    async def events(self) -> AsyncIterator[ServerSentEvent]:
        """What the viewer is sent, until it is let go."""
        while not self._closed:
            await self._wake.wait()
            self._wake.clear()
            for message in self._ready():
                yield ServerSentEvent(message.data, event=message.event, id=message.id or None, sep="\n")

    def _notice(self, message: Message) -> None:
        if not self._queue:
            self._notices.append(message)

    def _ready(self) -> Iterator[Message]:
        while self._notices:
            yield self._notices.popleft()
        while self._queue and not self._closed:
            missed, message = self._queue.take()
            if missed is not None:
                yield gap(self._epoch, missed.first, missed.last, "slow")
            if message is not None:
                yield message
