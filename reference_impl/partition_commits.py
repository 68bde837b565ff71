"""Group commit of a split log: a queue for each partition, so that a hot one does not hold up the others."""

import asyncio
from collections.abc import Callable, Sequence

from reference_impl.group_commit import Appender, GroupCommit, Outcome
from reference_impl.protocol.events import Draft


class PartitionCommits:
    """As `GroupCommit`; drafts of one partition keep their order.

    ``place`` says which partition's queue takes a draft; ``lanes`` are the log as each of them sees it.
    """

    def __init__(
        self, place: Callable[[Draft], int], lanes: Sequence[Appender], queue: Callable[[Appender], GroupCommit]
    ) -> None:
        self._place = place
        self._queues = [queue(lane) for lane in lanes]

    @property
    def fill(self) -> float:
        """How full the fullest queue is, 0 to 1."""
        return max(queue.fill for queue in self._queues)

    def submit(self, draft: Draft, received_s: float) -> "asyncio.Future[Outcome] | None":
        return self._queues[self._place(draft)].submit(draft, received_s)

    def submit_all(self, drafts: Sequence[Draft], received_s: float) -> "asyncio.Future[list[Outcome]] | None":
        places: dict[int, list[int]] = {}
        for at, draft in enumerate(drafts):
            places.setdefault(self._place(draft), []).append(at)
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
