"""Group commit of a split log: a queue for each partition, so that a hot one does not hold up the others."""

import asyncio
from collections.abc import Sequence
from typing import Protocol

from reference_impl.group_commit import Appender, GroupCommit, Outcome
from reference_impl.policy.batching import GroupCommitConfig
from reference_impl.ports import Broker, Clock
from reference_impl.protocol.events import Draft


class SplitLog(Protocol):
    """What the queues need of a log over several partitions."""

    def place(self, draft: Draft) -> int:
        """Answer the number of the partition whose queue takes a draft."""
        ...

    def lane(self, number: int) -> Appender:
        """Answer the log as the queue of that partition sees it."""
        ...


class PartitionCommits:
    """As `GroupCommit`; drafts of one partition keep their order."""

    def __init__(self, log: SplitLog, partitions: int, broker: Broker, config: GroupCommitConfig, clock: Clock) -> None:
        self._log = log
        self._queues = [GroupCommit(log.lane(number), broker, config, clock) for number in range(partitions)]

    def submit(self, draft: Draft, received_s: float) -> "asyncio.Future[Outcome] | None":
        return self._queues[self._log.place(draft)].submit(draft, received_s)

    def submit_all(self, drafts: Sequence[Draft], received_s: float) -> "asyncio.Future[list[Outcome]] | None":
        places: dict[int, list[int]] = {}
        for at, draft in enumerate(drafts):
            places.setdefault(self._log.place(draft), []).append(at)
        if any(self._queues[number].room < len(some) for number, some in places.items()):
            return None
        promises = [
            self._queues[each].submit_all([drafts[at] for at in some], received_s) for each, some in places.items()
        ]
        return asyncio.ensure_future(_in_order(list(places.values()), promises))

    async def drain(self) -> None:
        for queue in self._queues:
            await queue.drain()


async def _in_order(places: list[list[int]], promises: "list[asyncio.Future[list[Outcome]] | None]") -> list[Outcome]:
    outcomes: dict[int, Outcome] = {}
    for some, promise in zip(places, promises, strict=True):
        assert promise is not None  # there was room
        outcomes.update(zip(some, await promise, strict=True))
    return [outcomes[at] for at in range(len(outcomes))]
