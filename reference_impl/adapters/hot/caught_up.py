"""The tables beside the log, which know only what is archived: each first has what is acknowledged archived.

A question about a stream costs a look at its window; what is found there is archived on the spot, which several may do
at once. So every answer includes all that had been acknowledged when it was asked for.
"""

from collections.abc import Sequence

from reference_impl.adapters.hot.archive import Archive
from reference_impl.adapters.hot.durable import Durable
from reference_impl.adapters.sql.reactions import Changes, SqlReactions
from reference_impl.ports import History, ProfileSpread, Reaction, SegmentStore, Spread
from reference_impl.protocol.events import Event
from reference_impl.protocol.segments import Span
from reference_impl.protocol.streams import Profile
from reference_impl.working import Hold, Piece

STREAMS_MAX = 10_000  # that a changed profile waits for


class HotHistory:
    def __init__(self, inner: History, archive: Archive) -> None:
        self._inner = inner
        self._archive = archive

    async def after(self, stream: str, seq: int, limit: int) -> list[Event]:
        await self._archive.catch_up(stream)
        return await self._inner.after(stream, seq, limit)

    async def before(self, stream: str, seq: int, limit: int) -> list[Event]:
        await self._archive.catch_up(stream)
        return await self._inner.before(stream, seq, limit)

    async def replies(self, stream: str, comment: str, after_seq: int, limit: int) -> list[Event]:
        return await self._inner.replies(stream, comment, after_seq, limit)  # replies are never in a window

    async def comment(self, stream: str, comment: str) -> Event | None:
        found = await self._inner.comment(stream, comment)
        if found is not None:
            return found
        await self._archive.catch_up(stream)
        return await self._inner.comment(stream, comment)

    async def seq_at(self, stream: str, at_ms: int) -> int:
        await self._archive.catch_up(stream)
        return await self._inner.seq_at(stream, at_ms)


class HotSegments:
    def __init__(self, inner: SegmentStore, archive: Archive) -> None:
        self._inner = inner
        self._archive = archive

    async def spans(self, stream: str, first: int, until: int, limit: int) -> tuple[list[Span], int]:
        await self._archive.catch_up(stream)
        return await self._inner.spans(stream, first, until, limit)

    async def segment(self, stream: str, offset: int) -> tuple[Span, list[Event]] | None:
        await self._archive.catch_up(stream)
        return await self._inner.segment(stream, offset)

    async def showing(self, stream: str, comment: str) -> list[int]:
        await self._archive.catch_up(stream)
        return await self._inner.showing(stream, comment)


class HotReactions:
    def __init__(self, inner: SqlReactions, archive: Archive) -> None:
        self._inner = inner
        self._archive = archive

    async def store(self, reactions: Sequence[Reaction]) -> Changes:
        await self._catch_up(reactions)
        return await self._inner.store(reactions)

    async def store_once(self, hold: Hold, pieces: Sequence[Piece]) -> Changes:
        await self._catch_up([Reaction(*each) for piece in pieces for each in piece.data])
        return await self._inner.store_once(hold, pieces)

    async def counts(self, stream: str, targets: Sequence[str]) -> dict[str, dict[str, int]]:
        return await self._inner.counts(stream, targets)

    async def _catch_up(self, reactions: Sequence[Reaction]) -> None:
        for stream in {reaction.stream for reaction in reactions if reaction.given and reaction.target}:
            await self._archive.catch_up(stream)


class HotProfileSpread:
    """A profile is brought into earlier comments once those which were placed before it changed are archived."""

    def __init__(self, inner: ProfileSpread, archive: Archive, durable: Durable) -> None:
        self._inner = inner
        self._archive = archive
        self._durable = durable

    async def pending(self, limit: int) -> list[Spread]:
        found = await self._inner.pending(limit)
        if found:
            for stream in await self._durable.open_names("", STREAMS_MAX):
                await self._archive.catch_up(stream)
        return found

    async def spread(self, profile: Profile, stream: str, first: int, last: int) -> list[int]:
        await self._archive.catch_up(stream)
        return await self._inner.spread(profile, stream, first, last)

    async def done(self, spread: Spread) -> None:
        await self._inner.done(spread)
