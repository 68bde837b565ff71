"""`ReviewQueue`, `ReactionStore` and `SegmentStore` over several partitions; most of it is at the stream's home."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy import Connection

from reference_impl.adapters.partitioned.history import HIGHEST
from reference_impl.adapters.partitioned.layout import Partitions, together
from reference_impl.adapters.partitioned.posting import locate
from reference_impl.adapters.partitioned.reading import Reader
from reference_impl.adapters.sql.reactions import Changes, SqlReactions, store
from reference_impl.adapters.sql.review_queue import SqlReviewQueue
from reference_impl.adapters.sql.segments import READS_MAX, changes_of, showing, spans_of
from reference_impl.ports import HeldComment, LogUnavailable, Reaction, Report
from reference_impl.protocol.events import Event
from reference_impl.protocol.segments import Span


class PartitionedReviewQueue:
    def __init__(self, partitions: Partitions) -> None:
        self._partitions = partitions

    async def held(self, stream: str, after: str, limit: int) -> list[HeldComment]:
        return await self._home(stream).held(stream, after, limit)

    async def held_comment(self, stream: str, comment: str) -> HeldComment | None:
        return await self._home(stream).held_comment(stream, comment)

    async def drop_held(self, stream: str, comment: str) -> bool:
        return await self._home(stream).drop_held(stream, comment)

    async def report(self, report: Report) -> bool:
        return await self._home(report.stream).report(report)

    async def reports(self, stream: str, after: str, limit: int) -> list[Report]:
        return await self._home(stream).reports(stream, after, limit)

    def _home(self, stream: str) -> SqlReviewQueue:
        return SqlReviewQueue(self._partitions.at_home(stream))


class PartitionedReactions:
    def __init__(self, partitions: Partitions) -> None:
        self._partitions = partitions

    async def store(self, reactions: Sequence[Reaction]) -> Changes:
        homes: dict[int, list[Reaction]] = {}
        for each in reactions:
            homes.setdefault(self._partitions.home(each.stream), []).append(each)
        located = await locate(self._partitions, (each.target for each in reactions if each.target))
        elsewhere = {(row["name"], name) for name, (_, row) in located.items() if not row["deleted"]}
        found = await together(
            self._partitions[number].write(lambda connection, some=some: store(connection, some, elsewhere))  # type: ignore[misc]
            for number, some in homes.items()
        )
        return {stream: changed for some in found for stream, changed in some.items()}

    async def counts(self, stream: str, targets: Sequence[str]) -> dict[str, dict[str, int]]:
        return await SqlReactions(self._partitions.at_home(stream)).counts(stream, targets)


class PartitionedSegments:
    def __init__(self, partitions: Partitions, reader: Reader) -> None:
        self._partitions = partitions
        self._reader = reader

    async def spans(self, stream: str, first: int, until: int, limit: int) -> tuple[list[Span], int]:
        shown, home = await self._reader.shown(stream, HIGHEST), self._partitions.at_home(stream)
        found, end = await home.read(lambda connection: spans_of(connection, stream, first, until, limit, shown))
        if not found:
            return found, end
        offsets = found[0].offset, found[-1].offset + 1
        changes: Counter[int] = Counter()
        for number in await self._reader.holders(stream, found[0].first, found[-1].last):
            changes.update(
                await self._partitions[number].read(lambda connection: changes_of(connection, stream, *offsets))
            )
        return [replace(each, changes=each.changes + changes[each.offset]) for each in found], end

    async def segment(self, stream: str, offset: int) -> tuple[Span, list[Event]] | None:
        """Read until nothing changed meanwhile: each partition is read at a moment of its own."""
        for _ in range(READS_MAX):
            before, _ = await self.spans(stream, offset, offset + 1, 1)
            if not before:
                return None
            found = await self._reader.read(stream, before[0].first, before[0].last)
            if (await self.spans(stream, offset, offset + 1, 1))[0] == before:
                return before[0], found
        raise LogUnavailable(f"second {offset} of {stream!r} has changed at each of {READS_MAX} reads")

    async def showing(self, stream: str, comment: str) -> list[int]:
        def work(connection: Connection) -> list[int]:
            return showing(connection, stream, comment)

        return sorted({second for some in await self._partitions.read_all(work) for second in some})
