"""Brings what is committed into the windows of newest comments: before the author is answered, or soon after.

What does not get there, because the cache is away or this process dies, is missed by readers within a second.
"""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Iterable, Sequence

from reference_impl.following import LogReader
from reference_impl.group_commit import Appender
from reference_impl.guard import Guard
from reference_impl.policy.circuit_breaker import State
from reference_impl.ports import Answer, Appended, History, LogUnavailable
from reference_impl.protocol.events import Draft, Event
from reference_impl.recent import RecentStore, changes_of

BEHIND_MAX = 10_000  # events that wait; beyond it they are left for readers to miss

log = logging.getLogger(__name__)


class RecentWriter:
    def __init__(self, reader: LogReader, history: History, store: RecentStore, cache: Guard) -> None:
        self._log = reader
        self._history = history
        self._store = store
        self._cache = cache

    async def write(self, events: Iterable[Event]) -> None:
        """Bring events into the windows of their streams; it never fails."""
        by_stream: dict[str, list[Event]] = defaultdict(list)
        for event in events:
            by_stream[event.stream].append(event)
        for each in by_stream.values():
            if self._cache.state is not State.CLOSED:
                return  # to find out whether it is back is for readers, whom nobody waits for
            await self._write(each)

    async def _write(self, events: Sequence[Event]) -> None:
        try:
            changes = await changes_of(self._log, self._history, events)
            if changes is not None:
                await self._cache.once(lambda: self._store.remember(events[0].stream, changes))
        except LogUnavailable as error:
            log.debug("%d events are not in the cache: %s", len(events), error)


class WriteThrough:
    """An `Appender` whose answers are in the cache already."""

    def __init__(self, inner: Appender, writer: RecentWriter) -> None:
        self._inner = inner
        self._writer = writer

    async def append(self, drafts: Sequence[Draft]) -> list[Answer]:
        answers = await self._inner.append(drafts)
        await self._writer.write(appended(answers))
        return answers


class BehindQueue:
    """What waits to be brought into the cache."""

    def __init__(self, writer: RecentWriter) -> None:
        self._writer = writer
        self._waiting: list[Event] = []
        self._some = asyncio.Event()
        self.left = 0  # events, for want of room

    def put(self, events: Sequence[Event]) -> None:
        if len(self._waiting) + len(events) > BEHIND_MAX:
            self.left += len(events)
            return
        self._waiting.extend(events)
        self._some.set()

    async def run(self) -> None:
        while True:
            await self._some.wait()
            await self.flush()

    async def flush(self) -> None:
        self._some.clear()
        waiting, self._waiting = self._waiting, []
        await self._writer.write(waiting)


class WriteBehind:
    """An `Appender` whose answers are in the cache soon."""

    def __init__(self, inner: Appender, queue: BehindQueue) -> None:
        self._inner = inner
        self._queue = queue

    async def append(self, drafts: Sequence[Draft]) -> list[Answer]:
        answers = await self._inner.append(drafts)
        self._queue.put(list(appended(answers)))
        return answers


def appended(answers: Sequence[Answer]) -> Iterable[Event]:
    return (each.event for each in answers if isinstance(each, Appended) and not each.replayed)
