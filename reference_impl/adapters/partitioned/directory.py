"""`Directory` and `ProfileSpread` over several partitions: a stream's row is at its home, users are in partition 0."""

from collections.abc import Sequence
from dataclasses import replace

from reference_impl.adapters.partitioned.home import tell_pins
from reference_impl.adapters.partitioned.layout import Partitions, together
from reference_impl.adapters.partitioned.reading import Reader
from reference_impl.adapters.sql.directory import SqlDirectory, SqlProfileSpread, restyle
from reference_impl.ports import Spread
from reference_impl.protocol.streams import Profile, Stream

PINS_AT_ONCE = 500  # changed comments that a home is asked about in one transaction


class PartitionedDirectory:
    def __init__(self, partitions: Partitions, reader: Reader) -> None:
        self._partitions = partitions
        self._reader = reader
        self._all = [SqlDirectory(partitions[number]) for number in range(len(partitions))]

    async def create(self, stream: Stream) -> bool:
        return await self._home(stream.name).create(stream)

    async def stream(self, name: str) -> Stream | None:
        found = await self._home(name).stream(name)
        return found and replace(found, head=await self._reader.shown(name, found.head))

    async def streams(self, after: str, limit: int) -> list[Stream]:
        """Merged from all partitions; the heads are of what is reserved, perhaps not readable yet."""
        found = await together(each.streams(after, limit) for each in self._all)
        return sorted((stream for some in found for stream in some), key=lambda stream: stream.name)[:limit]

    async def bans(self, stream: str) -> dict[str, int | None]:
        return await self._home(stream).bans(stream)

    async def profile(self, user: str) -> Profile | None:
        return await self._all[0].profile(user)

    async def save(self, profile: Profile) -> None:
        await self._all[0].save(profile)

    def _home(self, stream: str) -> SqlDirectory:
        return self._all[self._partitions.home(stream)]


class PartitionedProfileSpread:
    def __init__(self, partitions: Partitions, reader: Reader) -> None:
        self._partitions = partitions
        self._reader = reader
        self._users = SqlProfileSpread(partitions[0])

    async def pending(self, limit: int) -> list[Spread]:
        return await self._users.pending(limit)

    async def spread(self, profile: Profile, stream: str, first: int, last: int) -> list[int]:
        home = self._partitions.home(stream)
        seconds: set[int] = set()
        for number in (home, *await self._reader.holders(stream, first, last)):
            some, changed = await self._partitions[number].write(
                lambda connection: restyle(connection, profile, stream, first, last)
            )
            seconds.update(some)
            if number != home:
                seconds.update(await self._pins(stream, changed))
        return sorted(seconds)

    async def done(self, spread: Spread) -> None:
        await self._users.done(spread)

    async def _pins(self, stream: str, changed: Sequence[str]) -> list[int]:
        """The home may have pins that carry what has changed elsewhere."""
        seconds: list[int] = []
        for start in range(0, len(changed), PINS_AT_ONCE):
            some = changed[start : start + PINS_AT_ONCE]
            seconds += await self._partitions.at_home(stream).write(
                lambda connection, some=some: tell_pins(connection, stream, some, deleted=False)  # type: ignore[misc]
            )
        return seconds
