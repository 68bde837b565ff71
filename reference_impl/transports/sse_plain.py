"""Server-sent events the ordinary way: sse-starlette, with a queue, a task and an encoding per viewer.

Kept because the course measures it against the raw path. The queue has the same bound and the same endings.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator

from sse_starlette.event import ServerSentEvent

from reference_impl.policy.backpressure import BackpressureConfig, SocketQueue
from reference_impl.ports import Batch
from reference_impl.protocol.events import Event, encode_json
from reference_impl.protocol.sse import gap_text, log_text


class PlainSseViewer:
    """One viewer's queue of events; `events` is what sse-starlette iterates over."""

    def __init__(self, config: BackpressureConfig, epoch: int) -> None:
        self._queue: SocketQueue[Event] = SocketQueue(config)
        self._notices: deque[str] = deque(maxlen=4)  # text that is no log event, in front of the queue
        self._epoch = epoch
        self._wake = asyncio.Event()
        self._closed = False

    def deliver(self, batch: Batch) -> None:
        for event in batch.events:
            size_bytes = len(log_text(event))
            if not self._queue.offer(event, first=event.seq, last=event.seq, size_bytes=size_bytes):
                self._closed = True
        self._wake.set()

    def announce(self, text: str) -> None:
        if not self._queue:
            self._notices.append(text)
            self._wake.set()

    def close(self) -> None:
        self._closed = True
        self._wake.set()

    async def events(self, leave: Callable[[], None]) -> AsyncIterator[ServerSentEvent | bytes]:
        """What the viewer is sent, until it goes or is let go; then ``leave`` is called."""
        try:
            while not self._closed:
                await self._wake.wait()
                self._wake.clear()
                for event in self._ready():
                    yield event
        finally:
            leave()

    def _ready(self) -> Iterator[ServerSentEvent | bytes]:
        while self._notices:
            yield self._notices.popleft().encode()
        while self._queue and not self._closed:
            gap, event = self._queue.take()
            if gap is not None:
                yield gap_text(self._epoch, gap.first, gap.last, "slow").encode()
            if event is not None:
                yield _encode(event)


def _encode(event: Event) -> ServerSentEvent:
    return ServerSentEvent(encode_json(event.as_dict()), event=event.kind, id=str(event.cursor), sep="\n")
