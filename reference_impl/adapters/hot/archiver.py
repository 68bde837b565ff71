"""The tasks that keep windows short: whatever is placed is archived within a moment.

Any number of processes may run them. Who places a comment has it archived, by itself (`Archiver`) or by workers; every
other second somebody also looks at all streams that Redis has (`Sweep`), so that nothing is left lying there by a
process which died, or by a queue of work which was full or away.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from random import Random

from reference_impl.adapters.hot.archive import Archive
from reference_impl.adapters.hot.durable import Durable
from reference_impl.policy.retry import Retry, RetryConfig
from reference_impl.ports import LogUnavailable

log = logging.getLogger(__name__)

PAUSE_S = 0.02  # between rounds, in which comments come together for one transaction
SWEEP_S = 2.0
SWEEP_MAX = 500  # streams of one question
BACKOFF = RetryConfig(base_s=0.1, cap_s=5.0, attempts_max=1_000_000)


class Archiver:
    """Archives what its own process has placed."""

    def __init__(self, archive: Archive) -> None:
        self._archive = archive
        self._wanted: dict[str, None] = {}  # in the order of asking
        self._woken = asyncio.Event()

    def placed(self, stream: str) -> None:
        """Take note that a stream has something to archive."""
        self._wanted[stream] = None
        self._woken.set()

    async def run(self) -> None:
        """Archive until cancelled."""
        await _keep(self.round, "archiving")

    async def round(self) -> None:
        """Archive the streams that have been placed in, once there are any; those that fail are still wanted."""
        await self._woken.wait()
        await asyncio.sleep(PAUSE_S)
        self._woken.clear()
        wanted, self._wanted = self._wanted, {}
        _, failed = await self._archive.advance_all(list(wanted))
        if failed:
            self._wanted = dict.fromkeys(failed) | self._wanted
            self._woken.set()
            raise next(iter(failed.values()))


class Sweep:
    """Looks at every window. ``depth_alert``: so many comments in one are worth a warning, a quarter ends the alarm."""

    def __init__(self, archive: Archive, durable: Durable, depth_alert: int) -> None:
        self._archive = archive
        self._durable = durable
        self._depth_alert = depth_alert
        self._stuck: set[str] = set()  # changing hands at the last sweep; still so at the next, they are settled
        self._alarmed = False
        self.depth = 0  # of the longest window, when it was last looked at

    async def run(self, look: Callable[[], Awaitable[None]]) -> None:
        """Look every other second until cancelled: `archive_all` or, where workers do that, `watch`."""

        async def after_a_pause() -> None:
            await asyncio.sleep(SWEEP_S)
            await look()

        await _keep(after_a_pause, "looking for what to archive")

    async def archive_all(self) -> None:
        """Archive whatever anybody has placed, and finish what somebody has left half done."""
        depths, failed = await self._archive.advance_all(await self._open_names())
        stuck = {stream for stream, depth in depths.items() if depth is None}
        for stream in stuck & self._stuck:
            await self._archive.settle(stream)
        self._stuck = stuck - self._stuck
        if failed:
            raise next(iter(failed.values()))
        self._note(max(filter(None, depths.values()), default=0))

    async def watch(self) -> None:
        """See only how full the windows are."""
        depths = [await self._archive.depth(stream) for stream in await self._open_names()]
        self._note(max(depths, default=0))

    async def _open_names(self) -> list[str]:
        names: list[str] = []
        while len(more := await self._durable.open_names(names[-1] if names else "", SWEEP_MAX)) == SWEEP_MAX:
            names += more
        return names + more

    def _note(self, depth: int) -> None:
        self.depth = depth
        if depth >= self._depth_alert and not self._alarmed:
            log.warning("the archive falls behind: depth=%d alert=%d", depth, self._depth_alert)
            self._alarmed = True
        elif depth <= self._depth_alert // 4 and self._alarmed:
            log.info("the archive has caught up: depth=%d", depth)
            self._alarmed = False


async def _keep(work: Callable[[], Awaitable[None]], what: str) -> None:
    """Do it again and again; a failure is logged once, and tried again after a while."""
    retry, failing = Retry(BACKOFF, Random()), False
    while True:
        try:
            await work()
        except LogUnavailable as error:
            if not failing:
                log.warning("%s fails, and is tried again: %s", what, error)
            failing = True
            await asyncio.sleep(retry.failed(0.0) or 0.0)
        else:
            if failing:
                log.info("%s works again", what)
            failing = False
            retry.succeeded()
