"""What moves comments from the window into SQL, and streams back to it."""

import asyncio
from collections.abc import Sequence

from reference_impl.adapters.hot.durable import Durable, Mismatch
from reference_impl.adapters.hot.window import Standing, Taken, Window
from reference_impl.ports import LogUnavailable

TRIES = 20
PATIENT = 10  # of them, while somebody else has the stream in hand; then that one is taken for dead
PAUSE_S = 0.05
AT_ONCE = 4  # streams

_ALL = 2**53


class Archive:
    """Everything here may be done by several processes at once, and again: SQL takes each place once."""

    def __init__(self, durable: Durable, window: Window) -> None:
        self._durable = durable
        self._window = window
        self._turns = asyncio.Semaphore(AT_ONCE)

    async def advance(self, stream: str) -> int | None:
        """Archive what is in an open stream's window; answers how much that was, None when it is changing hands."""
        taken = await self._window.take(stream, 0, _ALL)
        depth, head = taken.depth, taken.head
        while taken.standing is Standing.OPEN:
            if not taken.entries:
                return depth
            if not await self._move(stream, taken.term, taken):
                return None
            taken = await self._window.take(stream, 0, head)
        return None

    async def advance_all(self, streams: Sequence[str]) -> tuple[dict[str, int | None], dict[str, LogUnavailable]]:
        """Archive several; answers as `advance` does, and what has kept it from archiving the others."""

        async def advance(stream: str) -> int | None:
            async with self._turns:
                return await self.advance(stream)

        done = await asyncio.gather(*map(advance, streams), return_exceptions=True)
        depths: dict[str, int | None] = {}
        failed: dict[str, LogUnavailable] = {}
        for stream, outcome in zip(streams, done, strict=True):
            if isinstance(outcome, LogUnavailable):
                failed[stream] = outcome
            elif isinstance(outcome, BaseException):
                raise outcome
            else:
                depths[stream] = outcome
        return depths, failed

    async def depth(self, stream: str) -> int:
        """How much there is in a stream's window."""
        return (await self._window.take(stream, 0, 0, 0)).depth

    async def catch_up(self, stream: str) -> None:
        """Have in SQL all that is acknowledged by now."""
        for attempt in range(TRIES):
            if await self.advance(stream) is not None:
                return
            _, owners = await self._durable.owners([stream])
            if stream not in owners or not owners[stream].open:
                return
            await (asyncio.sleep(PAUSE_S) if attempt < PATIENT else self.settle(stream))
        raise changing_hands(stream)

    async def settle(self, stream: str) -> int | None:
        """Have the whole stream in SQL and owned by it; answers the epoch, None when another one is doing the same."""
        term = await self._durable.claim(stream)
        if term is None:
            return (await self._durable.owners([]))[0]
        stood = await self._window.seal(stream, term)
        if stood is Standing.OTHER or not await self._drain(stream, term):
            return None
        return await self._durable.shut(stream, term, doubt=stood in (Standing.DOUBT, Standing.MISSING))

    async def _drain(self, stream: str, term: int) -> bool:
        """Archive a sealed stream's whole window; False when the term is over."""
        while True:
            taken = await self._window.take(stream, 0, _ALL)
            if taken.term != term:
                return False
            if not taken.entries:
                return True
            if not await self._move(stream, term, taken):
                return False

    async def _move(self, stream: str, term: int, taken: Taken) -> bool:
        """Store entries, and forget them here once they are durable there; False when the term is over."""
        first = taken.entries[0].event.seq
        if [entry.event.seq for entry in taken.entries] != list(range(first, first + len(taken.entries))):
            raise Mismatch(f"{stream}: the window has a hole after {first}")
        drafts = [entry.draft() for entry in taken.entries]
        head = await self._durable.archive(stream, term, drafts, first)
        return head is not None and await self._window.trim(stream, term, head) >= 0


def changing_hands(stream: str) -> LogUnavailable:
    return LogUnavailable(f"stream {stream!r} keeps changing hands between Redis and SQL")
