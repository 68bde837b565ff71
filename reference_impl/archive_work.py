"""Hot windows archived by workers: servers put the streams that they have placed comments in into a queue.

A piece of work is a stream, and a hint: what there is to archive is in the window, so doing it twice does nothing, and
a worker that was only slow is turned away by the stream's term. So a piece may be lost, too. Whoever holds the queue's
first part also looks at all windows every other second, and finds what no piece tells of.
"""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from typing import Protocol

from reference_impl.ports import LogUnavailable
from reference_impl.working import Hold, Piece, WorkQueue

ARCHIVE = "archive"  # the queue
SWEEPING_PART = 0  # whose holder looks at all windows
PAUSE_S = 0.05  # in which a stream is queued once, however much is placed there
WANTED_MAX = 10_000  # streams that wait to be queued; others are found by the sweep

log = logging.getLogger(__name__)


class Archives(Protocol):
    async def advance_all(
        self, streams: Sequence[str]
    ) -> tuple[Mapping[str, int | None], Mapping[str, LogUnavailable]]:
        """Archive what is in the streams' windows; answers how much that was, and what has kept others from it."""
        ...


class QueuedArchive:
    """What a server does about windows when there are workers."""

    def __init__(self, queue: WorkQueue) -> None:
        self._queue = queue
        self._wanted: dict[str, None] = {}  # in the order of asking
        self._woken = asyncio.Event()
        self._failing = False

    def placed(self, stream: str) -> None:
        """Take note that a stream has something to archive."""
        if len(self._wanted) < WANTED_MAX:
            self._wanted[stream] = None
            self._woken.set()

    async def run(self) -> None:
        """Queue what has been placed in, until cancelled."""
        while True:
            await self._woken.wait()
            await asyncio.sleep(PAUSE_S)
            await self.round()

    async def round(self) -> None:
        """Queue the streams that have been placed in; what the queue does not take is left to the sweep."""
        self._woken.clear()
        wanted, self._wanted = self._wanted, {}
        try:
            await self._queue.add([(stream, stream) for stream in wanted])
        except LogUnavailable as error:
            if not self._failing:
                log.warning("streams to archive are not queued, and left to the sweep: %s", error)
            self._failing = True
        else:
            self._failing = False


class ArchiveWork:
    """What a worker does about them."""

    def __init__(self, archives: Archives) -> None:
        self._archives = archives

    async def handle(self, hold: Hold, pieces: Sequence[Piece]) -> None:
        """Archive; when no stream can be, all wait, and when only some can, the others are left to the sweep."""
        streams = list(dict.fromkeys(piece.data for piece in pieces))
        done, failed = await self._archives.advance_all(streams)
        for stream, error in failed.items():
            if not done:
                raise error
            log.warning("%s is not archived, and left to the sweep: %s", stream, error)
