"""Tells the caches in front when a second's revision changes, so that they replace what they hold under its old ones.

The manifest stops naming an old revision by itself within a second; this is for whoever knows the address. A purge is
an ordinary request for the address, which the cache passes on and whose answer, gone for good, it keeps instead.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace

from reference_impl.display import budget_of
from reference_impl.policy.purging import PurgeConfig, Purges
from reference_impl.ports import (
    Aggregate,
    Cache,
    CacheUnavailable,
    Clock,
    LogUnavailable,
    Published,
    SegmentStore,
    SettingsOf,
)
from reference_impl.protocol.events import Event, EventKind
from reference_impl.protocol.segments import SETTLE_MS, Revision
from reference_impl.segments import Segments, manifest_path, segment_path

EVENTS_MAX = 10_000  # whose seconds are still to be looked up; past it the oldest is dropped
AT_ONCE = 4  # requests to one cache
EARLIER_MAX = 4  # revisions before the present one: processes that change a second together each purge all of them
PAUSE_S = 1.0  # while the log is away

log = logging.getLogger(__name__)


class Purger:
    """One for a process: purges what the process's own commits have changed."""

    def __init__(
        self,
        segments: Segments,
        store: SegmentStore,
        caches: Iterable[Cache],
        settings_of: SettingsOf,
        clock: Clock,
        wall_clock: Clock,
    ) -> None:
        self._segments = segments
        self._store = store
        self._caches = [CachePurger(cache, Purges(PurgeConfig()), clock) for cache in caches]
        self._settings_of = settings_of
        self._wall_clock = wall_clock
        self._events: dict[str, Event] = {}  # by id
        self._woken = asyncio.Event()
        self.dropped = 0

    def receive(self, message: Published | Aggregate) -> None:
        """Look at what was committed: an edit, a deletion, or what may have come after its second was over."""
        if isinstance(message, Aggregate):
            return
        event = message.event
        if _changes(event) or self._wall_clock() * 1000 - event.at_ms > SETTLE_MS:
            self._segments.changed(event.stream)
            if self._caches:
                self._take(event)

    async def restyled(self, stream: str, seconds: Iterable[int]) -> None:
        """Comments of these seconds show another author now."""
        self._segments.changed(stream)
        if self._caches:
            for second in seconds:
                await self._purge(stream, second, 0)

    async def run(self) -> None:
        """Purge until cancelled."""
        async with asyncio.TaskGroup() as group:
            for cache in self._caches:
                group.create_task(cache.run())
            while True:
                await self._woken.wait()
                self._woken.clear()
                await self._look_up_all()

    def _take(self, event: Event) -> None:
        if len(self._events) >= EVENTS_MAX:
            del self._events[next(iter(self._events))]
            self.dropped += 1
            log.warning("too many changes at once: %d have left old segments in the caches", self.dropped)
        self._events[event.id] = event
        self._woken.set()

    async def _look_up_all(self) -> None:
        while self._events:
            events, self._events = list(self._events.values()), {}
            try:
                await self._look_up(events)
            except LogUnavailable as error:
                log.warning("purges wait: %s", error)
                self._events = {event.id: event for event in events} | self._events
                await asyncio.sleep(PAUSE_S)

    async def _look_up(self, events: Sequence[Event]) -> None:
        """Find the seconds that the events have changed; events that came late have made a second's count grow."""
        grown: Counter[tuple[str, int]] = Counter()
        for event in events:
            shown = event.target if _changes(event) and event.target else event.id
            for second in await self._store.showing(event.stream, shown):
                grown[event.stream, second] += not _changes(event)
        for (stream, second), late in grown.items():
            await self._purge(stream, second, late)

    async def _purge(self, stream: str, second: int, late: int) -> None:
        spans, _ = await self._store.spans(stream, second, second + 1, 1)
        budget = budget_of(stream, await self._settings_of(stream))
        present = [replace(span.revision, per_s=budget.per_s if budget else None) for span in spans]
        addresses = [segment_path(stream, second, each) for one in present for each in earlier(one, late)]
        for cache in self._caches:
            cache.offer([*addresses, manifest_path(stream)])


class CachePurger:
    """Keeps asking one cache until it has replaced everything."""

    def __init__(self, cache: Cache, purges: Purges, clock: Clock) -> None:
        self._cache = cache
        self._purges = purges
        self._clock = clock
        self._woken = asyncio.Event()

    def offer(self, addresses: Iterable[str]) -> None:
        dropped = self._purges.dropped
        self._purges.offer(addresses, self._clock())
        if self._purges.dropped > dropped:
            log.warning("too much to purge at once: %d addresses keep their copies", self._purges.dropped)
        self._woken.set()

    async def run(self) -> None:
        while True:
            now = self._clock()
            if due := self._purges.take(now, AT_ONCE):
                await asyncio.gather(*(self._refresh(address, now) for address in due))
                continue
            self._woken.clear()
            until = self._purges.next_due()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._woken.wait(), None if until is None else until - now)

    async def _refresh(self, address: str, began_s: float) -> None:
        try:
            await self._cache.refresh(address)
        except CacheUnavailable as error:
            if self._purges.failed(address, began_s, self._clock()):
                log.warning("a cache keeps its copy of %s: %s", address, error)
        else:
            self._purges.succeeded(address, began_s, self._clock())


def earlier(present: Revision, late: int) -> Iterator[Revision]:
    """The revisions that a second has had lately; ``late`` of its events have come when it had been listed."""
    for count in range(max(1, present.count - late), present.count + 1):
        for changes in range(max(0, present.changes - EARLIER_MAX), present.changes + 1):
            if (count, changes) != (present.count, present.changes):
                yield replace(present, count=count, changes=changes)


def _changes(event: Event) -> bool:
    return event.kind in (EventKind.EDIT, EventKind.DELETE)
