"""Brings a changed name, avatar or badge into the comments that its user wrote before, in the background.

Comments carry their author as he was when they were written, so that a page needs no second question. This worker walks
the streams in slices and rewrites them; what is left to do is in the store, so a restart goes on with it.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from reference_impl.ports import Directory, LogUnavailable, ProfileSpread, Spread

SLICE = 5_000  # seqs looked at in one transaction
USERS_MAX = 16  # profiles in one round
STREAMS_PAGE = 100
PAUSE_S = 1.0

log = logging.getLogger(__name__)


class ProfileRefresher:
    """``changed`` is told which seconds of which stream show another author now."""

    def __init__(
        self, directory: Directory, store: ProfileSpread, changed: Callable[[str, list[int]], Awaitable[None]]
    ) -> None:
        self._directory = directory
        self._changed = changed
        self._store = store

    async def run(self) -> None:
        """Refresh what has changed, until cancelled."""
        await watch(self._look)

    async def _look(self) -> None:
        for spread in await self._store.pending(USERS_MAX):
            await self.refresh(spread)

    async def refresh(self, spread: Spread) -> None:
        after = ""
        while page := await self._directory.streams(after, STREAMS_PAGE):
            for stream in page:
                for first in range(1, stream.head + 1, SLICE):
                    seconds = await self._store.spread(spread.profile, stream.name, first, first + SLICE - 1)
                    if seconds:
                        await self._changed(stream.name, seconds)
            after = page[-1].name
        await self._store.done(spread)


async def watch(look: Callable[[], Awaitable[None]]) -> None:
    """Look for changed profiles once a second, until cancelled."""
    while True:
        await asyncio.sleep(PAUSE_S)
        try:
            await look()
        except LogUnavailable as error:
            log.warning("changed profiles wait: %s", error)
