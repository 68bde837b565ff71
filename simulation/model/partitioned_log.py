"""A log over several partitions, in the model: the steps, the waits and the queues of the server's own.

A batch's keys are claimed where their hashes say, its places are reserved at its streams' homes, its comments are
stored where the strategy said, and it is answered when nothing before it is open. Each step waits for the slowest
partition that takes part in it. Where a comment goes is decided by the server's `Strategy`, what is committed together
by its `CommitQueue`. Not modelled: leases that end, repeats, and everything but new comments.
"""

from collections import defaultdict
from collections.abc import Callable, Generator, Hashable, Iterable, Sequence
from random import Random
from typing import Any, TypeVar

import simpy

from reference_impl.policy.batching import CommitQueue, GroupCommitConfig
from reference_impl.policy.partitioning import Strategy, hashed, home
from simulation.model.core import Core
from simulation.model.event_loop import Steps
from simulation.model.partition import Comment, Partition
from simulation.model.partition_costs import PartitionCosts, total
from simulation.model.watermarks import Range, Watermarks

T = TypeVar("T")
K = TypeVar("K", bound=Hashable)


class PartitionedLog:
    """``row_s`` is what a row costs a writer besides; all writers and the event loop share one core.

    They share it piece by piece and not in a line: a transaction is many statements, and lets go of the interpreter
    around each.
    """

    def __init__(
        self, env: simpy.Environment, strategy: Strategy, costs: PartitionCosts, row_s: float, rng: Random
    ) -> None:
        count = strategy.partitions
        self._env = env
        self._strategy = strategy
        self._costs = costs
        self.core = Core(env)
        self.partitions = [Partition(env, self.core, number, costs, row_s, rng) for number in range(count)]
        self.watermarks = Watermarks(env, self._ask)
        self._queues: list[CommitQueue[Comment]] = [CommitQueue(GroupCommitConfig()) for _ in range(count)]
        self.batches: list[int] = []  # comments in each

    def submit(self, comment: Comment) -> bool:
        """Queue a comment; False when its partition's queue is full."""
        draft = comment.draft
        lane = self._strategy.place(draft.stream, draft.author, draft.id, self._env.now)
        comment.partition = lane
        if not self._queues[lane].offer(comment):
            return False
        self._start(lane)
        return True

    def home(self, stream: str) -> Partition:
        return self.partitions[home(stream, len(self.partitions))]

    def touched(self, stream: str, first: int, last: int) -> int:
        """How many partitions are asked for a stretch: the home, and those that have places of it."""
        found = self.home(stream).ranges(stream)
        return 1 + len({each.partition for each in found if each.first <= last and each.last >= first})

    def _start(self, lane: int) -> None:
        if batch := self._queues[lane].start():
            self.batches.append(len(batch))
            self._env.process(self._commit(lane, batch))

    def _commit(self, lane: int, batch: list[Comment]) -> Steps:
        yield from self.core.run(total(self._costs.append, len(batch)))
        yield from self._append(batch)
        for each in batch:
            each.answered_s = self._env.now
        self._queues[lane].finish()
        self._start(lane)

    def _append(self, batch: list[Comment]) -> Steps:
        keys = _grouped(batch, lambda each: hashed(each.draft.idempotency_key or "") % len(self.partitions))
        yield from self._together(self.partitions[number].claim(len(some)) for number, some in keys.items())
        homes = _grouped(batch, lambda each: home(each.draft.stream, len(self.partitions)))
        answers = yield from self._together(self._home(number, some) for number, some in homes.items())
        elsewhere = _grouped((each for each in batch if each.range), lambda each: each.partition)
        yield from self._together(self._away(number, some) for number, some in elsewhere.items())
        last: dict[str, int] = {}
        for each in batch:
            last[each.draft.stream] = max(last.get(each.draft.stream, 0), each.seq)
        unknown = [each for some in answers for each in some]
        yield from self.watermarks.settle([each for each in unknown if each.first <= last.get(each.stream, 0)])
        for stream, seq in last.items():
            self.watermarks.reached(stream, seq)

    def _home(self, number: int, some: list[Comment]) -> Generator[simpy.Event, Any, list[Range]]:
        known = {each.draft.stream: self.watermarks.known(each.draft.stream) for each in some}
        return (yield from self.partitions[number].home(some, known))

    def _away(self, number: int, some: list[Comment]) -> Steps:
        made = {each.range.key: each.range for each in some if each.range}.values()
        self.watermarks.begin(made)
        yield from self.partitions[number].away(some)
        self.watermarks.end(made)

    def _ask(self, unknown: Sequence[Range]) -> Generator[simpy.Event, Any, list[Range]]:
        """Readers do not wait for writers; they take only the core."""
        by_partition = _grouped(unknown, lambda each: each.partition)
        yield from self._together(self.core.run(total(self._costs.look, len(some))) for some in by_partition.values())
        return [each for each in unknown if each.key in self.partitions[each.partition].full]

    def _together(self, steps: Iterable[Generator[simpy.Event, Any, T]]) -> Generator[simpy.Event, Any, list[T]]:
        """All answers, when the last is there."""
        found: dict[int, T] = {}

        def keep(at: int, each: Generator[simpy.Event, Any, T]) -> Steps:
            found[at] = yield from each

        yield self._env.all_of([self._env.process(keep(at, each)) for at, each in enumerate(steps)])
        return [found[at] for at in sorted(found)]


def _grouped(comments: Iterable[T], key: Callable[[T], K]) -> dict[K, list[T]]:
    groups: dict[K, list[T]] = defaultdict(list)
    for each in comments:
        groups[key(each)].append(each)
    return groups
