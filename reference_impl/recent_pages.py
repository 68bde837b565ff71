"""Pages from the windows of newest comments; what is not there is read from the log, once for all who ask."""

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Callable
from random import Random
from typing import TypeVar

from reference_impl.catalog import Fresh
from reference_impl.following import LogReader
from reference_impl.guard import Guard
from reference_impl.pages import Pages, Stretch
from reference_impl.policy.hot_keys import HotKeys
from reference_impl.policy.recent_window import Mend, Recall, RecentConfig, Wanted, between, mend
from reference_impl.policy.warming import Copy, judge
from reference_impl.ports import Clock, History, LogUnavailable
from reference_impl.recent import Built, Recalled, RecentStore, changes_of
from reference_impl.single_flight import SingleFlight

T = TypeVar("T")

log = logging.getLogger(__name__)


class RecentPages:
    """``cache`` guards the store, ``warming`` the making of windows, a few at a time."""

    def __init__(
        self, stored: Pages, reader: LogReader, history: History, store: RecentStore, cache: Guard, warming: Guard,
        config: RecentConfig, clock: Clock, rng: Random,
    ) -> None:  # fmt: skip
        self._stored = stored
        self._log = reader
        self._history = history
        self._store = store
        self._cache = cache
        self._warming = warming
        self._config = config
        self._clock = clock
        self._rng = rng
        self._heads = Fresh(self._head, config.head_fresh_s, clock)
        self._hot = HotKeys(config.hot_keys)
        self._flights = SingleFlight(shared=config.single_flight)
        self._counts: Counter[str] = Counter()

    async def before(self, stream: str, seq: int | None, limit: int) -> Stretch:
        return await self._page(stream, Wanted(True, seq, limit))

    async def after(self, stream: str, seq: int, limit: int) -> Stretch:
        return await self._page(stream, Wanted(False, seq, limit))

    def status(self) -> dict[str, int | float]:
        """Pages by how they were found, and the share of those that asked the database for no comments."""
        hits, pages = self._counts[Recall.HIT], sum(self._counts.values())
        return {**self._counts, "hit_rate": round(hits / pages, 4) if pages else 0.0}

    async def close(self) -> None:
        await self._flights.close()

    async def _page(self, stream: str, wanted: Wanted) -> Stretch:
        copies = self._hot.used(stream, self._clock())
        copy = self._rng.randrange(copies)
        head = await self._heads.get(stream)
        try:
            found = await self._recall(stream, copy, copies, head, wanted)
        except LogUnavailable:
            self._counts["away"] += 1
            return await self._from_log(stream, wanted)
        if found.recall is not Recall.HIT:
            self._counts[found.recall] += 1
            return await self._miss(stream, copy, head, wanted, found)
        good = judge(self._config.warming, found.age_s, found.cost_s, self._rng)
        if good is Copy.EXPIRED:
            self._counts[good.value] += 1
            return await self._miss(stream, copy, head, wanted, Recalled(Recall.MISSING))
        self._counts[Recall.HIT] += 1
        if good is Copy.DUE:
            self._renew(stream, copy, found)
        return Stretch(found.through, found.comments)

    async def _miss(self, stream: str, copy: int, head: int, wanted: Wanted, found: Recalled) -> Stretch:
        """Answer, and see to it that the next one finds it."""
        needed = mend(self._config, found.recall, found.window, head, wanted)
        if needed is Mend.CATCH_UP:
            await self._mend(("catch up", stream, copy), lambda: self._catch_up(stream, copy, found.through, head))
        elif needed is Mend.FORGET:
            await self._mend(("catch up", stream, copy), lambda: self._forget(stream, copy))
        elif needed is Mend.MAKE:
            wide = wanted.limit + self._config.more
            await self._mend(("make", stream, copy), lambda: self._make(stream, copy, wide))
        elif needed is Mend.REACH:
            await self._mend(("reach", stream, copy, wanted), lambda: self._reach(stream, copy, found.first, wanted))
        else:
            return await self._from_log(stream, wanted)
        try:
            found = await self._recall(stream, copy, 1, head, wanted)
        except LogUnavailable:
            return await self._from_log(stream, wanted)
        hit = found.recall is Recall.HIT
        return Stretch(found.through, found.comments) if hit else await self._from_log(stream, wanted)

    async def _mend(self, key: tuple[object, ...], mend: Callable[[], Awaitable[None]]) -> None:
        """Have a window mended by one of those who need it; when that fails there still is the log."""
        try:
            await self._flights.ask(key, lambda: self._warming.once(mend))
        except LogUnavailable as error:
            log.debug("a window of recent comments is not mended: %s", error)

    def _renew(self, stream: str, copy: int, found: Recalled) -> None:
        """Make a window anew while it is still good, in the background."""
        wide = max(found.size, 1)
        self._flights.start(("make", stream, copy), lambda: self._warming.once(lambda: self._make(stream, copy, wide)))

    async def _make(self, stream: str, copy: int, comments: int) -> None:
        """Read the newest comments into a window, unless another process is about to; then wait for it a moment."""
        if self._config.single_flight and not await self._asked(lambda: self._store.lease(stream, copy)):
            await self._wait(stream, copy)
            return
        began, limit = self._clock(), min(comments, self._config.comments_max)
        newest = await self._stored.before(stream, None, limit)
        low = newest.comments[0].seq if len(newest.comments) == limit else 1
        built = Built(self._log.epoch, newest.head, low, newest.head, newest.comments, cost_s=self._clock() - began)
        await self._asked(lambda: self._store.build(stream, copy, built))

    async def _wait(self, stream: str, copy: int) -> None:
        for _ in range(round(self._config.patience_s / self._config.look_s)):
            await asyncio.sleep(self._config.look_s)
            if (await self._recall(stream, copy, 1, 0, Wanted(True, None, 1))).recall is not Recall.MISSING:
                return

    async def _reach(self, stream: str, copy: int, first: int, wanted: Wanted) -> None:
        """Let a window that begins at ``first`` reach as far back as a page that was asked for."""
        began, limit = self._clock(), between(first, wanted) + wanted.limit + self._config.more
        older = await self._stored.before(stream, first, limit)
        low = older.comments[0].seq if len(older.comments) == limit else 1
        built = Built(self._log.epoch, older.head, low, first - 1, older.comments, cost_s=self._clock() - began)
        await self._asked(lambda: self._store.build(stream, copy, built))

    async def _catch_up(self, stream: str, copy: int, through: int, head: int) -> None:
        """Read from the log what nobody has brought."""
        events = await self._log.read(stream, first=through + 1, last=head)
        changes = await changes_of(self._log, self._history, events, head) if events else None
        if changes is None:
            await self._forget(stream, copy)
            return
        await self._asked(lambda: self._store.remember(stream, changes, copy))

    async def _forget(self, stream: str, copy: int) -> None:
        await self._asked(lambda: self._store.forget(stream, copy))

    async def _from_log(self, stream: str, wanted: Wanted) -> Stretch:
        return await self._flights.ask(("page", stream, wanted), lambda: self._read(stream, wanted))

    async def _read(self, stream: str, wanted: Wanted) -> Stretch:
        if wanted.newest_first:
            return await self._stored.before(stream, wanted.seq, wanted.limit)
        return await self._stored.after(stream, wanted.seq or 0, wanted.limit)

    async def _recall(self, stream: str, copy: int, copies: int, head: int, wanted: Wanted) -> Recalled:
        epoch = self._log.epoch
        return await self._asked(lambda: self._store.recall(stream, copy, copies, epoch, head, wanted))

    async def _asked(self, ask: Callable[[], Awaitable[T]]) -> T:
        return await self._cache.once(ask)

    async def _head(self, stream: str) -> int:
        return (await self._log.heads([stream]))[stream]
