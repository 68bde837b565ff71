"""The embedded broker: hands events to the edges of this process, through a bounded buffer.

It keeps the contract of a real one: `publish` returns before anybody has received, and a full buffer loses the newest
event. The edges find the hole by its ``seq`` and fill it from the log.
"""

import asyncio
from collections import deque
from collections.abc import Callable

from reference_impl.ports import Aggregate, Published

BUFFER_MAX = 65_536  # events


class MemoryBroker:
    def __init__(self, loop: asyncio.AbstractEventLoop, buffer_max: int = BUFFER_MAX) -> None:
        self._loop = loop
        self._buffer: deque[Published | Aggregate] = deque()
        self._buffer_max = buffer_max
        self._receivers: list[Callable[[Published | Aggregate], None]] = []
        self.lost = 0

    def publish(self, message: Published | Aggregate) -> None:
        if len(self._buffer) >= self._buffer_max:
            self.lost += 1
            return
        if not self._buffer:
            self._loop.call_soon(self._deliver)
        self._buffer.append(message)

    def subscribe(self, receive: Callable[[Published | Aggregate], None]) -> None:
        self._receivers.append(receive)

    def follow(self, stream: str) -> None:
        """Everything of this process comes anyway."""

    def forget(self, stream: str) -> None:
        """It goes on coming."""

    def status(self) -> dict[str, str | int]:
        """There is nothing that could be away."""
        return {}

    def breakers(self) -> dict[str, dict[str, str | int]]:
        """Nor anything to leave alone."""
        return {}

    def _deliver(self) -> None:
        while self._buffer:
            message = self._buffer.popleft()
            for receive in self._receivers:
                receive(message)
