"""Long polling and plain polling: a viewer for the length of one request, which leaves with the first thing it gets."""

import asyncio

from reference_impl.policy.polling import ITEMS_MAX
from reference_impl.protocol.message import Frame, Message, Parting


class PollViewer:
    """Collects what it is sent; `ready` once there is something worth an answer."""

    def __init__(self) -> None:
        self.messages: list[Message] = []
        self._ready = asyncio.Event()

    def deliver(self, frame: Frame) -> None:
        """What does not fit is read by the next request, which goes on after the last message of this one."""
        self.messages += frame.messages[: ITEMS_MAX - len(self.messages)]
        if any(message.id for message in frame.messages):
            self._ready.set()

    async def drained(self) -> None:
        """It is always."""

    def ping(self) -> None:
        """It leaves soon anyway."""

    def close(self, parting: Parting) -> None:
        if parting is Parting.DRAIN:  # its slot has come: it may be back at once
            self.messages = [message for message in self.messages if message.event != "reconnect"]
        self._ready.set()

    async def wait(self, hold_s: float) -> None:
        """Wait for something with a cursor, a while at most."""
        try:
            await asyncio.wait_for(self._ready.wait(), hold_s)
        except TimeoutError:
            return

    def position(self) -> str | None:
        """The cursor of the last message that has one."""
        return next((message.id for message in reversed(self.messages) if message.id), None)
