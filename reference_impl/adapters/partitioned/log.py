"""`CommentLog` over several partitions: one sequence per stream, written in many places.

A comment takes up to three durable steps: its key is claimed, its place is reserved at the stream's home, it is stored.
A process may die between any two of them; see `intents`, `home`, `away` and `watermarks` for what makes up for it.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from sqlalchemy import Connection

from reference_impl.adapters.partitioned import posting
from reference_impl.adapters.partitioned.away import AwayCommit
from reference_impl.adapters.partitioned.home import HomeCommit, tell_pins
from reference_impl.adapters.partitioned.layout import Partitions, agree, together
from reference_impl.adapters.partitioned.reading import Reader
from reference_impl.adapters.partitioned.slots import Range, Slot
from reference_impl.adapters.partitioned.watermarks import Watermarks
from reference_impl.adapters.sql.commit import bucket_of
from reference_impl.adapters.sql.log import begin_epoch
from reference_impl.adapters.sql.rows import carrying
from reference_impl.adapters.sql.schema import held
from reference_impl.policy.partitioning import Strategy
from reference_impl.ports import Answer, Appended, Held, LogUnavailable
from reference_impl.protocol.events import Draft, Event, EventKind, Review

LEASE_S = 6.0  # longer than an engine may take for a commit, or its own would be closed under it
TRIES = 3  # reservations of one draft whose leases ended before it was stored


class PartitionedLog:
    """Open it with `begin`; the tables must be there."""

    def __init__(
        self,
        partitions: Partitions,
        strategy: Strategy,
        epoch: int,
        *,
        now_s: Callable[[], float],
        lease_s: float = LEASE_S,
    ) -> None:
        self.epoch = epoch
        self.partitions = partitions
        self.watermarks = Watermarks(partitions, now_s)
        self.reader = Reader(partitions, self.watermarks, epoch)
        self._strategy = strategy
        self._now_s = now_s
        self._lease_s = lease_s
        self._tidy: dict[
            int, int
        ] = {}  # by partition the bucket of time in which all expired keys are known to be gone

    @classmethod
    async def begin(
        cls,
        partitions: Partitions,
        strategy: Strategy,
        *,
        now_s: Callable[[], float] = lambda: time.time(),
        lease_s: float = LEASE_S,
    ) -> "PartitionedLog":
        """Read the log's epoch, or begin the first one; LogUnavailable when it has another number of partitions."""
        await agree(partitions[0], len(partitions))
        epoch = await partitions[0].write(begin_epoch)
        return cls(partitions, strategy, epoch, now_s=now_s, lease_s=lease_s)

    def place(self, draft: Draft) -> int:
        """Which partition's queue a draft is to wait in."""
        if draft.kind is EventKind.COMMENT and draft.review is Review.NONE and draft.target is None:
            return self._strategy.place(draft.stream, draft.author, draft.id, self._now_s())
        return self.partitions.home(draft.stream)

    def lane(self, number: int) -> "Lane":
        """The log for drafts that `place` has given this partition."""
        return Lane(self, number)

    async def append(self, drafts: Sequence[Draft], lane: int | None = None) -> list[Answer]:
        """Make the drafts durable; answer when everything before them may be read."""
        answers: list[Answer] = []
        for some in _rounds(drafts):
            slots = await posting.place(self.partitions, self._strategy, some, self._now_s(), lane)
            answers += await self._append(slots)
        return answers

    async def read(self, stream: str, *, first: int, last: int) -> list[Event]:
        return await self.reader.read(stream, first, last)

    async def replay(self, draft: Draft) -> Answer | None:
        slot = await posting.replay(self.partitions, draft, bucket_of(self._now_s()))
        return None if slot is None else (await self._shown([slot]))[0]

    async def heads(self, names: Sequence[str]) -> dict[str, int]:
        return await self.watermarks.of(names) if names else {}

    async def close(self) -> None:
        await self.partitions.close()

    async def _append(self, slots: Sequence[Slot]) -> list[Answer]:
        await posting.claim(self.partitions, slots, bucket_of(self._now_s()), self._tidy)
        first: dict[tuple[str, str], Slot] = {}
        for slot in slots:
            first.setdefault((slot.draft.stream, slot.draft.id), slot)
        waiting = [slot for slot in first.values() if slot.answer is None]
        unknown: list[Range] = []
        for _ in range(TRIES):
            made = await self._at_home(waiting)
            unknown += made
            waiting = await self._away([slot for slot in waiting if slot.answer is None])
            if not waiting:
                break
        else:
            raise LogUnavailable(f"a place in {waiting[0].draft.stream!r} was closed {TRIES} times before it was used")
        for slot in slots:
            leader = first[slot.draft.stream, slot.draft.id]
            if slot is not leader and slot.answer is None:
                slot.answer = _again(leader.answer)
        await self._tell_homes(slots)
        await self._settle(slots, unknown)
        return await self._shown(slots)

    async def _at_home(self, slots: Sequence[Slot]) -> list[Range]:
        """Commit what belongs at home, and reserve places for the rest."""
        homes: dict[int, list[Slot]] = {}
        for slot in slots:
            homes.setdefault(self.partitions.home(slot.draft.stream), []).append(slot)
        lease_until_ms = int((self._now_s() + self._lease_s) * 1000)
        found = await together(self._home(number, some, lease_until_ms) for number, some in homes.items())
        return [each for some in found for each in some]

    async def _home(self, number: int, slots: Sequence[Slot], lease_until_ms: int) -> list[Range]:
        closed = {slot.draft.stream: self.watermarks.known(slot.draft.stream) for slot in slots}
        unknown = await self.partitions[number].write(
            lambda connection: HomeCommit(connection, self.epoch, number, lease_until_ms).run(slots, closed)
        )
        return [each for some in unknown.values() for each in some]

    async def _away(self, slots: Sequence[Slot]) -> list[Slot]:
        """Store what has a place; answer what came too late."""
        by_partition: dict[int, list[Slot]] = {}
        for slot in slots:
            by_partition.setdefault(slot.partition, []).append(slot)
        late = await together(self._store(number, some) for number, some in by_partition.items())
        return [slot for some in late for slot in some]

    async def _store(self, number: int, slots: Sequence[Slot]) -> list[Slot]:
        mine = {slot.range.key: slot.range for slot in slots if slot.range}.values()
        self.watermarks.begin(mine)
        full = False
        try:
            late = await self.partitions[number].write(
                lambda connection: AwayCommit(connection, self.epoch, number).run(slots)
            )
            full = True  # with voids where it was late
            return late
        finally:
            self.watermarks.end(mine, full=full)

    async def _tell_homes(self, slots: Sequence[Slot]) -> None:
        """What the home shows of a comment elsewhere, and what it has waiting, follows it."""
        for slot in slots:
            if not isinstance(slot.answer, Appended) or slot.range is None:
                continue
            home, draft = self.partitions.at_home(slot.draft.stream), slot.draft
            if slot.shown_at_home and draft.target:
                await home.write(lambda connection, draft=draft: _tell(connection, draft))  # type: ignore[misc]
            if draft.review is Review.RELEASE:
                await home.write(lambda connection, draft=draft: _drop(connection, draft))  # type: ignore[misc]

    async def _settle(self, slots: Sequence[Slot], unknown: Sequence[Range]) -> None:
        """Wait until nothing before these is open."""
        last: dict[str, int] = {}
        fresh = [slot for slot in slots if isinstance(slot.answer, Appended) and not slot.answer.replayed]
        for slot in fresh:
            event = slot.answer.event  # type: ignore[union-attr]
            last[event.stream] = max(last.get(event.stream, 0), event.seq)
        await self.watermarks.settle([each for each in unknown if each.first <= last.get(each.stream, 0)])
        for stream, seq in last.items():
            self.watermarks.reached(stream, seq)
        for slot in slots:
            if isinstance(slot.answer, Appended) and slot.answer.replayed:
                await self.watermarks.reach(slot.draft.stream, slot.answer.event.seq)

    async def _shown(self, slots: Sequence[Slot]) -> list[Answer]:
        """The answers; what carries a comment carries it as it is now that everything before it is known."""
        carriers = [slot for slot in slots if isinstance(slot.answer, Appended) and _carries(slot.answer.event)]
        found: dict[str, Event] = {}
        for stream in {slot.draft.stream for slot in carriers}:
            targets = {slot.draft.target or "" for slot in carriers if slot.draft.stream == stream}
            found |= await self.reader.comments(stream, targets)
        answers: list[Answer] = []
        for slot in slots:
            answer = slot.answer
            assert answer is not None
            if isinstance(answer, Appended):
                event = replace(answer.event, epoch=self.epoch)
                if _carries(event) and event.target in found:
                    event = replace(event, data=carrying(found[event.target]))
                answer = replace(answer, event=event)
            answers.append(answer)
        return answers


class Lane:
    """The log as the queue of one partition sees it."""

    def __init__(self, log: PartitionedLog, number: int) -> None:
        self._log = log
        self._number = number

    async def append(self, drafts: Sequence[Draft]) -> list[Answer]:
        return await self._log.append(drafts, self._number)


def _rounds(drafts: Sequence[Draft]) -> Iterator[list[Draft]]:
    """A pin shows its comment as it is by then, so what comes before it is stored first."""
    some: list[Draft] = []
    for draft in drafts:
        if draft.kind is EventKind.PIN and some:
            yield some
            some = []
        some.append(draft)
    if some:
        yield some


def _again(answer: Answer | None) -> Answer | None:
    return replace(answer, replayed=True) if isinstance(answer, Appended | Held) else answer


def _carries(event: Event) -> bool:
    return event.kind in (EventKind.EDIT, EventKind.PIN)


def _tell(connection: Connection, draft: Draft) -> list[int]:
    return tell_pins(connection, draft.stream, [draft.target or ""], deleted=draft.kind is EventKind.DELETE)


def _drop(connection: Connection, draft: Draft) -> None:
    connection.execute(held.delete().where(held.c.id == draft.id))
