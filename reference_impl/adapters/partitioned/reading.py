"""Reading a stream that lives in several partitions: its home knows which stretches are elsewhere."""

from collections.abc import Iterable
from dataclasses import replace
from operator import attrgetter

import sqlalchemy as sql
from sqlalchemy import Connection

from reference_impl.adapters.partitioned.layout import Partitions, together
from reference_impl.adapters.partitioned.watermarks import Watermarks
from reference_impl.adapters.sql.rows import COLUMNS, carrying, comments_by_id, render, stream_number
from reference_impl.adapters.sql.schema import events, ranges
from reference_impl.protocol.events import Event, EventKind

_STREAM = stream_number(sql.bindparam("stream"))
_READ = (
    sql.select(*COLUMNS)
    .where(events.c.stream_id == _STREAM)
    .where(events.c.seq.between(sql.bindparam("first"), sql.bindparam("last")))
    .order_by(events.c.seq)
)
_BEFORE = sql.func.coalesce(
    sql.select(sql.func.max(ranges.c.first))
    .where(ranges.c.stream_id == _STREAM, ranges.c.first <= sql.bindparam("first"))
    .scalar_subquery(),
    0,
)
_HOLDERS = (
    sql.select(ranges.c.partition)
    .distinct()
    .where(ranges.c.stream_id == _STREAM, ranges.c.last >= sql.bindparam("first"))
    .where(ranges.c.first.between(_BEFORE, sql.bindparam("last")))
)


class Reader:
    """``touched`` counts the partitions that stretches were read from, ``stretches`` the stretches."""

    def __init__(self, partitions: Partitions, watermarks: Watermarks, epoch: int) -> None:
        self._partitions = partitions
        self._watermarks = watermarks
        self._epoch = epoch
        self.touched = 0
        self.stretches = 0

    async def shown(self, stream: str, last: int) -> int:
        """The highest place up to ``last`` that may be shown."""
        if last > self._watermarks.known(stream):
            return min(last, (await self._watermarks.of([stream]))[stream])
        return last

    async def read(self, stream: str, first: int, last: int) -> list[Event]:
        last = await self.shown(stream, last)
        if last < first:
            return []
        home = self._partitions.home(stream)
        away = await self.holders(stream, first, last)
        stretches = await together(self._stretch(number, stream, first, last) for number in (home, *away))
        found = sorted((event for some in stretches for event in some), key=attrgetter("seq"))
        return await self._with_pins(stream, found)

    async def holders(self, stream: str, first: int, last: int) -> list[int]:
        """Which partitions besides the home have places of a stretch."""
        wanted = {"stream": stream, "first": first, "last": last}
        home = self._partitions.at_home(stream)
        away = list(await home.read(lambda connection: connection.scalars(_HOLDERS, wanted).all()))
        self.touched += 1 + len(away)
        self.stretches += 1
        return away

    async def comments(self, stream: str, ids: Iterable[str]) -> dict[str, Event]:
        """Comments by id, wherever they are."""
        wanted = list(ids)
        if not wanted:
            return {}
        found = await self._partitions.read_all(
            lambda connection: comments_by_id(connection, stream, self._epoch, wanted)
        )
        return {name: event for some in found for name, event in some.items()}

    async def _stretch(self, number: int, stream: str, first: int, last: int) -> list[Event]:
        wanted = {"stream": stream, "first": first, "last": last}

        def work(connection: Connection) -> list[Event]:
            return render(connection, stream, self._epoch, connection.execute(_READ, wanted).mappings().all())

        return await self._partitions[number].read(work)

    async def _with_pins(self, stream: str, found: list[Event]) -> list[Event]:
        """A pin is at home, its comment perhaps not."""
        bare = {each.target or "" for each in found if _bare(each)}
        comments = await self.comments(stream, bare)
        return [
            replace(each, data=carrying(comments[each.target])) if each.target in comments and _bare(each) else each
            for each in found
        ]


def _bare(event: Event) -> bool:
    return event.kind is EventKind.PIN and "comment" not in event.data
