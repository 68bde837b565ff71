"""How far a stream may be shown: up to the first range that is not full yet.

What is full stays full, so this process remembers it; of other processes' ranges it asks the partition. Past its lease
an empty range is filled with voids by whoever meets it, so that a process which died keeps nobody waiting for longer.
"""

import asyncio
from collections.abc import Callable, Iterable, Sequence

import sqlalchemy as sql
from sqlalchemy import Connection

from reference_impl.adapters.partitioned.away import fill, which_filled
from reference_impl.adapters.partitioned.home import open_ranges
from reference_impl.adapters.partitioned.layout import Partitions, together
from reference_impl.adapters.partitioned.slots import Range
from reference_impl.adapters.sql.rows import padded
from reference_impl.adapters.sql.schema import streams

ASK_AGAIN_S = 0.002, 0.05  # at first, and at most, while another process fills a range
STREAMS_MAX = 20_000  # remembered; past it the oldest is looked up again

_STREAMS = sql.select(streams.c.id, streams.c.name, streams.c.head, streams.c.closed, streams.c.opened_at_ms).where(
    streams.c.name.in_(sql.bindparam("names", expanding=True)), streams.c.home
)


class Watermarks:
    """``now_s`` is Unix time, by which leases end."""

    def __init__(self, partitions: Partitions, now_s: Callable[[], float]) -> None:
        self._partitions = partitions
        self._now_s = now_s
        self._known: dict[str, int] = {}
        self._full: dict[str, set[int]] = {}  # first places of full ranges beyond what is known
        self._mine: dict[tuple[str, int], asyncio.Event] = {}  # under way in this process

    def known(self, stream: str) -> int:
        """Up to where everything is known to be full, without asking."""
        return self._known.get(stream, 0)

    def begin(self, made: Iterable[Range]) -> None:
        """This process is about to fill these."""
        self._mine |= {each.key: asyncio.Event() for each in made}

    def end(self, made: Iterable[Range], *, full: bool) -> None:
        for each in made:
            if full:
                self._remember(each)
            if ended := self._mine.pop(each.key, None):
                ended.set()

    async def of(self, names: Sequence[str]) -> dict[str, int]:
        """Answer the watermarks, 0 for an empty or unknown stream; close what is past its lease."""
        homes: dict[int, list[str]] = {}
        for name in names:
            homes.setdefault(self._partitions.home(name), []).append(name)
        found = await together(self._at(number, some) for number, some in homes.items())
        return dict.fromkeys(names, 0) | {name: seq for some in found for name, seq in some.items()}

    async def settle(self, wanted: Iterable[Range]) -> None:
        """Wait until all of these are full."""
        pause_s, longest_s = ASK_AGAIN_S
        while wanted := [each for each in wanted if not self._is_full(each)]:
            mine = [event for each in wanted if (event := self._mine.get(each.key))]
            if mine:
                await mine[0].wait()
                continue
            await self._ask(wanted)
            if not all(map(self._is_full, wanted)):
                await asyncio.sleep(pause_s)
                pause_s = min(2 * pause_s, longest_s)

    async def reach(self, stream: str, seq: int) -> None:
        """Wait until the watermark is there."""
        pause_s, longest_s = ASK_AGAIN_S
        while self.known(stream) < seq and (await self.of([stream]))[stream] < seq:
            await asyncio.sleep(pause_s)
            pause_s = min(2 * pause_s, longest_s)

    def reached(self, stream: str, seq: int) -> None:
        """Everything up to here is full."""
        self._known[stream] = max(seq, self._known.pop(stream, 0))
        full = self._full.pop(stream, set())
        self._full[stream] = {first for first in full if first > seq}
        if len(self._known) > STREAMS_MAX:
            oldest = next(iter(self._known))
            del self._known[oldest]
            self._full.pop(oldest, None)

    async def _at(self, number: int, names: list[str]) -> dict[str, int]:
        known = {name: self.known(name) for name in names}
        found = await self._partitions[number].read(lambda connection: _open(connection, names, known))
        unknown = [each for _, open_here in found.values() for each in open_here if not self._is_full(each)]
        await self._ask([each for each in unknown if each.key not in self._mine])
        for name, (head, open_here) in found.items():
            self.reached(name, next((each.first - 1 for each in open_here if not self._is_full(each)), head))
        return {name: self.known(name) for name in found}

    async def _ask(self, unknown: Sequence[Range]) -> None:
        """Find out which are full by now."""
        by_partition: dict[int, list[Range]] = {}
        for each in unknown:
            by_partition.setdefault(each.partition, []).append(each)
        await together(self._ask_partition(number, some) for number, some in by_partition.items())

    async def _ask_partition(self, number: int, some: list[Range]) -> None:
        database = self._partitions[number]
        full = await database.read(lambda connection: which_filled(connection, some))
        now_ms = self._now_s() * 1000
        past = [each for each in some if each.lease_until_ms < now_ms and each not in full]
        if past:
            await database.write(lambda connection: fill(connection, past))
        for each in (*full, *past):
            self._remember(each)

    def _is_full(self, wanted: Range) -> bool:
        return wanted.last <= self.known(wanted.stream) or wanted.first in self._full.get(wanted.stream, ())

    def _remember(self, full: Range) -> None:
        if full.first > self.known(full.stream):
            self._known.setdefault(full.stream, 0)
            self._full.setdefault(full.stream, set()).add(full.first)


def _open(connection: Connection, names: list[str], known: dict[str, int]) -> dict[str, tuple[int, list[Range]]]:
    rows = connection.execute(_STREAMS, {"names": padded(names)}).mappings().all()
    return {
        row["name"]: (row["head"], open_ranges(connection, row, max(row["closed"], known[row["name"]]))) for row in rows
    }
