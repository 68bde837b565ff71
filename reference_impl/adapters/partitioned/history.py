"""`History` over several partitions: the home's ranges say which of them hold a page."""

import sqlalchemy as sql

from reference_impl.adapters.partitioned.layout import Partitions, together
from reference_impl.adapters.partitioned.posting import locate
from reference_impl.adapters.partitioned.reading import Reader
from reference_impl.adapters.sql.history import comments_of, seq_at, with_reactions
from reference_impl.adapters.sql.reactions import counts_of
from reference_impl.adapters.sql.rows import event_of
from reference_impl.adapters.sql.schema import events
from reference_impl.protocol.events import Event

HIGHEST = 2**62


class PartitionedHistory:
    """``reader`` counts what was touched."""

    def __init__(self, partitions: Partitions, reader: Reader, epoch: int) -> None:
        self._partitions = partitions
        self._epoch = epoch
        self.reader = reader

    async def after(self, stream: str, seq: int, limit: int) -> list[Event]:
        found: list[Event] = []
        end, span = await self.reader.shown(stream, HIGHEST), limit
        while len(found) < limit and seq < end:
            last = min(seq + span, end)
            found += await self._stretch(stream, seq + 1, last)
            seq, span = last, 2 * span  # few of them were comments: look further at a time
        return await self._with_reactions(stream, found[:limit])

    async def before(self, stream: str, seq: int, limit: int) -> list[Event]:
        found: list[Event] = []
        last, span = await self.reader.shown(stream, seq - 1), limit
        while len(found) < limit and last > 0:
            first = max(1, last - span + 1)
            found = await self._stretch(stream, first, last) + found
            last, span = first - 1, 2 * span
        return await self._with_reactions(stream, found[-limit:])

    async def replies(self, stream: str, comment: str, after_seq: int, limit: int) -> list[Event]:
        """Replies live with the comment that they answer."""
        located = await locate(self._partitions, [comment])
        if comment not in located:
            return []
        query = comments_of(stream).where(events.c.target == comment, events.c.seq > after_seq).limit(limit)
        found = await self._run(located[comment][0], stream, query)
        end = await self.reader.shown(stream, found[-1].seq) if found else 0
        return await self._with_reactions(stream, [each for each in found if each.seq <= end])

    async def comment(self, stream: str, comment: str) -> Event | None:
        located = await locate(self._partitions, [comment])
        if comment not in located:
            return None
        found = await self._run(located[comment][0], stream, comments_of(stream).where(events.c.id == comment))
        if not found or await self.reader.shown(stream, found[0].seq) < found[0].seq:
            return None
        return (await self._with_reactions(stream, found))[0]

    async def seq_at(self, stream: str, at_ms: int) -> int:
        """The home knows the time of every place."""
        shown = await self.reader.shown(stream, HIGHEST)
        home = self._partitions.at_home(stream)
        return await home.read(lambda connection: seq_at(connection, stream, at_ms, shown))

    async def _stretch(self, stream: str, first: int, last: int) -> list[Event]:
        query = comments_of(stream).where(events.c.seq.between(first, last))
        numbers = (self._partitions.home(stream), *await self.reader.holders(stream, first, last))
        found = await together(self._run(number, stream, query) for number in numbers)
        return sorted((event for some in found for event in some), key=lambda event: event.seq)

    async def _run(self, number: int, stream: str, query: sql.Select[tuple[object, ...]]) -> list[Event]:
        rows = await self._partitions[number].read(lambda connection: connection.execute(query).mappings().all())
        return [event_of(stream, self._epoch, row) for row in rows]

    async def _with_reactions(self, stream: str, found: list[Event]) -> list[Event]:
        if not found:
            return []
        ids, home = [each.id for each in found], self._partitions.at_home(stream)
        counts = await home.read(lambda connection: counts_of(connection, stream, ids))
        return [with_reactions(each, counts.get(each.id)) for each in found]
