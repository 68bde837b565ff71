"""One partition of the split log: a writer that does one transaction after the other, and the streams at home there."""

from bisect import bisect_right
from collections.abc import Callable, Generator, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from operator import attrgetter
from random import Random
from typing import Any, NamedTuple

import simpy

from reference_impl.protocol.events import Draft
from simulation.model.core import Core
from simulation.model.partition_costs import PartitionCosts, total
from simulation.model.watermarks import Range

Transaction = Generator[simpy.Event, Any, None]


class Done(NamedTuple):
    """What a transaction is about to cost: processor time, and rows that its writer has to write."""

    cpu_s: float
    rows: int


@dataclass(slots=True)
class Comment:
    """A draft on its way: ``partition`` takes it, and ``range`` says which places of another one's are its."""

    draft: Draft
    due_s: float
    partition: int = 0
    seq: int = 0
    range: Range | None = None
    stored_s: float = -1.0  # not yet
    answered_s: float = -1.0


@dataclass(slots=True)
class _Stream:
    head: int = 0
    last_at_ms: int = 0
    closed: int = 0
    ranges: list[Range] = field(default_factory=list)


class Partition:
    """``row_s`` is the stated time that a row keeps the writer; ``stored`` is what is there, in order of commits."""

    def __init__(
        self,
        env: simpy.Environment,
        core: Core,
        number: int,
        costs: PartitionCosts,
        row_s: float,
        rng: Random,
    ) -> None:
        self._env = env
        self._core = core
        self._number = number
        self._costs = costs
        self._row_s = row_s
        self._rng = rng
        self._line = simpy.Resource(env)
        self._streams: dict[str, _Stream] = {}
        self._guests: set[str] = set()  # streams of other homes that have a row here
        self.stored: list[Comment] = []
        self.full: set[tuple[str, int]] = set()
        self.busy_s = 0.0

    def head(self, stream: str) -> int:
        return self._streams[stream].head if stream in self._streams else 0

    def ranges(self, stream: str) -> Sequence[Range]:
        return self._streams[stream].ranges if stream in self._streams else ()

    def claim(self, keys: int) -> Transaction:
        yield from self._write(lambda: Done(total(self._costs.claim, keys), keys))

    def home(self, comments: Sequence[Comment], known: dict[str, int]) -> Generator[simpy.Event, Any, list[Range]]:
        """Store what belongs here, reserve places for the rest; answer the ranges that are not known to be full."""
        unknown: list[Range] = []
        yield from self._write(lambda: self._commit_home(comments, known, unknown))
        self._store(each for each in comments if each.partition == self._number)
        return unknown

    def away(self, comments: Sequence[Comment]) -> Transaction:
        """Store comments at places that have been reserved for them."""
        yield from self._write(lambda: self._commit_away(comments))
        self._store(sorted(comments, key=attrgetter("draft.stream", "seq")))
        self.full |= {each.range.key for each in comments if each.range}

    def _store(self, comments: Iterable[Comment]) -> None:
        for each in comments:
            each.stored_s = self._env.now
            self.stored.append(each)

    def _write(self, work: Callable[[], Done]) -> Transaction:
        """The row lock is the writer's turn: what is decided in it is decided in this order."""
        yield self._env.timeout(self._costs.handover_s)
        with self._line.request() as turn:
            yield turn
            begun_s, done = self._env.now, work()
            yield from self._core.run(done.cpu_s)
            yield self._env.timeout(done.rows * self._row_s + self._rng.choice(self._costs.waits_s))
            self.busy_s += self._env.now - begun_s

    def _commit_home(self, comments: Sequence[Comment], known: dict[str, int], unknown: list[Range]) -> Done:
        names, rows, made = sorted({each.draft.stream for each in comments}), 0, 0
        for name in names:
            stream = self._streams.setdefault(name, _Stream())
            closed = max(stream.closed, known[name])
            unknown += stream.ranges[bisect_right(stream.ranges, closed, key=attrgetter("first")) :]
            rows += 1 + (known[name] > stream.closed)  # its head, and how far everything is full
            stream.closed = closed
            new = self._places(name, [each for each in comments if each.draft.stream == name])
            unknown += new
            made += len(new)
        staying = sum(each.partition == self._number for each in comments)
        return Done(total(self._costs.home, len(names), staying, made), rows + staying + made)

    def _places(self, name: str, comments: list[Comment]) -> list[Range]:
        """The next places of the stream, and one range for each run that goes to one partition at one millisecond."""
        stream, moments = self._streams[name], list[tuple[int, int]]()
        for each in comments:
            stream.head += 1
            stream.last_at_ms = max(stream.last_at_ms, each.draft.created_at_ms)
            each.seq = stream.head
            moments.append((each.partition, stream.last_at_ms))
        made = []
        for (partition, _), run in groupby(range(len(comments)), key=moments.__getitem__):
            ours = [comments[at] for at in run]
            if partition == self._number:
                continue
            made.append(Range(name, ours[0].seq, ours[-1].seq, partition))
            for each in ours:
                each.range = made[-1]
        stream.ranges += made
        return made

    def _commit_away(self, comments: Sequence[Comment]) -> Done:
        names = {each.draft.stream for each in comments}
        new = len(names - self._guests)
        self._guests |= names
        return Done(total(self._costs.away, len(names), len(comments)), len(comments) + new)
