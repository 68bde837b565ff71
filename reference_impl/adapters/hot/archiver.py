"""The tasks that keep windows short: whatever is placed is archived within a moment.

Any number of processes may run them. A process archives what it has placed itself; every other second each also looks
at all streams that Redis has, so that those of a process which died are archived by the others.
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
AT_ONCE = 4
BACKOFF = RetryConfig(base_s=0.1, cap_s=5.0, attempts_max=1_000_000)


class Archiver:
    """``depth_alert``: so many comments in a window are worth a warning, and a quarter of it ends the alarm."""

    def __init__(self, archive: Archive, durable: Durable, depth_alert: int) -> None:
        self._archive = archive
        self._durable = durable
        self._depth_alert = depth_alert
        self._wanted: dict[str, None] = {}  # in the order of asking
        self._stuck: set[str] = set()  # changing hands at the last sweep; still so at the next, they are settled
        self._woken = asyncio.Event()
        self._alarmed = False
        self.depth = 0  # of the longest window, as the last sweep saw it

    def placed(self, stream: str) -> None:
        """Take note that a stream has something to archive."""
        self._wanted[stream] = None
        self._woken.set()

    async def run(self) -> None:
        """Archive until cancelled."""
        await asyncio.gather(_keep(self.round, "archiving"), _keep(self.sweep, "looking for what to archive"))

    async def round(self) -> None:
        """Archive the streams that have been placed in, once there are any; after a failure they are still wanted."""
        await self._woken.wait()
        await asyncio.sleep(PAUSE_S)
        self._woken.clear()
        wanted, self._wanted = self._wanted, {}
        try:
            await self.advance(list(wanted))
        except LogUnavailable:
            self._wanted = wanted | self._wanted
            self._woken.set()
            raise

    async def sweep(self) -> None:
        """Archive whatever anybody has placed, and finish what somebody has left half done."""
        await asyncio.sleep(SWEEP_S)
        names: list[str] = []
        while len(more := await self._durable.open_names(names[-1] if names else "", SWEEP_MAX)) == SWEEP_MAX:
            names += more
        names += more
        depths = await self.advance(names)
        stuck = {stream for stream, depth in zip(names, depths, strict=True) if depth is None}
        for stream in stuck & self._stuck:
            await self._archive.settle(stream)
        self._stuck = stuck - self._stuck
        self._watch(max(filter(None, depths), default=0))

    async def advance(self, streams: list[str]) -> list[int | None]:
        """Archive these; answers how much there was in each, None for one that is changing hands."""
        at_once = asyncio.Semaphore(AT_ONCE)

        async def advance(stream: str) -> int | None:
            async with at_once:
                return await self._archive.advance(stream)

        done = await asyncio.gather(*map(advance, streams), return_exceptions=True)
        for outcome in done:
            if isinstance(outcome, BaseException):
                raise outcome
        return [outcome for outcome in done if not isinstance(outcome, BaseException)]

    def _watch(self, depth: int) -> None:
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
