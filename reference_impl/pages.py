"""Stretches of a stream's history, each with the head of the log that it is good for.

What a page holds reflects every event up to its head, so whoever has read it goes on from there and misses nothing.
"""

from dataclasses import dataclass
from typing import Protocol

from reference_impl.following import LogReader
from reference_impl.ports import History
from reference_impl.protocol.events import Event


@dataclass(frozen=True, slots=True)
class Stretch:
    """Comments, oldest first, and the last event of the stream that they take account of, at the least."""

    head: int
    comments: list[Event]


class Pages(Protocol):
    """Beyond the end of the log there is nothing: a stretch from there on is empty, and its head says where it ends."""

    async def before(self, stream: str, seq: int | None, limit: int) -> Stretch:
        """Answer the last ``limit`` comments with a lower ``seq``; None: the newest ones."""
        ...

    async def after(self, stream: str, seq: int, limit: int) -> Stretch:
        """Answer the first ``limit`` comments with a higher ``seq``."""
        ...


class StoredPages:
    """Each page is read from the log, and counted."""

    def __init__(self, log: LogReader, history: History) -> None:
        self._log = log
        self._history = history
        self.reads = 0

    def status(self) -> dict[str, int]:
        return {"log_reads": self.reads}

    async def before(self, stream: str, seq: int | None, limit: int) -> Stretch:
        head = await self._head(stream)
        return Stretch(head, await self._history.before(stream, head + 1 if seq is None else seq, limit))

    async def after(self, stream: str, seq: int, limit: int) -> Stretch:
        head = await self._head(stream)
        return Stretch(head, await self._history.after(stream, seq, limit))

    async def _head(self, stream: str) -> int:
        """It is read first: a comment that comes in between is in the page too, and never the other way round."""
        self.reads += 1
        return (await self._log.heads([stream]))[stream]
